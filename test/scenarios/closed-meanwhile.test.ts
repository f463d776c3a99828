import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ChainBackend } from '../../core/src/chain/chain-backend.ts'
import { FailureError } from '../../core/src/lib/errors.ts'
import { World } from './support/world.ts'

/** A chain of which blocks above a height come only when the test says so. */
const slowChain = (height: number, more: Partial<ChainBackend> = {}) => {
  const released = Promise.withResolvers<void>()
  const backend = (chain: ChainBackend): ChainBackend => ({
    ...chain,
    start: (following) =>
      chain.start({
        ...following,
        onEvent: async (event) => {
          if (event.type === 'connected' && (event.block.height as number) > height) await released.promise
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

for (const answers of [true, false]) {
  test(`a peer that has closed while the node was off — the chain tells first, ${answers ? 'and other channels do not wait for it' : 'also where the backend says nothing of the outputs'}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'fulgurite-test-'))
    const world = new World()
    let slow: ReturnType<typeof slowChain> | undefined
    t.teardown(async () => {
      slow?.release()
      await world.close()
      rmSync(folder, { recursive: true, force: true })
    })
    const alice = await world.node('alice', {
      path: join(folder, 'node.sqlite'),
      backend: (chain) => slow?.backend(chain) ?? chain,
    })
    const bob = await world.node('bob')
    await alice.faucet(5_000_000n)
    await bob.faucet(1_000_000n)
    await alice.connectTo(bob)
    const closed = await alice.openTo(bob, 1_000_000n, 300_000_000n)
    const healthy = await alice.openTo(bob, 1_000_000n, 300_000_000n)
    const { height } = world.chain.tip
    await alice.stop()
    await bob.ask('channels', 'forceClose', { channelId: closed })
    await bob.until(async () => world.chain.mempool.length > 0)
    await world.mine(5)

    slow = slowChain(height as number, answers ? {} : unreachable)
    alice.events.length = 0
    await alice.start()
    await alice.until(async () => alice.payloads('peer.connected').length > 0)
    const state = async (channelId: string) => (await alice.ask('channels', 'get', { channelId })).channel.state
    if (answers) {
      await alice.until(() => alice.isUsable(healthy))
      t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
    }
    // What was said about the channel before is answered by then.
    await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 200_000n })
    t.is(await state(closed), 'offline')
    t.deepEqual(alice.payloads('channel.closing'), [])
    slow.release()
    await alice.until(async () => (await state(closed)) === 'closing')
    await alice.until(() => alice.isUsable(healthy))
    t.deepEqual(
      alice.payloads('channel.closing').map(({ channelId, kind }) => [channelId, kind]),
      [[closed, 'remote-force']],
    )
    t.is((await alice.ask('channels', 'get', { channelId: closed })).channel.closeKind, 'remote-force')
  })
}
