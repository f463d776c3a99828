import test from 'ava'
import { toHex } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { PeerEvents, type PeerEventsOptions } from './peer-events.ts'

const nodeOf = (n: number): Uint8Array => Uint8Array.of(2, ...new Uint8Array(28), n >> 24, n >> 16, n >> 8, n)
const PARTNER = nodeOf(1)
const STRANGER = nodeOf(2)

const setUp = () => {
  const clock = virtualClock()
  const kept: string[] = []
  const announced: string[] = []
  const note =
    (list: string[]) =>
    (name: string, payload: object): void => {
      const { reason, untold } = payload as { reason?: string; untold?: number }
      list.push(`${name} ${reason ?? untold}`)
    }
  const events = { append: note(kept), announce: note(announced) } as unknown as PeerEventsOptions['events']
  const isPartner = (nodeId: Uint8Array): boolean => toHex(nodeId) === toHex(PARTNER)
  const peerEvents = new PeerEvents({ events, clock, isPartner })
  const complain = (nodeId: Uint8Array, reason: string, key?: string): void =>
    peerEvents.report(nodeId, 'peer.disconnected', { nodeId: toHex(nodeId), reason }, key)
  return { clock, kept, announced, peerEvents, complain }
}

test('of a partner a handful of events is kept one by one, of a stranger none is', (t) => {
  const { kept, announced, complain } = setUp()
  for (let i = 0; i < 5; i++) {
    complain(PARTNER, `${i}`)
    complain(STRANGER, `${i}`)
  }
  t.deepEqual(
    kept,
    [0, 1, 2, 3, 4].map((i) => `peer.disconnected ${i}`),
  )
  t.deepEqual(announced, kept)
})

test('a flood of one thing is one row a minute: the last of it, and how much was left out', async (t) => {
  const { clock, kept, complain } = setUp()
  for (let i = 0; i < 10_000; i++) complain(PARTNER, `${i}`)
  t.is(kept.length, 200)
  await clock.advance(60_000)
  t.deepEqual(kept.slice(200), ['peer.disconnected 9999', 'peer.repeated 9799'])
  await clock.advance(600_000)
  t.is(kept.length, 202, 'and nothing more when it is over')
  complain(PARTNER, 'later')
  t.is(kept.at(-1), 'peer.disconnected later')
})

test('a flood that goes on for an hour leaves some rows a minute', async (t) => {
  const { clock, kept, complain } = setUp()
  for (let second = 0; second < 3_600; second++) {
    for (let i = 0; i < 10; i++) complain(PARTNER, `${second}`)
    await clock.advance(1_000)
  }
  t.true(kept.length <= 200 + 2 * 61, `${kept.length}`)
})

test('of things that are apart each has its last word', async (t) => {
  const { clock, kept, complain } = setUp()
  for (let i = 0; i < 200; i++) complain(PARTNER, 'noise')
  complain(PARTNER, 'a down', 'a')
  complain(PARTNER, 'b down', 'b')
  complain(PARTNER, 'a up', 'a')
  await clock.advance(60_000)
  t.deepEqual(kept.slice(200), ['peer.disconnected b down', 'peer.disconnected a up', 'peer.repeated 1'])
})

test('strangers under ever new names are counted together when they are too many', (t) => {
  const { announced, kept, complain } = setUp()
  for (let n = 10; n < 10_000; n++) complain(nodeOf(n), 'x')
  t.is(announced.length, 4_096 + 200)
  complain(PARTNER, 'y')
  t.deepEqual(kept, ['peer.disconnected y'], 'a partner always has an account of its own')
})
