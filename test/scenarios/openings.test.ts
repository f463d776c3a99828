import test from 'ava'
import { displayTxid, txidOf } from '../../core/src/bitcoin/transaction.ts'
import type { ChainBackend } from '../../core/src/chain/chain-backend.ts'
import { toHex, utf8Decode, utf8Encode } from '../../core/src/lib/bytes.ts'
import { HostilePeer } from './support/hostile-peer.ts'
import { World } from './support/world.ts'

/** A chain whose fees are estimated at this. */
const withEstimate = (feerate: number) => (chain: ChainBackend) => ({ ...chain, estimateFeerate: () => feerate })

test('an opening that the peer wants announced is refused in words, or taken unannounced where the operator says so', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const bob = await world.node('bob')
  const mallory = await HostilePeer.connect(bob, 66)
  mallory.send({ ...mallory.openChannel(new Uint8Array(32).fill(1)), channelFlags: 1 })
  t.is(utf8Decode((await mallory.next('error')).data), 'this node does not announce channels: open it unannounced')
  mallory.send(mallory.openChannel(new Uint8Array(32).fill(2)))
  await mallory.next('accept_channel')

  const carol = await world.node('carol', { choices: { announcedOpenings: 'unannounced' } })
  const mary = await HostilePeer.connect(carol, 67)
  mary.send({ ...mary.openChannel(new Uint8Array(32).fill(1)), channelFlags: 1 })
  await mary.next('accept_channel')
})

test('an opening that fails says whose refusal it was, and what our commitments pay where that may be the reason', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice', { backend: withEstimate(8_000) })
  await alice.faucet(10_000_000n)
  const mallory = await HostilePeer.connect(alice, 66)
  const open = () => alice.tryAsk('channels', 'open', { nodeId: toHex(mallory.nodeId), fundingSat: 100_000n })

  const ours = open()
  const first = await mallory.next('open_channel')
  mallory.send({ ...mallory.acceptChannel(first), dustLimitSatoshis: 300n } as never)
  t.like(await ours, {
    error: {
      code: 'terms-refused',
      message: 'this node refused it: dust limit too small',
      details: { dustLimit: '300' },
    },
  })
  await mallory.next('error')

  const theirs = open()
  const { temporaryChannelId } = await mallory.next('open_channel')
  mallory.send({ type: 'error', channelId: temporaryChannelId, data: utf8Encode('feerate unacceptable') })
  t.like(await theirs, {
    error: {
      code: 'refused-by-peer',
      message:
        'feerate unacceptable (our commitments pay 2500 sat/kw at most, the estimate is 8000: --max-commitment-feerate)',
      details: { commitmentFeerate: '2500', estimate: '8000' },
    },
  })
})

test('a channel is funded by exactly the coins that were chosen, or not at all', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  for (const amount of [400_000n, 500_000n, 600_000n, 700_000n]) await alice.faucet(amount)
  await alice.connectTo(bob)
  const { items } = await alice.ask('wallet', 'utxos', {})
  const coinOf = (amount: bigint): string => {
    const found = items.find(({ amountSat }) => amountSat === amount)
    return `${found?.txid}:${found?.outputIndex}`
  }
  const chosen = [coinOf(400_000n), coinOf(600_000n)]
  const opened = await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 300_000n, coins: chosen })
  const { items: left } = await alice.ask('wallet', 'utxos', {})
  const names = left.map(({ txid, outputIndex }) => `${txid}:${outputIndex}`)
  // Both are spent, though one would have been enough; no other is.
  t.false(chosen.some((coin) => names.includes(coin)))
  t.true([500_000n, 700_000n].every((amount) => names.includes(coinOf(amount))))
  const change = left.find(({ txid }) => txid === opened.fundingTxid)
  t.is(change?.amountSat, 700_000n - opened.feeSat)

  const refused = (coins: readonly string[], fundingSat: bigint) =>
    alice.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat, coins })
  t.like(await refused(chosen, 300_000n), { error: { code: 'coin-unavailable', field: 'coins' } })
  await alice.ask('wallet', 'freeze', { coin: coinOf(500_000n) })
  t.like(await refused([coinOf(500_000n)], 300_000n), { error: { code: 'coin-unavailable', field: 'coins' } })
  // Nothing is added to coins that do not suffice.
  t.like(await refused([coinOf(700_000n)], 800_000n), { error: { code: 'insufficient-funds' } })
  t.is((await alice.ask('channels', 'list', {})).items.length, 1)
})

