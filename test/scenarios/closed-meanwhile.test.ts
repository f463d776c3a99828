import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { ChainBackend } from '../../core/src/chain/chain-backend.ts'
import { decodeInvoice } from '../../core/src/invoice/decode-invoice.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import { FailureError } from '../../core/src/lib/errors.ts'
import { type TestNode, World } from './support/world.ts'

/** A chain of which blocks above a height come only when the test says so. */
const slowChain = (height: number, more: Partial<ChainBackend> = {}) => {
  const released = Promise.withResolvers<void>()
  const backend = (chain: ChainBackend): ChainBackend => ({
    ...chain,
    start: (following) =>
      chain.start({
        ...following,
        onEvent: async (event) => {
          if (event.type === 'connected' && event.block.height > height) await released.promise
          await following.onEvent(event)
        },
      }),
    ...more,
  })
  return { backend, release: released.resolve }
}

const unreachable: Partial<ChainBackend> = {
  getUtxo: () => Promise.reject(new FailureError({ code: 'bitcoind-unreachable' })),
}

interface Pair {
  readonly world: World
  readonly alice: TestNode
  readonly bob: TestNode
  /** From now on alice sees no block above this height until it is released. */
  slow(height: number, more?: Partial<ChainBackend>): () => void
}

const setUp = async (t: ExecutionContext): Promise<Pair> => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-test-'))
  const world = new World()
  let chain: ReturnType<typeof slowChain> | undefined
  t.teardown(async () => {
    chain?.release()
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const alice = await world.node('alice', {
    path: join(folder, 'node.sqlite'),
    backend: (backend) => chain?.backend(backend) ?? backend,
  })
  const bob = await world.node('bob')
  await alice.faucet(5_000_000n)
  await bob.faucet(1_000_000n)
  await alice.connectTo(bob)
  const slow: Pair['slow'] = (height, more) => {
    chain = slowChain(height, more)
    return chain.release
  }
  return { world, alice, bob, slow }
}

const stateOf = async (node: TestNode, channelId: string) =>
  (await node.ask('channels', 'get', { channelId })).channel.state

/** What the node has told of closings since it was started. */
const closings = (node: TestNode) => node.payloads('channel.closing').map(({ channelId, kind }) => [channelId, kind])

for (const answers of [true, false]) {
  test(`a peer that has closed while the node was off — the chain tells first, ${answers ? 'and other channels do not wait for it' : 'also where the backend says nothing of the outputs'}`, async (t) => {
    const { world, alice, bob, slow } = await setUp(t)
    const closed = await alice.openTo(bob, 1_000_000n, 300_000_000n)
    const healthy = await alice.openTo(bob, 1_000_000n, 300_000_000n)
    const { height } = world.chain.tip
    await alice.stop()
    await bob.ask('channels', 'forceClose', { channelId: closed })
    await bob.until(async () => world.chain.mempool.length > 0)
    await world.mine(5)

    const release = slow(height, answers ? {} : unreachable)
    alice.events.length = 0
    await alice.start()
    await alice.until(async () => alice.payloads('peer.connected').length > 0)
    if (answers) {
      await alice.until(() => alice.isUsable(healthy))
      t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
    }
    // What was said about the channel before is answered by then.
    await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 200_000n })
    t.is(await stateOf(alice, closed), 'offline')
    t.deepEqual(closings(alice), [])
    release()
    await alice.until(async () => (await stateOf(alice, closed)) === 'closing')
    await alice.until(() => alice.isUsable(healthy))
    t.deepEqual(closings(alice), [[closed, 'remote-force']])
    t.is((await alice.ask('channels', 'get', { channelId: closed })).channel.closeKind, 'remote-force')
  })
}

test('a deadline that passed while the node was off — closes no channel that a block has closed', async (t) => {
  const { world, alice, bob, slow } = await setUp(t)
  const channelId = await alice.openTo(bob, 1_000_000n, 300_000_000n)
  // One part of two: it waits for the other.
  const decoded = decodeInvoice(await bob.invoice(100_000_000n))
  if (!decoded.ok) throw new Error('no invoice')
  const { paymentHash, paymentSecret, amountMsat } = decoded.value
  const { shortChannelId } = (await alice.ask('channels', 'get', { channelId })).channel
  const route = [{ nodeId: bob.id, shortChannelId, amountMsat: 50_000_000n, cltvExpiryDelta: 40 }]
  const part = { paymentHash: toHex(paymentHash), paymentSecret: toHex(paymentSecret), route }
  void alice.tryAsk('payments', 'sendToRoute', { ...part, totalAmountMsat: amountMsat })
  for (const node of [alice, bob]) {
    await node.until(async () => (await node.ask('channels', 'get', { channelId })).channel.htlcsInFlight === 1)
  }
  await alice.stop()
  const { height } = world.chain.tip
  await bob.ask('channels', 'forceClose', { channelId })
  await bob.until(async () => world.chain.mempool.length > 0)
  await world.mine(100)

  const release = slow(height)
  alice.events.length = 0
  await alice.start()
  // Blocks before that are looked at again, at the height of today.
  await alice.until(async () => (await alice.ask('node', 'getInfo', {})).blockHeight >= height)
  t.is(await stateOf(alice, channelId), 'offline')
  release()
  await alice.until(async () => (await stateOf(alice, channelId)) === 'closing')
  t.deepEqual(closings(alice), [[channelId, 'remote-force']])
})
