import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { ChainBackend } from '../../core/src/chain/chain-backend.ts'
import { fromHex } from '../../core/src/lib/bytes.ts'
import { err } from '../../core/src/lib/result.ts'
import { TABLE } from '../../core/src/node/storage/tables.ts'
import { type TestNode, World } from './support/world.ts'

const inFolder = (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-static-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  return { folder, world }
}

const owned = async (node: TestNode): Promise<bigint> => {
  const { confirmedSat, unconfirmedSat } = await node.ask('wallet', 'balance', {})
  return confirmedSat + unconfirmedSat
}

/** Alice has a channel with bob, in which payments have gone both ways, and loses all but her words and the static backup. */
const lost = async (t: ExecutionContext) => {
  const { folder, world } = inFolder(t)
  const places = { own: join(folder, 'channels.backup'), other: join(folder, 'elsewhere.backup') }
  const alice = await world.node('alice', { staticBackup: places })
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n, 300_000_000n)
  await alice.pay(await bob.invoice(10_000_000n))
  await bob.pay(await alice.invoice(4_000_000n))
  await alice.until(async () => (await alice.ask('channels', 'get', { channelId })).channel.htlcsInFlight === 0)
  const { localMsat } = (await alice.ask('channels', 'get', { channelId })).channel
  await alice.stop()
  return { folder, world, bob, places, channelId, localMsat }
}

/** What comes back: less the fees of the commitment, its anchors and the claim. */
const comesBack = async (t: ExecutionContext, world: World, alice: TestNode, localMsat: bigint): Promise<void> => {
  for (let block = 0; block < 20 && (await owned(alice)) === 0n; block++) await world.mine(1)
  const came = await owned(alice)
  t.true(came <= localMsat / 1000n && came > localMsat / 1000n - 5_000n, `${came} of ${localMsat / 1000n}`)
}

test('a node that has its words and a static backup alone — asks the peer to close, and gets its share', async (t) => {
  const { world, bob, places, channelId, localMsat } = await lost(t)
  t.is(statSync(places.own).mode & 0o777, 0o600)
  t.deepEqual(readFileSync(places.own), readFileSync(places.other))

  const alice = await world.node('alice')
  t.deepEqual(await alice.ask('channels', 'restore', { path: places.other }), { restored: 1, known: 0 })
  t.like((await alice.ask('channels', 'get', { channelId })).channel, { state: 'closing', capacitySat: 1_000_000n })
  // Nothing of ours can be published, whoever asks.
  const forced = await alice.tryAsk('channels', 'forceClose', { channelId, evenIfOld: true })
  t.like(forced, { ok: false, error: { code: 'already-closing' } })
  t.deepEqual(await alice.ask('channels', 'restore', { path: places.own }), { restored: 0, known: 1 })
  await bob.until(async () => bob.payloads('channel.closing').length === 1)
  await comesBack(t, world, alice, localMsat)
  await world.mine(120)
  await alice.until(async () => alice.payloads('channel.closed').length === 1)
  t.deepEqual(alice.payloads('channel.closing'), [])
})

test('a channel that its peer has closed long before the static backup is put back — is found in the blocks, and its share taken', async (t) => {
  const { world, bob, places, channelId, localMsat } = await lost(t)
  await bob.ask('channels', 'forceClose', { channelId })
  await world.mine(30)
  await bob.stop()
  const alice = await world.node('alice')
  await world.mine(10)
  t.deepEqual(await alice.ask('channels', 'restore', { path: places.own }), { restored: 1, known: 0 })
  await comesBack(t, world, alice, localMsat)
})

test('a static backup that another seed has made, or that was changed, is refused with what to do; a channel of the node is left as it is', async (t) => {
  const { folder, world, bob, places } = await lost(t)
  const refusal = async (node: TestNode, path: string): Promise<string> => {
    const asked = await node.tryAsk('channels', 'restore', { path })
    return asked.ok ? 'restored' : asked.error.code
  }
  t.is(await refusal(bob, places.own), 'channel-backup-foreign')
  const alice = await world.node('alice')
  const whole = readFileSync(places.own)
  const changed = join(folder, 'changed')
  for (const [at, code] of [
    [0, 'channel-backup-invalid'],
    [7, 'channel-backup-too-new'],
    [8, 'channel-backup-foreign'],
    [20, 'channel-backup-foreign'],
    [whole.length - 1, 'channel-backup-foreign'],
  ] as const) {
    const bytes = Buffer.from(whole)
    bytes[at] = (bytes[at] ?? 0) ^ 0xff
    writeFileSync(changed, bytes)
    t.is(await refusal(alice, changed), code)
  }
  writeFileSync(changed, whole.subarray(0, 30))
  t.is(await refusal(alice, changed), 'channel-backup-invalid')
  t.is(await refusal(alice, folder), 'channel-backup-unreadable')
  t.is(await refusal(alice, 'channels.backup'), 'channel-backup-unreadable')
  t.is((await alice.ask('channels', 'list', {})).items.length, 0)
})

