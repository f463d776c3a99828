import * as ldk from 'lightningdevkit'

/** How the LDK nodes of the tests treat their channels. */
export const userConfig = (kind?: 'announced' | 'scid-alias'): ldk.UserConfig => {
  const config = ldk.UserConfig.constructor_default()
  const handshake = ldk.ChannelHandshakeConfig.constructor_default()
  handshake.set_negotiate_anchors_zero_fee_htlc_tx(true)
  handshake.set_minimum_depth(1)
  handshake.set_max_inbound_htlc_value_in_flight_percent_of_channel(100)
  handshake.set_our_htlc_minimum_msat(1n)
  handshake.set_announce_for_forwarding(kind === 'announced')
  if (kind === 'scid-alias') handshake.set_negotiate_scid_privacy(true)
  // Or it could close to this one script only.
  handshake.set_commit_upfront_shutdown_pubkey(false)
  config.set_channel_handshake_config(handshake)
  const limits = ldk.ChannelHandshakeLimits.constructor_default()
  limits.set_force_announced_channel_preference(false)
  config.set_channel_handshake_limits(limits)
  // Accepted by hand, or LDK would let an anchors channel become one without.
  config.set_manually_accept_inbound_channels(true)
  config.set_accept_forwards_to_priv_channels(true)
  return config
}
