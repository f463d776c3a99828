import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { field, type ScalarKind } from './field.ts'
import type * as T from './types.ts'

const scalar = <Output, Input = Output>(
  kind: ScalarKind,
  schema: z.ZodType,
  meta: { summary?: string; dataClass?: T.DataClass } = {},
): z.ZodType<Output, Input> => field(schema, { scalar: kind, ...meta }) as unknown as z.ZodType<Output, Input>

// 21 million bitcoin in millisatoshis has 19 digits.
const decimal = /^(0|[1-9][0-9]{0,18})$/

const MOST_SAT = 21_000_000n * 100_000_000n

const amount = (unit: string, most: bigint): z.ZodType =>
  z
    .union(
      [
        z.bigint().nonnegative(),
        z.string().regex(decimal).transform(BigInt),
        z.number().int().nonnegative().transform(BigInt),
      ],
      { error: `expected a whole, non-negative number of ${unit} (past 2^53 as a string)` },
    )
    .refine((value) => value <= most, { error: `expected at most ${most} ${unit}: there will never be more` })

const hex = (bytes: number): z.ZodType =>
  z
    .string()
    .regex(
      new RegExp(`^[0-9a-f]{${bytes * 2}}$`),
      `expected ${bytes} bytes as ${bytes * 2} lower-case hexadecimal characters`,
    )

/** What a caller may give for an amount: JSON has the decimal string, the HTTP face integers too. */
export type AmountInput = bigint | string | number

export const Msat = scalar<T.Msat, AmountInput>('msat', amount('millisatoshis', MOST_SAT * 1_000n))
export const Sat = scalar<T.Sat, AmountInput>('sat', amount('satoshis', MOST_SAT))
export const Ppm = scalar<T.Ppm>('ppm', z.number().int().min(0).max(0xffffffff), { summary: 'Parts per million.' })
export const Feerate = scalar<T.FeeratePerKw>('feerate', z.number().int().min(253).max(10_000_000), {
  summary: 'Satoshis per 1000 weight units.',
})
export const Timestamp = scalar<T.TimestampMs>('timestamp', z.number().int().nonnegative(), {
  summary: 'Milliseconds since the Unix epoch.',
})
export const BlockHeight = scalar<T.BlockHeight>('block-height', z.number().int().nonnegative())
export const Flag = scalar<boolean>('flag', z.boolean())

/** What is known by more than its length: the words say what it is, not how long it has to be. */
const given = (what: string, min: number, max: number): z.ZodString =>
  z
    .string({ error: `expected ${what}` })
    .min(min, `expected ${what}`)
    .max(max, `expected ${what}`)

export const NodeId = scalar<T.NodeId>(
  'node-id',
  z
    .string()
    .regex(/^0[23][0-9a-f]{64}$/, 'expected a node id: 66 lower-case hexadecimal characters that begin with 02 or 03'),
)
export const ChannelId = scalar<T.ChannelId>('channel-id', hex(32))
export const TxId = scalar<T.TxId>('txid', hex(32), { summary: 'A transaction id, as explorers display it.' })
export const Outpoint = scalar<string>(
  'text',
  z.string().regex(/^[0-9a-f]{64}:(0|[1-9]\d{0,9})$/, 'expected a transaction id and an output index, such as 1a…f0:1'),
  { summary: 'An output of a transaction: `txid:index`.' },
)
export const BlockHash = scalar<T.BlockHash>('block-hash', hex(32), { dataClass: 'public' })
export const PaymentHash = scalar<T.PaymentHash>('payment-hash', hex(32))
export const Preimage = scalar<T.Preimage>('preimage', hex(32), { dataClass: 'secret' })
export const Hex = scalar<string>(
  'hex',
  z
    .string()
    .regex(/^([0-9a-f]{2})*$/, 'expected lower-case hexadecimal')
    .max(65_536),
)
export const Hash32 = scalar<string>('hex', hex(32))
export const Secret32 = scalar<string>('hex', hex(32), { dataClass: 'secret' })

// BOLT 7: three bytes for the block, three for the transaction, two for the output. As a pattern the bounds are in the schemas as well.
const TO_16777215 =
  '(\\d{1,7}|0\\d{7}|1[0-5]\\d{6}|16[0-6]\\d{5}|167[0-6]\\d{4}|1677[0-6]\\d{3}|16777[01]\\d{2}|1677720\\d|1677721[0-5])'
const TO_65535 = '(\\d{1,4}|[0-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])'

export const ShortChannelId = scalar<T.ShortChannelId>(
  'short-channel-id',
  z
    .string()
    .regex(
      new RegExp(`^${TO_16777215}x${TO_16777215}x${TO_65535}$`),
      'expected block, transaction and output, such as 539268x845x1, at most 16777215x16777215x65535',
    ),
)
export const Cursor = scalar<T.Cursor>('cursor', given('a cursor that this node gave out', 1, 128), {
  summary: 'A place in the event log.',
})
const PageToken = scalar<T.PageToken>('page-token', given('the `next` of the page before', 1, 256))

