import type { Socket } from 'node:net'
import test from 'ava'
import { type VirtualClock, virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import type { Connection } from './connection.ts'
import type { InboundFailure } from './connection-failure.ts'
import { Door } from './door.ts'
import { nodeOf, settingsOf, VALID_INIT } from './fixtures/raw-peer.ts'
import { silentSocket, virtualLine } from './fixtures/virtual-line.ts'
import { TrafficControl } from './traffic-control.ts'
import { TRAFFIC_LIMITS } from './traffic-limits.ts'
import { TransportHandshake } from './transport-handshake.ts'

const BOB = 2
const bob = nodeOf(BOB).nodeId
const PARTNER_AT = '198.51.100.7'
const OTHER_PARTNER_AT = '198.51.100.8'
const NEWCOMER_AT = '203.0.113.7'

const turns = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
}

/** Bob's door, in virtual time. */
const door = (clock: VirtualClock = virtualClock()) => {
  const connections: Connection[] = []
  const failures: { readonly code: string; readonly from: string }[] = []
  const traffic = new TrafficControl({
    clock,
    limits: TRAFFIC_LIMITS,
    isPartner: () => false,
    isFamiliar: (group) => group === PARTNER_AT || group === OTHER_PARTNER_AT,
  })
  const bobsDoor = new Door({
    ...settingsOf(BOB, clock),
    traffic,
    onConnection: (connection) => connections.push(connection),
    onFailure: ({ code }: InboundFailure, from) => failures.push({ code, from }),
  })

  /** Everybody at these addresses calls so often, and says `first` at most. */
  const flood = (addresses: readonly string[], perSecond: number, first?: Uint8Array): void => {
    const call = (address: string): void => {
      const socket = silentSocket(address)
      bobsDoor.accept(socket)
      if (first !== undefined) socket.push(first)
      clock.setTimer(1_000 / perSecond, () => call(address))
    }
    addresses.forEach(
      (address, i) => void clock.setTimer((i * 1_000) / perSecond / addresses.length, () => call(address)),
    )
  }

  /** A call over a line of this latency, by an honest peer. */
  const call = (key: number, address: string, oneWayMs: number): void => {
    const { socket, peer } = virtualLine(clock, address, oneWayMs)
    // The caller learns that it is connected one latency before we learn that it knows, and its first act comes with that.
    clock.setTimer(oneWayMs, () => bobsDoor.accept(socket))
    void peer.initiate(key, bob).then(
      () => peer.send(VALID_INIT),
      () => {},
    )
  }

  const isThere = (key: number): boolean =>
    connections.some(({ remoteNodeId }) => Buffer.from(remoteNodeId).equals(nodeOf(key).nodeId))

  return {
    clock,
    accept: (socket: Socket) => bobsDoor.accept(socket),
    flood,
    call,
    isThere,
    failures,
    advance: (ms: number) => clock.advance(ms, turns),
  }
}

