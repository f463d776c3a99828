import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { BackendHealth, ChainBackend } from '../../core/src/chain/chain-backend.ts'
import { SINK } from '../../core/src/chain/fixtures/signing.ts'
import { World } from './support/world.ts'

/** A backend whose health the test says. */
const withHealth = () => {
  let change: Partial<BackendHealth> = {}
  return {
    set: (next: Partial<BackendHealth>): void => {
      change = next
    },
    backend: (chain: ChainBackend): ChainBackend => ({ ...chain, health: () => ({ ...chain.health(), ...change }) }),
  }
}

test('a backend that stops answering — is told by getinfo and by an event, and again when it answers', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const health = withHealth()
  const node = await world.node('alice', { backend: health.backend })
  const info = () => node.ask('node', 'getInfo', {})
  await node.until(async () => (await info()).synced)
  t.deepEqual((await info()).warnings, [])
  t.deepEqual(node.payloads('chain.health-changed'), [])

  health.set({ isCurrent: false, silentMs: 60_000, problem: { code: 'bitcoind-unreachable' } })
  const down = await info()
  t.false(down.synced)
  t.false(down.chain.reachable)
  t.regex(down.warnings.join(), /has not answered for 60 s \(bitcoind-unreachable\).*start bitcoind again/)
  await node.until(async () => node.payloads('chain.health-changed').length > 0)
  health.set({})
  await node.until(async () => node.payloads('chain.health-changed').length > 1)
  t.true((await info()).synced)
  t.deepEqual(
    node.payloads('chain.health-changed').map(({ healthy, problems }) => [healthy, (problems as unknown[]).length]),
    [
      [false, 1],
      [true, 0],
    ],
  )
})

const BLINDING: readonly (readonly [what: string, health: Partial<BackendHealth>, problem: string, told: RegExp])[] = [
  [
    'blocks that are gone before they were handled',
    { missingBlock: 7, pruneHeight: 9 },
    'block-pruned',
    /pruned block 7.*keeps blocks from 9 on.*To do:/,
  ],
  [
    'a backend that downloads the chain',
    { isCatchingUp: true, headers: 900_000 },
    'backend-catching-up',
    /has not caught up with the network: block \d+ of 900000.*To do: wait/,
  ],
]

for (const [what, state, problem, told] of BLINDING) {
  test(`${what} — nothing is opened, paid, relayed or received until they are there, or it is done`, async (t) => {
    const world = new World()
    t.teardown(() => world.close())
    const health = withHealth()
    const alice = await world.node('alice')
    const bob = await world.node('bob', { backend: health.backend })
    await alice.faucet(2_000_000n)
    await bob.faucet(2_000_000n)
    await alice.connectTo(bob)
    await alice.openTo(bob, 1_000_000n, 400_000_000n)
    const toBob = await bob.invoice(10_000_000n)
    const toAlice = await alice.invoice(10_000_000n)

    health.set(state)
    const info = await bob.ask('node', 'getInfo', {})
    t.like(info.chain, {
      ...(state.missingBlock !== undefined && { missingBlock: state.missingBlock }),
      backendCatchingUp: state.isCatchingUp === true,
    })
    if (state.isCatchingUp) t.false(info.synced)
    t.regex(info.warnings.join(), told)
    const refused = { ok: false, error: { code: 'chain-not-followed', details: { problem } } }
    t.like(await bob.tryAsk('channels', 'open', { nodeId: alice.id, fundingSat: 500_000n }), refused)
    t.like(await bob.tryAsk('payments', 'payInvoice', { invoice: toAlice }), refused)
    t.like(await alice.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat: 500_000n }), { ok: false })
    t.like(await alice.tryAsk('payments', 'payInvoice', { invoice: toBob }), { ok: false })

    health.set({})
    t.is((await bob.pay(toAlice)).status, 'settled')
    t.is((await alice.pay(toBob)).status, 'settled')
  })
}

test('a commitment in the mempool — the channel is not usable, and is again if it is dropped', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  let isSpent = false
  const alice = await world.node('alice')
  const bob = await world.node('bob', {
    backend: (chain) => ({
      ...chain,
      mempoolSpenders: async (outpoints) =>
        isSpent ? outpoints.map(() => new Uint8Array(32).fill(7)) : chain.mempoolSpenders(outpoints),
    }),
  })
  await alice.faucet(2_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n, 400_000_000n)
  const stateAtBob = async () => (await bob.ask('channels', 'get', { channelId })).channel.state
  const toAlice = await alice.invoice(10_000_000n)
  const toBob = await bob.invoice(10_000_000n)
  const mempoolChanges = () => void world.chain.fund([{ amount: 10_000n, script: SINK }])

  isSpent = true
  mempoolChanges()
  await bob.until(async () => (await stateAtBob()) === 'closing')
  t.is((await bob.ask('node', 'getInfo', {})).channelsUsable, 0)
  t.like(await bob.tryAsk('payments', 'payInvoice', { invoice: toAlice }), { ok: false })
  t.like(await alice.tryAsk('payments', 'payInvoice', { invoice: toBob }), { ok: false })

  isSpent = false
  mempoolChanges()
  await bob.until(async () => (await stateAtBob()) === 'usable')
  t.deepEqual(
    bob
      .payloads('channel.state-changed')
      .slice(-2)
      .map(({ state }) => state),
    ['closing', 'usable'],
  )
  t.is((await bob.pay(toAlice)).status, 'settled')
  t.is((await alice.pay(toBob)).status, 'settled')
})

test('a peer that closes by force — is known from the mempool, before any block', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-chain-health-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  await alice.faucet(2_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  // Bob is not told by Alice: the two do not meet again.
  await bob.stop()
  await alice.ask('channels', 'forceClose', { channelId })
  await alice.until(async () => world.chain.mempool.length > 0)
  await alice.stop()
  await bob.start()
  const atBob = async () => (await bob.ask('channels', 'get', { channelId })).channel
  await bob.until(async () => (await atBob()).state === 'closing')
  t.is((await atBob()).closeKind, undefined, 'nothing is decided yet')
  await world.mine(1)
  await bob.until(async () => (await atBob()).closeKind === 'remote-force')
})
