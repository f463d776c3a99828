import test from 'ava'
import { staticChannelOf } from '../../channel/index.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { utf8Encode } from '../../lib/bytes.ts'
import { seededRng } from '../../lib/rng.ts'
import { openStaticBackup, type StaticBackup, sealBlob } from './static-backup.ts'

const KEY = new Uint8Array(32).fill(7)
const CHAIN = sha256(utf8Encode('a chain'))

/** One channel over and over, the later the larger, each third of them with a peer of its own. */
const backupOf = (count: number): StaticBackup => {
  const one = staticChannelOf(new TwoParties().ready().alice.funded)
  const peerOf = (n: number): Uint8Array => sha256(utf8Encode(`peer ${Math.floor(n / 3)}`))
  const nodeId = (n: number): Uint8Array => Uint8Array.of(2, ...peerOf(n))
  return {
    chainHash: CHAIN,
    madeAt: 5n,
    peers: Array.from({ length: Math.ceil(count / 3) }, (_, n) => ({ nodeId: nodeId(3 * n), addresses: ['h:9735'] })),
    channels: Array.from({ length: count }, (_, n) => ({
      ...one,
      channelId: sha256(utf8Encode(`channel ${n}`)),
      remoteNodeId: nodeId(n),
      fundingAmount: 100_000n + BigInt(n),
    })),
  }
}

const opened = (blob: Uint8Array): StaticBackup => {
  const backup = openStaticBackup(KEY, blob, CHAIN)
  if (!backup.ok) throw new Error(backup.error.code)
  return backup.value
}

test('BOLT 1, peer storage — what a peer is given is of one size, however many channels there are', (t) => {
  for (const count of [0, 1, 7, 3_000]) t.is(sealBlob(KEY, seededRng(1), backupOf(count)).length, 65_531)
})

test('of more channels than a peer keeps, those with the most in them are named, with their peers and no others', (t) => {
  const few = backupOf(7)
  const { channels, peers } = opened(sealBlob(KEY, seededRng(1), few))
  t.is(channels.length, few.channels.length)
  t.is(peers.length, few.peers.length)

  const many = opened(sealBlob(KEY, seededRng(1), backupOf(3_000)))
  t.true(many.channels.length > 100)
  const capacities = many.channels.map(({ fundingAmount }) => fundingAmount)
  t.deepEqual(
    capacities,
    capacities.map((_, at) => 102_999n - BigInt(at)),
  )
  t.is(many.peers.length, Math.ceil(many.channels.length / 3))
})
