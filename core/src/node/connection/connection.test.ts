import test, { type ExecutionContext } from 'ava'
import { concat, fromHex, utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import { type VirtualClock, virtualClock } from '../../lib/clock-virtual.ts'
import { encodeMessage } from '../../wire/message-codecs.ts'
import type { Message, UnknownMessage } from '../../wire/messages/message.ts'
import type { Connection, IgnoredByConnection } from './connection.ts'
import type { CloseReason } from './connection-failure.ts'
import { ENDS } from './connection-reactions.ts'
import type { ConnectionSettings } from './connection-settings.ts'
import { nodeOf, RawPeer, settingsOf, trafficOf, VALID_INIT } from './fixtures/raw-peer.ts'
import { listen } from './listen.ts'
import { MessageRooms } from './message-rooms.ts'
import { type Rates, type Resource, TRAFFIC_LIMITS } from './traffic-limits.ts'

const update = (feeratePerKw: number): Message => ({ type: 'update_fee', channelId: new Uint8Array(32), feeratePerKw })
const ping = (numPongBytes: number): Message => ({ type: 'ping', numPongBytes, ignored: new Uint8Array(0) })

/** A connection under test and the raw peer at its other end, which sent `extra` together with its init. */
const connected = async (
  t: ExecutionContext,
  clock: VirtualClock = virtualClock(),
  extra: readonly Message[] = [],
  settings: Partial<ConnectionSettings> = {},
) => {
  const bob = nodeOf(2)
  const { promise, resolve } = Promise.withResolvers<Connection>()
  const listener = await listen({
    ...settingsOf(2, clock),
    ...settings,
    host: '127.0.0.1',
    port: 0,
    onConnection: resolve,
  })
  if (!listener.ok) throw new Error(listener.error.cause)
  const peer = await RawPeer.dial(listener.value.port)
  t.teardown(async () => {
    peer.socket.destroy()
    await listener.value.close()
  })
  await peer.initiate(1, bob.nodeId)
  peer.send(VALID_INIT, ...extra)
  const connection = await promise
  if ((await peer.message())?.type !== 'init') throw new Error('no init')
  return { connection, peer }
}

/** Starts the connection and keeps what it says. */
const started = (connection: Connection, onMessage: (message: Message | UnknownMessage) => void = () => {}) => {
  const messages: (Message | UnknownMessage)[] = []
  const ignored: IgnoredByConnection[] = []
  const { promise: closed, resolve } = Promise.withResolvers<CloseReason>()
  let wake: () => void = () => {}
  connection.start({
    onMessage: (message) => {
      messages.push(message)
      onMessage(message)
      wake()
    },
    onIgnored: (each) => void ignored.push(each),
    onClose: resolve,
  })
  const count = async (wanted: number): Promise<void> => {
    while (messages.length < wanted) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { messages, ignored, closed, count }
}

test('messages go both ways, and those queued leave together', async (t) => {
  const { connection, peer } = await connected(t)
  const { messages, count } = started(connection)
  peer.send(update(1), update(2))
  await count(2)
  t.deepEqual(messages, [update(1), update(2)])
  connection.send(update(3))
  connection.send(update(4))
  connection.flush()
  connection.flush()
  t.deepEqual(await peer.message(), update(3))
  t.deepEqual(await peer.message(), update(4))
})

test('what is sent while a chunk is handled leaves without being flushed', async (t) => {
  const { connection, peer } = await connected(t)
  started(connection, () => connection.send(update(9)))
  peer.send(update(1))
  t.deepEqual(await peer.message(), update(9))
})

test('messages that came with init are delivered at the start, and not before', async (t) => {
  const { connection } = await connected(t, virtualClock(), [update(1), update(2)])
  const { messages } = started(connection)
  t.deepEqual(messages, [update(1), update(2)])
})

test('BOLT 1, ping and pong — a ping is answered with as many zeroes as it asks for, and one that asks for 65532 or more is not', async (t) => {
  const { connection, peer } = await connected(t)
  const { messages } = started(connection)
  peer.send(ping(0), ping(65535), ping(65532), ping(65531), ping(7))
  for (const length of [0, 65531, 7]) {
    t.deepEqual(await peer.message(), { type: 'pong', ignored: new Uint8Array(length) })
  }
  t.deepEqual(messages, [])
})

test('BOLT 1, messages — one of an unknown odd type is ignored: as is what else may be, and the owner is told its kind, never what it says', async (t) => {
  const { connection, peer } = await connected(t)
  const { messages, ignored, count } = started(connection)
  // An odd type that we do not know, a channel_announcement, and a channel_update that cannot be read.
  peer.send(fromHex('c0ffaabbcc'), fromHex('0100aa'), fromHex('0102aa'))
  peer.send(ping(65532), { type: 'pong', ignored: new Uint8Array(3) }, update(1))
  await count(1)
  t.deepEqual(messages, [update(1)])
  t.deepEqual(ignored, [
    { message: 'unknown', why: 'no-use', type: 0xc0ff, bytes: 3 },
    { message: 'unknown', why: 'no-use', type: 256, bytes: 1 },
    { message: 'unknown', why: 'no-use', type: 258, bytes: 1 },
    { message: 'ping', why: 'wants-no-pong' },
    { message: 'pong', why: 'not-awaited' },
  ])
})

test('recv — what a room takes is delivered in its place among the others, whether its type is odd or even', async (t) => {
  const rooms = new MessageRooms()
  const { connection, peer } = await connected(t, virtualClock(), [], { rooms })
  rooms.register([0xc0fe, 0xc0ff], { ration: { perSecond: 1, burst: 1 }, take() {} })
  const { messages, ignored, count } = started(connection)
  peer.send(update(1), fromHex('c0feaabb'), update(2), fromHex('c0ff'), fromHex('c0fd'), update(3))
  await count(5)
  t.deepEqual(messages, [
    update(1),
    { type: 'unknown', messageType: 0xc0fe, payload: fromHex('aabb') },
    update(2),
    { type: 'unknown', messageType: 0xc0ff, payload: fromHex('') },
    update(3),
  ])
  t.deepEqual(ignored, [{ message: 'unknown', why: 'no-use', type: 0xc0fd, bytes: 0 }])
})

const malformed: readonly (readonly [string, Uint8Array, CloseReason, string])[] = [
  [
    'an unknown even message',
    fromHex('c0feaabb'),
    { code: 'unknown-even-message', messageType: 0xc0fe },
    'unknown-even-message: 49406',
  ],
  [
    'a message without a type',
    fromHex('00'),
    { code: 'malformed-message', error: { code: 'truncated', path: '' } },
    'malformed-message: truncated at ',
  ],
  [
    'an empty message',
    new Uint8Array(0),
    { code: 'malformed-message', error: { code: 'truncated', path: '' } },
    'malformed-message: truncated at ',
  ],
  [
    'a known message cut short',
    encodeMessage(update(1)).subarray(0, 20),
    { code: 'malformed-message', error: { code: 'truncated', path: 'update_fee.channelId' } },
    'malformed-message: truncated at update_fee.channelId',
  ],
  [
    'a record longer than its message',
    concat(encodeMessage(update(1)), fromHex('c9fe0001000000')),
    {
      code: 'malformed-message',
      error: { code: 'truncated', path: 'update_fee.tlv[201]' },
      channelId: new Uint8Array(32),
    },
    'malformed-message: truncated at update_fee.tlv[201]',
  ],
  [
    'an unknown even record',
    concat(encodeMessage(update(1)), fromHex('c80100')),
    {
      code: 'malformed-message',
      error: { code: 'tlv-unknown-even', path: 'update_fee.tlv[200]' },
      channelId: new Uint8Array(32),
    },
    'malformed-message: tlv-unknown-even at update_fee.tlv[200]',
  ],
]

for (const [name, bytes, reason, warning] of malformed) {
  test(`BOLT 1, messages — one of an unknown even type, or that cannot be read, ends the connection: ${name} gets a warning, and nothing after it is read`, async (t) => {
    const { connection, peer } = await connected(t)
    const { messages, closed } = started(connection)
    peer.send(update(1), bytes, update(2))
    const last = await peer.message()
    t.is(last?.type === 'warning' ? utf8Decode(last.data) : '', warning)
    t.is(await peer.message(), undefined)
    t.deepEqual(await closed, reason)
    t.deepEqual(messages, [update(1)])
  })
}

test('recv init — a second one closes with unexpected-init', async (t) => {
  const { connection, peer } = await connected(t)
  const { closed } = started(connection)
  peer.send(VALID_INIT)
  t.deepEqual(await closed, { code: 'unexpected-init' })
})

test('BOLT 8, messages — one that was changed, or was sent before, is not taken: the connection ends, without an answer', async (t) => {
  const { connection, peer } = await connected(t)
  const { closed } = started(connection)
  peer.socket.write(new Uint8Array(18))
  t.deepEqual(await closed, { code: 'transport-tag' })
  t.is(await peer.message(), undefined)
})

test('BOLT 8, messages — one that was changed, or was sent before, is not taken: sent before', async (t) => {
  const { connection, peer } = await connected(t)
  const { messages, closed } = started(connection)
  const encrypted = peer.encrypt(update(1))
  peer.socket.write(concat(encrypted, encrypted))
  t.deepEqual(await closed, { code: 'transport-tag' })
  t.deepEqual(messages, [update(1)])
})

test('close — sends what is queued, then the last message, and says closed-by-us once', async (t) => {
  const { connection, peer } = await connected(t)
  const { closed } = started(connection)
  connection.send(update(1))
  connection.close({ type: 'error', channelId: new Uint8Array(32), data: utf8Encode('bye') })
  connection.send(update(2))
  connection.flush()
  connection.close()
  t.deepEqual(await peer.message(), update(1))
  t.deepEqual(await peer.message(), { type: 'error', channelId: new Uint8Array(32), data: utf8Encode('bye') })
  t.is(await peer.message(), undefined)
  t.deepEqual(await closed, { code: 'closed-by-us' })
})

test('a bug that a message meets — ends the connection with internal, and nothing else', async (t) => {
  const { connection, peer } = await connected(t)
  const { closed } = started(connection, () => {
    throw new Error('a bug of ours')
  })
  peer.send(update(1), update(2))
  const reason = await closed
  t.is(reason.code, 'internal')
  t.regex(reason.code === 'internal' ? reason.bug : '', /^Error: a bug of ours\n/)
})

test('close — within a handler stops what else was received', async (t) => {
  const { connection, peer } = await connected(t)
  const { messages, closed } = started(connection, () => connection.close())
  peer.send(update(1), update(2))
  t.deepEqual(await closed, { code: 'closed-by-us' })
  t.deepEqual(messages, [update(1)])
})

test('a peer that hangs up closes with closed-by-peer, after what it sent was read', async (t) => {
  const { connection, peer } = await connected(t)
  const { messages, closed } = started(connection)
  peer.socket.end(peer.encrypt(update(1)))
  t.deepEqual(await closed, { code: 'closed-by-peer' })
  t.deepEqual(messages, [update(1)])
})

test('a peer that resets closes with socket-error', async (t) => {
  const { connection, peer } = await connected(t)
  const { closed } = started(connection)
  peer.socket.resetAndDestroy()
  t.deepEqual(await closed, { code: 'socket-error', cause: 'ECONNRESET' })
})

test('a connection that ended before it was started says so at the start', async (t) => {
  const { connection } = await connected(t)
  connection.close()
  t.deepEqual(await started(connection).closed, { code: 'closed-by-us' })
})

test('pauseReading — holds the rest of a chunk, and all that follows, until reading resumes', async (t) => {
  const { connection, peer } = await connected(t)
  const { messages, count } = started(connection, (message) => {
    if (message.type === 'update_fee' && message.feeratePerKw === 2) connection.pauseReading()
  })
  peer.send(update(1), update(2), update(3))
  await count(2)
  peer.send(update(4))
  // Our side still sends while it does not read.
  connection.send(update(9))
  connection.flush()
  t.deepEqual(await peer.message(), update(9))
  t.is(messages.length, 2)
  connection.resumeReading()
  await count(4)
  t.deepEqual(messages, [update(1), update(2), update(3), update(4)])
})

test('a peer that does not read what we send is closed as peer-too-slow', async (t) => {
  const { connection, peer } = await connected(t)
  const { closed } = started(connection)
  peer.socket.pause()
  const large: Message = { type: 'pong', ignored: new Uint8Array(65000) }
  for (let i = 0; i < 800; i++) {
    connection.send(large)
    if (i % 50 === 49) connection.flush()
  }
  const reason = await closed
  t.is(reason.code, 'peer-too-slow')
  t.true(reason.code === 'peer-too-slow' && reason.unsentBytes > 16 * 1024 * 1024)
})

test('keepalive — a silent peer is pinged after about 30 s, and stays while it answers', async (t) => {
  const clock = virtualClock()
  const { connection, peer } = await connected(t, clock)
  const { closed, count, messages } = started(connection)
  let quietSince = clock.now()
  for (let round = 0; round < 3; round++) {
    await clock.advance((clock.nextTimerAt() ?? 0) - clock.now())
    t.true(clock.now() - quietSince >= 25_000 && clock.now() - quietSince <= 35_000)
    const asked = await peer.message()
    if (asked?.type !== 'ping') return t.fail()
    peer.send({ type: 'pong', ignored: new Uint8Array(asked.numPongBytes) }, update(round))
    await count(round + 1)
    quietSince = clock.now()
    await clock.advance(15_000)
  }
  t.is(messages.length, 3)
  connection.close()
  t.deepEqual(await closed, { code: 'closed-by-us' })
})

test('BOLT 1, ping and pong — a ping that is not answered ends the connection, and nothing else: after 10 s', async (t) => {
  const clock = virtualClock()
  const { connection, peer } = await connected(t, clock)
  const { closed } = started(connection)
  await clock.advance((clock.nextTimerAt() ?? 0) - clock.now())
  const asked = await peer.message()
  t.true(asked?.type === 'ping' && asked.ignored.every((byte) => byte === 0))
  await clock.advance(10_000)
  t.deepEqual(await closed, { code: 'ping-timeout' })
  t.is(ENDS['ping-timeout'].scope, 'connection')
})

test('keepalive — a pong of another length is no answer', async (t) => {
  const clock = virtualClock()
  const { connection, peer } = await connected(t, clock)
  const { closed, count } = started(connection)
  await clock.advance((clock.nextTimerAt() ?? 0) - clock.now())
  const asked = await peer.message()
  if (asked?.type !== 'ping') return t.fail()
  peer.send({ type: 'pong', ignored: new Uint8Array(asked.numPongBytes + 1) }, update(1))
  await count(1)
  await clock.advance(10_000)
  t.deepEqual(await closed, { code: 'ping-timeout' })
})

test('keepalive — a peer that talks is not pinged', async (t) => {
  const clock = virtualClock()
  const { connection, peer } = await connected(t, clock)
  const { count } = started(connection)
  for (let i = 1; i <= 5; i++) {
    await clock.advance(20_000)
    peer.send(update(i))
    await count(i)
  }
  connection.send(update(9))
  connection.flush()
  t.deepEqual(await peer.message(), update(9))
})

test('keepalive — while we do not read, nobody is timed out', async (t) => {
  const clock = virtualClock()
  const { connection, peer } = await connected(t, clock)
  const { closed } = started(connection)
  await clock.advance((clock.nextTimerAt() ?? 0) - clock.now())
  connection.pauseReading()
  await clock.advance(120_000)
  if ((await peer.message())?.type !== 'ping') return t.fail()
  // Those that came meanwhile ask for no pong: what matters is that they could be sent.
  for (let i = 0; i < 3; i++) {
    const told = await peer.message()
    t.true(told?.type === 'ping' && told.numPongBytes >= 65_532)
  }
  connection.resumeReading()
  await clock.advance(80_000)
  t.deepEqual(await closed, { code: 'ping-timeout' })
})

const UNLIMITED = { perSecond: 1e12, burst: 1e12 }
const unlimited: Rates = {
  milliseconds: UNLIMITED,
  talk: UNLIMITED,
  bytes: UNLIMITED,
  messages: UNLIMITED,
  pings: UNLIMITED,
  complaints: UNLIMITED,
}

/** A stranger that may have `burst` of one resource and one more a second, and of everything else what it wants. */
const stranger = async (
  t: ExecutionContext,
  resource: Resource,
  burst: number,
  shared: Partial<Rates> = {},
  clock: VirtualClock = virtualClock(),
) => {
  const traffic = trafficOf(clock, false, {
    stranger: { ...unlimited, [resource]: { perSecond: 1, burst } },
    address: { ...unlimited, ...shared },
    strangers: unlimited,
  })
  return { clock, ...(await connected(t, clock, [], { traffic })) }
}

/** Lets everything happen that happens without time. */
const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
}

const warning: Message = { type: 'warning', channelId: new Uint8Array(32), data: new Uint8Array(0) }

for (const [resource, message] of [
  ['messages', update(1)],
  ['complaints', warning],
] as const) {
  test(`a stranger that has used up its ${resource} is not read until time has made up for it`, async (t) => {
    const { clock, connection, peer } = await stranger(t, resource, 2)
    const { messages, count } = started(connection)
    peer.send(...new Array<Message>(20).fill(message))
    // Those that it may send, and the one that overdraws.
    await count(3)
    await turns()
    t.is(messages.length, 3)
    await clock.advance(1_000, turns)
    t.is(messages.length, 4)
    await clock.advance(5_000, turns)
    t.is(messages.length, 9)
  })
}

/** What peers tell each other unasked, by the thousand. */
const GOSSIP: readonly (readonly [string, Uint8Array])[] = [
  ['channel_announcement', concat(fromHex('0100'), new Uint8Array(428))],
  ['node_announcement', concat(fromHex('0101'), new Uint8Array(138))],
  ['channel_update', concat(fromHex('0102'), new Uint8Array(136))],
  ['reply_channel_range', concat(fromHex('0108'), new Uint8Array(500))],
  ['a message of an unknown odd type', concat(fromHex('8001'), new Uint8Array(100))],
]

for (const [name, gossip] of GOSSIP) {
  test(`recv ${name} — is none of the messages that a stranger may send, and holds up nothing that comes after it`, async (t) => {
    const { connection, peer } = await stranger(t, 'messages', 2)
    const { promise: came, resolve } = Promise.withResolvers<void>()
    started(connection, ({ type }) => type === 'update_fee' && resolve())
    peer.send(...new Array<Uint8Array>(1_000).fill(gossip), update(1))
    await t.notThrowsAsync(came)
  })
}

const signedByAnybody = concat(fromHex('0102'), new Uint8Array(136))
test('recv channel_update — one cut short is not the fault of who passes it on: it is dropped, and the connection stays', async (t) => {
  const { connection, peer } = await connected(t)
  const { messages, count } = started(connection)
  peer.send(signedByAnybody.subarray(0, 100), update(1))
  await count(1)
  t.deepEqual(messages, [update(1)])
})

for (const [what, extension] of [
  ['a record that must be understood', fromHex('0400')],
  ['bytes that are no records', fromHex('ffff')],
] as const) {
  test(`recv channel_update — one with ${what} goes to whoever can judge it, and the connection stays`, async (t) => {
    const { connection, peer } = await connected(t)
    const { messages, count } = started(connection)
    peer.send(concat(signedByAnybody, extension), update(1))
    await count(2)
    t.like(messages[0], { type: 'channel_update', extension })
    t.deepEqual(messages[1], update(1))
  })
}

test('a stranger that tells its gossip opens a channel all the same, and is answered before it gives up', async (t) => {
  const clock = virtualClock()
  const { connection, peer } = await connected(t, clock, [], { traffic: trafficOf(clock, false) })
  const { promise: came, resolve } = Promise.withResolvers<void>()
  started(connection, ({ type }) => type === 'update_fee' && resolve())
  const gossip = GOSSIP.slice(0, 3).map(([, bytes]) => bytes)
  peer.send(...new Array<readonly Uint8Array[]>(4_000).fill(gossip).flat(), update(1))
  const startedAt = clock.monotonic()
  const isOver = came.then(() => true)
  while (!(await Promise.race([isOver, clock.advance(100, turns).then(() => false)])));
  t.true(clock.monotonic() - startedAt <= 10_000, `${clock.monotonic() - startedAt} ms`)
})

/** A peer with channels that may have `burst` of one resource and one more a second, and of everything else what it wants. */
const partner = async (t: ExecutionContext, resource: Resource, burst: number) => {
  const clock = virtualClock()
  const traffic = trafficOf(clock, true, {
    partner: { ...unlimited, [resource]: { perSecond: 1, burst } },
    partners: unlimited,
    modest: unlimited,
  })
  return { clock, ...(await connected(t, clock, [], { traffic })) }
}

for (const [who, setUp] of [
  ['stranger', stranger],
  ['partner', partner],
] as const) {
  test(`a ${who} that is held up for minutes without a break is left: it may be gone, with hours of messages on their way`, async (t) => {
    const { clock, connection, peer } = await setUp(t, 'messages', 2)
    const { messages, closed } = started(connection)
    peer.send(...new Array<Message>(1_000).fill(update(1)))
    let reason: CloseReason | undefined
    void closed.then((said) => {
      reason = said
    })
    while (messages.length < 3) await turns()
    await clock.advance(299_000, turns)
    t.is(reason, undefined)
    // It was told all that it had asked for.
    t.true(messages.length >= 300)
    await clock.advance(3_000, turns)
    t.deepEqual(reason, { code: 'flooding' })
    while ((await peer.message())?.type === 'ping');
    t.pass()
  })

  test(`a ${who} that hangs up while it is held up is missed within two pings`, async (t) => {
    const { clock, connection, peer } = await setUp(t, 'messages', 2)
    const { messages, closed } = started(connection)
    peer.send(...new Array<Message>(1_000).fill(update(1)))
    while (messages.length < 3) await turns()
    const hungUpAt = clock.monotonic()
    peer.socket.destroy()
    await peer.ended
    let isOver = false
    void closed.then(() => {
      isOver = true
    })
    while (!isOver) await clock.advance(100, turns)
    const { code } = await closed
    t.is(code, 'socket-error')
    t.true(clock.monotonic() - hungUpAt <= 70_000)
  })
}

test('a stranger that has used up its pings gets no more pongs until time has made up for it', async (t) => {
  const { clock, connection, peer } = await stranger(t, 'pings', 2)
  const { messages, count } = started(connection)
  peer.send(...new Array<Message>(5).fill(ping(1)), update(1))
  for (let i = 0; i < 3; i++) t.is((await peer.message())?.type, 'pong')
  await turns()
  t.is(messages.length, 0)
  await clock.advance(4_000, turns)
  await count(1)
})

test('what a stranger is answered counts as its bytes', async (t) => {
  const { clock, connection, peer } = await stranger(t, 'bytes', 10_000)
  const { messages } = started(connection)
  peer.send(ping(20_000), update(1))
  t.is((await peer.message())?.type, 'pong')
  await turns()
  t.is(messages.length, 0)
  await clock.advance(20_000_000, turns)
  t.is(messages.length, 1)
})

test('what the event loop spends on a stranger counts, and holds that stranger up', async (t) => {
  let spent = 0
  const still = virtualClock()
  const clock: VirtualClock = { ...still, monotonic: () => still.monotonic() + spent }
  const { connection, peer } = await stranger(t, 'milliseconds', 100, {}, clock)
  const { messages, count } = started(connection, () => {
    spent += 150
  })
  peer.send(update(1), update(2))
  await count(1)
  await turns()
  t.is(messages.length, 1)
  await clock.advance(60_000, turns)
  t.is(messages.length, 2)
})

test('strangers at one address share what that address may use', async (t) => {
  const { clock, connection, peer } = await stranger(t, 'pings', 1e6, { messages: { perSecond: 1, burst: 1 } })
  const { messages, count } = started(connection)
  peer.send(update(1), update(2), update(3))
  await count(2)
  await turns()
  t.is(messages.length, 2)
  await clock.advance(1_000, turns)
  t.is(messages.length, 3)
})

test('a stranger that asks for pongs and does not read them is not read either, and is given up', async (t) => {
  const clock = virtualClock()
  const traffic = trafficOf(clock, false, { stranger: unlimited, address: unlimited, strangers: unlimited })
  const { connection, peer } = await connected(t, clock, [], { traffic })
  const { closed } = started(connection)
  peer.socket.pause()
  // 32 MB of answers are asked for by 18 kB.
  peer.send(...new Array<Message>(500).fill(ping(65_531)))
  const socket = peer.socket
  t.false(socket.destroyed)
  await turns()
  t.true(connection.unsentBytes <= (128 << 10) + 2 * 65_600)
  await clock.advance(60_000, turns)
  t.deepEqual(await closed, { code: 'ping-timeout' })
})

test('what a partner says about no channel counts with its bytes, and what it has to say of channels does not', async (t) => {
  const clock = virtualClock()
  const talk = { perSecond: 1, burst: 10 }
  const traffic = trafficOf(clock, true, {
    partner: unlimited,
    partners: { ...unlimited, talk },
    modest: { ...unlimited, talk },
  })
  const { connection, peer } = await connected(t, clock, [], { traffic })
  const { messages, count } = started(connection)
  peer.send(...new Array<Message>(1_000).fill(update(1)))
  await count(1_000)
  const odd = concat(fromHex('c0ff'), new Uint8Array(60_000))
  // Each costs nearly a millisecond of its ten.
  for (let i = 0; i < 20; i++) peer.send(odd, update(2))
  await count(1_010)
  await turns()
  t.true(messages.length < 1_013, `${messages.length}`)
  await clock.advance(3_000, turns)
  t.true(messages.length >= 1_012 && messages.length < 1_017, `${messages.length}`)
  connection.close()
})

test('a partner that sends much at once is handled in slices, and others have their turn in between', async (t) => {
  const { connection, peer } = await connected(t)
  const { messages, count } = started(connection)
  const batch = 1_000
  const seen = new Set<number>()
  const look = (): void => {
    seen.add(messages.length)
    if (messages.length < batch) setImmediate(look)
  }
  setImmediate(look)
  peer.send(...new Array<Message>(batch).fill(update(1)))
  await count(batch)
  const steps = [...seen, batch].sort((a, b) => a - b)
  const largest = Math.max(...steps.slice(1).map((step, i) => step - (steps[i] as number)))
  // At most one slice of a fresh chunk and one of what was waiting come between two looks.
  t.true(largest <= 512, `${largest} at once`)
})

test('a stranger has less than a partner of everything', (t) => {
  for (const resource of ['milliseconds', 'bytes', 'messages', 'pings', 'complaints'] as const) {
    const { stranger, address, strangers, partner } = TRAFFIC_LIMITS
    t.true(stranger[resource].burst < partner[resource].burst)
    t.true(stranger[resource].burst <= address[resource].burst)
    t.true(address[resource].burst <= strangers[resource].burst)
    t.true(stranger[resource].perSecond <= address[resource].perSecond)
    t.true(address[resource].perSecond <= strangers[resource].perSecond)
  }
})

test('a peer that goes on sending after it was told why it is left is cut off', async (t) => {
  const { connection, peer } = await connected(t)
  const { closed } = started(connection)
  connection.close({ type: 'warning', channelId: new Uint8Array(32), data: utf8Encode('enough') })
  t.is((await peer.message())?.type, 'warning')
  t.deepEqual(await closed, { code: 'closed-by-us' })
  // No time passes on the node's clock, so what ends the socket is how much it was sent.
  const flood = new Uint8Array(64 << 10)
  const send = (): void => {
    while (peer.socket.writable && peer.socket.write(flood));
  }
  peer.socket.on('drain', send)
  send()
  await peer.ended
  t.true(peer.socket.destroyed)
})
