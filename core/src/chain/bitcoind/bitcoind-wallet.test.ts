import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { NETWORKS } from '../../bitcoin/network.ts'
import { displayTxid } from '../../bitcoin/transaction.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { bitcoindWallet } from './bitcoind-wallet.ts'

const GENESIS = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206'
const TXID = 'ab'.repeat(32)
const SECRET = 'tr(tprv-secret/86h/1h/0h/0/*)#abcdefgh'

type Answer = { readonly result: unknown } | { readonly error: { readonly code: number; readonly message: string } }

/** What a bitcoind says that suits, by method. */
const GOOD: Readonly<Record<string, unknown>> = {
  getblockchaininfo: { chain: 'regtest', blocks: 5, headers: 5, bestblockhash: GENESIS, initialblockdownload: false },
  getnetworkinfo: { version: 290_000, subversion: '/x/' },
  getblockhash: GENESIS,
  getwalletinfo: { private_keys_enabled: true, descriptors: true, scanning: false },
  listdescriptors: {
    descriptors: [
      { desc: SECRET, active: true, internal: true, range: [0, 999], next_index: 4 },
      { desc: "wpkh(x/84'/0/*)#abcdefgh", active: false, range: [0, 7], next_index: 0 },
      { desc: 'pkh(single)#abcdefgh', active: false },
    ],
  },
}

