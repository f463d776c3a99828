import {
  type ActorName,
  DEFAULTS,
  type ErrorCodeOf,
  type Msat,
  type PurseOf,
  type ReplyOf,
  type RequestOf,
  type Sat,
  type SpendingOperation,
} from '@fulgurite/plugin-sdk/contract'
import type { Network } from '../../../bitcoin/network.ts'
import type { ChannelSettings, Feerates } from '../../../channel/index.ts'
import { err, ok, type Result } from '../../../lib/result.ts'
import type { FeeratePerKw } from '../../../lib/units.ts'
import type { Wallet } from '../../../wallet/wallet.ts'
import type { ChannelDirectory } from '../../channel/channel-directory.ts'
import type { Cost, Refusal } from '../../contract-gateway.ts'
import type { Publisher } from '../../publishing/publisher.ts'
import { type ResolvedRequest, refusal } from '../handlers.ts'
import type { InvoiceReader } from '../invoice-reader.ts'

/** What the node knows at the time of asking, and all that a worst case may use. */
export interface SpendingKnowledge {
  readonly network: Network
  readonly settings: ChannelSettings
  readonly feerates: () => Feerates
  /** The rate that should bring a transaction into one of so many blocks; `undefined` while nobody knows. */
  readonly estimateFeerate: (targetBlocks: number) => FeeratePerKw | undefined
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

/** What a transaction pays: as it was asked for, or as the estimate says for the block that it should be in. */
export const feerateOf = (
  {
    feerate,
    targetBlocks,
  }: { readonly feerate?: FeeratePerKw | undefined; readonly targetBlocks?: number | undefined },
  known: Pick<SpendingKnowledge, 'estimateFeerate'>,
): Result<
  { readonly feerate: FeeratePerKw; readonly targetBlocks: number },
  Refusal<'invalid-request' | 'fee-estimate-missing'>
> => {
  if (feerate !== undefined && targetBlocks !== undefined) {
    return err(refusal('invalid-request', 'expected a feerate or targetBlocks, not both', { field: 'targetBlocks' }))
  }
  const target = targetBlocks ?? DEFAULTS.targetBlocks
  const rate = feerate ?? known.estimateFeerate(target)
  // The lowest rate that travels is no guess at what a block takes.
  if (rate === undefined) {
    return err(
      refusal(
        'fee-estimate-missing',
        'bitcoind has no fee estimates yet. To do: wait some blocks, or say the feerate',
        {
          field: 'feerate',
        },
      ),
    )
  }
  return ok({ feerate: rate, targetBlocks: target })
}

export const NOTHING: Cost = { paysOutMsat: 0n, feesMsat: 0n, locksSat: 0n }
