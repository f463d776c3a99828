import { evaluate } from '@fulgurite/plugin-sdk/evaluate'
import * as z from 'zod'
import { addressToScript } from '../../bitcoin/address.ts'
import {
  type Block,
  decodeBlock,
  displayBlockHash,
  encodeBlock,
  encodeBlockHeader,
  parseBlockHash,
} from '../../bitcoin/block.ts'
import { NETWORKS } from '../../bitcoin/network.ts'
import {
  decodeTx,
  displayTxid,
  encodeTx,
  parseTxid,
  type Tx,
  txidOf,
  txVsize,
  wtxidOf,
} from '../../bitcoin/transaction.ts'
import { fromHex, isHex, toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Sat } from '../../lib/units.ts'
import type { ChainBlock } from '../chain-backend.ts'
import type { BlockRejection } from './block-rules.ts'
import type { Devchain } from './devchain.ts'
import type { MempoolEntry } from './mempool.ts'
import { RPC_CODES, type RpcFault } from './rpc-fault.ts'
import { rejectReason, type TxRejection } from './tx-rejection.ts'

type Reply = Result<unknown, RpcFault>

/** Runs one call with its positional parameters. */
export type RpcMethod = (params: readonly unknown[]) => Reply | Promise<Reply>

const VERSION = 290_000
const RELAY_FEE_BTC = 0.00001
const MAX_MINED = 10_000

const fault = (code: number, message: string): Result<never, RpcFault> => err({ code, message })

const Hash = z.string().transform((text, context): Uint8Array => {
  const hash = parseBlockHash(text)
  if (hash !== undefined) return hash
  context.addIssue(`hash must be of length 64 (not ${text.length}, for '${text}')`)
  return z.NEVER
})
const Integer = z.number().int()
const Count = Integer.min(0).max(MAX_MINED)

/** Checks the parameters, as bitcoind answers: too few is -1, another type -3, a bad value -8. */
const method =
  <S extends z.ZodTuple>(schema: S, run: (...params: z.output<S>) => Reply | Promise<Reply>): RpcMethod =>
  (params) => {
    const read = evaluate(schema, params)
    if (read.ok) return run(...read.value)
    const { code, field, message } = read.error
    if (code === 'missing' || field === '') return fault(RPC_CODES.misc, message)
    return fault(code === 'wrong-type' ? RPC_CODES.typeError : RPC_CODES.invalidParameter, message)
  }

/** The part of bitcoind's JSON-RPC that our adapter and our tests call, by name, and some calls of our own. */
/** What waits for a block waits no longer than until the server has `closed`. */
export const rpcMethods = (
  devchain: Devchain,
  clock: Clock,
  closed: AbortSignal,
): Readonly<Record<string, RpcMethod>> => ({
  ...chainMethods(devchain, clock, closed),
  ...mempoolMethods(devchain),
  ...developmentMethods(devchain),
})

