import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { NETWORKS } from '../../bitcoin/network.ts'
import { txidOf } from '../../bitcoin/transaction.ts'
import { systemClock } from '../../lib/clock.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import type { ChainEvent } from '../chain-backend.ts'
import type { Devchain } from '../devchain/devchain.ts'
import { serveDevchainRpc } from '../devchain/rpc-server.ts'
import { firstCoin, OWNED, ownedCoins, payFrom, testDevchain } from '../fixtures/funded.ts'
import { until } from '../fixtures/until.ts'
import { bitcoindBackend } from './bitcoind-backend.ts'
import type { RpcAuth } from './rpc-client.ts'

const PASSWORD: RpcAuth = { type: 'password', user: 'u', password: 'p' }

const serve = async (t: ExecutionContext, port?: number) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-bitcoind-backend-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const devchain = testDevchain()
  const cookiePath = join(folder, '.cookie')
  const start = async (onPort?: number) => {
    const clock = virtualClock()
    const options = { devchain, clock, rng: seededRng(1), cookiePath }
    const served = await serveDevchainRpc({ ...options, ...(onPort === undefined ? {} : { port: onPort }) })
    if (!served.ok) throw new Error(served.error.code)
    return served.value
  }
  const server = await start(port)
  t.teardown(() => server.close())
  return { devchain, server, restart: () => start(Number(new URL(server.url).port)) }
}

const connect = (t: ExecutionContext, url: string, auth: RpcAuth, clock = systemClock) => {
  const events: string[] = []
  const problems: string[] = []
  const backend = bitcoindBackend({
    network: NETWORKS.regtest,
    clock,
    rpc: { url, auth, timeoutMs: 5_000 },
    onProblem: ({ code }) => problems.push(code),
    onReachable: () => problems.push('reachable'),
  })
  const onEvent = (event: ChainEvent): void => {
    events.push(event.type === 'connected' ? `+${event.block.height}` : `-${event.tip.height}`)
  }
  const failures: unknown[] = []
  t.teardown(() => backend.stop())
  return {
    backend,
    events,
    problems,
    failures,
    start: (fromHeight: number) => backend.start({ fromHeight, onEvent, onFailed: (error) => failures.push(error) }),
  }
}