test('a channel is in the static backup on the disk before its funding is on its way, and a place that is away keeps nobody', async (t) => {
  const { folder, world } = inFolder(t)
  const own = join(folder, 'channels.backup')
  const other = join(folder, 'not-there', 'channels.backup')
  const alice = await world.node('alice', { staticBackup: { own, other } })
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const empty = readFileSync(own).length
  await alice.openTo(bob, 1_000_000n)
  t.true(readFileSync(own).length > empty + 200)
  const { warnings } = await alice.ask('node', 'getInfo', {})
  t.true(warnings.some((warning) => warning.includes(other)))
  const made = await alice.ask('channels', 'backup', { folder: join(folder, 'by-hand') })
  t.is(made.channels, 1)
  t.is(readFileSync(made.path).length, made.bytes)
})

/** Bob's static backup has a place that goes away and comes back; alice has opened a channel to him that is in no block yet. */
const placeOfBob = async (t: ExecutionContext) => {
  const { folder, world } = inFolder(t)
  const there = join(folder, 'there')
  mkdirSync(there)
  const alice = await world.node('alice')
  const bob = await world.node('bob', {
    path: join(folder, 'bob.sqlite'),
    staticBackup: { own: join(there, 'channels.backup') },
  })
  const carol = await world.node('carol')
  for (const node of [alice, carol]) {
    await node.faucet(5_000_000n)
    await node.connectTo(bob)
  }
  const opening = { nodeId: bob.id, fundingSat: 1_000_000n, pushMsat: 300_000_000n }
  const { channelId } = await alice.ask('channels', 'open', opening)
  /** A new backup of bob is due. */
  const openAnother = () => carol.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat: 1_000_000n })
  return {
    world,
    alice,
    bob,
    carol,
    channelId: channelId,
    openAnother,
    takeAway: () => renameSync(there, join(folder, 'away')),
    putBack: () => renameSync(join(folder, 'away'), there),
    isMissed: async () =>
      (await bob.ask('node', 'getInfo', {})).warnings.some((warning) => warning.includes('static backup')),
  }
}

test('a channel that is in the static backup opens and pays, while another waits for a place that is away', async (t) => {
  const { world, alice, bob, channelId, openAnother, takeAway, putBack, isMissed } = await placeOfBob(t)
  takeAway()
  const opened = openAnother()
  await bob.until(isMissed)
  await world.mine(6)
  for (const node of [alice, bob]) await node.until(() => node.isUsable(channelId))
  await bob.pay(await alice.invoice(10_000_000n))
  t.deepEqual(alice.payloads('channel.closing'), [])
  putBack()
  // A backup is due again, and with it what has waited goes.
  await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 1_000_000n })
  t.true((await opened).ok)
})

test('what a channel sends after something that waits for the static backup waits behind it', async (t) => {
  const { world, alice, bob, carol, channelId, openAnother, takeAway, putBack, isMissed } = await placeOfBob(t)
  await bob.stop()
  takeAway()
  // What is not at its place may as well be lost: all channels wait for the next.
  await bob.start()
  await bob.until(isMissed)
  await alice.connectTo(bob)
  await world.mine(6)
  await bob.until(() => bob.isUsable(channelId))
  const paid = bob.pay(await alice.invoice(10_000_000n))
  await bob.until(async () => (await bob.ask('channels', 'get', { channelId })).channel.localMsat === 290_000_000n)
  t.false(await alice.isUsable(channelId))
  putBack()
  await carol.connectTo(bob)
  t.true((await openAnother()).ok)
  t.is((await paid).status, 'settled')
  t.deepEqual(alice.payloads('channel.closing'), [])
})

/** Bob keeps the backup of alice, and says nothing of it. */
const keptBy = async (t: ExecutionContext, bob: TestNode, alice: string): Promise<Uint8Array> => {
  let blob: Uint8Array | undefined
  await bob.until(async () => {
    blob = await bob.store.get(TABLE.peerStorage, fromHex(alice))
    return blob !== undefined
  })
  t.is(blob?.length, 65_531)
  return blob as Uint8Array
}

test('BOLT 1, peer storage — a node that has its words and the address of a peer alone gets its backup back from it, and its share', async (t) => {
  const { folder, world } = inFolder(t)
  const first = await world.node('alice', {})
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  const carol = await world.node('carol')
  await first.faucet(10_000_000n)
  await first.connectTo(bob)
  await first.connectTo(carol)
  const { id } = first
  const channels = [await first.openTo(bob, 1_000_000n, 300_000_000n), await first.openTo(carol, 500_000n)]
  await first.pay(await bob.invoice(10_000_000n))
  await keptBy(t, bob, id)
  await first.until(
    async () => (await first.ask('channels', 'get', { channelId: channels[0] ?? '' })).channel.htlcsInFlight === 0,
  )
  // The next connection gives it what has come meanwhile.
  await bob.stop()
  await bob.start()
  await first.connectTo(bob)
  await first.until(() => first.isUsable(channels[0] ?? ''))
  await keptBy(t, bob, id)
  await first.stop()

  const alice = await world.node('alice')
  t.is(alice.id, id)
  await alice.connectTo(bob)
  // Of both channels, that with carol as well, whose address comes with it.
  await alice.until(async () => (await alice.ask('channels', 'list', {})).items.length === 2)
  for (const peer of [bob, carol]) await peer.until(async () => peer.payloads('channel.closing').length === 1)
  for (let block = 0; block < 20 && (await owned(alice)) < 1_180_000n; block++) await world.mine(1)
  const came = await owned(alice)
  t.true(came > 1_175_000n && came <= 1_190_000n, `${came}`)
})

