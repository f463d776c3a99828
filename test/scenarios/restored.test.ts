import { mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { concat, fromHex, toHex, u64be } from '../../core/src/lib/bytes.ts'
import { paymentIndexWrites } from '../../core/src/node/payment/payment-index.ts'
import { MIGRATIONS, TABLE } from '../../core/src/node/storage/tables.ts'
import { encodeRelayRecord } from '../../core/src/payment/relay/relay-codec.ts'
import type { RelayRecord } from '../../core/src/payment/relay/relay-protocol.ts'
import type { Attempt, SentPayment } from '../../core/src/payment/send/payment.ts'
import { encodeSentPayment } from '../../core/src/payment/send/payment-codec.ts'
import { openSqliteStore } from '../../core/src/store/sqlite-store.ts'
import { inFlight, inTwoParts, sendPart } from './support/held-payment.ts'
import { type TestNode, World } from './support/world.ts'

interface Pair {
  readonly world: World
  readonly alice: TestNode
  readonly bob: TestNode
  readonly path: string
  readonly channelId: string
}

/** Alice has a channel with bob and a copy of her database, made while it was in use. */
const pair = async (t: ExecutionContext): Promise<Pair> => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-restored-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  const path = join(folder, 'alice.sqlite')
  const alice = await world.node('alice', { path })
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n, 300_000_000n)
  await alice.pay(await bob.invoice(10_000_000n))
  await alice.until(async () => (await alice.ask('channels', 'get', { channelId })).channel.htlcsInFlight === 0)
  return { world, alice, bob, path, channelId }
}

/** Copied by the operator's command, into a folder that is not there yet. */
const backUp = async (t: ExecutionContext, node: TestNode, path: string): Promise<string> => {
  const { path: file, bytes, channels } = await node.ask('node', 'backup', { folder: join(dirname(path), 'backups') })
  t.is(statSync(file).size, bytes)
  t.is(statSync(file).mode & 0o777, 0o600)
  t.is(channels, 1)
  t.deepEqual(readdirSync(dirname(file)), [basename(file)], 'a backup is one file')
  const nowhere = await node.tryAsk('node', 'backup', { folder: 'backups' })
  t.like(nowhere, { error: { code: 'backup-failed' } }, 'where the node runs says nothing to who asks')
  return file
}

/** The node is stopped, and goes on with the backup. */
const putBack = async (node: TestNode, path: string, backup: string): Promise<void> => {
  await node.stop()
  for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true })
  renameSync(backup, path)
}

const inDoubt = async (node: TestNode, channelId: string): Promise<boolean> =>
  (await node.ask('channels', 'get', { channelId })).channel.inDoubt === true

test('a database that was put back and is the latest — is in doubt until the peer has come, also over another start, and then goes on', async (t) => {
  const { alice, bob, path, channelId } = await pair(t)
  const backup = await backUp(t, alice, path)
  await bob.stop()
  await putBack(alice, path, backup)
  for (let life = 0; life < 2; life++) {
    await alice.start()
    t.true(await inDoubt(alice, channelId))
    const { warnings } = await alice.ask('node', 'getInfo', {})
    t.true(warnings.some((warning) => warning.includes('nothing is published of 1 channel ')))
    const refused = await alice.tryAsk('channels', 'forceClose', { channelId })
    t.like(refused, { ok: false, error: { code: 'state-in-doubt', field: 'evenIfOld' } })
    // A plugin does not take the risk, whatever it was granted.
    const plugin = await alice.node.gateway.ask(
      'channels',
      'forceClose',
      { channelId, evenIfOld: true },
      {
        caller: { kind: 'plugin', name: 'closer', version: '1.0.0' },
        key: `life ${life}`,
      },
    )
    t.like(plugin, { ok: false, error: { code: 'state-in-doubt' } })
    if (life === 0) await alice.stop()
  }
  await bob.start()
  await alice.connectTo(bob)
  await alice.until(() => alice.isUsable(channelId))
  t.false(await inDoubt(alice, channelId))
  await alice.pay(await bob.invoice(5_000_000n))
  t.deepEqual(alice.payloads('channel.closing'), [])
})

test('a database that is older than what the peer knows — publishes nothing, asks the peer to close, and gets what is ours, also over a start in between', async (t) => {
  const { world, alice, bob, path, channelId } = await pair(t)
  const backup = await backUp(t, alice, path)
  await alice.pay(await bob.invoice(20_000_000n))
  await bob.pay(await alice.invoice(7_000_000n))
  await alice.until(async () => (await alice.ask('channels', 'get', { channelId })).channel.htlcsInFlight === 0)
  const { localMsat } = (await alice.ask('channels', 'get', { channelId })).channel
  await putBack(alice, path, backup)
  await alice.start()
  await alice.connectTo(bob)
  const owned = async () => {
    const { confirmedSat, unconfirmedSat } = await alice.ask('wallet', 'balance', {})
    return confirmedSat + unconfirmedSat
  }
  const before = await owned()
  await alice.until(async () => alice.payloads('channel.closing').length === 1)
  t.like(alice.payloads('channel.errored')[0], { code: 'peer-is-ahead' })
  await bob.until(async () => bob.payloads('channel.closing').length === 1)
  await alice.stop()
  await world.mine(1)
  await alice.start()
  // Its claim goes out a moment after a block is handled, and is seen in a later one.
  for (let block = 0; block < 100 && (await owned()) === before; block++) await world.mine(1)
  // Less the fees of the commitment, its anchors, and the claim.
  const came = (await owned()) - before
  t.true(came <= localMsat / 1000n && came > localMsat / 1000n - 5_000n, `${came} of ${localMsat / 1000n}`)
  await world.mine(120)
  await alice.until(async () => alice.payloads('channel.closed').length === 1)
  t.like(alice.payloads('channel.closed')[0], { kind: 'remote-force' })
})

