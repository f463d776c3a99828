import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HookRequest, HookVerdict, ReplyOf } from '@fulgurite/plugin-sdk/contract'
import test, { type ExecutionContext } from 'ava'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import type { Result } from '../../core/src/lib/result.ts'
import { inFlight } from './support/held-payment.ts'
import { type TestNode, type TestNodeOptions, World } from './support/world.ts'

const TERMS = { feeBaseMsat: 2_000n, feeProportionalMillionths: 1_000, cltvExpiryDelta: 144 }

/** Alice pays carol by the trampoline node tom, with whom she has two channels. */
const path = async (t: ExecutionContext, toms: TestNodeOptions = {}) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const tom = await world.node('tom', { choices: { trampoline: TERMS }, ...toms })
  const carol = await world.node('carol')
  for (const node of [alice, tom]) await node.faucet(10_000_000n)
  await alice.connectTo(tom)
  await tom.connectTo(carol)
  const incoming = [await alice.openTo(tom, 300_000n), await alice.openTo(tom, 300_000n)]
  const outgoing = await tom.openTo(carol, 1_000_000n)
  return { world, alice, tom, carol, incoming, outgoing }
}

interface Paid {
  readonly payment: ReplyOf<'payments', 'payInvoice'>['payment']
}

const pay = async (alice: TestNode, tom: TestNode, invoice: string, maxFeeMsat = 1_000_000n) =>
  (await alice.tryAsk('payments', 'payInvoice', { invoice, trampoline: tom.id, maxFeeMsat })) as Result<
    Paid,
    { readonly code: string; readonly details?: unknown }
  >

const balance = async (node: TestNode): Promise<bigint> => {
  const { items } = await node.ask('channels', 'list', {})
  return items.reduce((sum, { localMsat }) => sum + localMsat, 0n)
}

const countOf = (list: unknown): number => (Array.isArray(list) ? list.length : 0)

const codeOf = (result: Result<unknown, { readonly code: string; readonly details?: unknown }>): unknown =>
  result.ok ? 'paid' : (result.error.details as { failure?: { code: string } } | undefined)?.failure?.code

test('a trampoline node finds the way on: the payee is paid, the node earns what is left, and the payer sees what it paid whom', async (t) => {
  const { alice, tom, carol } = await path(t)
  const before = { alice: await balance(alice), tom: await balance(tom), carol: await balance(carol) }
  const paid = await pay(alice, tom, await carol.invoice(100_000_000n))
  t.true(paid.ok)
  if (!paid.ok) return
  t.is(paid.value.payment.destination, carol.id)
  t.is(paid.value.payment.amountMsat, 100_000_000n)
  t.is(paid.value.payment.feesMsat, 500_000n)
  await tom.until(async () => tom.payloads('payment.relayed').length === 1)
  const [relayed] = tom.payloads('payment.relayed')
  t.is(relayed?.feeMsat, '500000')
  t.is(countOf(relayed?.outgoing), 1)
  t.is(carol.payloads('payment.received').length, 1)
  t.is(tom.payloads('payment.sent').length, 0)
  await alice.until(async () => (await balance(alice)) === before.alice - 100_500_000n)
  await tom.until(async () => (await balance(tom)) === before.tom + 500_000n)
  await carol.until(async () => (await balance(carol)) === before.carol + 100_000_000n)
})

test('what comes in over two channels goes on once all of it is here, and all of it is settled', async (t) => {
  const { alice, tom, carol, incoming } = await path(t)
  const paid = await pay(alice, tom, await carol.invoice(400_000_000n))
  t.true(paid.ok)
  if (!paid.ok) return
  t.is(paid.value.payment.parts.length, 2)
  await tom.until(async () => tom.payloads('payment.relayed').length === 1)
  t.is(countOf(tom.payloads('payment.relayed')[0]?.incoming), 2)
  for (const channelId of incoming) await alice.until(async () => (await inFlight(alice, channelId)) === 0)
})

test('BOLT 4, trampoline payments — the payer reads a failure with the secrets of both onions: of the payee, through the trampoline node, which cannot read it', async (t) => {
  const { world, alice, tom, carol } = await path(t)
  const bob = await world.node('bob')
  await bob.faucet(10_000_000n)
  await bob.connectTo(tom)
  await bob.openTo(tom, 300_000n)
  const invoice = await carol.invoice(1_000_000n)
  t.true((await pay(bob, tom, invoice)).ok)
  t.is(codeOf(await pay(alice, tom, invoice)), 'incorrect-or-unknown-payment-details')
  await tom.until(async () => tom.payloads('payment.relay-failed').length === 1)
  t.like(tom.payloads('payment.relay-failed')[0], { code: 'unreadable', source: 'remote' })
})