test('BOLT 1, peer storage — what a peer gives back adds the channel that an older file did not know', async (t) => {
  const { folder, world } = inFolder(t)
  const first = await world.node('alice', { staticBackup: { own: join(folder, 'channels.backup') } })
  const bob = await world.node('bob')
  const carol = await world.node('carol', { path: join(folder, 'carol.sqlite') })
  await first.faucet(10_000_000n)
  for (const peer of [bob, carol]) await first.connectTo(peer)
  await first.openTo(bob, 1_000_000n)
  const { path } = await first.ask('channels', 'backup', { folder: join(folder, 'by-hand') })
  await first.openTo(carol, 500_000n)
  // The next connection gives it what is outdated.
  await carol.stop()
  await carol.start()
  await first.connectTo(carol)
  await keptBy(t, carol, first.id)
  await first.stop()

  const alice = await world.node('alice')
  t.deepEqual(await alice.ask('channels', 'restore', { path }), { restored: 1, known: 0 })
  await alice.connectTo(carol)
  await alice.until(async () => (await alice.ask('channels', 'list', {})).items.length === 2)
  await carol.until(async () => carol.payloads('channel.closing').length === 1)
})

test('BOLT 1, peer storage — what a peer gives back that is not ours, or tells of no lost channel, changes nothing', async (t) => {
  const { folder, world } = inFolder(t)
  const alice = await world.node('alice', { path: join(folder, 'alice.sqlite') })
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 1_000_000n)
  const { id } = alice
  const blob = await keptBy(t, bob, id)
  // One of before, one of another node, one that was changed: in the place of the right one.
  const forged = [Uint8Array.from(blob, (byte, at) => (at === 1_000 ? byte ^ 1 : byte)), new Uint8Array(10), blob]
  for (const instead of forged) {
    bob.store.submit([{ table: TABLE.peerStorage, key: fromHex(id), value: instead }])
    await bob.store.flush()
    await alice.stop()
    await alice.start()
    await alice.connectTo(bob)
    const [channel, ...others] = (await alice.ask('channels', 'list', {})).items
    t.deepEqual(others, [])
    await alice.until(() => alice.isUsable(channel?.channelId ?? ''))
  }
  t.deepEqual(bob.payloads('channel.closing'), [])
})

/** A chain that takes nothing from the node. */
const deaf = (chain: ChainBackend): ChainBackend => {
  const refused = async () => err({ code: 'rejected', reason: 'refused by the test' } as const)
  return { ...chain, broadcast: refused, broadcastPackage: refused }
}

test('a channel of a static backup whose funding is in no block — is shown as one that waits for it, and forgotten two weeks later', async (t) => {
  const { folder, world } = inFolder(t)
  const places = { own: join(folder, 'channels.backup') }
  const first = await world.node('alice', { staticBackup: places, backend: deaf })
  const bob = await world.node('bob')
  await first.faucet(10_000_000n)
  await first.connectTo(bob)
  const { channelId } = await first.ask('channels', 'open', { nodeId: bob.id, fundingSat: 1_000_000n })
  await first.stop()
  await bob.stop()
  await world.mine(200)
  const path = join(folder, 'alice.sqlite')
  const alice = await world.node('alice', { path })
  t.deepEqual(await alice.ask('channels', 'restore', { path: places.own }), { restored: 1, known: 0 })
  const waits = async () => (await alice.ask('channels', 'get', { channelId })).channel.waits
  const kinds = async () => (await waits()).map(({ kind }) => kind)
  await alice.until(async () => (await kinds()).includes('funding'))
  const restoredAt = (await alice.ask('node', 'getInfo', {})).blockHeight
  t.like(
    (await waits()).find(({ kind }) => kind === 'funding'),
    { until: restoredAt + 2_016, action: 'forget' },
  )
  await world.mine(2_015)
  await alice.until(async () => (await kinds()).includes('funding'))
  // What has been looked through is on the disk.
  await alice.stop()
  await alice.start()
  await alice.until(async () => (await kinds()).includes('funding'))
  t.deepEqual(alice.payloads('channel.closed'), [])
  await world.mine(1)
  await alice.until(async () => alice.payloads('channel.closed').length === 1)
  t.like(alice.payloads('channel.errored'), [{ code: 'funding-not-seen' }])
  t.deepEqual((await alice.ask('channels', 'list', {})).items, [])
})