test('a backup that is made while payments are under way — is a state that the node had: it is proven old, and what is ours comes back', async (t) => {
  const { world, alice, bob, path, channelId } = await pair(t)
  const pay = async (from: TestNode, to: TestNode): Promise<void> => {
    for (let n = 0; n < 15; n++) await from.pay(await to.invoice(1_000_000n))
  }
  const load = Promise.all([pay(alice, bob), pay(bob, alice), pay(alice, bob)])
  const backup = await backUp(t, alice, path)
  await load
  await alice.until(async () => (await alice.ask('channels', 'get', { channelId })).channel.htlcsInFlight === 0)
  await putBack(alice, path, backup)
  await alice.start()
  await alice.connectTo(bob)
  await alice.until(async () => alice.payloads('channel.closing').length === 1)
  t.like(alice.payloads('channel.errored')[0], { code: 'peer-is-ahead' })
  await bob.until(async () => bob.payloads('channel.closing').length === 1)
  await world.mine(1)
  const isOurs = async () => (await alice.ask('wallet', 'balance', {})).confirmedSat > 9_000_000n
  for (let block = 0; block < 100 && !(await isOurs()); block++) await world.mine(1)
  t.true(await isOurs())
  // What was paid and what was still to come when the copy was made is told as neither failed nor paid twice.
  const { items } = await alice.ask('payments', 'list', { page: { limit: 100 } })
  t.true(items.every(({ status }) => status !== 'failed'))
  t.is((await bob.ask('invoices', 'list', { status: 'paid', page: { limit: 100 } })).items.length, 31)
})

/** Puts a payment into the database of a node that does not run, as a crash leaves it: its attempt is written, and no channel was told. */
const cutOff = async (t: ExecutionContext, path: string, fill: number, peer: string, channelId: string) => {
  const store = await openSqliteStore({ path, migrations: MIGRATIONS, onFatal: (error) => t.fail(`${error}`) })
  const paymentHash = new Uint8Array(32).fill(fill)
  const hop = { nodeId: fromHex(peer), amountMsat: 1_000n, cltvExpiry: 500 }
  const attempt: Attempt = {
    id: 0,
    route: { channelId: fromHex(channelId), hops: [hop] },
    sessionKey: new Uint8Array(32).fill(1),
    startedAt: 1,
    status: 'pending',
    // Far beyond what any channel here has given an id to.
    firstHtlcId: 1_000n,
  }
  const payment: SentPayment = {
    target: {
      recipient: {
        type: 'node',
        nodeId: hop.nodeId,
        paymentSecret: new Uint8Array(32).fill(3),
        minFinalCltvExpiryDelta: 18,
        routeHints: [],
      },
      paymentHash,
      amountMsat: hop.amountMsat,
      multiPart: false,
      expiresAt: 1,
    },
    maxFeeMsat: 0n,
    key: '',
    attempts: [attempt],
    nextAttemptId: 1,
    status: 'in-flight',
    startedAt: 1,
  }
  store.submit([
    { table: TABLE.payment, key: paymentHash, value: encodeSentPayment(payment) },
    ...paymentIndexWrites(undefined, payment),
  ])
  await store.close()
  return toHex(paymentHash)
}

const statusOf = async (node: TestNode, paymentHash: string): Promise<string> =>
  (await node.ask('payments', 'get', { paymentHash })).payment.status

test('what was under way when the database was put back is not sent again once a channel is lost; what was begun later is certain', async (t) => {
  const { alice, bob, path, channelId } = await pair(t)
  const backup = await backUp(t, alice, path)
  await alice.pay(await bob.invoice(20_000_000n))
  await alice.until(async () => (await alice.ask('channels', 'get', { channelId })).channel.htlcsInFlight === 0)
  await putBack(alice, path, backup)
  const before = await cutOff(t, path, 1, bob.id, channelId)
  await alice.start()
  await alice.connectTo(bob)
  await alice.until(async () => alice.payloads('channel.closing').length === 1)
  await alice.stop()
  const after = await cutOff(t, path, 2, bob.id, channelId)
  for (let life = 0; life < 2; life++) {
    await alice.start()
    await alice.until(async () => (await statusOf(alice, after)) === 'failed')
    t.is(await statusOf(alice, before), 'in-flight')
    await alice.stop()
  }
})

