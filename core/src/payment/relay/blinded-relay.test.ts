import test from 'ava'
import type { BlindedRelayPayload } from '../../onion/blinded-payload.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import { relayEnv } from '../fixtures/relay-env.ts'
import { decodeRelayRecord, encodeRelayRecord } from './relay-codec.ts'
import { startRelay, stepRelay } from './relay-machine.ts'
import type { RelayChannel, RelayEnv, RelayRequest } from './relay-protocol.ts'
import { isNamed } from './relay-rules.ts'

const bob = testNode('bob')
const nextPathKey = testNode('next path key').nodeId

const channel = (name: string, more: Partial<RelayChannel> = {}): RelayChannel => ({
  channelId: named(name),
  remoteNodeId: bob.nodeId,
  shortIds: { real: 100n, localAliases: [] },
  aliasOnly: false,
  policies: {
    current: {
      feeBaseMsat: 1000n,
      feeProportionalMillionths: 100,
      cltvExpiryDelta: 40,
      htlcMinimumMsat: 1000n,
      htlcMaximumMsat: 50_000_000n,
    },
    since: 0,
    updateTimestamp: 1,
  },
  status: 'usable',
  spendableMsat: 20_000_000n,
  ...more,
})

const request = (payload: Partial<BlindedRelayPayload> = {}): RelayRequest => ({
  incoming: { channelId: named('incoming'), htlcId: 5n },
  amountMsat: 1_001_100n,
  cltvExpiry: 640,
  paymentHash: named('hash'),
  payload: {
    type: 'blinded-relay',
    amtToForward: 1_000_000n,
    outgoingCltvValue: 600,
    next: { type: 'channel', shortChannelId: 100n },
    nextPathKey,
    ...payload,
  },
  nextOnion: new Uint8Array(1366),
})

const env = (...channels: readonly RelayChannel[]): RelayEnv =>
  relayEnv({
    named: (shortChannelId) => channels.find((each) => isNamed(each, shortChannelId)),
    byRoom: () => channels.filter(({ status }) => status === 'usable'),
    offlineWith: () => channels.find(({ status }) => status === 'offline'),
    channelUpdate: () => {
      throw new Error('no update is told within a blinded path')
    },
    nextHtlcId: () => 7n,
    minCltvExpiryDelta: 18,
  })

const out = (asked: RelayRequest, world: RelayEnv) => {
  const { state, effects } = startRelay(asked, world)
  const [first] = effects
  return first?.type === 'add-htlc'
    ? { ...first, record: state?.phase === 'offered' ? state.record : undefined }
    : first
}

test('BOLT 2, update_add_htlc — within a blinded route it has the next path key', (t) => {
  t.like(out(request(), env(channel('a'))), { channelId: named('a'), amountMsat: 1_000_000n, pathKey: nextPathKey })
})

test('BOLT 4, relaying within a blinded path — the next node may be named by its id: any channel with it will do', (t) => {
  const byNode = request({ next: { type: 'node', nodeId: bob.nodeId } })
  t.like(out(byNode, env(channel('a'), channel('b'))), { channelId: named('a') })
  const [full, room] = [channel('closing', { status: 'closing' }), channel('b')]
  const made = out(byNode, env(full, room))
  t.like(made, { channelId: named('b'), pathKey: nextPathKey })
  const record = made?.type === 'add-htlc' ? made.record : undefined
  if (record === undefined) return t.fail()
  t.deepEqual(record.requested, { type: 'node', nodeId: bob.nodeId })
  t.deepEqual(decodeRelayRecord(encodeRelayRecord(record)), { ok: true, value: record })
  t.like(out(byNode, env()), { type: 'fail', failure: { failure: { type: 'unknown_next_peer' } } })
})

test('a relay to a node that is named by its id waits at a start until one of its channels can be used', (t) => {
  const byNode = request({ next: { type: 'node', nodeId: bob.nodeId } })
  const away = { ...env(channel('a', { status: 'offline' })), isStarting: true }
  const { state, effects } = startRelay(byNode, away)
  t.deepEqual(effects, [])
  if (state === undefined) return t.fail()
  t.like(state, { phase: 'waiting', for: 'channel' })
  const [add] = stepRelay(state, { type: 'channels-changed' }, env(channel('a'))).effects
  t.like(add, { type: 'add-htlc', channelId: named('a') })
  const closing = { ...env(channel('a', { status: 'closing' })), isStarting: true }
  t.like(out(byNode, closing), { type: 'fail' })
  return t.like(out(byNode, { ...away, isStarting: false }), {
    type: 'fail',
    failure: { failure: { type: 'temporary_channel_failure' } },
  })
})

test('BOLT 4, relaying within a blinded path — the recipient’s terms have to meet ours, to the millisatoshi that they are rounded by', (t) => {
  t.like(out(request({ amtToForward: 1_000_001n }), env(channel('a'))), { type: 'add-htlc' })
  t.like(out(request({ amtToForward: 1_000_002n }), env(channel('a'))), {
    type: 'fail',
    failure: { failure: { type: 'fee_insufficient' } },
  })
  t.like(out(request({ outgoingCltvValue: 601 }), env(channel('a'))), {
    type: 'fail',
    failure: { failure: { type: 'incorrect_cltv_expiry' } },
  })
})
