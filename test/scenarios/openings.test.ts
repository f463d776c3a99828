import test from 'ava'
import type { ChainBackend } from '../../core/src/chain/chain-backend.ts'
import { toHex, utf8Decode, utf8Encode } from '../../core/src/lib/bytes.ts'
import { HostilePeer } from './support/hostile-peer.ts'
import { World } from './support/world.ts'

/** A chain whose fees are estimated at this. */
const withEstimate = (feerate: number) => (chain: ChainBackend) => ({ ...chain, estimateFeerate: () => feerate })

test('an opening that the peer wants announced is refused in words, or taken unannounced where the operator says so', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const bob = await world.node('bob')
  const mallory = await HostilePeer.connect(bob, 66)
  mallory.send({ ...mallory.openChannel(new Uint8Array(32).fill(1)), channelFlags: 1 })
  t.is(utf8Decode((await mallory.next('error')).data), 'this node does not announce channels: open it unannounced')
  mallory.send(mallory.openChannel(new Uint8Array(32).fill(2)))
  await mallory.next('accept_channel')

  const carol = await world.node('carol', { choices: { announcedOpenings: 'unannounced' } })
  const mary = await HostilePeer.connect(carol, 67)
  mary.send({ ...mary.openChannel(new Uint8Array(32).fill(1)), channelFlags: 1 })
  await mary.next('accept_channel')
})

test('an opening that fails says whose refusal it was, and what our commitments pay where that may be the reason', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice', { backend: withEstimate(8_000) })
  await alice.faucet(10_000_000n)
  const mallory = await HostilePeer.connect(alice, 66)
  const open = () => alice.tryAsk('channels', 'open', { nodeId: toHex(mallory.nodeId), fundingSat: 100_000n })

  const ours = open()
  const first = await mallory.next('open_channel')
  mallory.send({ ...mallory.acceptChannel(first), dustLimitSatoshis: 300n } as never)
  t.like(await ours, {
    error: {
      code: 'terms-refused',
      message: 'this node refused it: dust limit too small',
      details: { dustLimit: '300' },
    },
  })
  await mallory.next('error')

  const theirs = open()
  const { temporaryChannelId } = await mallory.next('open_channel')
  mallory.send({ type: 'error', channelId: temporaryChannelId, data: utf8Encode('feerate unacceptable') })
  t.like(await theirs, {
    error: {
      code: 'refused-by-peer',
      message:
        'feerate unacceptable (our commitments pay 2500 sat/kw at most, the estimate is 8000: --max-commitment-feerate)',
      details: { commitmentFeerate: '2500', estimate: '8000' },
    },
  })
})

test('the operator chooses how much our commitments pay at most', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice', { backend: withEstimate(8_000), choices: { maxCommitmentFeerate: 6_000 } })
  await alice.faucet(10_000_000n)
  const mallory = await HostilePeer.connect(alice, 66)
  const opening = alice.tryAsk('channels', 'open', { nodeId: toHex(mallory.nodeId), fundingSat: 100_000n })
  const { feeratePerKw, temporaryChannelId } = await mallory.next('open_channel')
  t.is(feeratePerKw, 6_000)
  mallory.send({ type: 'error', channelId: temporaryChannelId, data: utf8Encode('no') })
  t.like(await opening, { error: { code: 'refused-by-peer' } })
})
