import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { silentLog } from '../../core/src/node/node-log.ts'
import type { TestNode } from '../scenarios/support/world.ts'
import { whyNoBitcoind } from './support/bitcoind.ts'
import { type UsersWallet, WalletsChain } from './support/own-wallet.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

/** A file for the store of a node that is started again. */
const storePath = async (t: ExecutionContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'fulgurite-own-wallet-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'node.sqlite')
}

const started = async (t: ExecutionContext): Promise<WalletsChain> => {
  t.timeout(280_000)
  const chain = await WalletsChain.start()
  t.teardown(() => chain.close())
  return chain
}

const all = async (node: TestNode): Promise<bigint> => {
  const { confirmedSat, unconfirmedSat } = await node.ask('wallet', 'balance', {})
  return confirmedSat + unconfirmedSat
}

/** Until the node and bitcoind's wallet say the same of what there is. */
const untilAgreed = (node: TestNode, wallet: UsersWallet): Promise<void> =>
  node.until(async () => (await all(node)) === (await wallet.total()))

/** What bitcoind hears of comes into its mempool, and a moment later into its wallet. */
const untilKnown = (node: TestNode, { rpc }: UsersWallet, txid: string): Promise<void> =>
  node.until(() =>
    rpc('gettransaction', [txid]).then(
      () => true,
      () => false,
    ),
  )

const lockedIn = async ({ rpc }: UsersWallet): Promise<number> => (await rpc<unknown[]>('listlockunspent')).length

