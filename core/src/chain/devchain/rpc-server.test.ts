import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { scriptToAddress } from '../../bitcoin/address.ts'
import { displayBlockHash, encodeBlock } from '../../bitcoin/block.ts'
import { NETWORKS } from '../../bitcoin/network.ts'
import { displayTxid, encodeTx, txidOf, wtxidOf } from '../../bitcoin/transaction.ts'
import { toHex } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import { firstCoin, OWNED, ownedCoins, payFrom, testDevchain } from '../fixtures/funded.ts'
import { SINK } from '../fixtures/signing.ts'
import type { Devchain } from './devchain.ts'
import { type DevchainRpc, serveDevchainRpc } from './rpc-server.ts'

interface Served {
  readonly devchain: Devchain
  readonly server: DevchainRpc
  readonly clock: ReturnType<typeof virtualClock>
  post(body: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>
  /** The result, or the error's code. */
  call(method: string, ...params: unknown[]): Promise<unknown>
}

const serve = async (t: ExecutionContext): Promise<Served> => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-devchain-rpc-'))
  const devchain = testDevchain()
  const clock = virtualClock()
  const cookiePath = join(folder, 'regtest', '.cookie')
  const served = await serveDevchainRpc({ devchain, clock, rng: seededRng(1), cookiePath })
  if (!served.ok) throw new Error(served.error.code)
  const server = served.value
  t.teardown(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })
  const authorization = `Basic ${Buffer.from(readFileSync(cookiePath, 'utf8')).toString('base64')}`
  const post: Served['post'] = async (body, headers = { authorization }) => {
    const response = await fetch(server.url, { method: 'POST', body, headers })
    return { status: response.status, text: await response.text() }
  }
  const call: Served['call'] = async (method, ...params) => {
    const { text } = await post(JSON.stringify({ id: 1, method, params }))
    const { result, error } = JSON.parse(text)
    return error === null ? result : error.code
  }
  return { devchain, server, clock, post, call }
}

const ADDRESS = scriptToAddress(SINK, NETWORKS.regtest) ?? ''
const UNKNOWN = '00'.repeat(32)

test('the RPC server — needs the cookie, which only its owner can read, and takes it away at the end', async (t) => {
  const { server, post } = await serve(t)
  t.is(statSync(server.cookiePath).mode & 0o777, 0o600)
  t.is((await post('{}', {})).status, 401)
  t.is((await post('{}', { authorization: 'Basic bm86bm8=' })).status, 401)
  t.is((await fetch(server.url)).status, 405)
  await server.close()
  t.false(existsSync(server.cookiePath))
})

test('the RPC server — answers as bitcoind does to what is not a call', async (t) => {
  const { post } = await serve(t)
  const answers = [
    ['{', 500, -32700],
    ['1', 400, -32600],
    ['{"method":1}', 400, -32600],
    ['{"method":"getblockcount","params":{}}', 400, -32600],
    ['{"method":"nothing"}', 404, -32601],
    ['{"method":"constructor"}', 404, -32601],
    ['{"method":"getblockhash","params":[]}', 500, -1],
    ['{"method":"getblockhash","params":["1"]}', 500, -3],
    ['{"method":"getblock","params":["12"]}', 500, -8],
  ] as const
  for (const [body, status, code] of answers) {
    const answer = await post(body)
    t.is(answer.status, status, body)
    t.is(JSON.parse(answer.text).error.code, code, body)
  }
})

test('the RPC server — a body that is too long is refused', async (t) => {
  const { post } = await serve(t)
  const status = await post(' '.repeat(9 * 1024 * 1024)).then(
    (answer) => answer.status,
    () => 413,
  )
  t.is(status, 413)
})

test('the RPC server — answers batches, and version 2 with status 200', async (t) => {
  const { post } = await serve(t)
  const batch = await post('[{"id":1,"method":"getblockcount"},{"id":"b","method":"nothing"}]')
  t.is(batch.status, 200)
  t.deepEqual(JSON.parse(batch.text), [
    { result: 150, error: null, id: 1 },
    { result: null, error: { code: -32601, message: 'Method not found' }, id: 'b' },
  ])
  const second = await post('{"jsonrpc":"2.0","id":1,"method":"nothing"}')
  t.is(second.status, 200)
  t.deepEqual(JSON.parse(second.text), {
    jsonrpc: '2.0',
    error: { code: -32601, message: 'Method not found' },
    id: 1,
  })
})

test('the RPC server — tells of the chain', async (t) => {
  const { devchain, call } = await serve(t)
  const tip = displayBlockHash(devchain.tip.hash)
  t.like(await call('getblockchaininfo'), { chain: 'regtest', blocks: 150, headers: 150, bestblockhash: tip })
  t.like(await call('getnetworkinfo'), { version: 290000 })
  t.is(await call('getbestblockhash'), tip)
  t.is(await call('getblockhash', 150), tip)
  t.is(await call('getblockhash', 151), -8)
  const { header, txs, txids } = devchain.tip
  t.is(await call('getblock', tip, 0), toHex(encodeBlock({ header, txs })))
  t.like(await call('getblock', tip), { hash: tip, height: 150, tx: txids.map(displayTxid) })
  t.is(await call('getblock', UNKNOWN), -5)
  t.like(await call('getblockheader', tip), { height: 150, confirmations: 1 })
  t.is(await call('getblockheader', UNKNOWN), -5)
  devchain.reorganise({ depth: 1 })
  t.like(await call('getblockheader', tip), { height: 150, confirmations: -1 })
})

