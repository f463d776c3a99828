import type { Tx } from '../../bitcoin/transaction.ts'
import type { OutPoint, ShortChannelId } from '../../lib/ids.ts'
import type { FeeratePerKw, Sat } from '../../lib/units.ts'
import type { AcceptChannel, OpenChannel } from '../../wire/messages/channel-open.ts'
import type { FundedCommon } from './durable.ts'
import type { Ids } from './ids.ts'
import type { ChannelKeys } from './params.ts'

/**
 * A channel before its first commitments are signed. BOLT 2, message retransmission: both sides forget an opening that was interrupted, so
 * none of this is ever stored.
 */
export type Opening =
  | Aborted
  | Idle
  | WaitForOpenAnswer
  | WaitForFunding
  | WaitForFundingSigned
  | WaitForDecision
  | WaitForFundingCreated

/** What a channel gets when it is opened or accepted. */
export interface OpeningKeys {
  readonly localNodeId: Ids['localNodeId']
  readonly remoteNodeId: Ids['remoteNodeId']
  readonly keyIndex: number
  readonly localKeys: ChannelKeys
  /** The short id that we gave the channel; the register makes it so that no two channels share one. */
  readonly alias: ShortChannelId
  readonly localShutdownScript: Uint8Array
}

/** Before the first message: only the two nodes exist yet. */
export interface Idle {
  readonly phase: 'idle'
  readonly ids: Ids
}

/** The opening has failed: the channel is to be dropped. Final. */
interface Aborted {
  readonly phase: 'aborted'
  readonly ids: Ids
}

/** Funder: `open_channel` is sent. */
export interface WaitForOpenAnswer {
  readonly phase: 'wait-for-open-answer'
  readonly ids: Ids
  readonly keys: OpeningKeys
  readonly open: OpenChannel
  readonly requestId: string
  readonly fundingFeeratePerKw: FeeratePerKw
  readonly maxFundingFee?: Sat
  readonly coins?: readonly OutPoint[]
}

/** Funder: the wallet is making the funding transaction. */
export interface WaitForFunding {
  readonly phase: 'wait-for-funding'
  readonly ids: Ids
  readonly keys: OpeningKeys
  readonly open: OpenChannel
  readonly accept: AcceptChannel
  readonly requestId: string
  readonly fundingFeeratePerKw: FeeratePerKw
  readonly maxFundingFee?: Sat
}

/** Funder: `funding_created` is sent. */
export interface WaitForFundingSigned {
  readonly phase: 'wait-for-funding-signed'
  readonly ids: Ids
  readonly keys: OpeningKeys
  readonly requestId: string
  /** The channel as it will be: the peer's signature of our commitment, still empty, is all that it lacks. */
  readonly unsigned: FundedCommon & { readonly fundingTx: Tx }
}

/** Fundee: a valid `open_channel` was received; the node decides whether it wants the channel. */
export interface WaitForDecision {
  readonly phase: 'wait-for-decision'
  readonly ids: Ids
  readonly open: OpenChannel
}

/** Fundee: `accept_channel` is sent. */
export interface WaitForFundingCreated {
  readonly phase: 'wait-for-funding-created'
  readonly ids: Ids
  readonly keys: OpeningKeys
  readonly open: OpenChannel
  readonly accept: AcceptChannel
}

/** The keys of an opening, once it has got them. */
export const openingKeys = (opening: Opening): OpeningKeys | undefined => {
  switch (opening.phase) {
    case 'aborted':
    case 'idle':
    case 'wait-for-decision':
      return undefined
    case 'wait-for-open-answer':
    case 'wait-for-funding':
    case 'wait-for-funding-signed':
    case 'wait-for-funding-created':
      return opening.keys
  }
}

/** The command `open` that waits for the outcome of an opening, if it is one of ours. */
export const openRequest = (opening: Opening): string | undefined => {
  switch (opening.phase) {
    case 'aborted':
    case 'idle':
    case 'wait-for-decision':
    case 'wait-for-funding-created':
      return undefined
    case 'wait-for-open-answer':
    case 'wait-for-funding':
    case 'wait-for-funding-signed':
      return opening.requestId
  }
}
