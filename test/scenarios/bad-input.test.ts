import type { ActorName, ContractError } from '@fulgurite/plugin-sdk/contract'
import test, { type ExecutionContext } from 'ava'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { systemRng } from '../../core/src/lib/rng.ts'
import { createInvoice } from '../../core/src/payment/receive/create-invoice.ts'
import { type TestNode, World } from './support/world.ts'

const MAINNET_ADDRESS = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'
const REGTEST_ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const UNKNOWN_ID = 'ab'.repeat(32)
const UNKNOWN_NODE = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'

/** Asserts that the operation is refused with exactly this code, field and details. */
const refused = async (
  t: ExecutionContext,
  node: TestNode,
  operation: string,
  request: object,
  expected: Pick<ContractError, 'code' | 'field' | 'details'>,
  key?: string,
): Promise<void> => {
  const [actor, name] = operation.split('.') as [ActorName, string]
  const answer = await node.tryAsk(actor, name, request, ...(key === undefined ? [] : [key]))
  if (answer.ok) return t.fail(`${operation} was not refused`)
  const { code, field, details } = answer.error
  t.deepEqual(
    { code, ...(field === undefined ? {} : { field }), ...(details === undefined ? {} : { details }) },
    expected,
    operation,
  )
  t.true(answer.error.message.length > 0)
}

const worldOf = (t: ExecutionContext): World => {
  const world = new World()
  t.teardown(() => world.close())
  return world
}

const someoneElses = (options: {
  readonly network: 'mainnet' | 'regtest'
  readonly amountMsat?: bigint
  readonly ageSeconds?: number
}): { readonly invoice: string; readonly expiresAt: number } => {
  const key = systemRng.bytes(32)
  return createInvoice({
    network: options.network,
    amountMsat: options.amountMsat,
    description: 'someone else',
    expirySeconds: 60,
    minFinalCltvExpiryDelta: undefined,
    channels: [],
    now: Date.now() - (options.ageSeconds ?? 0) * 1000,
    preimage: systemRng.bytes(32),
    paymentSecret: systemRng.bytes(32),
    sign: (digest) => secp256k1.signRecoverable(digest, key),
  }) as { invoice: string; expiresAt: number }
}

test('wallet.send — refuses addresses of other networks, what is no address, dust, and more than there is', async (t) => {
  const world = worldOf(t)
  const alice = await world.node('alice')
  await alice.faucet(100_000n)
  const send = (address: string, amountSat: bigint, expected: Pick<ContractError, 'code' | 'field' | 'details'>) =>
    refused(t, alice, 'wallet.send', { address, amountSat }, expected)
  await send(MAINNET_ADDRESS, 10_000n, { code: 'address-wrong-network', field: 'address' })
  await send('1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', 10_000n, { code: 'address-wrong-network', field: 'address' })
  await send(REGTEST_ADDRESS.replace(/.$/, 'q'), 10_000n, { code: 'address-invalid', field: 'address' })
  await send(REGTEST_ADDRESS, 100n, { code: 'amount-too-small', field: 'amountSat' })
  const answer = await alice.tryAsk('wallet', 'send', { address: REGTEST_ADDRESS, amountSat: 100_000n })
  t.like(answer, { ok: false, error: { code: 'insufficient-funds', field: 'amountSat' } })
  t.is((await alice.ask('wallet', 'balance', {})).spendableSat, 100_000n)
})

test('channels.open — refuses strangers, too little, too much, and gifts beyond the funding', async (t) => {
  const world = worldOf(t)
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(1_000_000n)
  const open = (request: object, expected: Pick<ContractError, 'code' | 'field' | 'details'>) =>
    refused(t, alice, 'channels.open', { nodeId: bob.id, fundingSat: 500_000n, ...request }, expected)
  await open({}, { code: 'peer-not-connected', field: 'nodeId' })
  await alice.connectTo(bob)
  await open(
    { fundingSat: 1_000_001n },
    { code: 'insufficient-funds', field: 'fundingSat', details: { available: '1000000', needed: '1000115' } },
  )
  await open({ fundingSat: 1_000n }, { code: 'funding-too-small', field: 'fundingSat' })
  await open({ pushMsat: 500_000_001n }, { code: 'push-too-large', field: 'pushMsat' })
  await open({ feeBaseMsat: 1_000_001n }, { code: 'fee-out-of-bounds', field: 'feeBaseMsat' })
  t.is((await alice.ask('wallet', 'balance', {})).reservedSat, 0n)
})