/** Answers each method with what the table holds. */
const fakeBitcoind = async (
  t: ExecutionContext,
  answer: (
    method: string,
    params: unknown[],
  ) => { status?: number; error?: { code: number; message: string }; result?: unknown },
): Promise<string> => {
  const server: Server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString())
    const { status = 200, error = null, result = null } = answer(method, params)
    response.writeHead(status)
    response.end(JSON.stringify({ id, error, result }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const HEALTHY = {
  getblockchaininfo: {
    chain: 'regtest',
    blocks: 10,
    headers: 10,
    bestblockhash: '11'.repeat(32),
    initialblockdownload: true,
  },
  getnetworkinfo: { version: 280000, subversion: '/Satoshi:28.0.0/' },
  estimatesmartfee: { errors: ['Insufficient data'] },
  getmempoolinfo: { mempoolminfee: 0.00001 },
} as const

const tipIs = (devchain: Devchain, events: readonly string[]): boolean => events.at(-1) === `+${devchain.tip.height}`

test('the adapter — follows another process through blocks and reorganisations', async (t) => {
  const { devchain, server } = await serve(t)
  const { backend, events, start } = connect(t, server.url, { type: 'cookie', path: server.cookiePath })
  const started = await start(149)
  t.true(started.ok && started.value.height === 150)
  await until(() => tipIs(devchain, events))
  devchain.mine(2)
  await until(() => tipIs(devchain, events))
  devchain.reorganise({ depth: 2 })
  await until(() => tipIs(devchain, events))
  t.deepEqual(events, ['+149', '+150', '+151', '+152', '-152', '-151', '+151', '+152', '+153'])
  t.deepEqual(backend.tip(), { height: 153, hash: devchain.tip.hash })
})

test('the adapter — hands in transactions and packages, and says why not', async (t) => {
  const { devchain, server } = await serve(t)
  const { backend, start } = connect(t, server.url, { type: 'cookie', path: server.cookiePath })
  await start(151)
  const coins = ownedCoins(devchain, 2)
  const [a, b] = coins
  if (a === undefined || b === undefined) return t.fail()
  const tx = payFrom([a], 1_000n)
  const fine = { ok: true, value: undefined }
  t.deepEqual(await backend.broadcast(tx), fine)
  t.deepEqual(await backend.broadcast(tx), fine)
  t.deepEqual(await backend.mempoolSpend(a.outpoint), tx)
  t.is(await backend.mempoolSpend(b.outpoint), undefined)
  t.like(await backend.broadcast(payFrom([a], 1_001n)), { error: { code: 'rejected', reason: 'insufficient fee' } })

  const parent = payFrom([b], 110n, OWNED)
  const poor = payFrom([firstCoin(parent)], 1n)
  t.like(await backend.broadcastPackage([parent, poor]), { error: { reason: 'min relay fee not met' } })
  t.deepEqual(await backend.broadcastPackage([parent, payFrom([firstCoin(parent)], 1_000n)]), fine)
  t.deepEqual(await backend.broadcastPackage([tx]), fine)
  t.deepEqual(await backend.broadcastPackage([]), fine)

  devchain.mine(1)
  t.deepEqual(await backend.broadcast(tx), fine)
  t.deepEqual(await backend.getUtxo({ txid: txidOf(tx), index: 0 }), {
    ...firstCoinOutput(tx),
    height: devchain.tip.height,
    isCoinbase: false,
  })
  t.is(await backend.getUtxo(a.outpoint), undefined)
})

const firstCoinOutput = (tx: Parameters<typeof firstCoin>[0]) => {
  const { amount, script } = firstCoin(tx)
  return { amount, script }
}

test('the adapter — gives blocks by height and by hash, and none where there is none', async (t) => {
  const { devchain, server } = await serve(t)
  const { backend, start } = connect(t, server.url, { type: 'cookie', path: server.cookiePath })
  await start(151)
  const { hash, header, txs } = devchain.tip
  t.like(await backend.getBlock(150), { height: 150, hash, header, txs })
  t.like(await backend.getBlock(hash), { height: 150, hash })
  t.is(await backend.getBlock(151), undefined)
  t.is(await backend.getBlock(new Uint8Array(32)), undefined)
})

test('the adapter — asks again until bitcoind is back, and reads its new cookie', async (t) => {
  const { devchain, server, restart } = await serve(t)
  const clock = virtualClock()
  const { backend, problems, start } = connect(t, server.url, { type: 'cookie', path: server.cookiePath }, clock)
  await start(151)
  await server.close()
  const asked = backend.getBlock(150)
  await until(() => problems.length > 0)
  t.deepEqual(problems, ['bitcoind-unreachable'])
  t.like(await backend.broadcast(payFrom(ownedCoins(devchain, 1), 1_000n)), { error: { code: 'backend-unavailable' } })
  const again = await restart()
  t.teardown(() => again.close())
  let block: unknown
  void asked.then((found) => {
    block = found
  })
  for (let i = 0; block === undefined && i < 100; i++) await clock.advance(1_000)
  t.like(block as object, { height: 150 })
  t.deepEqual(problems, ['bitcoind-unreachable', 'reachable'])
})

test('stop — ends questions that wait for bitcoind', async (t) => {
  const { server } = await serve(t)
  const { backend, problems, start } = connect(t, server.url, { type: 'cookie', path: server.cookiePath })
  await start(151)
  await server.close()
  const asked = backend.getBlock(150)
  await until(() => problems.length > 0)
  await backend.stop()
  await t.throwsAsync(asked, { message: 'backend-stopped' })
})

test('start — an unreachable bitcoind is a typed error', async (t) => {
  const { start } = connect(t, 'http://127.0.0.1:1', PASSWORD)
  const started = await start(1)
  t.like(started, { ok: false, error: { code: 'bitcoind-unreachable', url: 'http://127.0.0.1:1' } })
})

test('start — a missing cookie file is a typed error that names it', async (t) => {
  const { start } = connect(t, 'http://127.0.0.1:1', { type: 'cookie', path: '/nowhere/.cookie' })
  const started = await start(1)
  t.like(started, { ok: false, error: { code: 'bitcoind-unreachable' } })
  t.true(!started.ok && 'detail' in started.error && String(started.error.detail).includes('/nowhere/.cookie'))
})

test('start — wrong credentials are a typed error', async (t) => {
  const { server } = await serve(t)
  const wrong = `${server.cookiePath}-wrong`
  writeFileSync(wrong, '__cookie__:wrong')
  const expected = { ok: false, error: { code: 'bitcoind-unauthorized', url: server.url } }
  t.deepEqual(await connect(t, server.url, PASSWORD).start(1), expected as never)
  t.deepEqual(await connect(t, server.url, { type: 'cookie', path: wrong }).start(1), expected as never)
})

const UNFIT: readonly (readonly [what: string, answers: Record<string, unknown>, error: object])[] = [
  [
    'of another network',
    { ...HEALTHY, getblockchaininfo: { ...HEALTHY.getblockchaininfo, chain: 'main' } },
    { code: 'bitcoind-wrong-network', expected: 'regtest', actual: 'main' },
  ],
  [
    'before version 28',
    { ...HEALTHY, getnetworkinfo: { version: 270100, subversion: '/Satoshi:27.1.0/' } },
    { code: 'bitcoind-version-too-old', version: 270100, minimum: 280000 },
  ],
  [
    'that has not caught up',
    { ...HEALTHY, getblockchaininfo: { ...HEALTHY.getblockchaininfo, headers: 12 } },
    { code: 'bitcoind-still-syncing', detail: '10 of 12 blocks' },
  ],
]

for (const [what, answers, error] of UNFIT) {
  test(`start — a bitcoind ${what} is a typed error`, async (t) => {
    const url = await fakeBitcoind(t, (method) => ({ result: answers[method] }))
    t.deepEqual(await connect(t, url, PASSWORD).start(1), { ok: false, error } as never)
  })
}

test('start — a bitcoind that is loading is still syncing', async (t) => {
  const url = await fakeBitcoind(t, () => ({ status: 500, error: { code: -28, message: 'Loading block index…' } }))
  t.deepEqual(await connect(t, url, PASSWORD).start(1), {
    ok: false,
    error: { code: 'bitcoind-still-syncing', detail: 'Loading block index…' },
  } as never)
})

test('start — something else than bitcoind is a typed error', async (t) => {
  const url = await fakeBitcoind(t, () => ({ result: 'hello' }))
  t.like(await connect(t, url, PASSWORD).start(1), { ok: false, error: { code: 'bitcoind-bad-reply' } })
})

test('fee estimates — are kept, rounded up, and never below the floor', async (t) => {
  const estimates = new Map([
    [2, 0.0005],
    [6, 0.0002],
    [144, 0.000011],
  ])
  const url = await fakeBitcoind(t, (method, [target]) => {
    if (method !== 'estimatesmartfee') return { result: { ...HEALTHY, getblockcount: 10 }[method as 'getnetworkinfo'] }
    const feerate = estimates.get(Number(target))
    return { result: feerate === undefined ? HEALTHY.estimatesmartfee : { feerate, blocks: target } }
  })
  const { backend, start } = connect(t, url, PASSWORD)
  t.true((await start(99)).ok)
  const rates = [1, 2, 5, 6, 20, 144, 1_008].map((target) => backend.estimateFeerate(target))
  t.deepEqual(rates, [12_500, 12_500, 12_500, 5_000, 5_000, 275, 275])
})

test('fee estimates — without any, the rate that the mempool takes', async (t) => {
  const busy = { ...HEALTHY, getmempoolinfo: { mempoolminfee: 0.00003 } }
  const url = await fakeBitcoind(t, (method) => ({ result: busy[method as 'getnetworkinfo'] }))
  const { backend, start } = connect(t, url, PASSWORD)
  await start(99)
  t.is(backend.estimateFeerate(6), 750)
})
