import type { HookAnswer } from '@fulgurite/plugin-sdk/contract'
import test, { type ExecutionContext } from 'ava'
import { type TestNode, World } from './support/world.ts'

const setUp = async (t: ExecutionContext) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  return { world, alice, bob }
}

/** Puts plugins in place that answer so; what they are asked is returned. */
const answering = (node: TestNode, ...answers: readonly HookAnswer<'channel.accept'>[]): unknown[] => {
  const asked: unknown[] = []
  node.node.gateway.hooks.register({
    wants: (name) => name === 'channel.accept',
    ask: async (_name, request) => {
      asked.push(request)
      return answers as never
    },
  })
  return asked
}

const open = (alice: TestNode, bob: TestNode) =>
  alice.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat: 1_000_000n, pushMsat: 5_000n })

test('channel.accept — plugins that accept are asked what the peer proposes, and the deepest minimum depth holds', async (t) => {
  const { world, alice, bob } = await setUp(t)
  const asked = answering(
    bob,
    { type: 'verdict', plugin: 'a', verdict: { type: 'accept' } },
    { type: 'verdict', plugin: 'b', verdict: { type: 'accept', minimumDepth: 4 } },
  )
  const { channelId } = await alice.ask('channels', 'open', {
    nodeId: bob.id,
    fundingSat: 1_000_000n,
    pushMsat: 5_000n,
  })
  t.like(asked[0], { peer: alice.id, fundingSat: 1_000_000n, pushMsat: 5_000n, initiator: 'remote' })
  // The node itself would be content with one block.
  await world.mine(3)
  t.is(bob.payloads('channel.funding-confirmed').length, 0)
  await world.mine(1)
  for (const node of [alice, bob]) await node.until(() => node.isUsable(channelId))
})

test('channel.accept — a rejection reaches the peer with its reason', async (t) => {
  const { alice, bob } = await setUp(t)
  answering(
    bob,
    { type: 'verdict', plugin: 'a', verdict: { type: 'accept' } },
    { type: 'verdict', plugin: 'b', verdict: { type: 'reject', reason: 'too small for us' } },
  )
  t.like(await open(alice, bob), { error: { code: 'refused-by-peer', message: 'too small for us' } })
  t.is((await alice.ask('wallet', 'balance', {})).reservedSat, 0n)
})

test('channel.accept — a plugin that does not answer in time counts as a rejection', async (t) => {
  const { alice, bob } = await setUp(t)
  answering(
    bob,
    { type: 'verdict', plugin: 'a', verdict: { type: 'accept' } },
    { type: 'no-verdict', plugin: 'b', code: 'timed-out' },
  )
  t.like(await open(alice, bob), { error: { code: 'refused-by-peer' } })
})

test('channel.accept — a host that fails counts as a rejection', async (t) => {
  const { alice, bob } = await setUp(t)
  bob.node.gateway.hooks.register({
    wants: () => true,
    ask: () => Promise.reject(new Error('made to fail by the test')),
  })
  t.like(await open(alice, bob), { error: { code: 'refused-by-peer' } })
})

test('channel.accept — without plugins for it, or without a host, the channel is accepted', async (t) => {
  const { alice, bob } = await setUp(t)
  t.like(await open(alice, bob), { ok: true })
  answering(bob)
  t.like(await open(alice, bob), { ok: true })
})

test('channel.accept — what was promised about where our share goes holds at the close', async (t) => {
  const { world, alice, bob } = await setUp(t)
  answering(bob, { type: 'verdict', plugin: 'a', verdict: { type: 'accept', upfrontShutdown: true } })
  const opened = await open(alice, bob)
  const { channelId } = (opened.ok ? opened.value : {}) as { readonly channelId: string }
  await world.mine(6)
  await bob.until(() => bob.isUsable(channelId))
  const { address } = await bob.ask('wallet', 'newAddress', {})
  t.like(await bob.tryAsk('channels', 'close', { channelId, address }), {
    error: { code: 'address-fixed', field: 'address' },
  })
  t.like(await bob.tryAsk('channels', 'close', { channelId }), { ok: true })
})
