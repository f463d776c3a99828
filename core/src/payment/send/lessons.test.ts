import test from 'ava'
import { EMPTY } from '../../lib/bytes.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import { heeded } from './heeded-lessons.ts'
import { lessonsOf } from './lessons.ts'
import type { Attempt, RouteHop } from './payment.ts'
import { NO_WISHES } from './route-wishes.ts'

const nodeId = (number: number): Uint8Array => new Uint8Array(33).fill(number)
const channelId = new Uint8Array(32).fill(1)

const failed = (id: number, message: FailureMessage, hop = 1): Attempt => {
  const hops: readonly RouteHop[] = [1, 2, 3].map((number) => ({
    nodeId: nodeId(number),
    shortChannelId: BigInt(number),
    amountMsat: 1_000n,
    cltvExpiry: 500,
  }))
  const failure = { type: 'remote', hop, message } as const
  return { id, route: { channelId, hops }, sessionKey: EMPTY, startedAt: 0, status: 'failed', failure }
}

test('lessons — a hop that has refused may carry less, and one that refuses a fourth time carries nothing more', (t) => {
  const hop = { nodeId: nodeId(2), shortChannelId: 3n }
  const refusal: FailureMessage = { type: 'temporary_channel_failure' }
  const once = lessonsOf([failed(0, refusal)], 1_000n)
  t.deepEqual([once.refused, once.hops], [[hop], []])
  t.false(heeded(once, NO_WISHES).allows({ channelId }, [hop], nodeId(1)), 'a hint says nothing of how much less')
  const often = [0, 1, 2].map((id) => failed(id, refusal))
  t.deepEqual(lessonsOf(often, 1_000n).hops, [])
  t.deepEqual(lessonsOf([...often, failed(3, refusal)], 1_000n).hops, [hop])
  const gone = lessonsOf([failed(0, { type: 'unknown_next_peer' })], 1_000n)
  t.deepEqual([gone.refused, gone.hops], [[], [hop]])
})

test('mpp_timeout — a part that only lacked the others says nothing against its way (BOLT 4)', (t) => {
  t.deepEqual(lessonsOf([failed(0, { type: 'mpp_timeout' }, 2)], 1_001n).ways, [])
  t.is(lessonsOf([failed(0, { type: 'mpp_timeout' }, 2)], 1_000n).ways.length, 1, 'it is all that there is')
  t.is(lessonsOf([failed(0, { type: 'temporary_node_failure' }, 2)], 1_001n).ways.length, 1)
})