/** A bitcoind of which some answers are others, and what it was asked. */
const serve = async (t: ExecutionContext, answers: Readonly<Record<string, Answer>>, clock = virtualClock()) => {
  const asked: { readonly path: string; readonly method: string; readonly params: unknown }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (data) => {
      text += data
    })
    request.on('end', () => {
      const { id, method, params } = JSON.parse(text)
      asked.push({ path: request.url ?? '', method, params })
      const answer = answers[method] ?? { result: GOOD[method] ?? {} }
      response.end(JSON.stringify({ id, error: null, result: null, ...answer }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const rpc = { url: `http://127.0.0.1:${port}`, auth: { type: 'password', user: 'u', password: 'p' } } as const
  const wallet = bitcoindWallet({ name: 'my coins', rpc, clock })
  t.teardown(() => {
    wallet.close()
    server.close()
  })
  return { wallet, asked, clock }
}

const refused = (code: number, message = 'no'): Answer => ({ error: { code, message } })

test('open — gives the descriptors that have a range, hardened steps in one form, and asks the wallet by its name', async (t) => {
  const { wallet, asked } = await serve(t, {})
  const opened = await wallet.open(NETWORKS.regtest)
  t.deepEqual(opened.ok && opened.value, [
    { text: 'tr(tprv-secret/86h/1h/0h/0/*)', use: 'change', next: 4, last: 999 },
    { text: 'wpkh(x/84h/0/*)', use: 'none', next: 0, last: 7 },
  ])
  t.like(asked.at(-1), { path: '/wallet/my%20coins', method: 'listdescriptors', params: [true] })
  await wallet.descriptors()
  t.like(asked.at(-1), { method: 'listdescriptors', params: [false] })
})

const UNFIT: readonly (readonly [what: string, answers: Readonly<Record<string, Answer>>, error: object])[] = [
  ['is not loaded', { getwalletinfo: refused(-18) }, { code: 'bitcoind-wallet-not-loaded', wallet: 'my coins' }],
  ['is locked', { listdescriptors: refused(-13) }, { code: 'bitcoind-wallet-locked', wallet: 'my coins' }],
  ['cannot be, without wallets', { getwalletinfo: refused(-32_601) }, { code: 'bitcoind-without-wallets' }],
  [
    'is of the old kind',
    { getwalletinfo: { result: { private_keys_enabled: true, descriptors: false, scanning: false } } },
    { code: 'bitcoind-wallet-unfit', wallet: 'my coins', reason: 'legacy' },
  ],
  [
    'has no private keys',
    { getwalletinfo: { result: { private_keys_enabled: false, descriptors: true, scanning: false } } },
    { code: 'bitcoind-wallet-unfit', wallet: 'my coins', reason: 'watch-only' },
  ],
  [
    'looks for its coins',
    { getwalletinfo: { result: { private_keys_enabled: true, scanning: { duration: 1, progress: 0.5 } } } },
    { code: 'bitcoind-wallet-scanning', wallet: 'my coins' },
  ],
  [
    'is on another chain',
    { getblockchaininfo: { result: { ...(GOOD.getblockchaininfo as object), chain: 'main' } } },
    { code: 'bitcoind-wrong-network', expected: 'regtest', actual: 'mainnet' },
  ],
]

for (const [what, answers, error] of UNFIT) {
  test(`open — a wallet that ${what} is refused`, async (t) => {
    const { wallet } = await serve(t, answers)
    t.deepEqual(await wallet.open(NETWORKS.regtest), { ok: false, error } as never)
  })
}

test('open — waits while bitcoind starts', async (t) => {
  const answers: Record<string, Answer> = { getblockchaininfo: refused(-28, 'Loading wallet…') }
  const { wallet, asked, clock } = await serve(t, answers)
  const opening = wallet.open(NETWORKS.regtest)
  while (clock.nextTimerAt() === undefined) await new Promise((resolve) => setImmediate(resolve))
  t.is(asked.length, 1)
  delete answers.getblockchaininfo
  await clock.advance(1_000)
  t.true((await opening).ok)
})

test('open — no failure holds what a wallet has said', async (t) => {
  const odd = { descriptors: [{ desc: SECRET, active: 'yes', range: [0, 9], next_index: 0 }] }
  const { wallet } = await serve(t, { listdescriptors: { result: odd } })
  const opened = await wallet.open(NETWORKS.regtest)
  t.like(opened, { ok: false, error: { code: 'bitcoind-bad-reply' } })
  t.false(JSON.stringify(opened).includes('secret'))
})

test('transaction — says whether it is in a block, in the mempool, or gone', async (t) => {
  const hex = `0200000001${'11'.repeat(32)}0000000000fdffffff01e803000000000000160014${'22'.repeat(20)}00000000`
  const txid = new Uint8Array(32).fill(0xab)
  const stateOf = async (reply: object, mempool: Answer = refused(-5)) => {
    const answer = { result: { hex, confirmations: 0, details: [{ abandoned: false }], ...reply } }
    const { wallet } = await serve(t, { gettransaction: answer, getmempoolentry: mempool })
    const found = await wallet.transaction(txid)
    return found.ok ? found.value : undefined
  }
  t.is(displayTxid(txid), TXID)
  t.like(await stateOf({}), { isInMempool: false, isGone: false })
  t.like(await stateOf({}, { result: {} }), { isInMempool: true, isGone: false })
  t.like(await stateOf({ details: [{ abandoned: true }] }), { isInMempool: false, isGone: true })
  t.like(await stateOf({ confirmations: -3 }), { isGone: true })
  const mined = await stateOf({ confirmations: 2, blockheight: 7, blocktime: 9 })
  t.like(mined, { block: { height: 7, time: 9 }, isInMempool: false, isGone: false })
  const { wallet } = await serve(t, { gettransaction: refused(-5) })
  t.deepEqual(await wallet.transaction(txid), { ok: true, value: undefined })
})

test('setLocked — what bitcoind has locked, spent or never had is passed over', async (t) => {
  const { wallet, asked } = await serve(t, { lockunspent: refused(-8) })
  const outpoint = { txid: new Uint8Array(32).fill(0xab), index: 1 }
  t.true((await wallet.setLocked(outpoint, true)).ok)
  t.deepEqual(asked.at(-1)?.params, [false, [{ txid: TXID, vout: 1 }], true])
  t.true((await wallet.setLocked(outpoint, false)).ok)
  t.deepEqual(asked.at(-1)?.params, [true, [{ txid: TXID, vout: 1 }]])
})
