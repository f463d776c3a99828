/** The contract's plain types. This file has no runtime part, so that any room may use it. */

declare const flavor: unique symbol
type Flavor<T, Name extends string> = T & { readonly [flavor]?: Name }

/** An amount in millisatoshis. JSON text carries it as a decimal string. */
export type Msat = Flavor<bigint, 'msat'>
/** An amount in satoshis. JSON text carries it as a decimal string. */
export type Sat = Flavor<bigint, 'sat'>
/** Parts per million. */
export type Ppm = Flavor<number, 'ppm'>
/** Satoshis per 1000 weight units. */
export type FeeratePerKw = Flavor<number, 'sat-per-kw'>
/** Milliseconds since the Unix epoch. */
export type TimestampMs = Flavor<number, 'timestamp-ms'>
/** The number of a block. */
export type BlockHeight = Flavor<number, 'block-height'>

/** A node's public key: 66 lower-case hexadecimal characters. */
export type NodeId = Flavor<string, 'node-id'>
/** 64 lower-case hexadecimal characters. */
export type ChannelId = Flavor<string, 'channel-id'>
/** A transaction id as explorers display it: 64 lower-case hexadecimal characters. */
export type TxId = Flavor<string, 'txid'>
/** A block hash as explorers display it: 64 lower-case hexadecimal characters. */
export type BlockHash = Flavor<string, 'block-hash'>
/** 64 lower-case hexadecimal characters. */
export type PaymentHash = Flavor<string, 'payment-hash'>
/** 64 lower-case hexadecimal characters. Whoever knows it can claim, or prove, the payment. */
export type Preimage = Flavor<string, 'preimage'>
/** `539268x845x1`: block, transaction, output; or an alias in the same form. */
export type ShortChannelId = Flavor<string, 'short-channel-id'>
/** A place in the event log. Opaque: keep it, hand it back, never look inside. */
export type Cursor = Flavor<string, 'cursor'>
/** A place in a paged list. Opaque. */
export type PageToken = Flavor<string, 'page-token'>

/** What a command may do to the operator's money, prices, connections or privacy, or leave in the node for ever (`keeps`). */
export type Effect = 'pays-out' | 'fees' | 'locks' | 'prices' | 'connects' | 'reveals' | 'keeps'

/** The effects that cost money: principal that leaves the node, what the way there costs, what is tied up for a while. */
export type Purse = Extract<Effect, 'pays-out' | 'fees' | 'locks'>

/** Who may see a field: anyone on the network, who was granted the event or query, or who holds a permission of its own. */
export type DataClass = 'public' | 'private' | 'secret'

/** Why a command was asked: a stable code, and words for people. The audit keeps both. */
export interface Reason {
  readonly code: string
  readonly text?: string
}

/** What travels beside a request, never in it. */
export interface CallOptions {
  readonly reason?: Reason
  /** The events that led to this command. */
  readonly causes?: readonly Cursor[]
  /** Makes a command safe to repeat: the same key and request return the stored outcome. Required where it spends. */
  readonly key?: string
  readonly timeoutMs?: number
}

/** A refusal or failure as data. `message` is for people and may change; `code` is stable. */
export interface ContractError {
  readonly code: string
  readonly message: string
  /** The request's field at fault, as a dotted path. */
  readonly field?: string
  /** What else a reader needs to act on it. Amounts are decimal strings. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** The same shape as the core's own results. */
export type ContractResult<T, E = ContractError> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E }

/** An event as it is read. */
export interface EventEnvelope<Type extends string = string, Payload = unknown> {
  readonly cursor: Cursor
  readonly at: TimestampMs
  readonly type: Type
  readonly version: number
  readonly payload: Payload
}