real(
  'coins from before the first start are found; what either side gives out and spends, the other knows',
  async (t) => {
    const chain = await started(t)
    const wallet = await chain.newWallet('own')
    for (const type of ['bech32', 'bech32m', 'bech32m']) {
      await chain.payTo(await wallet.rpc<string>('getnewaddress', ['', type]), 4_000_000n)
    }
    await chain.mine(1)
    // One is locked: it is left alone, and known all the same.
    const [kept] = await wallet.rpc<{ txid: string; vout: number }[]>('listunspent')
    const lock = [{ txid: kept?.txid, vout: kept?.vout }]
    await wallet.rpc('lockunspent', [false, lock])
    // Its user has spent: change lies on an address of the other kind, in no block yet.
    const elsewhere = await chain.miner.rpc<string>('getnewaddress')
    await wallet.rpc('sendtoaddress', [elsewhere, 0.01])
    const alice = await chain.node('alice', { bitcoindWallet: () => chain.opened('own') })
    t.is((await alice.ask('wallet', 'balance', {})).frozenSat, 4_000_000n)
    await wallet.rpc('lockunspent', [true, lock])
    t.is(await all(alice), await wallet.total())
    t.true((await alice.ask('wallet', 'balance', {})).confirmedSat > 0n)

    const given = new Set<string>()
    for (let i = 0; i < 5; i++) {
      for (const type of ['p2tr', 'p2wpkh'] as const) {
        given.add((await alice.ask('wallet', 'newAddress', { type })).address)
      }
    }
    await alice.until(async () => (await lookedAt(alice, wallet)) !== undefined)
    for (const address of given) {
      const info = await wallet.rpc<{ ismine: boolean }>('getaddressinfo', [address])
      t.true(info.ismine)
    }
    for (const type of ['bech32', 'bech32m']) {
      t.false(given.has(await wallet.rpc<string>('getnewaddress', ['', type])), 'bitcoind gives out none of them again')
    }

    // What the user spends is seen before it is in a block, and what he gives up comes back.
    await wallet.rpc('sendtoaddress', [elsewhere, 0.02])
    await untilAgreed(alice, wallet)
    await chain.mine(1)
    await untilAgreed(alice, wallet)
    t.deepEqual(
      await alice
        .ask('node', 'getInfo', {})
        .then(({ warnings }) => warnings.filter((each) => /bitcoind's wallet/.test(each))),
      [],
    )

    // What the node sends, with change, and at a higher fee both ways.
    const { txid } = await alice.ask('wallet', 'send', { address: elsewhere, amountSat: 500_000n, feerate: 500 })
    await untilAgreed(alice, wallet)
    const replaced = await alice.ask('wallet', 'bumpFee', { txid, feerate: 1_500 })
    t.is(replaced.by, 'replacement')
    await untilAgreed(alice, wallet)
    const child = await alice.ask('wallet', 'bumpFee', { txid: replaced.txid, feerate: 4_000, by: 'child' })
    await untilAgreed(alice, wallet)
    await alice.until(async () => (await chain.rpc<string[]>('getrawmempool')).includes(child.txid as string))
    await chain.mine(1)
    await untilAgreed(alice, wallet)
    t.is((await alice.ask('wallet', 'balance', {})).unconfirmedSat, 0n)
  },
)

/** Each address that the node has given out is taken in bitcoind, too. */
const lookedAt = async (node: TestNode, wallet: UsersWallet): Promise<true | undefined> => {
  const { descriptors } = await wallet.rpc<{ descriptors: { desc: string; next_index?: number }[] }>('listdescriptors')
  const ours = (await node.ask('wallet', 'descriptors', {})).descriptors
  const inStep = ours.every(
    ({ descriptor, nextIndex }) => descriptors.find(({ desc }) => desc === descriptor)?.next_index === nextIndex,
  )
  return inStep ? true : undefined
}

real(
  'a channel is opened from it and closed to it, also alone, at a fee that its coins pay while it is locked; its user cannot replace the funding',
  async (t) => {
    const chain = await started(t)
    const wallet = await chain.newWallet('own')
    await wallet.rpc('encryptwallet', ['words'])
    const unlock = () => wallet.rpc('walletpassphrase', ['words', 600])
    await unlock()
    let feerate = 500
    const path = await storePath(t)
    const alice = await chain.node('alice', {
      path,
      bitcoindWallet: () => chain.opened('own'),
      backend: (backend) => ({ ...backend, estimateFeerate: () => feerate }),
    })
    const bob = await chain.node('bob')
    for (let i = 0; i < 4; i++) await alice.faucet(3_000_000n)
    await alice.connectTo(bob)
    await untilAgreed(alice, wallet)

    const { channelId, fundingTxid } = await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 4_000_000n })
    await untilKnown(alice, wallet, fundingTxid as string)
    // A replacement would have another id, and nothing that was signed could spend it.
    await t.throwsAsync(wallet.rpc('bumpfee', [fundingTxid]), { message: /not BIP 125 replaceable/ })
    await chain.mine(6)
    await alice.until(async () => alice.isUsable(channelId as string))
    await untilAgreed(alice, wallet)
    t.is(await lockedIn(wallet), 0)
    await alice.ask('channels', 'close', { channelId })
    await alice.until(async () => (await chain.rpc<string[]>('getrawmempool')).length > 0)
    await chain.mine(1)
    await untilAgreed(alice, wallet)
    t.true((await wallet.total()) > 11_900_000n, 'the balance came back to an address of bitcoind')

    const second = await alice.openTo(bob, 4_000_000n)
    await bob.stop()
    await wallet.rpc('walletlock')
    feerate = 5_000
    const { txid } = await alice.ask('channels', 'forceClose', { channelId: second })
    await alice.until(async () =>
      alice.payloads('channel.transaction-published').some(({ purpose }) => purpose === 'anchor'),
    )
    const [child] = alice.payloads('channel.transaction-published').filter(({ purpose }) => purpose === 'anchor')
    await alice.until(async () => (await chain.rpc<string[]>('getrawmempool')).includes(child?.txid as string))
    const { vin } = await chain.rpc<{ vin: { txid: string; vout: number }[] }>('getrawtransaction', [child?.txid, 1])
    t.true(vin.some((input) => input.txid === txid))
    t.true(vin.length > 1, 'a coin of bitcoind’s wallet pays')
    await chain.mine(1)
    await untilAgreed(alice, wallet)

    await alice.stop()
    await unlock()
    await alice.start()
    await untilAgreed(alice, wallet)
  },
)