const chainMethods = (devchain: Devchain, clock: Clock, closed: AbortSignal): Record<string, RpcMethod> => ({
  getblockchaininfo: method(z.tuple([]), () => {
    const { height, hash, header } = devchain.tip
    return ok({
      chain: 'regtest',
      blocks: height,
      headers: height,
      bestblockhash: displayBlockHash(hash),
      time: header.time,
      mediantime: devchain.medianTimePastAt(height),
      verificationprogress: 1,
      initialblockdownload: false,
      pruned: false,
      warnings: [],
    })
  }),
  getnetworkinfo: method(z.tuple([]), () =>
    ok({
      version: VERSION,
      subversion: '/devchain:0.1.0/',
      networkactive: false,
      connections: 0,
      relayfee: RELAY_FEE_BTC,
      incrementalfee: RELAY_FEE_BTC,
      warnings: [],
    }),
  ),
  getblockcount: method(z.tuple([]), () => ok(devchain.tip.height)),
  getbestblockhash: method(z.tuple([]), () => ok(displayBlockHash(devchain.tip.hash))),
  getblockhash: method(z.tuple([Integer]), (height) => {
    const block = devchain.blockAt(height)
    return block === undefined
      ? fault(RPC_CODES.invalidParameter, 'Block height out of range')
      : ok(displayBlockHash(block.hash))
  }),
  getblock: method(z.tuple([Hash, Integer.optional()]), (hash, verbosity = 1) => {
    const block = devchain.blockOf(hash)
    if (block === undefined) return fault(RPC_CODES.invalidAddressOrKey, 'Block not found')
    if (verbosity <= 0) return ok(toHex(encodeBlock({ header: block.header, txs: block.txs })))
    return ok({ ...describeHeader(devchain, block), tx: block.txids.map(displayTxid) })
  }),
  getblockheader: method(z.tuple([Hash, z.boolean().optional()]), (hash, verbose = true) => {
    const block = devchain.blockOf(hash)
    if (block === undefined) return fault(RPC_CODES.invalidAddressOrKey, 'Block not found')
    return ok(verbose ? describeHeader(devchain, block) : toHex(encodeBlockHeader(block.header)))
  }),
  waitfornewblock: method(z.tuple([Integer.optional(), Hash.optional()]), async (timeoutMs = 0, current) => {
    await blockAfter(devchain, clock, current ?? devchain.tip.hash, timeoutMs, closed)
    const { hash, height } = devchain.tip
    return ok({ hash: displayBlockHash(hash), height })
  }),
  submitblock: method(z.tuple([z.string()]), (hex) => {
    const block = isHex(hex) ? decodeBlock(fromHex(hex)) : undefined
    if (block?.ok !== true) return fault(RPC_CODES.deserialization, 'Block decode failed')
    return ok(submit(devchain, block.value))
  }),
  gettxout: method(z.tuple([Hash, Integer.min(0), z.boolean().optional()]), (txid, index, includeMempool = true) => {
    const outpoint = { txid, index }
    if (includeMempool && devchain.mempoolSpender(outpoint) !== undefined) return ok(null)
    const waiting = includeMempool ? devchain.mempoolEntry(txid)?.tx.outputs[index] : undefined
    const coin = devchain.coin(outpoint)
    const output = coin ?? waiting
    if (output === undefined) return ok(null)
    return ok({
      bestblock: displayBlockHash(devchain.tip.hash),
      confirmations: coin === undefined ? 0 : devchain.tip.height - coin.height + 1,
      value: btc(output.amount),
      scriptPubKey: { hex: toHex(output.script) },
      coinbase: coin?.isCoinbase ?? false,
    })
  }),
})