const addresses = (count: number, net = '192.0.2'): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${net}.${i}`)

test('a peer a second away comes in where nobody else calls', async (t) => {
  const { advance, call, isThere } = door()
  call(1, NEWCOMER_AT, 1_000)
  await advance(2_999)
  t.false(isThere(1))
  await advance(1)
  t.true(isThere(1))
})

for (const [who, address, oneWayMs, count, perSecond, seconds] of [
  ['a partner half a second away', PARTNER_AT, 500, 50, 2, 60],
  ['a partner a second away', PARTNER_AT, 1_000, 50, 2, 60],
  ['a partner 40 ms away', PARTNER_AT, 40, 50, 14, 5],
  ['a partner a second away', PARTNER_AT, 1_000, 100, 10, 5],
  ['a newcomer half a second away', NEWCOMER_AT, 500, 50, 2, 60],
  ['a newcomer a second away', NEWCOMER_AT, 1_000, 100, 10, 5],
] as const) {
  test(`${who} comes in while ${count} addresses call ${perSecond} times a second each and say nothing`, async (t) => {
    const { advance, flood, call, isThere } = door()
    flood(addresses(count), perSecond)
    // Whatever they have used up by then.
    await advance(seconds * 1_000)
    call(1, address, oneWayMs)
    await advance(3 * oneWayMs)
    t.true(isThere(1))
  })
}

const ACT_ONE = TransportHandshake.initiate(nodeOf(3).privateKey, bob, seededRng(1)).actOne
const NO_ACT_ONE = new Uint8Array(50)

for (const [what, first] of [
  ['what looks like a first act', NO_ACT_ONE],
  ['a first act', ACT_ONE],
] as const) {
  for (const [who, address] of [
    ['a partner', PARTNER_AT],
    ['a newcomer', NEWCOMER_AT],
  ] as const) {
    test(`${who} half a second away comes in while 50 addresses call twice a second each with ${what}, and nothing more`, async (t) => {
      const { advance, flood, call, isThere } = door()
      flood(addresses(50), 2, first)
      await advance(15_000)
      call(1, address, 500)
      // It may wait for the handshakes that the strangers have used up: a tenth of a second.
      await advance(1_700)
      t.true(isThere(1))
    })
  }
}

test('a partner whose address calls all the time keeps out neither another partner nor a newcomer', async (t) => {
  const { advance, flood, call, isThere } = door()
  flood([OTHER_PARTNER_AT], 60, ACT_ONE)
  await advance(15_000)
  call(1, PARTNER_AT, 1_000)
  call(4, NEWCOMER_AT, 1_000)
  await advance(3_200)
  t.true(isThere(1))
  t.true(isThere(4))
})

/** Calls at 100 a second, each from an address that has not called before. */
const NETWORK = Array.from({ length: 1_000 }, (_, i) => `2001:db8:1:${(i + 1).toString(16)}::1`)
const NEW_ADDRESSES = Array.from({ length: 1_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)

for (const [who, address, oneWayMs, from, callers, what, first] of [
  [
    'a newcomer a second away',
    NEWCOMER_AT,
    1_000,
    'the addresses of one IPv6 network',
    NETWORK,
    'what looks like a first act',
    NO_ACT_ONE,
  ],
  [
    'a partner a second away',
    PARTNER_AT,
    1_000,
    'any addresses',
    NEW_ADDRESSES,
    'what looks like a first act',
    NO_ACT_ONE,
  ],
  ['a newcomer a second away', NEWCOMER_AT, 1_000, 'any addresses', NEW_ADDRESSES, 'nothing', undefined],
] as const) {
  test(`${who} comes in while each of 100 calls a second is from another of ${from}, with ${what}`, async (t) => {
    const { advance, flood, call, isThere } = door()
    flood(callers, 1 / 10, first)
    await advance(5_000)
    call(1, address, oneWayMs)
    await advance(3 * oneWayMs + 200)
    t.true(isThere(1))
  })
}

test('who is silent for a moment has that moment, whoever calls and however many', async (t) => {
  const { clock, advance, flood, isThere, accept } = door()
  flood(NEW_ADDRESSES, 1 / 10)
  await advance(5_000)
  const { socket, peer } = virtualLine(clock, NEWCOMER_AT, 0)
  accept(socket)
  await advance(200)
  void peer.initiate(1, bob).then(() => peer.send(VALID_INIT))
  await advance(30)
  t.true(isThere(1))
})

test('a partner behind a proxy, which learns two seconds late that it is connected, comes in however many call', async (t) => {
  const { clock, advance, flood, isThere, accept } = door()
  flood(NEW_ADDRESSES, 1 / 10, NO_ACT_ONE)
  await advance(5_000)
  const { socket, peer } = virtualLine(clock, PARTNER_AT, 1_000)
  accept(socket)
  await advance(1_000)
  void peer.initiate(1, bob).then(() => peer.send(VALID_INIT))
  await advance(3_000)
  t.true(isThere(1))
})

test('who has to go is hung up on, and told of as crowded out', async (t) => {
  const { advance, flood, failures } = door()
  flood(addresses(50), 2)
  await advance(1_000)
  t.true(failures.length > 0)
  t.true(failures.every(({ code }) => code === 'too-many-pending-handshakes'))
})