test('a channel that is not known — is said by every operation on channels', async (t) => {
  const alice = await worldOf(t).node('alice')
  const expected = { code: 'channel-not-found', field: 'channelId' }
  const channelId = UNKNOWN_ID
  await refused(t, alice, 'channels.get', { channelId }, expected)
  await refused(t, alice, 'channels.close', { channelId }, expected)
  await refused(t, alice, 'channels.forceClose', { channelId }, expected)
  const fees = { feeBaseMsat: 0n, feeProportionalMillionths: 0 }
  await refused(t, alice, 'channels.setRelayFees', { channelId, ...fees }, expected)
  await refused(
    t,
    alice,
    'payments.get',
    { paymentHash: UNKNOWN_ID },
    { code: 'payment-not-found', field: 'paymentHash' },
  )
  await refused(
    t,
    alice,
    'invoices.get',
    { paymentHash: UNKNOWN_ID },
    { code: 'invoice-not-found', field: 'paymentHash' },
  )
})

test('payments.payInvoice — refuses invoices that are expired, of another network, our own, broken or without amount', async (t) => {
  const alice = await worldOf(t).node('alice')
  const pay = (invoice: string, request: object, expected: Pick<ContractError, 'code' | 'field' | 'details'>) =>
    refused(t, alice, 'payments.payInvoice', { invoice, ...request }, expected)
  const old = someoneElses({ network: 'regtest', amountMsat: 1_000n, ageSeconds: 61 })
  await pay(old.invoice, {}, { code: 'invoice-expired', field: 'invoice', details: { expiredAt: old.expiresAt } })
  const mainnet = someoneElses({ network: 'mainnet', amountMsat: 1_000n })
  await pay(mainnet.invoice, {}, { code: 'invoice-wrong-network', field: 'invoice' })
  await pay(await alice.invoice(1_000n), {}, { code: 'own-invoice', field: 'invoice' })
  const good = someoneElses({ network: 'regtest', amountMsat: 1_000n })
  const broken = good.invoice.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q'))
  await pay(broken, {}, { code: 'invoice-invalid', field: 'invoice' })
  await pay(good.invoice, { amountMsat: 1_001n }, { code: 'amount-mismatch', field: 'amountMsat' })
  await pay(someoneElses({ network: 'regtest' }).invoice, {}, { code: 'amount-required', field: 'amountMsat' })
  t.deepEqual((await alice.ask('payments', 'list', {})).items, [], 'nothing was begun')
})