test('a trampoline node that asks for more, or knows no way, says so', async (t) => {
  const { world, alice, tom, carol, outgoing } = await path(t)
  t.is(codeOf(await pay(alice, tom, await carol.invoice(1_000_000n), 4_000n)), 'trampoline-fee-or-expiry-insufficient')
  await tom.ask('channels', 'close', { channelId: outgoing })
  await world.mine(7)
  t.is(codeOf(await pay(alice, tom, await carol.invoice(1_000_000n))), 'unknown-next-trampoline')
})

test('a node that does not say that it is a trampoline node is refused before anything is sent, with the field named', async (t) => {
  const { world, alice, carol } = await path(t)
  const dora = await world.node('dora')
  await alice.connectTo(dora)
  const request = { invoice: await carol.invoice(1_000_000n), trampoline: dora.id }
  const refused = { ok: false, error: { code: 'trampoline-not-possible', field: 'trampoline' } }
  t.like(await alice.tryAsk('payments', 'payInvoice', request), refused)
  const { id } = dora
  await dora.stop()
  await alice.until(async () => alice.payloads('peer.disconnected').length > 0)
  t.like(await alice.tryAsk('payments', 'payInvoice', { ...request, trampoline: id }), refused)
  t.deepEqual(alice.payloads('payment.failed'), [])
})

test('an offer of somebody who knows nothing of trampoline is paid by a trampoline node, over the paths of the invoice', async (t) => {
  const { alice, tom, carol } = await path(t)
  const before = { alice: await balance(alice), tom: await balance(tom), carol: await balance(carol) }
  const { offer } = await carol.ask('offers', 'create', { amountMsat: 100_000_000n, description: 'tea' })
  t.true(offer.blinded)
  const request = { offer: offer.offer, trampoline: tom.id, maxFeeMsat: 2_000_000n }
  const { payment } = await alice.ask('offers', 'pay', request)
  t.like(payment, { status: 'settled', amountMsat: 100_000_000n, feesMsat: 1_000_000n })
  await tom.until(async () => tom.payloads('payment.relayed').length === 1)
  t.is(carol.payloads('payment.received').length, 1)
  await carol.until(async () => (await balance(carol)) === before.carol + 100_000_000n)
  await alice.until(async () => (await balance(alice)) === before.alice - 101_000_000n)
  await tom.until(async () => (await balance(tom)) === before.tom + 1_000_000n)
  const refused = { ok: false, error: { code: 'trampoline-not-possible', field: 'trampoline' } }
  t.like(await alice.tryAsk('offers', 'pay', { ...request, trampoline: carol.id }), refused)
})

test('what a peer has relayed by trampoline is held to what may be under way of one peer, and counts until it has ended', async (t) => {
  const mostOfPeer = { htlcs: 3, amountMsat: 100_000_000n }
  const { alice, tom, carol } = await path(t, { choices: { trampoline: TERMS, mostOfPeer } })
  t.is(codeOf(await pay(alice, tom, await carol.invoice(100_000_001n))), 'temporary-trampoline-failure')
  for (let i = 0; i < 5; i++) t.true((await pay(alice, tom, await carol.invoice(50_000_000n))).ok)
  await tom.until(async () =>
    (await tom.ask('peers', 'relays', {})).items.every(({ underWay }) => underWay.htlcs === 0),
  )
})

test('a trampoline node that stops while the payment is out settles what came in after its start', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-trampoline-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const { alice, tom, carol, incoming, outgoing } = await path(t, { path: join(folder, 'tom') })
  const paying = pay(alice, tom, await carol.invoice(400_000_000n))
  await tom.until(async () => (await inFlight(tom, outgoing)) === 1)
  await tom.stop()
  await tom.start()
  t.true((await paying).ok)
  await tom.until(async () => tom.payloads('payment.relayed').length === 1)
  for (const channelId of incoming) await alice.until(async () => (await inFlight(alice, channelId)) === 0)
})

/** Tom goes on with the copy of his database. */
const putBack = async (tom: TestNode, database: string, backup: string): Promise<void> => {
  await tom.stop()
  for (const end of ['-wal', '-shm']) rmSync(database + end, { force: true })
  renameSync(backup, database)
  await tom.start()
}

const held = async (carol: TestNode, preimage: Uint8Array): Promise<string> => {
  const request = { paymentHash: toHex(sha256(preimage)), amountMsat: 400_000_000n }
  return (await carol.ask('invoices', 'createHold', request)).invoice.invoice
}