real(
  'a locked wallet — is refused at the start with words, and may be locked again from then on: channels are closed all the same',
  async (t) => {
    const chain = await started(t)
    const wallet = await chain.newWallet('own')
    await wallet.rpc('encryptwallet', ['words'])
    const path = await storePath(t)
    const alice = chain.newNode('alice', { path, bitcoindWallet: () => chain.opened('own') })
    await t.throwsAsync(alice.start(), { message: 'bitcoind-wallet-locked' })
    const unlocked = async (): Promise<void> => {
      await wallet.rpc('walletpassphrase', ['words', 600])
      await alice.start()
      await wallet.rpc('walletlock')
    }
    await unlocked()
    await alice.faucet(3_000_000n)
    await alice.faucet(3_000_000n)
    const elsewhere = await chain.miner.rpc<string>('getnewaddress')
    await alice.ask('wallet', 'send', { address: elsewhere, amountSat: 500_000n })
    const bob = await chain.node('bob')
    await alice.connectTo(bob)
    const channelId = await alice.openTo(bob, 2_000_000n)
    await alice.ask('channels', 'close', { channelId })
    await alice.until(async () => (await chain.rpc<string[]>('getrawmempool')).length > 0)
    await chain.mine(1)
    await untilAgreed(alice, wallet)
    await alice.stop()
    await t.throwsAsync(alice.start(), { message: 'bitcoind-wallet-locked' })
    await unlocked()
    await untilAgreed(alice, wallet)
  },
)

real(
  'its user spends what the node has in mind — the node’s transaction is told as dropped, and the next one is made of what is left',
  async (t) => {
    const chain = await started(t)
    const wallet = await chain.newWallet('own')
    const handedIn: unknown[] = []
    const alice = await chain.node('alice', {
      bitcoindWallet: () => chain.opened('own'),
      log: {
        ...silentLog,
        debug: (event, fields) => event === 'chain.broadcast-refused' && handedIn.push(fields?.txid),
      },
    })
    await alice.faucet(1_000_000n)
    await alice.faucet(1_000_000n)
    const elsewhere = await chain.miner.rpc<string>('getnewaddress')
    const { txid } = await alice.ask('wallet', 'send', { address: elsewhere, amountSat: 300_000n, feerate: 500 })
    await untilKnown(alice, wallet, txid as string)
    const { txid: replacement } = await wallet.rpc<{ txid: string }>('bumpfee', [txid])
    await alice.until(async () => alice.payloads('wallet.transaction-dropped').some((dropped) => dropped.txid === txid))
    t.like(alice.payloads('wallet.transaction-dropped')[0], { txid, by: replacement })
    await untilAgreed(alice, wallet)
    // What is handed in is handed in with each block.
    for (let i = 0; i < 3; i++) await chain.mine(1)
    t.false(handedIn.includes(txid), 'what was told as dropped is not handed in again')

    // What he locks is left alone.
    const [coin] = await wallet.rpc<{ txid: string; vout: number }[]>('listunspent')
    await wallet.rpc('lockunspent', [false, [{ txid: coin?.txid, vout: coin?.vout }], true])
    await alice.until(async () => (await alice.ask('wallet', 'balance', {})).frozenSat > 0n)
    await wallet.rpc('lockunspent', [true])
    await alice.until(async () => (await alice.ask('wallet', 'balance', {})).frozenSat === 0n)

    // What is left is in one coin, and its user takes it between two looks of the node: the node looks before it sends.
    await wallet.rpc('sendtoaddress', [elsewhere, 0.008])
    const refused = await alice.tryAsk('wallet', 'send', { address: elsewhere, amountSat: 900_000n, feerate: 500 })
    t.like(refused, { ok: false, error: { code: 'insufficient-funds' } })
    await chain.mine(1)
    await untilAgreed(alice, wallet)
    await alice.ask('wallet', 'send', { address: elsewhere, amountSat: 100_000n, feerate: 500 })
    await chain.mine(1)
    await untilAgreed(alice, wallet)
  },
)

