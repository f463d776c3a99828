import { createConnection } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { concat, fromHex, utf8Decode } from '../../lib/bytes.ts'
import { type VirtualClock, virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import { OUR_FEATURES, parseFeatures, vectorOfBits } from '../../wire/features.ts'
import { encodeMessage } from '../../wire/message-codecs.ts'
import type { Message } from '../../wire/messages/message.ts'
import { connect } from './connect.ts'
import type { Connection } from './connection.ts'
import type { InboundFailure } from './connection-failure.ts'
import { CHAIN_HASH, nodeOf, RawPeer, settingsOf, trafficOf, VALID_INIT } from './fixtures/raw-peer.ts'
import { ourInit } from './init-exchange.ts'
import { type Listener, type ListenOptions, listen } from './listen.ts'
import { TransportHandshake } from './transport-handshake.ts'

const ALICE = 1
const BOB = 2
const MANY = { perSecond: 1_000, burst: 1_000 }

/** Bob, listening: what becomes of those who call is read from `next`. */
const listening = async (
  t: ExecutionContext,
  clock: VirtualClock = virtualClock(),
  options: Partial<ListenOptions> = {},
) => {
  const outcomes: (Connection | InboundFailure)[] = []
  let wake: () => void = () => {}
  const add = (outcome: Connection | InboundFailure) => {
    outcomes.push(outcome)
    wake()
  }
  const started = await listen({
    ...settingsOf(BOB, clock),
    host: '127.0.0.1',
    port: 0,
    onConnection: add,
    onFailure: add,
    ...options,
  })
  if (!started.ok) throw new Error(started.error.cause)
  const listener: Listener = started.value
  t.teardown(() => listener.close())
  const next = async (): Promise<Connection | InboundFailure> => {
    for (;;) {
      const outcome = outcomes.shift()
      if (outcome !== undefined) return outcome
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { port: listener.port, next }
}

const dialled = async (t: ExecutionContext, port: number): Promise<RawPeer> => {
  const peer = await RawPeer.dial(port)
  t.teardown(() => peer.socket.destroy())
  return peer
}

const bob = nodeOf(BOB).nodeId

test('two nodes connect and know each other’s id, features and direction', async (t) => {
  const { port, next } = await listening(t)
  const connected = await connect({ ...settingsOf(ALICE), host: '127.0.0.1', port, nodeId: bob })
  const accepted = await next()
  if (!connected.ok || !('remoteInit' in accepted)) return t.fail()
  t.deepEqual(connected.value.remoteNodeId, bob)
  t.deepEqual(accepted.remoteNodeId, nodeOf(ALICE).nodeId)
  t.is(connected.value.direction, 'outbound')
  t.is(accepted.direction, 'inbound')
  t.is(connected.value.address, `127.0.0.1:${port}`)
  t.deepEqual(encodeMessage(accepted.remoteInit), VALID_INIT)
  t.deepEqual(accepted.remoteFeatures, connected.value.remoteFeatures)
  connected.value.close()
  accepted.close()
})

test('connect — refuses a node id that is no point', async (t) => {
  const nodeId = new Uint8Array(33).fill(5)
  const connected = await connect({ ...settingsOf(ALICE), host: '127.0.0.1', port: 1, nodeId })
  t.deepEqual(connected, { ok: false, error: { code: 'invalid-node-id' } })
})

test('connect — a port that nobody listens on is unreachable', async (t) => {
  const { port, peer } = await RawPeer.listen()
  const first = await RawPeer.dial(port)
  ;(await peer).socket.destroy()
  first.socket.destroy()
  const connected = await connect({ ...settingsOf(ALICE), host: '127.0.0.1', port, nodeId: bob })
  t.deepEqual(connected, { ok: false, error: { code: 'unreachable', cause: 'ECONNREFUSED' } })
})

test('listen — a port in use is listen-failed', async (t) => {
  const { port } = await listening(t)
  const second = await listen({ ...settingsOf(ALICE), host: '127.0.0.1', port, onConnection: () => {} })
  t.deepEqual(second, { ok: false, error: { code: 'listen-failed', cause: 'EADDRINUSE' } })
})

test('a caller that takes us for another node gets no answer', async (t) => {
  const { port, next } = await listening(t)
  const connected = await connect({ ...settingsOf(ALICE), host: '127.0.0.1', port, nodeId: nodeOf(3).nodeId })
  t.deepEqual(connected, { ok: false, error: { code: 'closed-by-peer' } })
  t.deepEqual(await next(), { code: 'handshake-tag', act: 1 })
})

for (const [name, act, failure] of [
  ['another version', `01${'02'.repeat(49)}`, { code: 'handshake-version', act: 1, version: 1 }],
  ['no point', `00${'04'.repeat(49)}`, { code: 'handshake-public-key', act: 1 }],
  [
    'a point and no tag',
    '00036360e856310ce5d294e8be33fc807077dc56ac80d95d9cd4ddbd21325eff73f7'.padEnd(100, '0'),
    { code: 'handshake-tag', act: 1 },
  ],
] as const) {
  test(`BOLT 8, handshake — an act that is wrong ends the connection, without another byte: act one with ${name}`, async (t) => {
    const { port, next } = await listening(t)
    const peer = await dialled(t, port)
    peer.socket.write(fromHex(act))
    t.is(await peer.chunk(), undefined)
    t.deepEqual(await next(), failure)
  })
}

test('BOLT 8, handshake — an act that is wrong ends the connection, without another byte: act three', async (t) => {
  const { port, next } = await listening(t)
  const peer = await dialled(t, port)
  peer.socket.write(TransportHandshake.initiate(nodeOf(ALICE).privateKey, bob, seededRng(1)).actOne)
  t.is((await peer.chunk())?.length, 50)
  peer.socket.write(new Uint8Array(66))
  t.is(await peer.chunk(), undefined)
  t.deepEqual(await next(), { code: 'handshake-ciphertext', act: 3 })
})

test('BOLT 8, handshake — each has an ephemeral key of its own: a replayed one is refused at act three, without an answer', async (t) => {
  const { port, next } = await listening(t)
  const original = await dialled(t, port)
  const [actOne, actThree] = await original.initiate(ALICE, bob)
  if (actOne === undefined || actThree === undefined) return t.fail()
  original.send(VALID_INIT)
  t.true('remoteInit' in (await next()))

  const replay = await dialled(t, port)
  replay.socket.write(actOne)
  t.is((await replay.chunk())?.length, 50)
  replay.socket.write(actThree)
  t.is(await replay.chunk(), undefined)
  t.deepEqual(await next(), { code: 'handshake-ciphertext', act: 3 })
})

test('BOLT 8, handshake — an act that is wrong ends the connection, without another byte: act two', async (t) => {
  const { port, peer } = await RawPeer.listen()
  const connecting = connect({ ...settingsOf(ALICE), host: '127.0.0.1', port, nodeId: bob })
  const raw = await peer
  t.is((await raw.chunk())?.length, 50)
  raw.socket.write(concat(Uint8Array.of(0), nodeOf(4).nodeId, new Uint8Array(16)))
  t.is(await raw.chunk(), undefined)
  t.deepEqual(await connecting, { ok: false, error: { code: 'handshake-tag', act: 2 } })
  raw.socket.destroy()
})

test('a caller that does not finish its handshake in time is dropped', async (t) => {
  const clock = virtualClock()
  const { port, next } = await listening(t, clock, { handshakeTimeoutMs: 5_000 })
  const peer = await dialled(t, port)
  peer.socket.write(Uint8Array.of(0, 2, 3))
  // A second caller is seen to be refused: the first one is then surely waiting.
  const second = await dialled(t, port)
  second.socket.write(Uint8Array.of(1))
  t.deepEqual(await next(), { code: 'handshake-version', act: 1, version: 1 })
  await clock.advance(4_999)
  await clock.advance(1)
  t.deepEqual(await next(), { code: 'handshake-timeout' })
  t.is(await peer.chunk(), undefined)
})

test('BOLT 1, init — ours comes first, with our features and our chain, and nothing else before that of the peer', async (t) => {
  const { port, next } = await listening(t)
  const peer = await dialled(t, port)
  await peer.initiate(ALICE, bob)
  const first = await peer.message()
  if (first?.type !== 'init') return t.fail()
  t.deepEqual(first.networks, [CHAIN_HASH])
  // BOLT 1: nothing in the older vector, and no byte in front that is not needed.
  t.is(first.globalFeatures.length, 0)
  t.not(first.features[0], 0)
  t.deepEqual(parseFeatures(first.features), OUR_FEATURES)
  // A ping before the init is not answered.
  peer.send({ type: 'ping', numPongBytes: 1, ignored: new Uint8Array(0) })
  t.is(await peer.message(), undefined)
  t.like(await next(), { code: 'init-not-first' })
})

test('a caller that sends no init in time is dropped', async (t) => {
  const clock = virtualClock()
  const { port, next } = await listening(t, clock)
  const peer = await dialled(t, port)
  await peer.initiate(ALICE, bob)
  t.is((await peer.message())?.type, 'init')
  await clock.advance(10_000)
  t.deepEqual(await next(), { code: 'handshake-timeout' })
  t.is(await peer.message(), undefined)
})

test('connect — a node that accepts and says nothing is given up in time', async (t) => {
  const clock = virtualClock()
  const { port, peer } = await RawPeer.listen()
  const connecting = connect({ ...settingsOf(ALICE, clock), host: '127.0.0.1', port, nodeId: bob, timeoutMs: 3_000 })
  const raw = await peer
  t.is((await raw.chunk())?.length, 50)
  await clock.advance(3_000)
  t.deepEqual(await connecting, { ok: false, error: { code: 'handshake-timeout' } })
  t.is(await raw.chunk(), undefined)
})

test('listen — however many sockets of an address are half-open, it can call: the older half stays for a time', async (t) => {
  const clock = virtualClock()
  const traffic = trafficOf(clock, false, { halfOpen: { calling: 8, answered: 8, familiar: 8 } })
  const { port, next } = await listening(t, clock, { traffic })
  const silent: RawPeer[] = []
  for (let i = 0; i < 20; i++) silent.push(await dialled(t, port))
  for (const crowdedOut of silent.slice(4, 16)) {
    t.is(await crowdedOut.chunk(), undefined)
    t.deepEqual(await next(), { code: 'too-many-pending-handshakes' })
  }
  const caller = await dialled(t, port)
  await caller.initiate(ALICE, bob)
  caller.send(VALID_INIT)
  t.deepEqual(await next(), { code: 'too-many-pending-handshakes' })
  t.true('remoteInit' in (await next()))
})

test('listen — whoever calls more often than an address may is hung up on at once, and crowds out nobody', async (t) => {
  const clock = virtualClock()
  const traffic = trafficOf(clock, false, {
    arrivals: { perSecond: 1, burst: 3 },
    halfOpen: { calling: 3, answered: 3, familiar: 3 },
  })
  const { port, next } = await listening(t, clock, { traffic })
  const patient: RawPeer[] = []
  for (let i = 0; i < 3; i++) patient.push(await dialled(t, port))
  for (let i = 0; i < 5; i++) {
    // It may hear of the reset before it knows that it was connected.
    createConnection({ host: '127.0.0.1', port }).on('error', () => {})
    t.deepEqual(await next(), { code: 'too-many-calls' })
  }
  const [first] = patient as [RawPeer]
  await first.initiate(ALICE, bob)
  first.send(VALID_INIT)
  t.true('remoteInit' in (await next()))
  await clock.advance(1_000)
  const later = await dialled(t, port)
  await later.initiate(ALICE, bob)
  later.send(VALID_INIT)
  t.true('remoteInit' in (await next()))
})

test('listen — handshakes past the rate of their address wait for their time, and none is refused', async (t) => {
  const clock = virtualClock()
  const rate = { perSecond: 1, burst: 2 }
  const { port, next } = await listening(t, clock, {
    traffic: trafficOf(clock, false, { handshakes: { address: rate, strangers: MANY, familiar: MANY } }),
    handshakeTimeoutMs: 60_000,
  })
  const callers: RawPeer[] = []
  const actOne = TransportHandshake.initiate(nodeOf(ALICE).privateKey, bob, seededRng(1)).actOne
  const call = async (): Promise<RawPeer> => {
    const caller = await dialled(t, port)
    caller.socket.write(actOne)
    callers.push(caller)
    return caller
  }
  // As many as the burst holds, and the one that overdraws it.
  for (let i = 0; i < 3; i++) t.is((await (await call()).chunk())?.length, 50)
  const fourth = await call()
  let answered = false
  const answer = fourth.chunk().then((bytes) => {
    answered = true
    return bytes
  })
  // Another caller's refusal, which needs no arithmetic, comes after the fourth one's bytes.
  const refused = await dialled(t, port)
  refused.socket.write(Uint8Array.of(9))
  t.deepEqual(await next(), { code: 'handshake-version', act: 1, version: 9 })
  await clock.advance(999)
  t.false(answered)
  await clock.advance(100)
  t.is((await answer)?.length, 50)
})

test('recv act one — more bytes than it has are refused before any arithmetic', async (t) => {
  const { port, next } = await listening(t)
  const peer = await dialled(t, port)
  peer.socket.write(
    concat(TransportHandshake.initiate(nodeOf(ALICE).privateKey, bob, seededRng(1)).actOne, new Uint8Array(66)),
  )
  t.is(await peer.chunk(), undefined)
  t.deepEqual(await next(), { code: 'handshake-act-length', act: 1, length: 116 })
})

// What a peer may say first, and why it is refused.
const REFUSED: readonly (readonly [string, Uint8Array, Record<string, unknown>, string | undefined])[] = [
  [
    'another message than init',
    encodeMessage({ type: 'ping', numPongBytes: 1, ignored: new Uint8Array(0) }),
    { code: 'init-not-first', received: 'ping' },
    undefined,
  ],
  ['an unknown odd message', fromHex('0065aabb'), { code: 'init-not-first', received: 'unknown' }, undefined],
  [
    'the wrong chain only',
    encodeMessage({ ...ourInit({}, new Uint8Array(32).fill(7)) }),
    { code: 'wrong-chain' },
    'wrong-chain',
  ],
  [
    'an unknown even feature',
    encodeMessage({ ...ourInit({}, CHAIN_HASH), features: vectorOfBits([8, 1000]) }),
    { code: 'unknown-even-feature', bit: 1000 },
    'unknown-even-feature',
  ],
  [
    'an unknown even feature in globalfeatures',
    encodeMessage({ ...ourInit({}, CHAIN_HASH), globalFeatures: vectorOfBits([100]) }),
    { code: 'unknown-even-feature', bit: 100 },
    'unknown-even-feature',
  ],
  [
    'a feature without the one that it needs',
    encodeMessage({ ...ourInit({}, CHAIN_HASH), features: vectorOfBits([17]) }),
    { code: 'missing-feature-dependency', feature: 'basic_mpp', requires: 'payment_secret' },
    'missing-feature-dependency',
  ],
  [
    'networks that are not whole',
    fromHex(`0010000000000121${'06'.repeat(33)}`),
    { code: 'malformed-message', error: { code: 'tlv-length-mismatch', path: 'init.networks.1' } },
    'malformed-message: tlv-length-mismatch at init.networks.1',
  ],
  [
    'a record that claims more than the message holds',
    fromHex('0010000000000bfdffff00'),
    { code: 'malformed-message', error: { code: 'truncated', path: 'init.tlv[11]' } },
    'malformed-message: truncated at init.tlv[11]',
  ],
  [
    'an unknown even record',
    fromHex('001000000000020101'),
    { code: 'malformed-message', error: { code: 'tlv-unknown-even', path: 'init.tlv[2]' } },
    'malformed-message: tlv-unknown-even at init.tlv[2]',
  ],
  [
    'features cut short',
    fromHex('001000000004aa'),
    { code: 'malformed-message', error: { code: 'truncated', path: 'init.features' } },
    'malformed-message: truncated at init.features',
  ],
  ['an unknown even message', fromHex('7530aa'), { code: 'unknown-even-message', messageType: 30000 }, undefined],
]

for (const [name, first, failure, warning] of REFUSED) {
  const said = warning === undefined ? 'nothing is said before the init of the peer' : 'a warning says so'
  test(`BOLT 1, init — one that cannot be read, or asks for what we do not have, ends the connection: ${name}; ${said}`, async (t) => {
    const { port, next } = await listening(t)
    const peer = await dialled(t, port)
    await peer.initiate(ALICE, bob)
    peer.send(first)
    t.is((await peer.message())?.type, 'init')
    const last = warning === undefined ? undefined : await peer.message()
    t.is(last?.type === 'warning' ? utf8Decode(last.data) : undefined, warning)
    t.is(await peer.message(), undefined)
    const outcome: unknown = await next()
    t.deepEqual(outcome, failure)
  })

  test(`BOLT 1, init — one that cannot be read, or asks for what we do not have, ends the connection: ${name}, in answer to us`, async (t) => {
    const { port, peer } = await RawPeer.listen()
    const connecting = connect({ ...settingsOf(ALICE), host: '127.0.0.1', port, nodeId: bob })
    const raw = await peer
    await raw.respond(BOB)
    raw.send(first)
    const outcome: unknown = await connecting
    t.deepEqual(outcome, { ok: false, error: failure })
    raw.socket.destroy()
  })
}

test('BOLT 1, init — one with unknown odd features and records, or without networks, is accepted', async (t) => {
  const { port, next } = await listening(t)
  const inits: readonly Message[] = [
    { type: 'init', globalFeatures: new Uint8Array(0), features: vectorOfBits([9, 101]) },
    {
      ...ourInit({}, CHAIN_HASH),
      networks: [new Uint8Array(32).fill(7), CHAIN_HASH],
      unknownTlvs: [{ type: 0xffn, value: new Uint8Array(3) }],
    },
  ]
  for (const init of inits) {
    const peer = await dialled(t, port)
    await peer.initiate(ALICE, bob)
    peer.send(init)
    t.true('remoteInit' in (await next()))
  }
})

test('a peer that hangs up during the handshake is closed-by-peer', async (t) => {
  const { port, next } = await listening(t)
  const peer = await dialled(t, port)
  peer.socket.end(Uint8Array.of(0))
  t.deepEqual(await next(), { code: 'closed-by-peer' })
})

test('bytes after the handshake that do not decrypt are transport-tag', async (t) => {
  const { port, next } = await listening(t)
  const peer = await dialled(t, port)
  await peer.initiate(ALICE, bob)
  peer.socket.write(new Uint8Array(18))
  t.deepEqual(await next(), { code: 'transport-tag' })
})
