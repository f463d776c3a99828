import { sha256 } from '../../crypto/hashes.ts'
import type { PaymentHash, PrivateKey } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { isBlindedPayload } from '../../onion/blinded-payload.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { FinalPayload, TrampolineEntryPayload } from '../../onion/hop-payload.ts'
import { peelTrampolineOnion } from '../../onion/trampoline-onion.ts'
import { decodeTrampolinePayload, type TrampolineFinalPayload } from '../../onion/trampoline-payload.ts'
import type { TrampolinePart } from './trampoline-protocol.ts'

type Entry = TrampolineEntryPayload

/** An HTLC with an inner onion for us, opened. */
export interface OpenedEntry {
  /** Shared with whoever made the inner onion: failures are encrypted by it first. Absent if that cannot be read. Secret. */
  readonly innerSecret?: Uint8Array
  /** What the HTLC is for, or why it is given back. */
  readonly found: Result<FinalPayload | ForOthers, FailureMessage>
}

interface ForOthers extends Pick<TrampolinePart, 'outer' | 'order'> {
  readonly type: 'trampoline'
}

/** lightning/bolts 836, processing a `trampoline_onion_packet`. */
export const readEntry = (
  entry: Entry,
  paymentHash: PaymentHash,
  cltvExpiry: BlockHeight,
  nodeKey: PrivateKey,
): OpenedEntry => {
  // Within a blinded path of trampoline nodes, which this node takes no part in: whatever is wrong is told in one way.
  if (entry.currentPathKey !== undefined) {
    return { found: err({ type: 'invalid_onion_blinding', sha256OfOnion: sha256(entry.trampolineOnion) }) }
  }
  const peeled = peelTrampolineOnion(entry.trampolineOnion, paymentHash, nodeKey)
  if (!peeled.ok) return { found: err({ type: 'invalid_onion_payload', tlvType: 20n, offset: 0 }) }
  const { payload: bytes, isFinal, sharedSecret: innerSecret, nextPacket } = peeled.value
  if (isBlindedPayload(bytes)) return { innerSecret, found: err(TEMPORARY) }
  const payload = decodeTrampolinePayload(bytes, isFinal)
  if (!payload.ok) return { innerSecret, found: err({ type: 'invalid_onion_payload', tlvType: 0n, offset: 0 }) }
  const { amtToForward: amountMsat, outgoingCltvValue } = payload.value
  switch (payload.value.type) {
    case 'trampoline-final':
      return { innerSecret, found: finalOf(entry, payload.value, cltvExpiry) }
    case 'to-blinded-paths': {
      const { paths, features } = payload.value
      const order = {
        type: 'paths',
        paths,
        amountMsat,
        cltvExpiry: outgoingCltvValue,
        ...(features && { features }),
      } as const
      return { innerSecret, found: ok({ type: 'trampoline', outer: outerOf(entry), order }) }
    }
    case 'trampoline-relay': {
      if (nextPacket === undefined) return { innerSecret, found: err(TEMPORARY) }
      const { nextNodeId } = payload.value
      const order = {
        type: 'node',
        nextNodeId,
        amountMsat,
        cltvExpiry: outgoingCltvValue,
        nextOnion: nextPacket,
      } as const
      return { innerSecret, found: ok({ type: 'trampoline', outer: outerOf(entry), order }) }
    }
  }
}

const TEMPORARY: FailureMessage = { type: 'temporary_trampoline_failure' }

const outerOf = ({ amtToForward, outgoingCltvValue, paymentData }: Entry): ForOthers['outer'] => ({
  amtToForward,
  outgoingCltvValue,
  ...(paymentData === undefined ? {} : { paymentSecret: paymentData.paymentSecret }),
  // BOLT 4: without a total the HTLC is all there is.
  totalMsat: paymentData?.totalMsat ?? amtToForward,
})

/** As a payee's HTLC, whose secret and total are those of the inner onion: a payment may come over several trampoline nodes. */
const finalOf = (
  entry: Entry,
  { amtToForward, outgoingCltvValue, paymentData, paymentMetadata }: TrampolineFinalPayload,
  cltvExpiry: BlockHeight,
): Result<FinalPayload, FailureMessage> => {
  // 836, if it is the final node: the last trampoline node has to bring what the sender meant for us, no earlier and no less.
  if (entry.outgoingCltvValue < outgoingCltvValue) return err({ type: 'final_incorrect_cltv_expiry', cltvExpiry })
  const { totalMsat } = outerOf(entry)
  if (totalMsat < amtToForward) return err({ type: 'final_incorrect_htlc_amount', incomingHtlcAmt: totalMsat })
  return ok({
    type: 'final',
    amtToForward: entry.amtToForward,
    outgoingCltvValue: entry.outgoingCltvValue,
    ...(paymentData && { paymentData }),
    ...(paymentMetadata && { paymentMetadata }),
  })
}
