import test from 'ava'
import { EMPTY } from '../../lib/bytes.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import type { Attempt, AttemptFailure } from './payment.ts'
import { hasReached, triedHops } from './tried-hops.ts'

const hops = ['bob', 'carol', 'dave'].map((name, i) => ({
  nodeId: testNode(name).nodeId,
  shortChannelId: BigInt(i + 1),
  amountMsat: 1_000n,
  cltvExpiry: 500,
}))

const attempt = (status: Attempt['status'], failure?: AttemptFailure): Attempt => ({
  id: 0,
  route: { channelId: named('own'), hops },
  sessionKey: EMPTY,
  startedAt: 0,
  status,
  ...(failure && { failure }),
})

const failed = (failure: AttemptFailure) => attempt('failed', failure)
const at = (hop: number): AttemptFailure => ({ type: 'remote', hop, message: { type: 'temporary_channel_failure' } })

test('how far an attempt came is told for each channel on its way', (t) => {
  const told = (each: Attempt) => [...triedHops(each), hasReached(each)]
  t.deepEqual(told(attempt('settled')), ['carried', 'carried', 'carried', true])
  t.deepEqual(told(attempt('pending')), ['unknown', 'unknown', 'unknown', false])
  t.deepEqual(told(failed(at(0))), ['carried', 'refused', 'not-tried', false])
  t.deepEqual(told(failed(at(1))), ['carried', 'carried', 'refused', false])
  t.deepEqual(told(failed(at(2))), ['carried', 'carried', 'carried', true])
  const local = (error: string) => failed({ type: 'local', error })
  t.deepEqual(told(local('too-many-htlcs')), ['refused', 'not-tried', 'not-tried', false])
  for (const error of ['not-sent', 'interrupted', 'onion-too-long', 'invalid-node-id'])
    t.deepEqual(told(local(error)), ['not-tried', 'not-tried', 'not-tried', false])
  for (const type of ['unreadable', 'on-chain'] as const)
    t.deepEqual(told(failed({ type })), ['carried', 'unknown', 'unknown', false])
  t.deepEqual(told(failed({ type: 'beyond', reason: EMPTY })), ['carried', 'carried', 'carried', false])
})
