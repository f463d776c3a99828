import type { RouteHint } from '../../invoice/invoice.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Msat } from '../../lib/units.ts'
import { encodeHopPayload, type TrampolineEntryPayload } from '../../onion/hop-payload.ts'
import type { ExpiryWindow } from './expiry-window.ts'
import { channelsBeforePayloads } from './onion-room.ts'

/** A trampoline node: the inner onion tells it what to do with what reaches it (lightning/bolts 836). */
export interface TrampolineRecipient extends ExpiryWindow {
  readonly type: 'trampoline'
  readonly nodeId: NodeId
  /** Ours for this payment: it joins the parts. Absent once the payment has ended, as is the inner onion. */
  readonly paymentSecret?: Uint8Array
  readonly trampolineOnion?: Uint8Array
  /** What the trampoline nodes share with whoever made the inner onion, if that was us: by these their failures are read. */
  readonly innerSecrets: readonly Uint8Array[]
  /** Whom that node is to pay, where it is us who pay them. */
  readonly payee?: Payee
  readonly minFinalCltvExpiryDelta: BlockDelta
  readonly routeHints: readonly RouteHint[]
}

/** Who gets a payment in the end, and how much of it. */
export interface Payee {
  readonly nodeId: NodeId
  readonly amountMsat: Msat
}

/** What its HTLC tells the trampoline node. */
export const trampolineEntry = (
  { paymentSecret, trampolineOnion = EMPTY }: TrampolineRecipient,
  { amountMsat, cltvExpiry }: { readonly amountMsat: Msat; readonly cltvExpiry: BlockHeight },
  totalMsat: Msat,
): TrampolineEntryPayload => ({
  type: 'trampoline-entry',
  amtToForward: amountMsat,
  outgoingCltvValue: cltvExpiry,
  ...(paymentSecret === undefined ? {} : { paymentData: { paymentSecret, totalMsat } }),
  trampolineOnion,
})

/** How many channels a route to it may have, for the inner onion to have its place in the outer one. */
export const channelsBeforeTrampoline = (recipient: TrampolineRecipient): number => {
  const entry = trampolineEntry(recipient, { amountMsat: MOST, cltvExpiry: 2 ** 32 - 1 }, MOST)
  return channelsBeforePayloads([encodeHopPayload(entry)])
}

const MOST = 2n ** 64n - 1n

/** What is kept of it once the payment has ended. */
export const endedTrampoline = ({
  paymentSecret: _,
  trampolineOnion: __,
  ...kept
}: TrampolineRecipient): TrampolineRecipient => ({ ...kept, innerSecrets: [], routeHints: [] })
