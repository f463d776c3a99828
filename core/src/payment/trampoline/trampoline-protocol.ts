import type { HtlcRef } from '../../channel/index.ts'
import type { HtlcId, NodeId, PaymentHash } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Msat, Ppm, TimestampMs } from '../../lib/units.ts'
import type { PaymentBlindedPath } from '../../onion/blinded-payinfo.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { RelayedHtlc } from '../relay/relay-protocol.ts'
import type { RecipientPath } from '../send/blinded-recipient.ts'
import type { SentPayment } from '../send/payment.ts'

/** A received HTLC whose sender wants us to find the way on: one part of what reaches us for it. */
export interface TrampolinePart extends HtlcRef {
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
  /** What the outer onion says of this HTLC, and of all of them. */
  readonly outer: {
    readonly amtToForward: Msat
    readonly outgoingCltvValue: BlockHeight
    /** Absent: it is the only one. */
    readonly paymentSecret?: Uint8Array
    readonly totalMsat: Msat
  }
  readonly order: TrampolineOrder
  /** Why it is not to be taken, unless it is already. */
  readonly refusal?: FailureMessage
}

/** What the inner onion asks of us. */
export type TrampolineOrder = ToTrampolineNode | ToRecipientPaths

interface Asked {
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
}

interface ToTrampolineNode extends Asked {
  readonly type: 'node'
  readonly nextNodeId: NodeId
  /** The rest of the inner onion. */
  readonly nextOnion: Uint8Array
}

/** To a recipient that knows nothing of trampoline: an ordinary payment over one of its paths, or several. */
export interface ToRecipientPaths extends Asked {
  readonly type: 'paths'
  readonly paths: readonly PaymentBlindedPath[]
  /** Of the recipient's invoice, as far as the sender tells. */
  readonly features?: FeatureVector
}

/** What the operator asks for. */
export interface TrampolinePolicy {
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: Ppm
  /** Between the first of the incoming HTLCs to expire, and the last of the outgoing ones. */
  readonly cltvExpiryDelta: BlockDelta
}

export interface TrampolineEnv {
  readonly now: TimestampMs
  readonly height: BlockHeight
  /** Absent: this node is no trampoline node. What it has begun as one goes on. */
  readonly policy: TrampolinePolicy | undefined
  /** Whether revealing the preimage now would make the received HTLC ours, as far as anything is known of its channel. */
  readonly canClaim: (htlc: HtlcRef) => boolean
  /** An outgoing HTLC must expire this many blocks from now at least. */
  readonly minCltvExpiryDelta: BlockDelta
  /** The paths that we can pay over: see `recipientPaths`. */
  readonly recipientPaths: (paths: readonly PaymentBlindedPath[]) => readonly RecipientPath[]
  /** 32 fresh random bytes. */
  readonly paymentSecret: () => Uint8Array
}

/** A relay under way: its row. The payment is what we send on; all that came in is settled by how it ends. */
export interface TrampolineRelayRecord {
  readonly paymentHash: PaymentHash
  /** At least one. Its first names the relay. */
  readonly incoming: readonly RelayedHtlc[]
  readonly payment: SentPayment
  /** The ids that the channels gave to attempts that were paid. */
  readonly paid: readonly { readonly attempt: number; readonly htlcId: HtlcId }[]
}