test('the operator chooses how much our commitments pay at most', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice', { backend: withEstimate(8_000), choices: { maxCommitmentFeerate: 6_000 } })
  await alice.faucet(10_000_000n)
  const mallory = await HostilePeer.connect(alice, 66)
  const opening = alice.tryAsk('channels', 'open', { nodeId: toHex(mallory.nodeId), fundingSat: 100_000n })
  const { feeratePerKw, temporaryChannelId } = await mallory.next('open_channel')
  t.is(feeratePerKw, 6_000)
  mallory.send({ type: 'error', channelId: temporaryChannelId, data: utf8Encode('no') })
  t.like(await opening, { error: { code: 'refused-by-peer' } })
})

test('an opening is listed with what it waits for until it has a funding, whoever began it', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  await alice.faucet(10_000_000n)
  const mallory = await HostilePeer.connect(alice, 66)
  const peer = toHex(mallory.nodeId)
  const openings = async () => (await alice.ask('channels', 'openings', {})).items
  t.deepEqual(await openings(), [])
  const opening = alice.tryAsk('channels', 'open', { nodeId: peer, fundingSat: 100_000n })
  const { temporaryChannelId } = await mallory.next('open_channel')
  t.deepEqual(await openings(), [
    {
      temporaryChannelId: toHex(temporaryChannelId),
      peer,
      initiator: 'local',
      fundingSat: 100_000n,
      waitsFor: 'peer-answer',
    },
  ])
  t.deepEqual((await alice.ask('channels', 'list', {})).items, [])
  mallory.send({ type: 'error', channelId: temporaryChannelId, data: utf8Encode('no') })
  await opening
  mallory.send(mallory.openChannel(new Uint8Array(32).fill(7), 200_000n))
  await mallory.next('accept_channel')
  t.like(await openings(), [{ peer, initiator: 'remote', fundingSat: 200_000n, waitsFor: 'peer-funding' }])
  await mallory.leave()
  await alice.until(async () => (await openings()).length === 0)
})

test('BOLT 2, open_channel — each opening has a temporary id of its own', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  await alice.faucet(10_000_000n)
  const mallory = await HostilePeer.connect(alice, 66)
  const ids: string[] = []
  for (let opening = 0; opening < 3; opening++) {
    const asked = alice.tryAsk('channels', 'open', { nodeId: toHex(mallory.nodeId), fundingSat: 100_000n })
    const { temporaryChannelId } = await mallory.next('open_channel')
    ids.push(toHex(temporaryChannelId))
    mallory.send({ type: 'error', channelId: temporaryChannelId, data: utf8Encode('no') })
    await asked
  }
  t.is(new Set(ids).size, 3)
})

test('BOLT 2, channel_ready — each channel has an alias of its own, which no real id can be', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob, carol] = [await world.node('alice'), await world.node('bob'), await world.node('carol')]
  await alice.faucet(10_000_000n)
  for (const peer of [bob, carol, bob]) {
    if (peer === carol || (await alice.ask('peers', 'list', {})).items.length === 0) await alice.connectTo(peer)
    await alice.openTo(peer, 200_000n)
  }
  const { items } = await alice.ask('channels', 'list', {})
  const aliases = items.flatMap((channel) => channel.aliases)
  t.is(aliases.length, 3)
  t.is(new Set([...aliases, ...items.map(({ shortChannelId }) => shortChannelId)]).size, 6)
  // Their heights are of no block: from 2^24 less 2^20 on.
  for (const alias of aliases) t.true(Number(alias.split('x')[0]) >= 0xf00000, alias)
})

test('BOLT 2, funding_created — the funding spends segwit coins alone, so that its id cannot change', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  for (let coin = 0; coin < 3; coin++) await alice.faucet(100_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 250_000n)
  const txid = (await alice.ask('channels', 'get', { channelId })).channel.fundings[0]?.txid ?? ''
  const { blockHeight } = await alice.ask('node', 'getInfo', {})
  const blocks = Array.from({ length: blockHeight + 1 }, (_, height) => world.chain.blockAt(height))
  const tx = blocks.flatMap((block) => block?.txs ?? []).find((each) => displayTxid(txidOf(each)) === txid)
  t.is(tx?.inputs.length, 3)
  for (const { scriptSig, witness } of tx?.inputs ?? []) {
    t.is(scriptSig.length, 0)
    t.true(witness.length > 0)
  }
})
