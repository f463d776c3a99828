import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { fromHex } from '../../core/src/lib/bytes.ts'
import { HostilePeer } from './support/hostile-peer.ts'
import { World } from './support/world.ts'

test('a peer that called, and has a channel, is taken to listen at the usual port; of a stranger nothing is kept', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-addresses-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  const knownToBob = async () =>
    Object.fromEntries((await bob.ask('peers', 'list', {})).items.map((peer) => [peer.nodeId, peer.knownAddresses]))
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  await HostilePeer.connect(bob, 66)
  t.deepEqual(Object.values(await knownToBob()), [[], []])
  await alice.openTo(bob, 1_000_000n)

  // It is seen when the connection ends, or at the next call.
  const aliceId = alice.id
  await alice.stop()
  await bob.until(async () => (await knownToBob())[aliceId]?.length === 1)
  await bob.stop()
  await bob.start()
  t.regex((await knownToBob())[aliceId]?.[0] ?? '', /127\.0\.0\.1\]?:9735$/)
  t.deepEqual(Object.keys(await knownToBob()), [aliceId])
})

test('a peer that the operator has named is called at the start, at each of its addresses in turn', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const port = alice.node.port ?? 0
  const nodeId = fromHex(alice.id)
  const bob = await world.node('bob', {
    peers: [
      { nodeId, address: { host: '127.0.0.1', port: 1 } },
      { nodeId, address: { host: '127.0.0.1', port } },
    ],
  })
  await bob.until(async () => (await bob.ask('peers', 'list', { connected: true })).items.length === 1)
  const { items } = await bob.ask('peers', 'list', {})
  t.like(items[0], { nodeId: alice.id, direction: 'outbound', knownAddresses: [`127.0.0.1:${port}`, '127.0.0.1:1'] })
  // And again when the connection was lost.
  await alice.stop()
  await alice.start()
  await bob.until(async () => bob.payloads('peer.connected').length > 1)
})

test('a peer with a channel that is away, and whose address nobody knows, is a warning', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-addresses-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = new World()
  t.teardown(() => world.close())
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  const stranger = await HostilePeer.connect(bob, 66)
  const open = stranger.openChannel(new Uint8Array(32).fill(1))
  stranger.send(open)
  const accept = await stranger.next('accept_channel')
  stranger.send(stranger.fundingCreated(open, accept, { txid: new Uint8Array(32).fill(5), index: 0 }))
  await stranger.next('funding_signed')
  const warnings = async () => (await bob.ask('node', 'getInfo', {})).warnings.join()
  t.notRegex(await warnings(), /no address is known/)
  await stranger.leave()
  await bob.until(async () => (await bob.ask('peers', 'list', { connected: true })).items.length === 0)
  t.regex(await warnings(), /no address is known of 1 peer with channels that is away/)
})

test('a node that is told to call itself — refuses', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const address = `127.0.0.1:${alice.node.port ?? 0}`
  const answer = await alice.tryAsk('peers', 'connect', { nodeId: alice.id, address })
  t.like(answer, { ok: false, error: { code: 'invalid-request', field: 'nodeId' } })
  t.deepEqual((await alice.ask('peers', 'list', {})).items, [])
  t.deepEqual(alice.payloads('peer.connected'), [])
})

test('connecting to ourselves, to who is connected, or by another address says what happens', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  const connect = (address?: string, nodeId = bob.id) =>
    alice.tryAsk('peers', 'connect', { nodeId, ...(address === undefined ? {} : { address }) })
  for (const address of [undefined, alice.address]) {
    const answer = await connect(address, alice.id)
    t.like(answer, { ok: false, error: { code: 'invalid-request', field: 'nodeId' } })
    t.regex(answer.ok ? '' : answer.error.message, /this node itself/)
  }
  t.like(await connect(bob.address), { ok: true, value: { outcome: 'connected', peer: { address: bob.address } } })
  for (const address of [undefined, bob.address]) {
    t.like(await connect(address), { ok: true, value: { outcome: 'already-connected' } })
  }
  t.like(await connect('127.0.0.1:1'), {
    ok: true,
    value: { outcome: 'connected-elsewhere', peer: { address: bob.address } },
  })
  // Who called is connected by a port of its own, and elsewhere than where it may listen.
  const called = await bob.tryAsk('peers', 'connect', { nodeId: alice.id, address: alice.address })
  t.like(called, { ok: true, value: { outcome: 'connected-elsewhere' } })
})