test('a trampoline node whose database is put back while a payment is out sends nothing more for it, and passes the preimage on once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-trampoline-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const database = join(folder, 'tom')
  const { world, alice, tom, carol, incoming, outgoing } = await path(t, { path: database })
  const before = await balance(tom)
  const preimage = new Uint8Array(32).fill(7)
  const paying = pay(alice, tom, await held(carol, preimage))
  await carol.until(async () => carol.payloads('invoice.held').length === 1)
  for (const node of [tom, carol]) await node.until(async () => (await inFlight(node, outgoing)) === 1)
  const { path: backup } = await tom.ask('node', 'backup', { folder: join(folder, 'backups') })
  await putBack(tom, database, backup)
  for (const node of [alice, carol]) await node.connectTo(tom)
  for (const channelId of [...incoming, outgoing]) await tom.until(() => tom.isUsable(channelId))
  await world.mine(1)
  t.is(await inFlight(carol, outgoing), 1)
  await carol.ask('invoices', 'settle', { preimage: toHex(preimage) })
  t.true((await paying).ok)
  await tom.until(async () => tom.payloads('payment.relayed').length === 1)
  await tom.until(async () => (await balance(tom)) === before + 500_000n)
  t.is(await inFlight(carol, outgoing), 0)
  for (const channelId of incoming) await alice.until(async () => (await inFlight(alice, channelId)) === 0)
})

test('a trampoline node whose database is put back from before the payee was paid does not pay again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-trampoline-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const database = join(folder, 'tom')
  const { world, alice, tom, carol, incoming, outgoing } = await path(t, { path: database })
  // Another way to carol, whose state stays what it is.
  const other = await tom.openTo(carol, 1_000_000n)
  const preimage = new Uint8Array(32).fill(8)
  const paying = pay(alice, tom, await held(carol, preimage))
  await carol.until(async () => carol.payloads('invoice.held').length === 1)
  const took = (await inFlight(carol, outgoing)) === 1 ? outgoing : other
  await tom.until(async () => (await inFlight(tom, took)) === 1)
  const { path: backup } = await tom.ask('node', 'backup', { folder: join(folder, 'backups') })
  await carol.ask('invoices', 'settle', { preimage: toHex(preimage) })
  t.true((await paying).ok)
  for (const channelId of incoming) await tom.until(async () => (await inFlight(tom, channelId)) === 0)
  await putBack(tom, database, backup)
  for (const node of [alice, carol]) await node.connectTo(tom)
  const spared = took === outgoing ? other : outgoing
  await tom.until(() => tom.isUsable(spared))
  await world.mine(3)
  t.is(await inFlight(carol, spared), 0)
  t.is(carol.payloads('payment.received').length, 1)
  t.deepEqual(tom.payloads('payment.relay-failed'), [])
})

test('htlc.forward — is asked about what a trampoline node sends on, is told nothing of the payee, and refuses it', async (t) => {
  const { alice, tom, carol, incoming, outgoing } = await path(t)
  const asked: HookRequest<'htlc.forward'>[] = []
  let verdict: HookVerdict<'htlc.forward'> = { type: 'continue' }
  tom.node.gateway.hooks.register({
    wants: (name) => name === 'htlc.forward',
    ask: async (_, request) => {
      asked.push(request as HookRequest<'htlc.forward'>)
      return [{ type: 'verdict', plugin: 'guard', verdict }] as never
    },
  })
  t.true((await pay(alice, tom, await carol.invoice(400_000_000n))).ok)
  t.is(asked.length, 2)
  t.deepEqual(new Set(asked.map((each) => each.incoming.channelId)), new Set(incoming))
  t.like(asked[0], {
    outgoing: { channelId: outgoing, peer: carol.id, amountMsat: 400_000_000n },
    feeMsat: 500_000n,
    trampoline: true,
  })
  verdict = { type: 'fail', code: 'permanent-node-failure' }
  t.is(codeOf(await pay(alice, tom, await carol.invoice(1_000_000n))), 'permanent-node-failure')
  await tom.until(async () => tom.payloads('payment.relay-failed').length === 1)
  t.like(tom.payloads('payment.relay-failed')[0], { code: 'permanent-node-failure', source: 'local', plugin: 'guard' })
  const { items } = await tom.ask('peers', 'relays', { nodeId: alice.id })
  t.like(items[0], { in: { settled: 2, amountMsat: 400_500_000n, feesMsat: 500_000n }, refused: 1 })
})