const mempoolMethods = (devchain: Devchain): Record<string, RpcMethod> => ({
  sendrawtransaction: method(z.tuple([z.string(), z.unknown().optional()]), (hex) => {
    const tx = readTx(hex)
    if (!tx.ok) return tx
    const txid = txidOf(tx.value)
    if (tx.value.outputs.some((_, index) => devchain.coin({ txid, index }) !== undefined)) {
      return fault(RPC_CODES.alreadyInChain, 'Transaction outputs already in utxo set')
    }
    const verdict = devchain.submitTx(tx.value)
    if (verdict.ok || devchain.mempoolEntry(txid) !== undefined) return ok(displayTxid(txid))
    const isMissing = verdict.error.code === 'missing-inputs'
    return fault(isMissing ? RPC_CODES.verify : RPC_CODES.verifyRejected, rejectReason(verdict.error))
  }),
  testmempoolaccept: method(z.tuple([z.array(z.string()).length(1), z.unknown().optional()]), ([hex = '']) => {
    const tx = readTx(hex)
    if (!tx.ok) return tx
    const verdict = devchain.testTx(tx.value)
    const ids = { txid: displayTxid(txidOf(tx.value)), wtxid: displayTxid(wtxidOf(tx.value)) }
    if (!verdict.ok) return ok([{ ...ids, allowed: false, 'reject-reason': shortReason(verdict.error) }])
    return ok([{ ...ids, allowed: true, ...describeFees(verdict.value) }])
  }),
  submitpackage: method(z.tuple([z.array(z.string()).min(1).max(25), z.unknown().optional()]), (hexes) => {
    const txs: Tx[] = []
    for (const hex of hexes) {
      const tx = readTx(hex)
      if (!tx.ok) return tx
      txs.push(tx.value)
    }
    const verdicts = devchain.submitPackage(txs)
    if (verdicts.some((verdict) => !verdict.ok && verdict.error.code === 'package-topology')) {
      return fault(
        RPC_CODES.verify,
        'package topology disallowed. not child-with-parents or parents depend on each other.',
      )
    }
    const results = txs.map((tx, i): [string, unknown] => {
      const verdict = verdicts[i] as Result<MempoolEntry, TxRejection>
      const outcome = verdict.ok
        ? describeFees(verdict.value)
        : { vsize: txVsize(tx), error: rejectReason(verdict.error) }
      return [displayTxid(wtxidOf(tx)), { txid: displayTxid(txidOf(tx)), ...outcome }]
    })
    const message = verdicts.every((verdict) => verdict.ok) ? 'success' : 'transaction failed'
    return ok({ package_msg: message, 'tx-results': Object.fromEntries(results), 'replaced-transactions': [] })
  }),
  getmempoolinfo: method(z.tuple([]), () =>
    ok({
      loaded: true,
      size: devchain.mempool.length,
      bytes: devchain.mempool.reduce((sum, { vsize }) => sum + vsize, 0),
      mempoolminfee: Math.max(RELAY_FEE_BTC, (devchain.mempoolMinimum * 4) / 1e8),
      minrelaytxfee: RELAY_FEE_BTC,
      incrementalrelayfee: RELAY_FEE_BTC,
      fullrbf: true,
    }),
  ),
  getrawmempool: method(z.tuple([z.literal(false).optional()]), () =>
    ok(devchain.mempool.map(({ txid }) => displayTxid(txid))),
  ),
  getrawtransaction: method(z.tuple([Hash, z.unknown().optional()]), (txid) => {
    const entry = devchain.mempoolEntry(txid)
    return entry === undefined
      ? fault(RPC_CODES.invalidAddressOrKey, 'No such mempool transaction. Use gettransaction for wallet transactions.')
      : ok(toHex(encodeTx(entry.tx)))
  }),
  getmempoolentry: method(z.tuple([Hash]), (txid) => {
    const waiting = devchain.mempoolPackage(txid)
    if (waiting === undefined) return fault(RPC_CODES.invalidAddressOrKey, 'Transaction not in mempool')
    const { fee, weight } = waiting.ancestors
    return ok({ ancestorsize: weight / 4, fees: { ancestor: btc(fee) } })
  }),
  gettxspendingprevout: method(z.tuple([z.array(z.object({ txid: z.string(), vout: Integer }))]), (outpoints) =>
    ok(
      outpoints.map(({ txid, vout }) => {
        const spender = devchain.mempoolSpender({ txid: parseTxid(txid) ?? new Uint8Array(32), index: vout })
        return { txid, vout, ...(spender === undefined ? {} : { spendingtxid: displayTxid(spender.txid) }) }
      }),
    ),
  ),
  // Like bitcoind on regtest: there is nothing to learn a fee from.
  estimatesmartfee: method(z.tuple([Integer, z.string().optional()]), (blocks) =>
    ok({ errors: ['Insufficient data or no feerate found'], blocks }),
  ),
})

