import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { makeNetwork } from '../../graph/fixtures/network.ts'
import { RecordingSink } from '../../graph/fixtures/recording-sink.ts'
import { CHAIN_HASH, NOW } from '../../graph/fixtures/signed-gossip.ts'
import { compact, openGraph } from './open-graph.ts'

const NETWORK = [...makeNetwork({ seed: 4, nodes: 8, channels: 20 })]

const place = (t: ExecutionContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-gossip-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return join(folder, 'gossip')
}

const open = (path: string) => {
  const sink = new RecordingSink()
  return { ...openGraph(path, CHAIN_HASH, sink), sink }
}

type Opened = ReturnType<typeof open>

const fill = ({ graph }: Opened): void => {
  for (const { announcement, capacitySat, updates, nodes } of NETWORK) {
    graph.addChannel(announcement, { capacitySat, txid: new Uint8Array(32) }, NOW)
    for (const update of updates) graph.addUpdate(update)
    for (const node of nodes) graph.addNode(node)
  }
}

const gossipIn = ({ graph }: Opened) =>
  NETWORK.map(({ announcement: { message } }) => [
    graph.gossipOf(message.shortChannelId),
    graph.nodeGossipOf(message.nodeId1),
    graph.nodeGossipOf(message.nodeId2),
  ])

const filled = (path: string) => {
  const opened = open(path)
  fill(opened)
  const expected = gossipIn(opened)
  opened.log.close()
  return expected
}

test('the graph is there again after a restart, and only its owner can read it', (t) => {
  const path = place(t)
  const expected = filled(path)
  const again = open(path)
  t.deepEqual([again.setAside, gossipIn(again)], [undefined, expected])
  t.is(again.sink.channels.size, NETWORK.length)
  t.is(statSync(path).mode & 0o777, 0o600)
})

test('what can be read was appended, whether it is in the file yet or not', (t) => {
  const opened = open(place(t))
  fill(opened)
  t.is(gossipIn(opened).filter(([gossip]) => gossip === undefined).length, 0)
})

test('a write that was cut off is removed, and what is appended then is read', (t) => {
  const path = place(t)
  const expected = filled(path)
  const whole = readFileSync(path)
  writeFileSync(path, whole.subarray(0, whole.length - 3))
  const cut = open(path)
  t.is(cut.setAside, undefined)
  const [{ announcement: last }] = NETWORK.slice(-1) as [(typeof NETWORK)[0]]
  cut.graph.markSpent(last.message.shortChannelId, 7)
  cut.log.close()
  const again = open(path)
  t.is(again.setAside, undefined)
  t.is(again.graph.channel(last.message.shortChannelId)?.spentAt, 7)
  t.deepEqual(gossipIn(again).slice(0, 10), expected.slice(0, 10))
})

test('a file that cannot be used is set aside, and an empty graph takes its place', (t) => {
  const path = place(t)
  filled(path)
  const damaged = readFileSync(path)
  damaged.fill(1, 3_000, 3_010)
  writeFileSync(path, damaged)
  const opened = open(path)
  t.deepEqual(opened.setAside, { path: `${path}-unusable`, fault: 'damaged' })
  t.deepEqual(readFileSync(`${path}-unusable`), damaged)
  t.deepEqual([opened.graph.channelCount, opened.sink.channels.size], [0, 0])
  fill(opened)
  opened.log.close()
  t.is(open(path).graph.channelCount, NETWORK.length)
})

test('a log of which most is of no use is written anew, and used from then on', (t) => {
  const path = place(t)
  const opened = open(path)
  fill(opened)
  const expected = gossipIn(opened)
  const { graph, log } = opened
  t.is(compact(graph, log, path, CHAIN_HASH), log)
  while (log.size < 2_000_000) {
    for (const { updates } of NETWORK) for (const update of updates) graph.addUpdate(update)
  }
  const smaller = compact(graph, log, path, CHAIN_HASH)
  t.not(smaller, log)
  t.true(smaller.size < 40_000)
  t.deepEqual(gossipIn(opened), expected)
  graph.markSpent(NETWORK[0]?.announcement.message.shortChannelId ?? 0n, 9)
  smaller.close()
  t.deepEqual(readdirSync(join(path, '..')), ['gossip'])
  const again = open(path)
  t.deepEqual(gossipIn(again), expected)
  t.is(again.graph.channel(NETWORK[0]?.announcement.message.shortChannelId ?? 0n)?.spentAt, 9)
})

test('what a node that died while it wrote the log anew left behind does no harm', (t) => {
  const path = place(t)
  const expected = filled(path)
  appendFileSync(`${path}-new`, 'half')
  const opened = open(path)
  while (opened.log.size < 2_000_000) {
    for (const { updates } of NETWORK) for (const update of updates) opened.graph.addUpdate(update)
  }
  compact(opened.graph, opened.log, path, CHAIN_HASH).close()
  t.deepEqual(gossipIn(open(path)), expected)
  t.false(existsSync(`${path}-new`))
})
