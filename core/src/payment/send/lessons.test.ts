import test from 'ava'
import { EMPTY } from '../../lib/bytes.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import { heeded } from './heeded-lessons.ts'
import { lessonsOf } from './lessons.ts'
import type { Attempt, RouteHop } from './payment.ts'

const nodeId = (number: number): Uint8Array => new Uint8Array(33).fill(number)
const channelId = new Uint8Array(32).fill(1)

const failed = (id: number, message: FailureMessage): Attempt => {
  const hops: readonly RouteHop[] = [1, 2, 3].map((number) => ({
    nodeId: nodeId(number),
    shortChannelId: BigInt(number),
    amountMsat: 1_000n,
    cltvExpiry: 500,
  }))
  const failure = { type: 'remote', hop: 1, message } as const
  return { id, route: { channelId, hops }, sessionKey: EMPTY, startedAt: 0, status: 'failed', failure }
}

test('lessons — a hop that refused once may carry less, and one that refuses again carries nothing more', (t) => {
  const hop = { nodeId: nodeId(2), shortChannelId: 3n }
  const refusal: FailureMessage = { type: 'temporary_channel_failure' }
  const once = lessonsOf([failed(0, refusal)])
  t.deepEqual([once.refused, once.hops], [[hop], []])
  t.false(heeded(once).allows(channelId, [hop], nodeId(1)), 'a hint says nothing of how much less')
  const again = lessonsOf([failed(0, refusal), failed(1, refusal)])
  t.deepEqual([again.refused, again.hops], [[hop], [hop]])
  const gone = lessonsOf([failed(0, { type: 'unknown_next_peer' })])
  t.deepEqual([gone.refused, gone.hops], [[], [hop]])
})