const developmentMethods = (devchain: Devchain): Record<string, RpcMethod> => ({
  generatetoaddress: method(z.tuple([Count, z.string(), Integer.optional()]), (count, address) => {
    const script = addressToScript(address, NETWORKS.regtest)
    if (!script.ok) return fault(RPC_CODES.invalidAddressOrKey, 'Error: Invalid address')
    return ok(devchain.mine(count, script.value).map(({ hash }) => displayBlockHash(hash)))
  }),
  /** Mines blocks for the faucet. */
  'devchain.mine': method(z.tuple([Count]), (count) =>
    ok(devchain.mine(count).map(({ hash }) => displayBlockHash(hash))),
  ),
  /** Pays satoshis, as a number or as digits, to an address; gives the id of the transaction, which waits for a block. */
  'devchain.faucet': method(
    z.tuple([z.string(), z.union([Integer.positive(), z.string().regex(/^[1-9]\d{0,15}$/)])]),
    (address, amount) => {
      const script = addressToScript(address, NETWORKS.regtest)
      if (!script.ok) return fault(RPC_CODES.invalidAddressOrKey, 'Error: Invalid address')
      const paid = devchain.fund([{ amount: BigInt(amount), script: script.value }])
      return paid.ok ? ok(displayTxid(txidOf(paid.value))) : fault(RPC_CODES.misc, paid.error.code)
    },
  ),
  /** Undoes blocks and mines others: how many, how many instead, and whether their transactions are lost. */
  'devchain.reorganise': method(
    z.tuple([Count, Count.optional(), z.boolean().optional()]),
    (depth, blocks = depth + 1, dropTransactions = false) => {
      if (depth >= devchain.tip.height) return fault(RPC_CODES.invalidParameter, 'Block height out of range')
      devchain.reorganise({ depth, blocks, dropTransactions })
      return ok({ height: devchain.tip.height, hash: displayBlockHash(devchain.tip.hash) })
    },
  ),
})

const readTx = (hex: string): Result<Tx, RpcFault> => {
  const tx = isHex(hex) ? decodeTx(fromHex(hex)) : undefined
  return tx?.ok === true
    ? tx
    : fault(RPC_CODES.deserialization, 'TX decode failed. Make sure the tx has at least one input.')
}

const submit = (devchain: Devchain, block: Block): string | null => {
  const connected = devchain.submitBlock(block)
  return connected.ok ? null : blockRejectReason(connected.error)
}

const blockRejectReason = (rejection: BlockRejection): string =>
  rejection.code === 'bad-tx' ? rejectReason(rejection.tx) : rejection.code

// `testmempoolaccept` calls a missing input by a name of its own.
const shortReason = (rejection: TxRejection): string =>
  rejection.code === 'missing-inputs' ? 'missing-inputs' : rejectReason(rejection)

const describeFees = ({ vsize, fee }: MempoolEntry) => ({ vsize, fees: { base: btc(fee) } })

const describeHeader = (devchain: Devchain, block: ChainBlock) => {
  const { height, hash, header, txs } = block
  const isBest = devchain.isInBestChain(block)
  const next = isBest ? devchain.blockAt(height + 1) : undefined
  return {
    hash: displayBlockHash(hash),
    confirmations: isBest ? devchain.tip.height - height + 1 : -1,
    height,
    version: header.version,
    merkleroot: displayBlockHash(header.merkleRoot),
    time: header.time,
    nonce: header.nonce,
    bits: header.bits.toString(16),
    nTx: txs.length,
    ...(height > 0 ? { previousblockhash: displayBlockHash(header.previous) } : {}),
    ...(next === undefined ? {} : { nextblockhash: displayBlockHash(next.hash) }),
  }
}

const btc = (amount: Sat): number => Number(amount) / 1e8

/** Settles when the tip is another than `current`, or after the time; 0 waits for ever. */
const blockAfter = (
  devchain: Devchain,
  clock: Clock,
  current: Uint8Array,
  timeoutMs: number,
  closed: AbortSignal,
): Promise<void> =>
  new Promise((resolve) => {
    if (displayBlockHash(devchain.tip.hash) !== displayBlockHash(current)) return resolve()
    const finish = (): void => {
      cancel?.()
      unsubscribe()
      closed.removeEventListener('abort', finish)
      resolve()
    }
    closed.addEventListener('abort', finish)
    const unsubscribe = devchain.onChange((change) => {
      if (change === 'tip') finish()
    })
    const cancel = timeoutMs > 0 ? clock.setTimer(timeoutMs, finish) : undefined
  })
