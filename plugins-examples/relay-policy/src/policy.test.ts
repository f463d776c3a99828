import test from 'ava'
import { decide } from './policy.ts'

const [alice, bob] = ['02'.repeat(33), '03'.repeat(33)]

const htlc = (peer: string, amountMsat: bigint) => {
  const channelId = '00'.repeat(32)
  return {
    incoming: { channelId, peer, htlcId: 1, amountMsat: amountMsat + 1n, cltvExpiry: 640 },
    outgoing: { channelId, peer: bob, amountMsat, cltvExpiry: 600 },
  }
}

test('an HTLC that carries less than the least is failed, and one that carries the least goes on', (t) => {
  t.deepEqual(decide(htlc(alice, 9_999n), { leastSat: 10 }), { type: 'fail' })
  t.deepEqual(decide(htlc(alice, 10_000n), { leastSat: 10 }), { type: 'continue' })
})

test('where peers are named, the HTLCs of others go on', (t) => {
  const config = { leastSat: 10, peers: [alice] }
  t.deepEqual(decide(htlc(alice, 1n), config), { type: 'fail' })
  t.deepEqual(decide(htlc(bob, 1n), config), { type: 'continue' })
})