test('payments — are refused beyond the balance, the fee limit and the known ways, and none is paid twice', async (t) => {
  const world = worldOf(t)
  const [alice, bob, carol] = [await world.node('alice'), await world.node('bob'), await world.node('carol')]
  await alice.faucet(2_000_000n)
  await bob.faucet(2_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const channelId = await alice.openTo(bob, 1_000_000n)
  await bob.openTo(carol, 1_000_000n)
  const codeOf = async (request: object, key?: string): Promise<unknown> => {
    const answer = await alice.tryAsk('payments', 'payInvoice', request, ...(key === undefined ? [] : [key]))
    return answer.ok ? 'settled' : answer.error.code
  }
  t.is(await codeOf({ invoice: await bob.invoice(1_000_000_001n) }), 'insufficient-balance')
  // The reserve and the commitment's fee cannot be spent either.
  t.is(await codeOf({ invoice: await bob.invoice(1_000_000_000n) }), 'insufficient-balance')
  t.is(await codeOf({ invoice: await carol.invoice(10_000_000n), maxFeeMsat: 1_000n }), 'fee-limit-exceeded')
  const stranger = someoneElses({ network: 'regtest', amountMsat: 1_000n })
  t.is(await codeOf({ invoice: stranger.invoice }), 'no-route')
  t.is((await alice.ask('channels', 'get', { channelId })).channel.localMsat, 1_000_000_000n)

  const invoice = await bob.invoice(5_000_000n)
  t.is(await codeOf({ invoice }), 'settled')
  t.is(await codeOf({ invoice }), 'already-paid')
})

test('an invoice that expired — is not settled by a payment that comes all the same', async (t) => {
  const world = worldOf(t)
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(2_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  const { invoice } = await bob.ask('invoices', 'create', { amountMsat: 1_000n, expirySeconds: 1 })
  const { paymentHash, paymentSecret } = invoice
  await bob.until(async () => (await bob.ask('invoices', 'get', { paymentHash })).invoice.status === 'expired')
  const { channel } = await alice.ask('channels', 'get', { channelId })
  const hop = { nodeId: bob.id, shortChannelId: channel.shortChannelId, amountMsat: 1_000n, cltvExpiryDelta: 30 }
  await refused(
    t,
    alice,
    'payments.sendToRoute',
    { paymentHash, paymentSecret, route: [hop] },
    {
      code: 'payment-failed',
      details: {
        attempts: 1,
        failure: { code: 'incorrect-or-unknown-payment-details', erringNode: bob.id },
        paymentHash,
      },
    },
  )
  t.is((await bob.ask('invoices', 'get', { paymentHash })).invoice.status, 'expired')
})

test('keys — are required where money is spent, answer the same request alike, and take no other one', async (t) => {
  const world = worldOf(t)
  const alice = await world.node('alice')
  await alice.faucet(1_000_000n)
  const request = { address: REGTEST_ADDRESS, amountSat: 10_000n }
  const keyless = await alice.node.gateway.ask('wallet', 'send', request, { caller: { kind: 'operator' } })
  t.like(keyless, { ok: false, error: { code: 'key-required' } })
  const first = await alice.tryAsk('wallet', 'send', request, 'rent')
  t.true(first.ok)
  t.deepEqual(await alice.tryAsk('wallet', 'send', request, 'rent'), first)
  await refused(t, alice, 'wallet.send', { ...request, amountSat: 10_001n }, { code: 'idempotency-mismatch' }, 'rent')
  await refused(t, alice, 'wallet.newAddress', {}, { code: 'idempotency-mismatch' }, 'rent')
  // A refusal is an outcome too.
  const tooMuch = { ...request, amountSat: 2_000_000n }
  const refusal = await alice.tryAsk('wallet', 'send', tooMuch, 'more')
  t.like(refusal, { ok: false, error: { code: 'insufficient-funds' } })
  await alice.faucet(5_000_000n)
  t.deepEqual(await alice.tryAsk('wallet', 'send', tooMuch, 'more'), refusal)
  const sent = (await alice.ask('wallet', 'transactions', {})).items.filter(({ purpose }) => purpose === 'send')
  t.is(sent.length, 1)
})

test('cursors and page tokens — are refused where they were never given out', async (t) => {
  const alice = await worldOf(t).node('alice')
  const { next } = await alice.ask('events', 'list', {})
  t.deepEqual((await alice.ask('events', 'list', { from: next })).items, [])
  await refused(t, alice, 'events.list', { from: 'e9999' }, { code: 'cursor-invalid' })
  await refused(t, alice, 'events.list', { from: 'yesterday' }, { code: 'cursor-invalid' })
  await refused(t, alice, 'events.list', { limit: 501 }, { code: 'invalid-request', field: 'limit' })
  const badToken = { code: 'invalid-request', field: 'page.after' }
  for (const list of [
    'channels.list',
    'peers.list',
    'wallet.utxos',
    'wallet.transactions',
    'invoices.list',
    'payments.list',
  ]) {
    await refused(t, alice, list, { page: { after: '!' } }, badToken)
  }
  await refused(t, alice, 'channels.list', { page: { limit: 501 } }, { code: 'invalid-request', field: 'page.limit' })
})

test('requests — are refused whole where a field is unknown, missing or malformed', async (t) => {
  const alice = await worldOf(t).node('alice')
  const invalid = (field: string) => ({ code: 'invalid-request', field })
  await refused(t, alice, 'channels.get', { channelId: UNKNOWN_ID, extra: 1 }, invalid('extra'))
  await refused(t, alice, 'channels.get', {}, invalid('channelId'))
  await refused(t, alice, 'channels.get', { channelId: UNKNOWN_ID.toUpperCase() }, invalid('channelId'))
  await refused(t, alice, 'invoices.create', { amountMsat: -1n }, invalid('amountMsat'))
  await refused(t, alice, 'invoices.create', { amountMsat: 1.5 }, invalid('amountMsat'))
  await refused(t, alice, 'invoices.create', { amountMsat: 0n }, { code: 'amount-out-of-bounds', field: 'amountMsat' })
  await refused(t, alice, 'channels.get', [], { code: 'invalid-request' })
  await refused(t, alice, 'channels.explode', {}, { code: 'unknown-operation' })
  await refused(t, alice, 'peers.disconnect', { nodeId: UNKNOWN_NODE }, { code: 'not-connected' })
})

test('a channel that is closing already — is not closed again, and says so', async (t) => {
  const world = worldOf(t)
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(5_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  await alice.ask('channels', 'forceClose', { channelId })
  await refused(t, alice, 'channels.close', { channelId }, { code: 'already-closing' }, 'late')
})

test('peers.connect — says whether nothing answers, something else answers, or the node is not known', async (t) => {
  const world = worldOf(t)
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  const gone = bob.address
  const connect = (request: object, expected: Pick<ContractError, 'code' | 'field' | 'details'>) =>
    refused(t, alice, 'peers.connect', request, expected)
  await connect({ nodeId: UNKNOWN_NODE }, { code: 'address-unknown', field: 'address' })
  // BOLT 8: the handshake fails with whoever does not hold the key that was called.
  await connect({ nodeId: UNKNOWN_NODE, address: bob.address }, { code: 'handshake-failed' })
  await bob.stop()
  await connect({ nodeId: UNKNOWN_NODE, address: gone }, { code: 'unreachable' })
})
