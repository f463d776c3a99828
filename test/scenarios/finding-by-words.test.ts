import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { World } from './support/world.ts'

test('a channel is found by short channel id, alias, the beginning of an id, and the name of its peer; a peer by name', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const [bob, carol] = [await world.node('bob'), await world.node('carol')]
  await alice.faucet(20_000_000n)
  for (const peer of [bob, carol]) {
    await alice.connectTo(peer)
    await alice.openTo(peer, 1_000_000n)
  }
  const [first, second] = (await alice.ask('channels', 'list', {})).items
  if (first === undefined || second === undefined) throw new Error('two channels are open')
  await alice.ask('peers', 'rename', { nodeId: first.peer, name: 'Bob the second' })

  const channel = async (words: string) => (await alice.ask('channels', 'find', { channel: words })).channelId
  for (const words of [
    first.shortChannelId ?? '',
    first.aliases[0] ?? '',
    first.remoteAlias ?? '',
    first.channelId,
    first.channelId.toUpperCase(),
    first.channelId.slice(0, 12),
    // As lists show it.
    `${first.channelId.slice(0, 12)}…`,
    'bob the SECOND',
  ]) {
    t.is(await channel(words), first.channelId, words)
  }
  const peer = async (words: string) => (await alice.ask('peers', 'find', { peer: words })).nodeId
  for (const words of ['Bob the second', first.peer, first.peer.slice(0, 20), `${first.peer.slice(0, 12)}…`])
    t.is(await peer(words), first.peer, words)
  t.is((await alice.ask('channels', 'list', { peer: first.peer })).items[0]?.peerName, 'Bob the second')

  // What is too short, unknown or not unique is no guess.
  for (const words of [
    '',
    '…',
    '0',
    first.channelId.slice(0, 3),
    'nobody',
    '1x1x1',
    '9x9999999999x9',
    'ffff'.repeat(16),
  ]) {
    const answer = await alice.tryAsk('channels', 'find', { channel: words })
    t.like(answer, { ok: false, error: { code: 'channel-not-found', field: 'channel' } }, words)
  }
  t.like(await alice.tryAsk('peers', 'find', { peer: 'nobody' }), { ok: false, error: { code: 'peer-not-found' } })
  await alice.openTo(bob, 1_000_000n)
  t.like(await alice.tryAsk('channels', 'find', { channel: first.peer }), {
    ok: false,
    error: { code: 'channel-ambiguous' },
  })
})

test('a name is one peer’s, whatever its case, lasts over a restart, and can be given on or taken away', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-names-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const alice = await world.node('alice', { path: join(folder, 'alice.sqlite') })
  const [one, two] = [`02${'79be667e'.repeat(8)}`, alice.id]
  const rename = (nodeId: string, name?: string) =>
    alice.tryAsk('peers', 'rename', { nodeId, ...(name === undefined ? {} : { name }) })
  t.true((await rename(one, 'shop')).ok)
  t.like(await rename(two, 'SHOP'), {
    ok: false,
    error: { code: 'name-taken', field: 'name', details: { owner: one } },
  })
  t.true((await rename(one, 'Shop')).ok)
  await alice.stop()
  await alice.start()
  t.is((await alice.ask('peers', 'find', { peer: 'shop' })).nodeId, one)
  t.true((await rename(one)).ok)
  t.false((await alice.tryAsk('peers', 'find', { peer: 'shop' })).ok)
  t.true((await rename(two, 'shop')).ok)
  for (const name of ['', ' shop', 'shop\n', 'a@b', 'x'.repeat(33), 'sh\u202eop']) {
    t.like(await rename(one, name), { ok: false, error: { code: 'invalid-request', field: 'name' } }, name)
  }
})

test('who has only dialled in is not found by the beginning of an id, which a stranger makes at will', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await bob.connectTo(alice)
  const find = (peer: string) => alice.tryAsk('peers', 'find', { peer })
  t.like((await alice.ask('peers', 'list', {})).items, [{ nodeId: bob.id, direction: 'inbound' }])
  t.like(await find(bob.id.slice(0, 20)), { ok: false, error: { code: 'peer-not-found' } })
  t.like(await find(bob.id), { ok: true, value: { nodeId: bob.id } })
  await bob.faucet(2_000_000n)
  await bob.openTo(alice, 1_000_000n)
  t.like(await find(bob.id.slice(0, 20)), { ok: true, value: { nodeId: bob.id } })
})

test('a peer whose id begins like that of another is no guess: both are named', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  for (const [end, name] of [
    ['1', 'first'],
    ['2', 'second'],
  ]) {
    await alice.ask('peers', 'rename', { nodeId: `02abcdef${end?.repeat(58)}`, name })
  }
  t.like(await alice.tryAsk('peers', 'find', { peer: '02abcdef' }), {
    ok: false,
    error: { code: 'peer-ambiguous', field: 'peer', details: { candidates: ['first', 'second'] } },
  })
})

test('a close that is done is counted and found no more: the other channel with the peer has its name for itself', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const first = await alice.openTo(bob, 1_000_000n)
  const second = await alice.openTo(bob, 1_000_000n)
  await alice.ask('channels', 'close', { channelId: first })
  await alice.until(async () => world.chain.mempool.length > 0)
  await world.mine(6)
  await alice.until(async () => alice.payloads('channel.closed').length === 1)
  const { channelId } = await alice.ask('channels', 'find', { channel: bob.id })
  t.is(channelId, second)
  t.is((await alice.ask('peers', 'list', {})).items[0]?.channels, 1)
})
