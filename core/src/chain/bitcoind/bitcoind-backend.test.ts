import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { displayBlockHash, encodeBlock } from '../../bitcoin/block.ts'
import { NETWORKS } from '../../bitcoin/network.ts'
import { txidOf } from '../../bitcoin/transaction.ts'
import { toHex } from '../../lib/bytes.ts'
import { systemClock } from '../../lib/clock.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import type { FailureError } from '../../lib/errors.ts'
import { until } from '../../lib/fixtures/until.ts'
import { seededRng } from '../../lib/rng.ts'
import type { ChainBlock, ChainEvent } from '../chain-backend.ts'
import type { Devchain } from '../devchain/devchain.ts'
import { devchainBackend } from '../devchain/devchain-backend.ts'
import { serveDevchainRpc } from '../devchain/rpc-server.ts'
import { firstCoin, OWNED, ownedCoins, payFrom, testDevchain } from '../fixtures/funded.ts'
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

const connect = (
  t: ExecutionContext,
  url: string,
  auth: RpcAuth,
  clock = systemClock,
  more: Partial<Parameters<typeof bitcoindBackend>[0]> = {},
) => {
  const events: string[] = []
  const problems: string[] = []
  const backend = bitcoindBackend({
    network: NETWORKS.regtest,
    clock,
    rpc: { url, auth, timeoutMs: 5_000 },
    onProblem: ({ code }) => problems.push(code),
    onReachable: () => problems.push('reachable'),
    ...more,
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
    start: (fromHeight: number, first: { readonly isFirst?: true } = {}) =>
      backend.start({ fromHeight, ...first, onEvent, onFailed: (error) => failures.push(error) }),
  }
}

/** Answers each method with what the table holds. */
const fakeBitcoind = async (
  t: ExecutionContext,
  answer: (
    method: string,
    params: unknown[],
  ) => {
    status?: number
    error?: { code: number; message: string }
    result?: unknown
    /** The answer waits for it. */
    pending?: Promise<void>
  },
): Promise<string> => {
  const server: Server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString())
    const { status = 200, error = null, result = null, pending } = answer(method, params)
    await pending
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
  getblockhash: displayBlockHash(NETWORKS.regtest.chainHash),
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

test('the adapter — says what became of outputs by their places, as the devchain itself does', async (t) => {
  const { devchain, server } = await serve(t)
  const { backend, start } = connect(t, server.url, { type: 'cookie', path: server.cookiePath })
  await start(151)
  const tx = payFrom(ownedCoins(devchain, 1), 1_000n, OWNED)
  await backend.broadcast(tx)
  const [block] = devchain.mine(1)
  const height = block?.height as number
  // A spend that waits for a block is none yet.
  await backend.broadcast(payFrom([firstCoin(tx)], 1_000n))
  const places = [
    { txIndex: 1, outputIndex: 0 },
    { txIndex: 1, outputIndex: 7 },
    { txIndex: 9, outputIndex: 0 },
  ]
  const expected = [
    { type: 'unspent', txid: txidOf(tx), ...firstCoinOutput(tx) },
    { type: 'spent' },
    { type: 'missing' },
  ] as const
  for (const each of [backend, devchainBackend(devchain)]) {
    t.deepEqual(await each.outputsAt(height, places), expected)
    t.is(await each.outputsAt(height + 1, places), undefined)
  }
  devchain.mine(1)
  for (const each of [backend, devchainBackend(devchain)]) {
    t.deepEqual(await each.outputsAt(height, places.slice(0, 1)), [{ type: 'spent' }])
  }
})

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
    { code: 'bitcoind-wrong-network', expected: 'regtest', actual: 'mainnet' },
  ],
  [
    'before version 28',
    { ...HEALTHY, getnetworkinfo: { version: 270100, subversion: '/Satoshi:27.1.0/' } },
    { code: 'bitcoind-version-too-old', version: 270100, minimum: 280000 },
  ],
  [
    'that has not caught up',
    { ...HEALTHY, getblockchaininfo: { ...HEALTHY.getblockchaininfo, headers: 13 } },
    { code: 'bitcoind-still-syncing', detail: '10 of 13 blocks' },
  ],
]

for (const [what, answers, error] of UNFIT) {
  test(`start — a bitcoind ${what} is a typed error`, async (t) => {
    const url = await fakeBitcoind(t, (method) => ({ result: answers[method] }))
    t.deepEqual(await connect(t, url, PASSWORD).start(1, { isFirst: true }), { ok: false, error } as never)
  })
}

const WARMING_UP = { status: 500, error: { code: -28, message: 'Loading block index…' } }

