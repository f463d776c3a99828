import type { HtlcForwardRequest, HtlcForwardVerdict } from '@fulgurite/plugin-sdk'

export interface RelayPolicyConfig {
  readonly leastSat: number
  /** All, where none is named. */
  readonly peers?: readonly string[]
}

/** Whether an HTLC carries enough on. */
export const decide = (
  { incoming, outgoing }: Pick<HtlcForwardRequest, 'incoming' | 'outgoing'>,
  { leastSat, peers = [] }: RelayPolicyConfig,
): HtlcForwardVerdict => {
  const isMeant = peers.length === 0 || peers.includes(incoming.peer)
  // What the sender is told says nothing of a policy that our channel_update does not have.
  if (isMeant && outgoing.amountMsat < BigInt(leastSat) * 1_000n) return { type: 'fail' }
  return { type: 'continue' }
}
