import { actors, evaluate, events } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { type TestNode, World } from './support/world.ts'

const waitsOf = async (node: TestNode, channelId: string) => {
  const reply = await node.ask('channels', 'get', { channelId })
  // What is shown is what the contract says.
  const read = evaluate(actors.channels.operations.get.reply, reply)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return reply.channel.waits
}

const told = (node: TestNode) =>
  node.payloads('channel.waits-changed').map((payload) => {
    const read = evaluate(events['channel.waits-changed'].payload, payload)
    if (!read.ok) throw new Error(JSON.stringify(read.error))
    return read.value.waitsFor.map(({ kind, count }) => `${kind} ${count}`).join()
  })

test('a channel says what it waits for through its life; each change is told once, and no payment or lost connection is one', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 2_000_000n)
  t.deepEqual(await waitsOf(alice, channelId), [])
  t.like(await alice.tryAsk('channels', 'raiseFees', { channelId, feerate: 5_000 }), {
    ok: false,
    error: { code: 'not-closing' },
  })
  t.is(told(alice)[0], 'funding 1')
  t.is(told(alice).at(-1), '')
  const used = told(alice).length

  const { invoice } = await bob.ask('invoices', 'create', { amountMsat: 10_000_000n })
  await alice.ask('payments', 'payInvoice', { invoice: invoice.invoice })
  await alice.until(async () => (await waitsOf(alice, channelId)).length === 0)
  await bob.stop()
  await alice.until(async () => (await waitsOf(alice, channelId)).length > 0)
  t.deepEqual(
    (await waitsOf(alice, channelId)).map(({ kind, action }) => [kind, action]),
    [['peer', 'reconnect']],
  )
  t.is(told(alice).length, used)

  await alice.ask('channels', 'forceClose', { channelId })
  t.like((await waitsOf(alice, channelId))[0], { kind: 'close-confirmation', action: 'claim' })
  // Whoever asks for less than what is paid hears why nothing was raised.
  const lowest = await alice.ask('channels', 'raiseFees', { channelId, feerate: 253 })
  t.like(lowest, { transactions: [], unchanged: [{ purpose: 'anchor', reason: 'commitment-pays' }] })
  await alice.until(async () => {
    await world.mine(1)
    return (await waitsOf(alice, channelId))[0]?.kind === 'claim'
  })
  const [claim] = await waitsOf(alice, channelId)
  t.like(claim, { kind: 'claim', purpose: 'to-local', action: 'claim' })
  t.like((await alice.ask('channels', 'list', {})).items[0], { waitsFor: [{ kind: 'claim', count: 1 }] })
  // Blocks that change nothing tell nothing.
  const before = told(alice).length
  await world.mine(20)
  t.is(told(alice).length, before)
  await world.mine(700)
  await alice.until(async () => {
    await world.mine(1)
    return (await waitsOf(alice, channelId))[0]?.kind === 'depth'
  })
  await alice.until(async () => {
    await world.mine(1)
    return (await alice.ask('channels', 'closed', {})).items.length === 1
  })
  // It is closed for whoever asks, and shown for as long as a reorganisation could bring it back.
  const { channel } = await alice.ask('channels', 'get', { channelId })
  t.like(channel, { state: 'closed', waits: [{ kind: 'depth', needed: 100, action: 'forget' }] })
  t.deepEqual(told(alice).slice(used), ['close-confirmation 1', 'claim 1', 'depth 1', 'depth 1'])
})