export const Address = scalar<string>('address', given('an on-chain address', 14, 120), {
  summary: 'An on-chain address.',
})
export const SocketAddress = scalar<string>(
  'socket-address',
  z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:@/]{1,255}):\d{1,5}$/, 'expected host:port, such as 127.0.0.1:9735'),
  { summary: '`host:port`.' },
)
export const Invoice = scalar<string>('invoice', given('a BOLT 11 invoice, which begins with ln', 20, 7_089), {
  summary: 'A BOLT 11 invoice.',
})
export const Offer = scalar<string>('text', given('a BOLT 12 offer, which begins with lno1', 20, 32_768), {
  summary: 'A BOLT 12 offer.',
})
export const Refund = scalar<string>('text', given('a refund of BOLT 12, which begins with lnr1', 20, 7_089), {
  summary: 'A refund of BOLT 12: an invoice request without an offer.',
})
export const RefundId = scalar<string>('hex', hex(32), { summary: 'What tells a refund from all others.' })
export const OfferId = scalar<string>('hex', hex(32), { summary: 'What tells an offer from all others.' })

const MAX_JSON_DEPTH = 32

const MAX_JSON_VALUES = 100_000

// Its own bounds, so that no input exhausts the stack, or goes round in circles.
const isJson = (whole: unknown): boolean => {
  let left = MAX_JSON_VALUES
  const fits = (value: unknown, depth: number): boolean => {
    left -= 1
    if (left < 0) return false
    if (typeof value === 'number') return Number.isFinite(value)
    if (typeof value !== 'object' || value === null) return ['string', 'boolean', 'object'].includes(typeof value)
    return depth < MAX_JSON_DEPTH && Object.values(value).every((member) => fits(member, depth + 1))
  }
  return fits(whole, 0)
}

/** Any JSON object that nests at most 32 deep. Readers check it against a schema of their own. */
export const JsonObject = scalar<Readonly<Record<string, unknown>>>(
  'json',
  z
    .record(z.string(), z.unknown())
    .refine(isJson, { error: `expected JSON that nests at most ${MAX_JSON_DEPTH} deep` }),
)

/** A whole number in a range. */
export const integer = (min: number, max: number, summary?: string): z.ZodType<number> =>
  scalar('integer', z.number().int().min(min).max(max), summary === undefined ? {} : { summary })

export const Count = integer(0, Number.MAX_SAFE_INTEGER)

/** How a request says what its transaction pays. */
export const feerateFields = {
  feerate: field(Feerate, { summary: "Of the transaction; the node's estimate if not said." }).optional(),
  targetBlocks: integer(
    1,
    1_008,
    `Instead of a feerate: the estimate for a block among the next so many; ${DEFAULTS.targetBlocks} if neither is said.`,
  ).optional(),
}

// A surrogate that stands alone has no UTF-8: it would be stored, sent or signed as something else than was asked for.
const unicode = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .refine((value) => value.isWellFormed(), { error: 'expected Unicode text, without lone surrogates', abort: true })

/** Free text of at most `max` characters. */
export const text = (max: number, summary?: string): z.ZodType<string> =>
  scalar('text', unicode(max), summary === undefined ? {} : { summary })

/** Free text of at most `max` bytes of UTF-8, where bytes are what there is room for. */
export const utf8Text = (max: number, summary?: string): z.ZodType<string> =>
  scalar(
    'text',
    unicode(max).refine((value) => new TextEncoder().encode(value).length <= max, {
      error: `expected at most ${max} bytes of UTF-8`,
    }),
    summary === undefined ? {} : { summary },
  )

/** A place in the file system of the node's machine. */
export const Path = scalar<string>('path', given('a path', 1, 4096))

export const Name = scalar<string>(
  'text',
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected lower-case letters, digits and hyphens'),
)

/** What the operator calls a peer. */
export const PeerName = scalar<string>(
  'text',
  z
    .string()
    .regex(
      /^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,30}[A-Za-z0-9])?$/,
      'expected at most 32 letters, digits, spaces, dots, hyphens and underscores, with a letter or digit at both ends',
    ),
  { summary: 'What the operator calls the peer.' },
)

export const MAX_PAGE_ROWS = 500

export const Page = z.strictObject({
  limit: integer(
    1,
    MAX_PAGE_ROWS,
    `Rows at most, ${MAX_PAGE_ROWS} at the very most; ${DEFAULTS.pageRows} if not said.`,
  ).optional(),
  after: PageToken.optional(),
})

/** A page of rows; `next` is there when more follow. */
export const page = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item).readonly(), next: PageToken.optional() })