test('start — a bitcoind that reads its own files is waited for, and that is told once', async (t) => {
  const clock = virtualClock()
  let asked = 0
  const url = await fakeBitcoind(t, (method) =>
    ++asked <= 5 ? WARMING_UP : { result: HEALTHY[method as 'getnetworkinfo'] },
  )
  const told: string[] = []
  const { start } = connect(t, url, PASSWORD, clock, { onWarmingUp: (detail) => told.push(detail) })
  const started = start(99)
  let isOver = false
  void started.then(() => (isOver = true))
  await until(() => {
    if (!isOver) void clock.advance(500)
    return isOver
  })
  t.true((await started).ok)
  t.deepEqual(told, ['Loading block index…'])
  t.true(asked > 5)
})

test('start — who is told to stop waits no longer', async (t) => {
  const giveUp = new AbortController()
  const url = await fakeBitcoind(t, () => WARMING_UP)
  const { start } = connect(t, url, PASSWORD, virtualClock(), {
    onWarmingUp: () => giveUp.abort(),
    giveUp: giveUp.signal,
  })
  t.deepEqual(await start(99), {
    ok: false,
    error: { code: 'bitcoind-warming-up', detail: 'Loading block index…' },
  } as never)
})

test('start — who is told to stop does not wait for a bitcoind that hangs either, and one that has started is not stopped by it', async (t) => {
  const giveUp = new AbortController()
  let isWell = false
  const url = await fakeBitcoind(t, (method) => {
    if (method === 'estimatesmartfee' && !isWell) {
      giveUp.abort()
      return { status: 503 }
    }
    return { result: HEALTHY[method as 'getnetworkinfo'] }
  })
  const hung = connect(t, url, PASSWORD, virtualClock(), { giveUp: giveUp.signal })
  t.deepEqual(await hung.start(99), { ok: false, error: { code: 'backend-stopped' } } as never)
  isWell = true
  const later = new AbortController()
  const { backend, start } = connect(t, url, PASSWORD, systemClock, { giveUp: later.signal })
  t.true((await start(99)).ok)
  later.abort()
  t.is(await backend.getUtxo({ txid: new Uint8Array(32), index: 0 }), undefined)
})

test('start — a bitcoind that downloads the chain is good enough for a node that has followed it before', async (t) => {
  const info = { ...HEALTHY.getblockchaininfo, headers: 900_000 }
  const url = await fakeBitcoind(t, (method) => ({
    result: method === 'getblockchaininfo' ? info : HEALTHY[method as 'getnetworkinfo'],
  }))
  const { backend, start } = connect(t, url, PASSWORD)
  t.true((await start(700_000)).ok)
  t.like(backend.health(), { isCatchingUp: true, headers: 900_000 })
})