test('the RPC server — takes and refuses transactions with the codes of bitcoind', async (t) => {
  const { devchain, call } = await serve(t)
  const coins = ownedCoins(devchain, 1)
  const tx = payFrom(coins, 1_000n, OWNED)
  const hex = toHex(encodeTx(tx))
  const txid = displayTxid(txidOf(tx))
  t.is(await call('sendrawtransaction', 'zz'), -22)
  t.like(await call('testmempoolaccept', [hex]), [{ txid, allowed: true, fees: { base: 0.00001 } }])
  t.is(await call('sendrawtransaction', hex), txid)
  t.is(await call('sendrawtransaction', hex), txid)
  t.deepEqual(await call('getrawmempool'), [txid])
  t.is(await call('getrawtransaction', txid), hex)
  t.like(await call('getmempoolinfo'), { size: 1, mempoolminfee: 0.00001 })
  const spent = { txid: displayTxid(coins[0]?.outpoint.txid ?? new Uint8Array(32)), vout: 0 }
  t.deepEqual(await call('gettxspendingprevout', [spent]), [{ ...spent, spendingtxid: txid }])
  t.is(await call('gettxout', spent.txid, 0), null)
  t.like(await call('gettxout', spent.txid, 0, false), { confirmations: 1, value: 0.001, coinbase: false })
  t.like(await call('gettxout', txid, 0), { confirmations: 0 })
  t.is(await call('sendrawtransaction', toHex(encodeTx(payFrom(coins, 1_001n)))), -26)
  devchain.mine(1)
  t.is(await call('sendrawtransaction', hex), -27)
  t.is(await call('sendrawtransaction', toHex(encodeTx(payFrom(coins, 1_001n)))), -25)
  t.like(await call('testmempoolaccept', [toHex(encodeTx(payFrom(coins, 1_001n)))]), [
    { allowed: false, 'reject-reason': 'missing-inputs' },
  ])
  t.is(await call('getrawtransaction', txid), -5)
  t.deepEqual(await call('estimatesmartfee', 6), { errors: ['Insufficient data or no feerate found'], blocks: 6 })
})

test('the RPC server — takes a package, and tells what is wrong with each transaction of another', async (t) => {
  const { devchain, call } = await serve(t)
  const parent = payFrom(ownedCoins(devchain, 1), 1_000n, OWNED)
  const child = payFrom([firstCoin(parent)], 1_000n)
  const poor = payFrom([firstCoin(parent)], 1n)
  const hexes = [parent, poor, child].map((tx) => toHex(encodeTx(tx)))
  t.like(await call('submitpackage', [hexes[0], hexes[1]]), {
    package_msg: 'transaction failed',
    'tx-results': { [displayTxid(wtxidOf(poor))]: { error: 'min relay fee not met' } },
  })
  t.like(await call('submitpackage', [hexes[0], hexes[2]]), { package_msg: 'success' })
  t.is(await call('submitpackage', [hexes[2], hexes[0]]), -25)
})

test('the RPC server — mines, pays from the faucet and reorganises for developers', async (t) => {
  const { devchain, call } = await serve(t)
  t.is(((await call('generatetoaddress', 2, ADDRESS)) as string[]).length, 2)
  t.is(await call('generatetoaddress', 1, 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'), -5)
  t.is(((await call('devchain.mine', 1)) as string[]).length, 1)
  const txid = await call('devchain.faucet', ADDRESS, '12345')
  t.is(devchain.mempool.length, 1)
  t.is(await call('devchain.faucet', ADDRESS, -1), -8)
  t.is(await call('devchain.faucet', 'nowhere', 1), -5)
  t.is(await call('devchain.faucet', ADDRESS, '1000000000000000'), -1)
  t.deepEqual(await call('devchain.reorganise', 1), { height: 154, hash: displayBlockHash(devchain.tip.hash) })
  t.like(await call('gettxout', txid, 0), { value: 0.00012345 })
  t.is(await call('devchain.reorganise', 1_000), -8)
})

test('submitblock — takes a block, and words what is wrong with another', async (t) => {
  const { devchain, call } = await serve(t)
  const other = testDevchain()
  const [first, second] = other.mine(2, OWNED).map(({ header, txs }) => toHex(encodeBlock({ header, txs })))
  t.is(await call('submitblock', second), 'prev-blk-not-found')
  t.is(await call('submitblock', first), null)
  t.is(await call('submitblock', 'ff'), -22)
  t.is(devchain.tip.height, 151)
})

test('waitfornewblock — returns with the block, after the time, or at once when the tip is another', async (t) => {
  const { devchain, clock, call } = await serve(t)
  const waiting = call('waitfornewblock', 0)
  await call('getblockcount')
  devchain.mine(1)
  t.like(await waiting, { height: 151 })
  t.like(await call('waitfornewblock', 0, UNKNOWN), { height: 151 })
  const timed = call('waitfornewblock', 1_000)
  while (clock.nextTimerAt() === undefined) await call('getblockcount')
  await clock.advance(1_000)
  t.like(await timed, { height: 151 })
})

test('waitfornewblock — waits no longer than the server is there', async (t) => {
  const { server, clock, call } = await serve(t)
  const waiting = t.throwsAsync(call('waitfornewblock', 60_000))
  while (clock.nextTimerAt() === undefined) await call('getblockcount')
  await server.close()
  await waiting
  t.is(clock.nextTimerAt(), undefined)
})

test('a port that is taken — is said so', async (t) => {
  const { devchain, server, clock } = await serve(t)
  const port = Number(new URL(server.url).port)
  const cookiePath = `${server.cookiePath}-2`
  const second = await serveDevchainRpc({ devchain, clock, rng: seededRng(2), cookiePath, port })
  t.deepEqual(second, { ok: false, error: { code: 'port-in-use', host: '127.0.0.1', port } })
})
