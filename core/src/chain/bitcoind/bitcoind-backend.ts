import type * as z from 'zod'
import { decodeBlock, displayBlockHash } from '../../bitcoin/block.ts'
import type { Network } from '../../bitcoin/network.ts'
import { decodeTx, displayTxid, encodeTx, parseTxid, type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { type Failure, FailureError, invariant } from '../../lib/errors.ts'
import type { BlockHash, TxId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { type BlockFollower, firstHeight, followBlocks } from '../block-follower.ts'
import type { BroadcastError, ChainBackend, ChainBlock, ChainEvent, ChainTip, PlacedOutput } from '../chain-backend.ts'
import { backendMeter } from './backend-meter.ts'
import { feeEstimates } from './fee-estimates.ts'
import { type BitcoindUnfit, checkFitness, type FitBitcoind, wrongGenesis, wrongNetwork } from './fitness.ts'
import { type PatientRpc, patientRpc } from './patient-rpc.ts'
import { fetchPruned } from './pruned-blocks.ts'
import { readReply, replies } from './replies.ts'
import { type RpcError, type RpcOptions, rpcClient } from './rpc-client.ts'
import { type StopWakeUps, wakeOnLongPoll, wakeOnZmq, wakeRegularly } from './wake-ups.ts'

export interface BitcoindOptions {
  readonly network: Network
  readonly rpc: RpcOptions
  /** Where bitcoind publishes `hashblock` or `rawblock`, such as `tcp://127.0.0.1:28332`. */
  readonly zmqUrl?: string
  /** How often to ask for the tip; the poll makes sure that nothing is missed. */
  readonly pollIntervalMs?: number
  readonly clock: Clock
  /** bitcoind cannot be reached while the node runs (reported once until it can be again), or its answers make no sense. */
  readonly onProblem?: (problem: Failure) => void
  readonly onReachable?: () => void
  /** At the start, bitcoind still reads its own files, and is waited for: told once, with its words. */
  readonly onWarmingUp?: (detail: string) => void
  /** Ends a start that waits for bitcoind: it fails. */
  readonly giveUp?: AbortSignal
}

const WARM_UP_MS = 1_000
const POLL_MS = 2_000
const POLL_WITH_NOTICE_MS = 10_000
/** A spend that waits for a block is noticed within this time. */
const MEMPOOL_POLL_MS = 2_000
/** If the tip has not been asked for successfully for this many polls, it is no longer the current tip. */
const POLLS_UNTIL_STALE = 3
/** Estimates move between blocks too. */
const ESTIMATES_AGAIN_MS = 600_000
const RPC_MISC = -1
const RPC_NOT_FOUND = -5
const RPC_INVALID_PARAMETER = -8
const RPC_ALREADY_IN_CHAIN = -27
const ALREADY_KNOWN = /txn-already-in-mempool|txn-already-known|txn-same-nonwitness-data-in-mempool/

/**
 * A bitcoind, version 28 or later, pruned or not and without a transaction index; or a devchain in another process. While it cannot be
 * reached, requests wait; only `broadcast` answers that it is unavailable.
 */
export const bitcoindBackend = (options: BitcoindOptions): ChainBackend => {
  const { network, clock, zmqUrl } = options
  const client = rpcClient(options.rpc)
  const { onProblem, onReachable } = options
  const isNoticed = zmqUrl !== undefined
  const pollMs = options.pollIntervalMs ?? (isNoticed ? POLL_WITH_NOTICE_MS : POLL_MS)
  const meter = backendMeter({
    clock,
    freshMs: POLLS_UNTIL_STALE * Math.max(pollMs, POLL_WITH_NOTICE_MS),
    ignoresDownload: network.name === 'regtest',
  })
  /** After a silence, another bitcoind may answer. */
  let isProven = true
  const rpc = patientRpc({
    client,
    clock,
    onUnreachable: onProblem,
    onReachable,
    onAnswered: meter.answered,
    onUnanswered(error) {
      isProven = false
      meter.failed(error)
    },
  })
  const fees = feeEstimates(rpc, clock)
  const stopWakeUps: StopWakeUps[] = []
  let known: ChainTip | undefined
  let follower: BlockFollower | undefined
  let onOtherChain: (error: unknown) => void = () => undefined

  /** A request that `stop` interrupted is no problem; any other failure is tried again by the next look. */
  const report = (error: unknown): void => {
    if (!(error instanceof FailureError)) throw error
    if (!rpc.stopped) onProblem?.(error.failure)
  }
  const tip = async (): Promise<ChainTip> => {
    const info = must(await rpc.ask(replies.blockchainInfo, 'getblockchaininfo'))
    const wrong = wrongNetwork(info.chain, network) ?? (isProven ? undefined : await strangeGenesis(rpc, network))
    if (wrong !== undefined) throw new OtherChain(wrong)
    isProven = true
    meter.measured(info)
    if (info.blocks !== known?.height || fees.status().ageMs > ESTIMATES_AGAIN_MS) void fees.refresh().catch(report)
    known = { height: info.blocks, hash: info.bestblockhash }
    return known
  }
  const block = blockGetter(rpc)
  const source = { tip, hashAt: (height: BlockHeight) => hashAt(rpc, height), block }
  const look = async (): Promise<void> => {
    await follower?.look().catch((error: unknown) => {
      if (!(error instanceof OtherChain)) return report(error)
      void follower?.stop()
      onOtherChain(error)
    })
  }
  const broadcast = async (tx: Tx): Promise<Result<void, BroadcastError>> => {
    const sent = await client.call('sendrawtransaction', [toHex(encodeTx(tx))])
    return sent.ok || isKnown(sent.error) ? ok(undefined) : err(refusal(sent.error))
  }

  const whenWarm = async (isFirst: boolean): Promise<Result<FitBitcoind, BitcoindUnfit>> => {
    for (let told = false; ; told = true) {
      const fit = await checkFitness(client, network, isFirst)
      if (fit.ok || fit.error.code !== 'bitcoind-warming-up' || rpc.stopped) return fit
      if (!told) options.onWarmingUp?.(fit.error.detail)
      await rpc.pause(WARM_UP_MS)
    }
  }

  return {
    network,
    async start(following) {
      invariant(follower === undefined, 'a backend is started once')
      const { giveUp } = options
      giveUp?.addEventListener('abort', () => follower ?? rpc.stop(), { once: true })
      const fit = await whenWarm(following.isFirst === true)
      if (!fit.ok) {
        client.close()
        return fit
      }
      known = fit.value.tip
      meter.measured(fit.value.info)
      try {
        await fees.refresh()
      } catch (error) {
        if (!(error instanceof FailureError && rpc.stopped)) throw error
        return err(error.failure)
      }
      onOtherChain = following.onFailed
      const fromHeight = firstHeight(following, known)
      const onEvent = (event: ChainEvent): void | Promise<void> => {
        // Blocks may come in faster than the tip is asked for.
        if (event.type === 'connected' && event.block.height > (known?.height ?? 0)) {
          known = { height: event.block.height, hash: event.block.hash }
        }
        return following.onEvent(event)
      }
      follower = followBlocks(source, { ...following, fromHeight, onEvent })
      const isDevchain = fit.value.subversion.startsWith('/devchain:')
      if (zmqUrl !== undefined) stopWakeUps.push(await wakeOnZmq(zmqUrl, () => void look()))
      if (isDevchain) stopWakeUps.push(wakeOnLongPoll(client, rpc, () => known ?? fit.value.tip, look))
      wakeRegularly(rpc, pollMs, () => void look())
      if (following.onMempool !== undefined) wakeRegularly(rpc, MEMPOOL_POLL_MS, following.onMempool)
      void look()
      return ok(fit.value.tip)
    },
    async stop() {
      rpc.stop()
      for (const stop of stopWakeUps) stop()
      await follower?.stop()
      client.close()
    },
    tip() {
      invariant(known !== undefined, 'the backend has started')
      return known
    },
    async getBlock(at) {
      if (typeof at === 'number') {
        const hash = await source.hashAt(at)
        return hash === undefined ? undefined : source.block(hash, at)
      }
      const hash = at as BlockHash
      const header = orMissing(await rpc.ask(replies.header, 'getblockheader', [displayBlockHash(hash)]))
      return header === undefined ? undefined : source.block(hash, header.height)
    },
    broadcast,
    async broadcastPackage(txs) {
      const child = txs.at(-1)
      if (child === undefined) return ok(undefined)
      if (txs.length === 1) return broadcast(child)
      const reply = await client.call('submitpackage', [txs.map((tx) => toHex(encodeTx(tx)))])
      const submitted = reply.ok ? readReply(replies.package, 'submitpackage', reply.value) : reply
      if (!submitted.ok) return err(refusal(submitted.error))
      const { package_msg: message, 'tx-results': results } = submitted.value
      const errors = Object.values(results).flatMap(({ error }) => error ?? [])
      const serious = errors.find((error) => !ALREADY_KNOWN.test(error))
      if (message === 'success' || (errors.length > 0 && serious === undefined)) return ok(undefined)
      return err({ code: 'rejected', reason: serious ?? message })
    },
    estimateFeerate: (targetBlocks) => fees.estimate(targetBlocks),
    async getUtxo({ txid, index }) {
      const found = must(await rpc.ask(replies.txOut, 'gettxout', [displayTxid(txid), index, false]))
      if (found === null) return undefined
      const best = must(await rpc.ask(replies.header, 'getblockheader', [displayBlockHash(found.bestblock)]))
      const height = best.height - found.confirmations + 1
      return { amount: found.value, script: found.scriptPubKey.hex, height, isCoinbase: found.coinbase }
    },
    async outputsAt(height, places) {
      const hash = await source.hashAt(height)
      const listed = hash && (await keptOrFetched(rpc, hash, replies.listedBlock, 1))
      if (listed === undefined) return undefined
      const outputs: PlacedOutput[] = []
      // One question at a time: others of the node wait for the same few connections.
      for (const { txIndex, outputIndex } of places) {
        outputs.push(await outputOf(rpc, parseTxid(listed.tx[txIndex] ?? ''), outputIndex))
      }
      return outputs
    },
    async mempoolSpend({ txid, index }) {
      const asked = [{ txid: displayTxid(txid), vout: index }]
      const [spend] = must(await rpc.ask(replies.spendingPrevout, 'gettxspendingprevout', [asked]))
      if (spend?.spendingtxid === undefined) return undefined
      // It may have left the mempool between the two questions.
      const raw = orMissing(await rpc.ask(replies.bytes, 'getrawtransaction', [displayTxid(spend.spendingtxid)]))
      const tx = raw === undefined ? undefined : decodeTx(raw)
      return tx?.ok === true ? tx.value : undefined
    },
    async mempoolSpenders(outpoints) {
      if (outpoints.length === 0) return []
      const asked = outpoints.map(({ txid, index }) => ({ txid: displayTxid(txid), vout: index }))
      const reply = await client.call('gettxspendingprevout', [asked])
      const spends = must(reply.ok ? readReply(replies.spendingPrevout, 'gettxspendingprevout', reply.value) : reply)
      return outpoints.map((_, i) => spends[i]?.spendingtxid)
    },
    async mempoolTx(txid) {
      const id = displayTxid(txid)
      const entry = orMissing(await rpc.ask(replies.mempoolEntry, 'getmempoolentry', [id]))
      const raw = entry && orMissing(await rpc.ask(replies.bytes, 'getrawtransaction', [id]))
      const tx = raw === undefined ? undefined : decodeTx(raw)
      if (entry === undefined || tx?.ok !== true) return undefined
      return { tx: tx.value, ancestors: { fee: entry.fees.ancestor, weight: 4 * entry.ancestorsize } }
    },
    health() {
      const missing = follower?.missing
      return {
        ...meter.health(),
        ...(missing === undefined ? {} : { missingBlock: missing }),
        estimates: fees.status(),
      }
    },
  }
}

const outputOf = async (rpc: PatientRpc, txid: TxId | undefined, index: number): Promise<PlacedOutput> => {
  if (txid === undefined) return { type: 'missing' }
  const found = must(await rpc.ask(replies.txOut, 'gettxout', [displayTxid(txid), index, false]))
  if (found === null) return { type: 'spent' }
  return { type: 'unspent', txid, amount: found.value, script: found.scriptPubKey.hex }
}

const hashAt = async (rpc: PatientRpc, height: BlockHeight): Promise<BlockHash | undefined> =>
  orMissing(await rpc.ask(replies.hash, 'getblockhash', [height]))

/** It answers, but is on another chain than ours: nothing that it reports concerns our money. */
class OtherChain extends FailureError<BitcoindUnfit> {}

const strangeGenesis = async (rpc: PatientRpc, network: Network): Promise<BitcoindUnfit | undefined> =>
  wrongGenesis(must(await rpc.ask(replies.hash, 'getblockhash', [0])), network)

/** What `getblock` says of a block, from a peer of bitcoind where bitcoind has pruned it. */
const keptOrFetched = async <T>(
  rpc: PatientRpc,
  hash: BlockHash,
  schema: z.ZodType<T>,
  verbosity: 0 | 1,
): Promise<T | undefined> => {
  const kept = async () => orMissing(await rpc.ask(schema, 'getblock', [displayBlockHash(hash), verbosity]))
  let found = await kept()
  if (found === undefined) {
    await fetchPruned(rpc, hash, async () => {
      found = await kept()
      return found !== undefined
    })
  }
  return found
}

const blockGetter =
  (rpc: PatientRpc) =>
  async (hash: BlockHash, height: BlockHeight): Promise<ChainBlock | undefined> => {
    const bytes = await keptOrFetched(rpc, hash, replies.bytes, 0)
    if (bytes === undefined) return undefined
    const block = decodeBlock(bytes)
    if (!block.ok) throw new FailureError({ ...block.error, height })
    const { header, txs } = block.value
    return { height, hash, header, txs, txids: txs.map(txidOf) }
  }

/** bitcoind does not answer as it should: a bug of ours, or it is not a bitcoind. */
const must = <T>(reply: Result<T, RpcError>): T => {
  if (reply.ok) return reply.value
  throw new FailureError(reply.error)
}

/** The answer; `undefined` if there is no such thing: a height above the tip, a block pruned or unknown. */
const orMissing = <T>(reply: Result<T, RpcError>): T | undefined => {
  if (reply.ok) return reply.value
  const { error } = reply
  const isMissing =
    error.code === 'bitcoind-error' &&
    [RPC_MISC, RPC_NOT_FOUND, RPC_INVALID_PARAMETER].some((code) => code === error.rpcCode)
  if (isMissing) return undefined
  throw new FailureError(error)
}

const isKnown = (error: RpcError): boolean =>
  error.code === 'bitcoind-error' && (error.rpcCode === RPC_ALREADY_IN_CHAIN || ALREADY_KNOWN.test(error.message))

const refusal = (error: RpcError): BroadcastError =>
  error.code === 'bitcoind-error'
    ? { code: 'rejected', reason: error.message }
    : { code: 'backend-unavailable', detail: error.code }
