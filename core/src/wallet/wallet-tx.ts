import type { Tx } from '../bitcoin/transaction.ts'
import type { TxId } from '../lib/ids.ts'
import type { BlockHeight, Sat, TimestampMs } from '../lib/units.ts'

/** Why a transaction was made, and for whom: known where the node made it. */
export interface TxOrigin {
  /** Such as `send`, `channel-funding` or `htlc-timeout`. */
  readonly purpose: string
  /** The channel that it belongs to, in hexadecimal; the wallet itself if absent. */
  readonly channelId?: string
  /** Of a transaction whose inputs are not all the wallet's. */
  readonly fee?: Sat
  /** The idempotency key of the command that asked for it. */
  readonly key?: string
  readonly label?: string
  /** The words are those of a plugin; the operator's if absent. */
  readonly labelledBy?: 'plugin'
  /** The transaction that it took the place of. */
  readonly replaces?: TxId
}

/** A transaction that changes what the wallet holds, or that the node made for a channel. */
export interface WalletTx extends Partial<TxOrigin> {
  readonly txid: TxId
  readonly tx: Tx
  /** Absent while it is unconfirmed. */
  readonly height?: BlockHeight
  /** Paid to the wallet, change included. */
  readonly received: Sat
  /** What the wallet's outputs that it spends held. */
  readonly spent: Sat
  /** Known where every input is ours, or where the node made it. */
  readonly fee?: Sat
  readonly seenAt: TimestampMs
}

/** What a transaction was made for. Of what a look through past blocks has found it is only known whether it spends. */
export const purposeOf = ({ purpose, spent }: WalletTx): string => purpose ?? (spent > 0n ? 'send' : 'receive')
