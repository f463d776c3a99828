import type { ChannelError, HtlcFault, PeerFault } from '../../state/errors.ts'

/** How far the answer to a fault goes. A refusal is as large as what it refuses, and no larger. */
type Scope =
  /** The message is not acted on. */
  | 'message'
  /** The HTLC is given back once it is committed. */
  | 'htlc'
  /** The channel fails; an opening is given up. Other channels of the connection go on. */
  | 'channel'
  /** The connection is closed and made again: what the channel has not signed is forgotten, and it starts over. */
  | 'connection'

export interface Reaction {
  readonly scope: Scope
  /** What the peer is told. BOLT 1: after an `error`, its sender fails what it names. */
  readonly answer: 'error' | 'warning' | 'none'
  /** The clause that asks for it, or allows it. */
  readonly clause: string
}

/**
 * Every fault that the channels and the peers' actors know. A fault without a row does not compile. The ends of connections have a table of
 * the same form; docs/reference/reactions.md joins them.
 */
export const REACTIONS: { readonly [Code in (ChannelError | HtlcFault | PeerFault)['code']]: Reaction } = {
  // Openings.
  'unknown-chain': fail('BOLT 2, open_channel: chain_hash names a chain that the receiver does not know'),
  'channel-type-missing': fail('BOLT 2, open_channel: without channel_type the channel fails'),
  'channel-type-not-supported': fail('BOLT 2, open_channel: a channel_type that does not suit'),
  'channel-type-mismatch': fail('BOLT 2, accept_channel: a channel_type other than the one in open_channel'),
  'announcement-not-supported': fail(
    'BOLT 2, open_channel: the receiver may fail the channel; BOLT 7: both announce it',
  ),
  'anchors-not-supported-by-peer': fail('BOLT 2, open_channel: a channel_type whose features were not offered'),
  'scid-alias-not-supported-by-peer': fail('BOLT 2, open_channel: a channel_type whose features were not offered'),
  'zero-conf-not-supported-by-peer': fail('BOLT 2, open_channel: a channel_type whose features were not offered'),
  'zero-conf-not-agreed': fail('BOLT 2, open_channel: option_zeroconf from a sender that is not trusted to fund it'),
  'funding-too-small': fail('BOLT 2, open_channel: funding_satoshis too small'),
  'funding-too-large': fail('BOLT 2, open_channel: 2^24 satoshis without option_support_large_channel'),
  'push-exceeds-funding': fail('BOLT 2, open_channel: push_msat above the funding'),
  'dust-limit-too-small': fail('BOLT 2, open_channel: dust_limit_satoshis below 354'),
  'dust-limit-too-large': fail('BOLT 2, open_channel: dust_limit_satoshis too large'),
  'reserve-below-dust-limit': fail('BOLT 2, open_channel and accept_channel: a reserve below a dust limit'),
  'reserve-too-high': fail('BOLT 2, open_channel: channel_reserve_satoshis too large'),
  'too-many-accepted-htlcs': fail('BOLT 2, open_channel: max_accepted_htlcs above 483'),
  'too-few-accepted-htlcs': fail('BOLT 2, open_channel: max_accepted_htlcs too small'),
  'max-htlc-value-in-flight-too-low': fail('BOLT 2, open_channel: max_htlc_value_in_flight_msat too small'),
  'to-self-delay-too-long': fail('BOLT 2, open_channel: to_self_delay unreasonably large'),
  'htlc-minimum-too-high': fail('BOLT 2, open_channel: htlc_minimum_msat too large'),
  'minimum-depth-too-high': fail(
    'BOLT 2, accept_channel: minimum_depth unreasonably large, or not zero with option_zeroconf',
  ),
  'feerate-too-low': fail('BOLT 2, open_channel: feerate_per_kw too small for timely processing'),
  'feerate-too-high': fail('BOLT 2, open_channel: feerate_per_kw unreasonably large'),
  'funder-cannot-pay-fee': fail('BOLT 2, open_channel: the funder cannot pay the first commitment'),
  'both-sides-below-reserve': fail('BOLT 2, open_channel: nobody has more than the reserve'),
  'invalid-upfront-shutdown-script': fail('BOLT 2, open_channel: shutdown_scriptpubkey not in one of the forms'),
  'unknown-records': fail(
    'BOLT 1, extensions: even records must be understood; BOLT 2: the receiver may fail the channel',
  ),
  rejected: fail('BOLT 2, open_channel: the receiver may fail the channel'),
  'funding-failed': fail('BOLT 1, error: for internal errors that make a channel unusable'),
  disconnected: silent('channel', 'BOLT 2, message retransmission: an opening that is not signed is not remembered'),

  // Any phase.
  'invalid-public-key': fail('BOLT 2, open_channel, channel_ready, revoke_and_ack: keys and points must be valid'),
  'invalid-signature': fail('BOLT 2, funding_created, funding_signed: an incorrect signature fails the channel'),
  'unexpected-message': fail('BOLT 1, error: for protocol violations that make a channel unusable'),
  'peer-error': silent('channel', 'BOLT 1, error: the receiver fails the channel that it names'),
  'peer-error-forborne': {
    scope: 'connection',
    answer: 'warning',
    clause: 'BOLT 1, rationale: errors are overused; see FORBORNE for which, and who else lets them pass',
  },
  'peer-warning': silent('message', 'BOLT 1, warning: logged for later diagnosis'),
  'operator-force-close': fail('BOLT 1, error: the sender fails the channel that it names'),
  quarantined: silent('channel', 'Ours: a channel that threw takes no more part in the protocol'),

  // Reestablishment.
  'message-before-reestablish': hangUp('BOLT 2, message retransmission: channel_reestablish comes first'),
  'reestablished-twice': hangUp('BOLT 2, message retransmission: one channel_reestablish for each connection'),
  'commitment-number-mismatch': fail(
    'BOLT 2, channel_reestablish: next_commitment_number is zero, or one that nobody has signed',
  ),
  'peer-is-behind': silent(
    'message',
    'BOLT 2, message retransmission, rationale: a peer that has fallen behind is waited for, until its error comes',
  ),
  'invalid-last-secret': fail('BOLT 2, channel_reestablish: your_last_per_commitment_secret is not the expected one'),
  'peer-is-ahead': fail(
    'BOLT 2, channel_reestablish: a proof that we have lost data; the error asks the peer to publish',
  ),
  'state-in-doubt': silent('message', 'Ours: the operator is told; BOLT 2 tells by channel_reestablish who is behind'),
  'peer-hangs-up-about-channel': silent('message', 'Ours: the channel rests, so that the others can go on'),
  'abandoned-by-peer': silent('message', 'Ours: the operator is told, and may force the close'),

  // Normal operation.
  'funding-output-mismatch': fail('BOLT 2, channel_ready: the funding output is not what was agreed on'),
  'htlc-id-out-of-order': fail('BOLT 2, update_add_htlc: id out of sequence'),
  'htlc-amount-too-small': fail('BOLT 2, update_add_htlc: amount_msat zero or below htlc_minimum_msat'),
  'htlc-expiry-not-a-height': fail('BOLT 2, update_add_htlc: cltv_expiry of 500000000 or above'),
  'too-many-htlcs': fail('BOLT 2, update_add_htlc: more than max_accepted_htlcs'),
  'htlc-value-in-flight-too-high': fail('BOLT 2, update_add_htlc: more than max_htlc_value_in_flight_msat'),
  'insufficient-balance': fail('BOLT 2, update_add_htlc, update_fee: the sender cannot pay'),
  'htlc-after-shutdown': fail('BOLT 2, shutdown: no update_add_htlc after it'),
  'exceeds-dust-exposure': silent('htlc', 'BOLT 2, bounding exposure to trimmed HTLCs: it is failed once committed'),
  'added-after-shutdown': silent('htlc', 'BOLT 2, shutdown: an HTLC that is added after ours is not routed'),
  'unknown-records-in-htlc': silent('htlc', 'BOLT 1, extensions: may be ignored; the HTLC is then not ours to pass on'),
  'unknown-htlc': fail('BOLT 2, removing an HTLC: the id is none of the current commitment'),
  'htlc-already-removed': fail('BOLT 2, removing an HTLC: the id is none of the current commitment'),
  'preimage-does-not-match': fail('BOLT 2, update_fulfill_htlc: the preimage does not hash to the payment_hash'),
  'badonion-bit-missing': fail('BOLT 2, update_fail_malformed_htlc: BADONION is not set'),
  'fee-update-by-fundee': fail('BOLT 2, update_fee: from a sender that does not pay the fee'),
  'fee-update-too-low': hangUp('BOLT 2, update_fee: too low for timely processing; a warning and a disconnection do'),
  'fee-update-too-high': hangUp('BOLT 2, update_fee: unreasonably large; a warning and a disconnection do'),
  'invalid-commitment-signature': fail('BOLT 2, commitment_signed: signature not valid for the transaction'),
  'htlc-signature-count-mismatch': fail('BOLT 2, commitment_signed: num_htlcs is not the number of HTLC outputs'),
  'invalid-htlc-signature': fail('BOLT 2, commitment_signed: htlc_signature not valid for its transaction'),
  'commitment-signature-missing': fail('BOLT 2, commitment_signed: one for each funding transaction'),
  'revocation-not-expected': fail('BOLT 2, revoke_and_ack: nothing was signed that it could acknowledge'),
  'invalid-revocation-secret': fail('BOLT 2, revoke_and_ack: per_commitment_secret does not fit'),
  'htlc-deadline-passed': fail('BOLT 2, cltv_expiry_delta selection: after the deadline the channel fails'),

  // Closing together.
  'invalid-shutdown-script': warn('BOLT 2, shutdown: a scriptpubkey that is not in one of the forms gets a warning'),
  'shutdown-script-unknown-to-peer': silent('message', 'Ours: no script is sent in a form that the peer does not know'),
  'shutdown-script-not-as-promised': hangUp(
    'BOLT 2, shutdown: another script than the upfront one fails the connection',
  ),
  'shutdown-script-changed': fail(
    'BOLT 2, shutdown: there are no several of them; the closing transaction hangs on it',
  ),
  'shutdown-with-pending-updates': fail('BOLT 2, shutdown: not while updates are pending'),
  'invalid-closing-signature': fail('BOLT 2, closing_signed: the signature fits no variant'),
  'closing-fee-exceeds-balance': fail('BOLT 2, closing_signed: the signature fits no variant'),
  'closing-without-outputs': fail('BOLT 2, closing_signed: the signature fits no variant'),
  'closing-output-below-dust': fail('BOLT 2, closing_signed: an output below the dust limit for its scriptpubkey'),
  'closing-signed-before-shutdown': warn('BOLT 2, closing_signed: after shutdown has been received'),
  'closing-fee-ranges-do-not-overlap': warn('BOLT 2, closing_signed: a warning first, and failure after a while'),
  'closing-fee-out-of-range': fail('BOLT 2, closing_signed: not in the overlap of the ranges'),
  'closing-fee-not-between': fail('BOLT 2, closing_signed: not strictly between the last two offers'),
  'closing-fee-too-high': warn('Ours, as who pays: no fee above the maximum is signed'),
  'closing-fee-refused-by-peer': silent('message', 'Ours: the operator is told, and may name another rate'),
  'closing-not-answered': fail('BOLT 2, closing_signed: no answer in a reasonable time'),

  // Closing together by `option_simple_close`.
  'close-of-other-negotiation': hangUp(
    'BOLT 2, closing negotiation: whether option_simple_close is negotiated decides which messages are in force',
  ),
  'shutdown-sent-twice': hangUp('BOLT 2, shutdown: there are no several of them on one connection'),
  'closing-complete-before-shutdown': warn('BOLT 2, closing_complete: after shutdown has been sent and received'),
  'closer-fee-above-balance': hangUp('BOLT 2, closing_complete: fee_satoshis is more than the closer has'),
  'closer-script-invalid': hangUp('BOLT 2, closing_complete: closer_scriptpubkey is not in one of the forms'),
  'closee-script-not-ours': hangUp('BOLT 2, closing_complete: closee_scriptpubkey is not the last one that was sent'),
  'close-variant-missing': hangUp('BOLT 2, closing_complete: the signature that the closee must use is not there'),
  'invalid-close-signature': hangUp('BOLT 2, closing_complete and closing_sig: the signature does not fit'),
  'closing-sig-mismatch': hangUp('BOLT 2, closing_sig: not what was asked for in closing_complete'),
  'closing-sig-not-single': hangUp('BOLT 2, closing_sig: exactly one signature'),
  'closing-sig-not-received': hangUp('BOLT 2, closing_complete: without closing_sig the connection should be closed'),
  'too-many-closes': hangUp('Ours: each one is verified, signed, stored and broadcast'),
  'close-not-offered': silent('message', 'Ours: neither side can pay for a close, and the operator may force it'),

  // The announcement.
  'announcement-of-other-funding': warn(
    'BOLT 7, announcement_signatures: a short_channel_id that matches none of its funding transactions',
  ),
  'invalid-announcement-signature': hangUp('BOLT 7, announcement_signatures: a wrong signature may end the connection'),

  // The chain decides.
  'revoked-commitment-published': silent('channel', 'BOLT 5, revoked transaction close'),
  'own-revoked-commitment-published': silent('channel', 'BOLT 5, revoked transaction close, of our own'),
  'unknown-funding-spend': silent('channel', 'BOLT 5, failing a channel'),
  'funding-undone': silent(
    'message',
    'BOLT 2, channel_ready: only a funding with minimum_depth confirmations is relied on',
  ),
  'funding-double-spent': fail('BOLT 5, failing a channel: its funding can be in no block any more'),
  'funding-coin-gone': fail('BOLT 5, failing a channel: its funding can be in no block any more'),
  'close-undone': silent('message', 'BOLT 5: on-chain transactions may be reorganised until they are 100 deep'),
  'funding-not-seen': silent('channel', 'BOLT 2, channel_ready: the fundee forgets a channel after 2016 blocks'),

  // Without a channel.
  'channel-failed': {
    scope: 'message',
    answer: 'error',
    clause: 'BOLT 2, message retransmission: the error of a channel that has failed is sent again',
  },
  'temporary-channel-id-in-use': warn('BOLT 2, open_channel: unique; an error would fail the channel that has the id'),
  'too-many-openings': fail('BOLT 2, open_channel: the receiver may fail the channel'),
  'unknown-channel': {
    scope: 'message',
    answer: 'error',
    clause: 'BOLT 1, error: with the unknown channel_id, in reply to messages 32 to 255',
  },
}

function fail(clause: string): Reaction {
  return { scope: 'channel', answer: 'error', clause }
}

function warn(clause: string): Reaction {
  return { scope: 'message', answer: 'warning', clause }
}

function hangUp(clause: string): Reaction {
  return { scope: 'connection', answer: 'warning', clause }
}

function silent(scope: Scope, clause: string): Reaction {
  return { scope, answer: 'none', clause }
}
