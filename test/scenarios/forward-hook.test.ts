import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HookAnswer, HookRequest } from '@fulgurite/plugin-sdk/contract'
import test, { type ExecutionContext } from 'ava'
import { type TestNode, World } from './support/world.ts'

type Answers = readonly HookAnswer<'htlc.forward'>[]
type Question = HookRequest<'htlc.forward'>

/** Alice pays carol by way of bob. */
const setUp = async (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-test-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const kept = (name: string) => world.node(name, { path: join(folder, `${name}.sqlite`) })
  const [alice, bob, carol] = [await world.node('alice'), await kept('bob'), await kept('carol')]
  await alice.faucet(5_000_000n)
  await bob.faucet(5_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const into = await alice.openTo(bob, 1_000_000n)
  const out = await bob.openTo(carol, 1_000_000n)
  return { world, alice, bob, carol, into, out }
}

/** Puts plugins in place that answer when, and as, the test says; what they are asked is returned. */
const plugins = (node: TestNode, answers: (question: Question) => Answers | Promise<Answers>) => {
  const asked: Question[] = []
  node.node.gateway.hooks.register({
    wants: (name) => name === 'htlc.forward',
    ask: async (_name, request) => {
      asked.push(request as Question)
      return (await answers(request as Question)) as never
    },
  })
  return asked
}

const goesOn = { type: 'verdict', plugin: 'a', verdict: { type: 'continue' } } as const
const fails = { type: 'verdict', plugin: 'b', verdict: { type: 'fail', code: 'permanent-channel-failure' } } as const

const tryToPay = (alice: TestNode, invoice: string) => alice.tryAsk('payments', 'payInvoice', { invoice })

test('htlc.forward — what a plugin is asked is what goes out, and nothing goes out before it has answered', async (t) => {
  const { alice, bob, carol, into, out } = await setUp(t)
  const answered = Promise.withResolvers<Answers>()
  const asked = plugins(bob, () => answered.promise)
  const paid = tryToPay(alice, await carol.invoice(100_000n))
  await bob.until(async () => asked.length === 1)
  const { channel } = await bob.ask('channels', 'get', { channelId: out })
  t.is(channel.htlcsInFlight, 0)
  answered.resolve([goesOn])
  t.like(await paid, { ok: true, value: { payment: { status: 'settled' } } })
  const [relayed] = bob.payloads('payment.relayed') as { feeMsat: string; paymentHash: string }[]
  t.like(asked[0], {
    paymentHash: relayed?.paymentHash,
    incoming: { channelId: into, peer: alice.id, amountMsat: 100_000n + BigInt(relayed?.feeMsat ?? 0) },
    outgoing: { channelId: out, peer: carol.id, amountMsat: 100_000n },
    feeMsat: BigInt(relayed?.feeMsat ?? 0),
  })
})

test('htlc.forward — a plugin fails an HTLC with a code that its sender reads, and the event names the plugin', async (t) => {
  const { alice, bob, carol } = await setUp(t)
  plugins(bob, () => [goesOn, fails])
  t.like(await tryToPay(alice, await carol.invoice(100_000n)), { ok: false })
  t.like(bob.payloads('payment.relay-failed')[0], { code: 'permanent-channel-failure', source: 'local', plugin: 'b' })
  t.is(bob.payloads('payment.relayed').length, 0)
})

test('htlc.forward — without a verdict it goes on, unless the plugin declares otherwise; a host that fails counts as one that does', async (t) => {
  const { alice, bob, carol } = await setUp(t)
  const silent = { type: 'no-verdict', plugin: 'a', code: 'timed-out' } as const
  plugins(bob, () => [silent])
  t.like(await tryToPay(alice, await carol.invoice(100_000n)), { ok: true })
  plugins(bob, () => [{ ...silent, onFailure: 'closed' }])
  t.like(await tryToPay(alice, await carol.invoice(100_000n)), { ok: false })
  plugins(bob, () => Promise.reject(new Error('made to fail by the test')))
  t.like(await tryToPay(alice, await carol.invoice(100_000n)), { ok: false })
  t.deepEqual(
    bob.payloads('payment.relay-failed').map(({ code, plugin }) => [code, plugin]),
    [
      ['temporary-node-failure', 'a'],
      ['temporary-node-failure', 'host'],
    ],
  )
})

test('htlc.forward — what is not wanted by any plugin does not wait for one', async (t) => {
  const { alice, bob, carol } = await setUp(t)
  bob.node.gateway.hooks.register({
    wants: () => false,
    ask: () => {
      throw new Error('asked')
    },
  })
  t.like(await tryToPay(alice, await carol.invoice(100_000n)), { ok: true })
})

test('htlc.forward — a verdict that comes when the outgoing peer is gone sends nothing out', async (t) => {
  const { alice, bob, carol } = await setUp(t)
  const answered = Promise.withResolvers<Answers>()
  const asked = plugins(bob, () => answered.promise)
  const paid = tryToPay(alice, await carol.invoice(100_000n))
  await bob.until(async () => asked.length === 1)
  const { id } = carol
  await carol.stop()
  await bob.until(async () => {
    const { items } = await bob.ask('peers', 'list', {})
    return items.every(({ nodeId, connected }) => nodeId !== id || !connected)
  })
  answered.resolve([goesOn])
  t.like(await paid, { ok: false })
  t.like(bob.payloads('payment.relay-failed')[0], { code: 'temporary-channel-failure', source: 'local' })
})

test('htlc.forward — an HTLC that waits when the node stops is asked about once more, when its next peer is back', async (t) => {
  const { alice, bob, carol, out } = await setUp(t)
  const asked = plugins(bob, () => new Promise(() => {}))
  const paid = tryToPay(alice, await carol.invoice(100_000n))
  await bob.until(async () => asked.length === 1)
  await bob.stop()
  await carol.stop()
  await bob.start()
  const again = plugins(bob, () => [goesOn])
  await carol.start()
  await bob.until(() => bob.isUsable(out))
  t.like(await paid, { ok: true })
  t.deepEqual(again, asked)
  t.is(bob.payloads('payment.relayed').length, 1)
})
