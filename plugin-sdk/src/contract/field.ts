import { z } from 'zod'
import type { DataClass } from './types.ts'

/** The contract's scalar kinds. Everything derived from the contract treats a field by its kind, not by its zod class. */
export type ScalarKind =
  | 'msat'
  | 'sat'
  | 'ppm'
  | 'feerate'
  | 'timestamp'
  | 'block-height'
  | 'integer'
  | 'flag'
  | 'node-id'
  | 'channel-id'
  | 'txid'
  | 'block-hash'
  | 'payment-hash'
  | 'preimage'
  | 'hex'
  | 'short-channel-id'
  | 'cursor'
  | 'page-token'
  | 'text'
  | 'path'
  | 'address'
  | 'socket-address'
  | 'invoice'
  | 'json'

/** What a zod schema cannot say about itself. */
export interface FieldMeta {
  readonly scalar?: ScalarKind
  /** The name of the generated interface. */
  readonly name?: string
  readonly summary?: string
  /** Inherited by what is inside; `private` where nothing is said. */
  readonly dataClass?: DataClass
}

export const fieldMeta = z.registry<FieldMeta>()

/** A copy of the schema that carries this metadata on top of what it had. */
export const field = <Schema extends z.ZodType>(schema: Schema, meta: FieldMeta): Schema => {
  const copy = schema.clone()
  fieldMeta.add(copy, meta)
  return copy
}

/** Gives an object type its name in the generated interfaces and the reference. */
export const named = <Schema extends z.ZodType>(name: string, summary: string, schema: Schema): Schema =>
  field(schema, { name, summary })

/** Anyone on the network may know this. */
export const publicly = <Schema extends z.ZodType>(schema: Schema): Schema => field(schema, { dataClass: 'public' })