test('start — a block that is on its way keeps no node from starting', async (t) => {
  const info = { ...HEALTHY.getblockchaininfo, headers: 12 }
  const url = await fakeBitcoind(t, (method) => ({
    result: method === 'getblockchaininfo' ? info : HEALTHY[method as 'getnetworkinfo'],
  }))
  t.true((await connect(t, url, PASSWORD).start(99, { isFirst: true })).ok)
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

/** A bitcoind whose answers the test changes as it goes; virtual time lets it be asked. */
const scripted = async (t: ExecutionContext, blocks: readonly ChainBlock[]) => {
  const clock = virtualClock()
  const asked: string[] = []
  const answers: Record<string, (params: unknown[]) => ReturnType<Parameters<typeof fakeBitcoind>[1]>> = {}
  const tip = blocks.at(-1) as ChainBlock
  const info = { ...HEALTHY.getblockchaininfo, blocks: tip.height, headers: tip.height }
  const state = { info: { ...info, bestblockhash: displayBlockHash(tip.hash) }, isRefusing: false, answers, asked }
  const missing = { status: 500, error: { code: -8, message: 'Block height out of range' } }
  answers.getblockchaininfo = () => ({ result: state.info })
  answers.getblockhash = ([height]) => {
    const block = blocks.find((each) => each.height === height)
    return block === undefined ? missing : { result: displayBlockHash(block.hash) }
  }
  answers.getblock = ([hash]) => {
    const block = blocks.find((each) => displayBlockHash(each.hash) === hash)
    return block === undefined ? missing : { result: toHex(encodeBlock(block)) }
  }
  const url = await fakeBitcoind(t, (method, params) => {
    asked.push(method)
    if (state.isRefusing) return { status: 503 }
    return answers[method]?.(params) ?? { result: HEALTHY[method as 'getnetworkinfo'] }
  })
  const connection = connect(t, url, PASSWORD, clock)
  /** Lets time pass, as much as it takes. */
  const passing = async (holds: () => boolean): Promise<void> => {
    await until(() => {
      if (!holds()) void clock.advance(500)
      return holds()
    })
  }
  return { ...connection, ...state, state, clock, passing }
}

const someBlocks = (): readonly ChainBlock[] => {
  const devchain = testDevchain()
  const blocks: ChainBlock[] = []
  for (let height = 0; height <= devchain.tip.height; height++) blocks.push(devchain.blockAt(height) as ChainBlock)
  return blocks
}

test('health — a bitcoind that refuses is not current, and is again when it answers', async (t) => {
  const { backend, start, state, passing } = await scripted(t, someBlocks())
  await start(151)
  t.like(backend.health(), { isCurrent: true, headers: 150, isCatchingUp: false })
  state.isRefusing = true
  await passing(() => !backend.health().isCurrent)
  t.like(backend.health(), { problem: { code: 'bitcoind-unreachable' } })
  state.isRefusing = false
  await passing(() => backend.health().isCurrent)
  t.is(backend.health().problem, undefined)
})

test('health — an old answer is not the state of now', async (t) => {
  const { backend, start, clock, answers } = await scripted(t, someBlocks())
  await start(151)
  let hold: (() => void) | undefined
  answers.getblockchaininfo = () => ({ pending: new Promise((resolve) => (hold = resolve)) })
  await clock.advance(60_000)
  t.false(backend.health().isCurrent)
  t.true(backend.health().silentMs >= 60_000)
  await backend.stop()
  hold?.()
})

test('health — tells how far bitcoind is behind the network, what it keeps, and whether it estimates', async (t) => {
  const { backend, start, state, answers, passing } = await scripted(t, someBlocks())
  await start(151)
  t.false(backend.health().estimates.arePresent)
  answers.estimatesmartfee = () => ({ result: { feerate: 0.0001 } })
  state.info = Object.assign(state.info, { headers: 170, pruneheight: 100 })
  await passing(() => backend.health().isCatchingUp)
  t.like(backend.health(), { headers: 170, pruneHeight: 100 })
  // Without a block, too, they are asked for again.
  await passing(() => backend.health().estimates.arePresent)
})

const OTHER_CHAINS: readonly (readonly [what: string, change: object, genesis: boolean, failure: object])[] = [
  ['of another network', { chain: 'main' }, false, { code: 'bitcoind-wrong-network', actual: 'mainnet' }],
  ['with another first block', {}, true, { code: 'bitcoind-wrong-genesis', actual: '22'.repeat(32) }],
]

for (const [what, change, genesis, failure] of OTHER_CHAINS) {
  test(`a bitcoind ${what} that takes the place of ours ends the following with a typed failure`, async (t) => {
    const { start, state, answers, passing, failures, backend } = await scripted(t, someBlocks())
    await start(151)
    state.isRefusing = true
    await passing(() => !backend.health().isCurrent)
    Object.assign(state.info, change)
    if (genesis) answers.getblockhash = () => ({ result: '22'.repeat(32) })
    state.isRefusing = false
    await passing(() => failures.length > 0)
    t.like((failures as FailureError[])[0]?.failure, failure)
  })
}

test('a block that is pruned — is fetched from a peer of bitcoind that keeps all, and missing while there is none', async (t) => {
  const blocks = someBlocks()
  const { backend, start, asked, answers, events, passing } = await scripted(t, blocks)
  const kept = answers.getblock
  const pruned = { status: 500, error: { code: -1, message: 'Block not available (pruned data)' } }
  let isFetched = false
  answers.getblock = (params) => {
    const isGone = params[0] === displayBlockHash(blocks[149]?.hash as Uint8Array)
    return isGone && !isFetched ? pruned : (kept?.(params) ?? pruned)
  }
  let peers = [{ id: 1, servicesnames: ['NETWORK_LIMITED', 'WITNESS'] }]
  answers.getpeerinfo = () => ({ result: peers })
  const asks: unknown[][] = []
  answers.getblockfrompeer = (params) => {
    asks.push(params)
    isFetched = true
    return { result: {} }
  }
  await start(148)
  await passing(() => backend.health().missingBlock === 149)
  t.deepEqual(events, ['+148'])
  t.false(asked.includes('getblockfrompeer'))
  peers = [...peers, { id: 7, servicesnames: ['NETWORK', 'WITNESS'] }]
  await passing(() => events.length === 3)
  t.deepEqual(events, ['+148', '+149', '+150'])
  t.deepEqual(asks, [[displayBlockHash(blocks[149]?.hash as Uint8Array), 7]])
  t.is(backend.health().missingBlock, undefined)
})

test('mempoolSpenders — asks about all outpoints in one question', async (t) => {
  const { devchain, server } = await serve(t)
  const { backend, start } = connect(t, server.url, { type: 'cookie', path: server.cookiePath })
  await start(151)
  const coins = ownedCoins(devchain, 3)
  const [, spent] = coins
  if (spent === undefined) return t.fail()
  const tx = payFrom([spent], 1_000n)
  devchain.submitTx(tx)
  t.deepEqual(await backend.mempoolSpenders(coins.map(({ outpoint }) => outpoint)), [undefined, txidOf(tx), undefined])
  t.deepEqual(await backend.mempoolSpenders([]), [])
})
