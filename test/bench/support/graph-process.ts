import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { createActorSystem } from '../../../core/src/actor/actor-system.ts'
import { sha256 } from '../../../core/src/crypto/hashes.ts'
import type { AnnouncedGraph } from '../../../core/src/graph/announced-graph.ts'
import { heightOf, makeNetwork, type NetworkSize } from '../../../core/src/graph/fixtures/network.ts'
import { CHAIN_HASH, NOW } from '../../../core/src/graph/fixtures/signed-gossip.ts'
import { encodeLogRecord, type LogRecord, logHeader, readLog } from '../../../core/src/graph/gossip-log.ts'
import type { GraphSink } from '../../../core/src/graph/graph-sink.ts'
import { announcedOutput, type FundingOutput } from '../../../core/src/graph/rules/channel-announcement.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { shortChannelId } from '../../../core/src/lib/ids.ts'
import { GossipRoom } from '../../../core/src/node/gossip/gossip-room.ts'
import { openGraph } from '../../../core/src/node/gossip/open-graph.ts'
import { SignatureCheckers } from '../../../core/src/node/gossip/signature-checkers.ts'
import { decodeGossip } from '../../../core/src/wire/gossip-codecs.ts'
import { MAX_FUNDING_SAT, outputOf } from './made-fundings.ts'

// A process of its own for each measurement of the graph: `make`, `load` or `ingest`, with the path of the log; or `make-funded`, with the
// block of the first funding besides. Prints its figures as JSON.

const SIZE = { seed: 1, nodes: 20_000, channels: 50_000 }
const OUTSTANDING = 2_000

// Path-finding has figures of its own.
const sink: GraphSink = { addChannel: () => {}, setPolicy: () => {}, removeChannel: () => {} }

/** The same network, as one that is on a devchain now: see `outputOf`. */
const fundedFrom = (firstBlock: number): NetworkSize => ({
  ...SIZE,
  placeOf: (channel) => shortChannelId(outputOf(firstBlock, channel)),
  now: Math.floor(Date.now() / 1_000),
  maxCapacitySat: MAX_FUNDING_SAT,
})

/** A log of the whole network: what the other measurements load, or hear from a peer. */
const make = (path: string, size: NetworkSize): object => {
  const fd = openSync(path, 'w')
  writeSync(fd, logHeader(CHAIN_HASH))
  const write = (record: LogRecord): void => void writeSync(fd, encodeLogRecord(record))
  for (const { announcement, capacitySat, updates, nodes } of makeNetwork(size)) {
    write({ type: 'channel', capacitySat, txid: sha256(announcement.raw), since: NOW, raw: announcement.raw })
    for (const { raw } of updates) write({ type: 'update', raw })
    for (const { raw } of nodes) write({ type: 'node', raw })
  }
  closeSync(fd)
  return {}
}

const load = (path: string): object => {
  const before = held()
  const startedAt = performance.now()
  const { graph, log } = openGraph(path, CHAIN_HASH, sink)
  const seconds = (performance.now() - startedAt) / 1_000
  mustBeWhole(graph)
  const bytes = held() - before
  log.close()
  return { seconds, bytes, channels: graph.channelCount }
}

/** As from a peer: in its order, and as many messages outstanding as a connection lets through. The chain answers at once. */
const ingest = async (path: string): Promise<object> => {
  const { messages, fundings } = heard(path)
  const { graph, log } = openGraph(`${path}-ingested`, CHAIN_HASH, sink)
  const checkers = new SignatureCheckers(createActorSystem<never>(), 2)
  const room = new GossipRoom({
    nodeId: new Uint8Array(33),
    graph,
    flushLog: () => log.flush(),
    chainHash: CHAIN_HASH,
    clock: { ...systemClock, now: () => NOW * 1_000 },
    height: () => heightOf(SIZE),
    check: checkers.check,
    lookUp: async (id) => fundings.get(id),
  })
  const complain = (complaint: object): never => {
    throw new Error(`what was made is refused: ${JSON.stringify(complaint)}`)
  }
  room.connected('peer', { offersQueries: false, send: async () => {}, complain })
  const startedAt = performance.now()
  const outstanding: Promise<void>[] = []
  for (const [i, raw] of messages.entries()) {
    outstanding.push(room.hear('peer', raw))
    if (i >= OUTSTANDING) await outstanding[i - OUTSTANDING]
  }
  await Promise.all(outstanding)
  const seconds = (performance.now() - startedAt) / 1_000
  room.stop()
  log.close()
  mustBeWhole(graph)
  await checkers.close()
  return { seconds }
}

const heard = (path: string) => {
  const messages: Uint8Array[] = []
  const fundings = new Map<bigint, FundingOutput>()
  readLog(readFileSync(path), CHAIN_HASH, (record) => {
    if (!('raw' in record)) return
    messages.push(record.raw)
    const decoded = decodeGossip(record.raw)
    if (record.type !== 'channel' || !decoded.ok || decoded.value.type !== 'channel_announcement') return
    const { shortChannelId, bitcoinKey1, bitcoinKey2 } = decoded.value
    const script = announcedOutput(bitcoinKey1, bitcoinKey2)
    const { capacitySat, txid } = record
    fundings.set(shortChannelId, { type: 'unspent', script, amountSat: capacitySat, txid: txid })
  })
  return { messages, fundings }
}

const mustBeWhole = (graph: AnnouncedGraph): void => {
  if (graph.channelCount !== SIZE.channels || graph.nodeCount !== SIZE.nodes) throw new Error('not all was taken in')
}

const held = (): number => {
  // The first one ends what the file's content was held by.
  for (let i = 0; i < 2; i++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const [what = '', path = '', firstBlock = ''] = process.argv.slice(2)
const figuresOf = (): object | Promise<object> => {
  switch (what) {
    case 'make':
      return make(path, SIZE)
    case 'make-funded':
      return make(path, fundedFrom(Number(firstBlock)))
    case 'load':
      return load(path)
    default:
      return ingest(path)
  }
}
process.stdout.write(JSON.stringify(await figuresOf()))