test('what was under way when the database was put back goes on with the next block once every channel has shown that it is the latest', async (t) => {
  const { world, alice, bob, path, channelId } = await pair(t)
  const backup = await backUp(t, alice, path)
  const { id } = bob
  await bob.stop()
  await putBack(alice, path, backup)
  const before = await cutOff(t, path, 1, id, channelId)
  await alice.start()
  await world.mine(1)
  t.is(await statusOf(alice, before), 'in-flight')
  await bob.start()
  await alice.connectTo(bob)
  await alice.until(() => alice.isUsable(channelId))
  t.is(await statusOf(alice, before), 'in-flight')
  await world.mine(1)
  await alice.until(async () => (await statusOf(alice, before)) === 'failed')
  await alice.stop()
  const after = await cutOff(t, path, 2, bob.id, channelId)
  await alice.start()
  await alice.until(async () => (await statusOf(alice, after)) === 'failed')
})

/**
 * A relay that was begun for the first HTLC that the peer offered, as a crash leaves it: its row is written, and no channel was told. The
 * invoice is gone, so that the HTLC is answered at once when it is taken on anew.
 */
const beginRelay = async (t: ExecutionContext, path: string, channelId: string, hash: string): Promise<void> => {
  const store = await openSqliteStore({ path, migrations: MIGRATIONS, onFatal: (error) => t.fail(`${error}`) })
  const [channel, paymentHash, htlcId] = [fromHex(channelId), fromHex(hash), 0n]
  const part = { channelId: channel, amountMsat: 50_000_000n, cltvExpiry: 500 }
  const outgoing = { ...part, firstHtlcId: 1_000n }
  const record: RelayRecord = {
    paymentHash,
    incoming: [{ ...part, htlcId }],
    requested: { type: 'channel', shortChannelId: 1n },
    startedAt: 1,
    outgoing: [outgoing],
  }
  store.submit([
    { table: TABLE.relay, key: concat(channel, u64be(htlcId)), value: encodeRelayRecord(record) },
    { table: TABLE.invoice, key: paymentHash, value: undefined },
  ])
  await store.close()
}

test('an HTLC whose relay was begun when the database was put back is taken on anew with the next block once every channel has shown that it is the latest', async (t) => {
  const { world, alice, bob, path, channelId } = await pair(t)
  const parts = await inTwoParts(alice)
  const { outcome } = await sendPart(parts, bob, alice)
  await alice.until(async () => (await inFlight(alice, channelId)) === 1)
  // Once this one has come and gone, the channel rests.
  await alice.pay(await bob.invoice(1_000_000n))
  await alice.until(async () => (await inFlight(alice, channelId)) === 1)
  const backup = await backUp(t, alice, path)
  await putBack(alice, path, backup)
  await beginRelay(t, path, channelId, parts.paymentHash)
  await alice.start()
  await alice.connectTo(bob)
  await alice.until(() => alice.isUsable(channelId))
  t.is(await inFlight(alice, channelId), 1)
  await world.mine(1)
  const failure = { code: 'incorrect-or-unknown-payment-details' }
  t.like(await outcome, { ok: false, error: { details: { failure } } })
  t.deepEqual(alice.payloads('channel.errored'), [])
})

test('an HTLC whose relay was begun when the database was put back, and whose channel has ended — is told of no more when another channel turns out to be lost', async (t) => {
  const { world, alice, bob, path, channelId } = await pair(t)
  const carol = await world.node('carol', { path: join(dirname(path), 'carol.sqlite') })
  await alice.connectTo(carol)
  const other = await alice.openTo(carol, 1_000_000n)
  const parts = await inTwoParts(alice)
  await sendPart(parts, bob, alice)
  await alice.until(async () => (await inFlight(alice, channelId)) === 1)
  const backup = join(dirname(path), 'backup')
  renameSync((await alice.ask('node', 'backup', { folder: join(dirname(path), 'backups') })).path, backup)
  await alice.pay(await carol.invoice(1_000_000n))
  await carol.until(async () => (await inFlight(carol, other)) === 0)
  await carol.stop()
  await putBack(alice, path, backup)
  await beginRelay(t, path, channelId, parts.paymentHash)
  await alice.start()
  await alice.connectTo(bob)
  await alice.until(() => alice.isUsable(channelId))

  await bob.ask('channels', 'forceClose', { channelId })
  // The HTLC runs out, bob takes it back, and nothing can undo that any more.
  for (let mined = 0; mined < 400; mined += 10) await world.mine(10)
  await alice.until(async () => (await alice.ask('channels', 'list', { peer: bob.id })).items.length === 0)

  await carol.start()
  await alice.connectTo(carol)
  await alice.until(async () => alice.payloads('channel.closing').length === 2)
  await world.mine(1)
  const codes = alice.payloads('channel.errored').map((payload) => (payload as { code?: string }).code)
  t.false(codes.includes('htlc-outcome-unknown'))
})
