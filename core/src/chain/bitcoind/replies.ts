import { evaluate } from '@fulgurite/plugin-sdk/evaluate'
import * as z from 'zod'
import { parseBlockHash } from '../../bitcoin/block.ts'
import { parseTxid } from '../../bitcoin/transaction.ts'
import { fromHex, isHex } from '../../lib/bytes.ts'
import type { BlockHash, TxId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Sat } from '../../lib/units.ts'
import type { RpcError } from './rpc-client.ts'

const Hash = z.string().transform((text, context): BlockHash => {
  const hash = parseBlockHash(text)
  if (hash !== undefined) return hash
  context.addIssue('not a hash')
  return z.NEVER
})

const Txid = z.string().transform((text, context): TxId => {
  const txid = parseTxid(text)
  if (txid !== undefined) return txid
  context.addIssue('not a transaction id')
  return z.NEVER
})

const Bytes = z.string().transform((text, context): Uint8Array => {
  if (isHex(text)) return fromHex(text)
  context.addIssue('not hexadecimal')
  return z.NEVER
})

const MAX_BTC = 21_000_000

// JSON holds amounts as decimal fractions of a bitcoin; a double keeps all of their eight digits.
const Btc = z
  .number()
  .min(0)
  .max(MAX_BTC)
  .transform((value): Sat => BigInt(Math.round(value * 1e8)))

// As blocks hold their times and locktimes: 32 bits.
const Height = z.number().int().min(0).max(0xffffffff)

// Of an output, or of a key: 31 bits (BIP 32) hold either.
const Index = z.number().int().min(0).max(0x7fffffff)

/** What our adapters read of each reply. */
export const replies = {
  blockchainInfo: z.object({
    chain: z.string(),
    blocks: Height,
    headers: Height,
    bestblockhash: Hash,
    initialblockdownload: z.boolean(),
    pruneheight: Height.optional(),
  }),
  peerInfo: z.array(z.object({ id: z.number().int(), servicesnames: z.array(z.string()) })),
  anything: z.unknown(),
  networkInfo: z.object({ version: z.number().int(), subversion: z.string() }),
  hash: Hash,
  bytes: Bytes,
  header: z.object({ height: Height }),
  /** All of a block but its transactions: thousands of ids, of which few are read. */
  listedBlock: z.object({ tx: z.array(z.string()) }),
  txOut: z
    .object({
      bestblock: Hash,
      confirmations: z.number().int(),
      value: Btc,
      scriptPubKey: z.object({ hex: Bytes }),
      coinbase: z.boolean(),
    })
    .nullable(),
  smartFee: z.object({ feerate: z.number().positive().optional() }),
  mempoolInfo: z.object({ mempoolminfee: z.number().nonnegative() }),
  spendingPrevout: z.array(z.object({ spendingtxid: Txid.optional() })),
  mempoolEntry: z.object({ ancestorsize: z.number().int().positive(), fees: z.object({ ancestor: Btc }) }),
  package: z.object({
    package_msg: z.string(),
    'tx-results': z.record(z.string(), z.object({ error: z.string().optional() })),
  }),
  walletInfo: z.object({
    private_keys_enabled: z.boolean(),
    descriptors: z.boolean().optional(),
    // False, or how far it is.
    scanning: z.unknown(),
  }),
  descriptors: z.object({
    descriptors: z.array(
      z.object({
        desc: z.string(),
        active: z.boolean(),
        internal: z.boolean().optional(),
        range: z.tuple([Index, Index]).optional(),
        next_index: Index.optional(),
      }),
    ),
  }),
  outputs: z.array(z.object({ txid: Txid, vout: Index })),
  sinceBlock: z.object({ transactions: z.array(z.object({ txid: Txid, confirmations: z.number().int() })) }),
  walletTx: z.object({
    hex: Bytes,
    confirmations: z.number().int(),
    blockheight: Height.optional(),
    blocktime: z.number().int().optional(),
    details: z.array(z.object({ abandoned: z.boolean().optional() })),
  }),
} as const

/** The reply in the shape asked for. */
export const readReply = <T>(schema: z.ZodType<T>, method: string, reply: unknown): Result<T, RpcError> => {
  const read = evaluate(schema, reply)
  if (read.ok) return ok(read.value)
  const { field, message } = read.error
  return err({ code: 'bitcoind-bad-reply', method, detail: field === '' ? message : `${field}: ${message}` })
}
