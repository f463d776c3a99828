import type {
  ActorName,
  ErrorCodeOf,
  Msat,
  PurseOf,
  ReplyOf,
  RequestOf,
  Sat,
  SpendingOperation,
} from '@fulgurite/plugin-sdk/contract'
import type { Network } from '../../../bitcoin/network.ts'
import type { ChannelSettings, Feerates } from '../../../channel/index.ts'
import type { Result } from '../../../lib/result.ts'
import type { Wallet } from '../../../wallet/wallet.ts'
import type { ChannelDirectory } from '../../channel/channel-directory.ts'
import type { Cost, Refusal } from '../../contract-gateway.ts'
import type { Publisher } from '../../publishing/publisher.ts'
import type { ResolvedRequest } from '../handlers.ts'
import type { InvoiceReader } from '../invoice-reader.ts'

/** What the node knows at the time of asking, and all that a worst case may use. */
export interface SpendingKnowledge {
  readonly network: Network
  readonly settings: ChannelSettings
  readonly feerates: () => Feerates
  readonly invoice: (text: string) => ReturnType<InvoiceReader['read']>
  readonly wallet: Pick<Wallet, 'quote' | 'quoteAll' | 'owns' | 'transaction'>
  readonly channels: Pick<ChannelDirectory, 'get'>
  readonly publisher: Pick<Publisher, 'claimsOf'>
}

interface InPurse {
  readonly 'pays-out': { readonly paysOutMsat: Msat }
  readonly fees: { readonly feesMsat: Msat }
  readonly locks: { readonly locksSat: Sat }
}

type All<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer Every) => void
  ? Every
  : never

/** An amount for each purse among the operation's effects, in the purse's own unit, and for no other. */
type CostOf<Name extends ActorName, Op extends SpendingOperation<Name>> = All<
  { [Purse in PurseOf<Name, Op>]: InPurse[Purse] }[PurseOf<Name, Op>]
>

/** A request with every default that bears on money or prices filled in, and what it costs at most. */
interface Resolved<Name extends ActorName, Op extends SpendingOperation<Name>> {
  readonly request: ResolvedRequest<Name, Op>
  readonly cost: CostOf<Name, Op>
}

/** How the cost of an operation is computed. All of it is pure: the same request and knowledge give the same result. */
interface SpendingRule<Name extends ActorName, Op extends SpendingOperation<Name>> {
  /**
   * The most that running the resolved request costs. If execution could exceed it (rates move, coins change), the resolved request carries
   * the ceiling, and it is enforced where the transaction is signed.
   */
  worstCase(
    request: RequestOf<Name, Op>,
    known: SpendingKnowledge,
  ): Result<Resolved<Name, Op>, Refusal<ErrorCodeOf<Name, Op>>>
  /** The actual cost, read from the reply. If the reply does not tell it, this is absent and the worst case stands. */
  actual?(reply: Omit<ReplyOf<Name, Op>, 'asOf'>, request: RequestOf<Name, Op>): CostOf<Name, Op>
}

/** One rule for each operation of an actor that may spend: without it the node does not compile. */
export type SpendingRules<Name extends ActorName> = {
  readonly [Op in SpendingOperation<Name>]: SpendingRule<Name, Op>
}

export const NOTHING: Cost = { paysOutMsat: 0n, feesMsat: 0n, locksSat: 0n }