real(
  'restored from its descriptors it finds every coin, and the folder takes it under any name; it takes no other wallet',
  async (t) => {
    const chain = await started(t)
    const wallet = await chain.newWallet('own')
    const path = await storePath(t)
    let name = 'own'
    const alice = chain.newNode('alice', { path, bitcoindWallet: () => chain.opened(name) })
    await alice.start()
    const bob = await chain.node('bob')
    await alice.faucet(3_000_000n)
    await alice.faucet(1_000_000n)
    await alice.connectTo(bob)
    const channelId = await alice.openTo(bob, 2_000_000n)
    await alice.ask('wallet', 'send', { address: await chain.miner.rpc('getnewaddress'), amountSat: 100_000n })
    await alice.ask('channels', 'close', { channelId })
    await alice.until(async () => (await chain.rpc<string[]>('getrawmempool')).length > 1)
    await chain.mine(1)
    await untilAgreed(alice, wallet)
    const before = await wallet.total()
    t.is(await all(alice), before)
    await alice.stop()

    const { descriptors } = await wallet.rpc<{ descriptors: object[] }>('listdescriptors', [true])
    await chain.rpc('createwallet', ['again', false, true])
    const again = chain.wallet('again')
    const fresh = descriptors.map((each) => ({ ...each, timestamp: 0, next_index: 0, range: [0, 999] }))
    const imported = await again.rpc<{ success: boolean }[]>('importdescriptors', [fresh])
    t.true(imported.every(({ success }) => success))
    t.is(await again.total(), before)
    name = 'again'
    await alice.start()
    await untilAgreed(alice, again)
    // bitcoind has come to know again what was given out.
    await alice.until(async () => (await lookedAt(alice, again)) === true)
    await alice.stop()

    await chain.newWallet('another')
    name = 'another'
    await t.throwsAsync(alice.start(), { message: 'bitcoind-wallet-is-another' })
    await t.throwsAsync(chain.newNode('alice', { path }).start(), { message: 'wallet-is-of-bitcoind' })
    const earlier = await storePath(t)
    const builtIn = chain.newNode('carol', { path: earlier })
    await builtIn.start()
    await builtIn.faucet(100_000n)
    await builtIn.stop()
    const moved = chain.newNode('carol', { path: earlier, bitcoindWallet: () => chain.opened('own') })
    await t.throwsAsync(moved.start(), { message: 'wallet-is-built-in' })
  },
)

real(
  'a wallet that cannot be the node’s is refused with what is wrong; one that was encrypted later goes on with its keys',
  async (t) => {
    const chain = await started(t)
    const failureOf = async (name: string) => {
      const opened = await chain.opened(name).open(NETWORKS.regtest)
      return opened.ok ? undefined : opened.error
    }
    t.like(await failureOf('nowhere'), { code: 'bitcoind-wallet-not-loaded', wallet: 'nowhere' })
    await chain.rpc('createwallet', ['watching', true])
    t.like(await failureOf('watching'), { code: 'bitcoind-wallet-unfit', reason: 'watch-only' })
    await chain.rpc('createwallet', ['blank', false, true])
    const blank = chain.newNode('blank', { bitcoindWallet: () => chain.opened('blank') })
    await t.throwsAsync(blank.start(), { message: 'bitcoind-wallet-lacks-keys' })
    const wrong = await chain.opened('test').open(NETWORKS.signet)
    t.like(wrong, { ok: false, error: { code: 'bitcoind-wrong-network' } })

    const wallet = await chain.newWallet('own')
    const path = await storePath(t)
    const alice = chain.newNode('alice', { path, bitcoindWallet: () => chain.opened('own') })
    await alice.start()
    await alice.faucet(1_000_000n)
    await untilAgreed(alice, wallet)
    const { descriptors } = await alice.ask('wallet', 'descriptors', {})
    await alice.stop()
    await wallet.rpc('encryptwallet', ['words'])
    await wallet.rpc('walletpassphrase', ['words', 600])
    await alice.start()
    const after = (await alice.ask('wallet', 'descriptors', {})).descriptors
    t.deepEqual(
      after.map(({ descriptor }) => descriptor),
      descriptors.map(({ descriptor }) => descriptor),
    )
    await alice.faucet(500_000n)
    await untilAgreed(alice, wallet)
    t.is(await all(alice), 1_500_000n)
  },
)
