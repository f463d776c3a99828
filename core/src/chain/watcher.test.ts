import test from 'ava'
import { type Tx, txidOf } from '../bitcoin/transaction.ts'
import { toHex } from '../lib/bytes.ts'
import type { FailureError } from '../lib/errors.ts'
import { until } from '../lib/fixtures/until.ts'
import type { OutPoint } from '../lib/ids.ts'
import type { ChainBackend, ChainTip } from './chain-backend.ts'
import type { ChainCursor } from './cursor-keeper.ts'
import type { Devchain } from './devchain/devchain.ts'
import { devchainBackend } from './devchain/devchain-backend.ts'
import { firstCoin, OWNED, ownedCoins, payFrom, testDevchain } from './fixtures/funded.ts'
import { type BlockEvent, type ChainWatcher, chainWatcher, type WatcherOptions } from './watcher.ts'

interface Watching {
  readonly watcher: ChainWatcher
  readonly saved: ChainCursor[]
  readonly failures: unknown[]
  /** Waits until the watcher has handled the devchain's tip. */
  caughtUp(): Promise<void>
}

const watching = (devchain: Devchain, cursor?: ChainCursor, options: Partial<WatcherOptions> = {}): Watching => {
  const saved: ChainCursor[] = []
  const failures: unknown[] = []
  const watcher = chainWatcher({
    backend: devchainBackend(devchain),
    cursor: { load: () => cursor, save: (tip) => void saved.push(tip) },
    onFailed: (error) => failures.push(error),
    ...options,
  })
  const caughtUp = () => until(() => watcher.position()?.hash === devchain.tip.hash, 'the watcher')
  return { watcher, saved, failures, caughtUp }
}

const tipOf = ({ tip: { height, hash } }: Devchain): ChainTip => ({ height, hash })

/** As it is saved after the first start on this chain. */
const cursorOf = (devchain: Devchain): ChainCursor => ({ ...tipOf(devchain), followed: [tipOf(devchain)] })

test('watchConfirmed — tells when the depth is reached, once', async (t) => {
  const devchain = testDevchain()
  const { watcher, caughtUp } = watching(devchain)
  const tx = payFrom(ownedCoins(devchain, 1), 1_000n)
  const events: unknown[] = []
  watcher.watchConfirmed({ txid: txidOf(tx), minDepth: 3, handler: (event) => void events.push(event) })
  await watcher.start()
  devchain.submitTx(tx)
  devchain.mine(2)
  await caughtUp()
  t.deepEqual(events, [])
  devchain.mine(3)
  await caughtUp()
  t.deepEqual(events, [
    { type: 'confirmed', txid: txidOf(tx), tx, height: devchain.tip.height - 4, txIndex: 1, depth: 3 },
  ])
  await watcher.stop()
})

test('watchSpent — tells of the transaction that spends', async (t) => {
  const devchain = testDevchain()
  const [coin] = ownedCoins(devchain, 1)
  if (coin === undefined) return t.fail()
  const { watcher, caughtUp } = watching(devchain)
  const events: unknown[] = []
  watcher.watchSpent({ outpoint: coin.outpoint, handler: (event) => void events.push(event) })
  await watcher.start()
  const tx = payFrom([coin], 1_000n)
  devchain.submitTx(tx)
  devchain.mine(1)
  await caughtUp()
  t.deepEqual(events, [{ type: 'spent', outpoint: coin.outpoint, txid: txidOf(tx), tx, height: devchain.tip.height }])
  await watcher.stop()
})

test('a reorganisation — undoes what was told, and tells it anew from the other branch', async (t) => {
  const devchain = testDevchain()
  const coins = ownedCoins(devchain, 1)
  const tx = payFrom(coins, 1_000n)
  const { watcher, caughtUp } = watching(devchain)
  const events: string[] = []
  watcher.watchConfirmed({
    txid: txidOf(tx),
    minDepth: 2,
    handler: (event) => void events.push(`${event.type} ${event.height}`),
  })
  watcher.watchSpent({
    outpoint: coins[0]?.outpoint ?? { txid: new Uint8Array(32), index: 0 },
    handler: (event) => void events.push(`${event.type} ${event.height}`),
  })
  await watcher.start()
  devchain.submitTx(tx)
  devchain.mine(2)
  await caughtUp()
  const height = devchain.tip.height - 1
  t.deepEqual(events, [`spent ${height}`, `confirmed ${height}`])

  events.length = 0
  devchain.reorganise({ depth: 2 })
  await caughtUp()
  const undone = [`unconfirmed ${height}`, `unspent ${height}`]
  t.deepEqual(events.slice(0, 2).sort(), undone)
  t.deepEqual(events.slice(2), [`spent ${height}`, `confirmed ${height}`])

  events.length = 0
  devchain.reorganise({ depth: 3, dropTransactions: true })
  await caughtUp()
  t.deepEqual(events.sort(), undone)
  await watcher.stop()
})

test('a reorganisation above the transaction — undoes nothing that was told', async (t) => {
  const devchain = testDevchain()
  const tx = payFrom(ownedCoins(devchain, 1), 1_000n)
  const { watcher, caughtUp } = watching(devchain)
  const events: string[] = []
  watcher.watchConfirmed({ txid: txidOf(tx), minDepth: 3, handler: (event) => void events.push(event.type) })
  await watcher.start()
  devchain.submitTx(tx)
  devchain.mine(3)
  await caughtUp()
  devchain.reorganise({ depth: 2 })
  await caughtUp()
  t.deepEqual(events, ['confirmed'])
  await watcher.stop()
})

test('a watch made by a handler — sees the rest of the block and the block itself', async (t) => {
  const devchain = testDevchain()
  const coins = ownedCoins(devchain, 1)
  const [coin] = coins
  if (coin === undefined) return t.fail()
  const parent = payFrom(coins, 1_000n, OWNED)
  const child = payFrom([firstCoin(parent)], 1_000n, OWNED)
  const { watcher, caughtUp } = watching(devchain)
  const events: string[] = []
  watcher.watchSpent({
    outpoint: coin.outpoint,
    handler: async () => {
      // Later than the block's own events, as an actor would.
      await new Promise((resolve) => setImmediate(resolve))
      watcher.watchSpent({
        outpoint: firstCoin(parent).outpoint,
        handler: (event) => void events.push(`${event.type} ${event.height}`),
      })
    },
  })
  await watcher.start()
  devchain.submitTx(parent)
  devchain.submitTx(child)
  devchain.mine(1)
  const { height } = devchain.tip
  await caughtUp()
  await until(() => events.length > 0)
  t.deepEqual(events, [`spent ${height}`])
  await watcher.stop()
})

test('a watch with a past height — looks through the blocks since', async (t) => {
  const devchain = testDevchain()
  const coins = ownedCoins(devchain, 1)
  const tx = payFrom(coins, 1_000n)
  devchain.submitTx(tx)
  devchain.mine(1)
  const { height } = devchain.tip
  devchain.mine(5)
  const { watcher } = watching(devchain, cursorOf(devchain))
  const events: string[] = []
  const watch = (since: number): void => {
    watcher.watchConfirmed({
      txid: txidOf(tx),
      minDepth: 6,
      since,
      handler: (event) => void events.push(`since ${since} ${event.type} ${event.height}`),
    })
  }
  watch(height)
  watch(height + 1)
  await watcher.start()
  await until(() => events.length > 0)
  watch(height - 1)
  await until(() => events.length > 1)
  t.deepEqual(events, [`since ${height} confirmed ${height}`, `since ${height - 1} confirmed ${height}`])
  await watcher.stop()
})

test('a past block that is pruned — is reported', async (t) => {
  const devchain = testDevchain()
  const backend = { ...devchainBackend(devchain), getBlock: async () => undefined }
  const { watcher } = watching(devchain, undefined, { backend })
  await watcher.start()
  watcher.watchConfirmed({ txid: new Uint8Array(32), minDepth: 1, since: 149, handler: () => undefined })
  await until(() => watcher.unseen()?.to === 150)
  t.deepEqual(watcher.unseen(), { from: 149, to: 150 })
  await watcher.stop()
})

test('watchSpent — tells how far the blocks that have passed are looked through without a gap, until it finds the spend', async (t) => {
  const devchain = testDevchain()
  const [coin, other] = ownedCoins(devchain, 2)
  if (coin === undefined || other === undefined) return t.fail()
  devchain.mine(200)
  devchain.submitTx(payFrom([other], 1_000n))
  devchain.mine(1)
  const tip = devchain.tip.height
  const lookedBy = async (pruned: readonly number[], outpoint: OutPoint, since: number): Promise<readonly number[]> => {
    const chain = devchainBackend(devchain)
    const getBlock: ChainBackend['getBlock'] = async (at) =>
      pruned.includes(at as number) ? undefined : chain.getBlock(at)
    const { watcher } = watching(devchain, undefined, { backend: { ...chain, getBlock } })
    await watcher.start()
    const looked: number[] = []
    let isDone = false
    watcher.watchSpent({ outpoint, since, looked: (to) => void looked.push(to), handler: () => undefined })
    watcher.watchSpent({
      outpoint: coin.outpoint,
      since: tip,
      looked: () => {
        isDone = true
      },
      handler: () => undefined,
    })
    await until(() => isDone)
    await watcher.stop()
    return looked
  }
  t.deepEqual(await lookedBy([], coin.outpoint, 10), [144, 288, tip])
  t.deepEqual(await lookedBy([20], coin.outpoint, 21), [144, 288, tip])
  t.deepEqual(await lookedBy([200], coin.outpoint, 10), [144, 199, 199])
  t.deepEqual(await lookedBy([200], coin.outpoint, 200), [])
  t.deepEqual(await lookedBy([], other.outpoint, 10), [144, 288])
})

test('watchSpent — tells what waits in the mempool, and when that is gone without a block', async (t) => {
  const devchain = testDevchain()
  const [coin, other] = ownedCoins(devchain, 2)
  if (coin === undefined || other === undefined) return t.fail()
  const chain = devchainBackend(devchain)
  let questions = 0
  let following: Parameters<typeof chain.start>[0] | undefined
  let waiting: readonly (Uint8Array | undefined)[] | undefined
  const { watcher, caughtUp } = watching(devchain, undefined, {
    backend: {
      ...chain,
      start(asked) {
        following = asked
        return chain.start(asked)
      },
      async mempoolSpenders(outpoints) {
        questions++
        return waiting ?? chain.mempoolSpenders(outpoints)
      },
    },
  })
  const told: string[] = []
  const watch = (name: string, { outpoint }: typeof coin): void => {
    const inMempool = (spender: Uint8Array | undefined): void => {
      told.push(`${name} ${spender === undefined ? 'gone' : toHex(spender)}`)
    }
    watcher.watchSpent({ outpoint, inMempool, handler: ({ type }) => void told.push(`${name} ${type}`) })
  }
  watch('coin', coin)
  watch('other', other)
  await watcher.start()
  const tx = payFrom([coin], 1_000n)
  devchain.submitTx(tx)
  await until(() => told.length > 0)
  t.deepEqual(told, [`coin ${toHex(txidOf(tx))}`])

  // Dropped from the mempool; then back.
  waiting = [undefined, undefined]
  following?.onMempool?.()
  await until(() => told.length > 1)
  waiting = undefined
  following?.onMempool?.()
  await until(() => told.length > 2)
  // Out of the mempool because it is in a block.
  devchain.mine(1)
  await caughtUp()
  await until(() => told.length > 3)
  t.deepEqual(told.slice(1), ['coin gone', `coin ${toHex(txidOf(tx))}`, 'coin spent'])
  t.true(questions <= 7, `both outpoints go into one question: ${questions}`)
  await watcher.stop()
})

test('a restart on another chain — is refused with a typed failure, and nothing is delivered', async (t) => {
  const devchain = testDevchain()
  const first = watching(devchain, undefined, { reorgDepth: 2 })
  await first.watcher.start()
  for (let i = 0; i < 4; i++) devchain.mine(1)
  await first.caughtUp()
  await until(() => first.saved.at(-1)?.height === devchain.tip.height)
  await first.watcher.stop()
  devchain.reorganise({ depth: 4 })
  const blocks: string[] = []
  const second = watching(devchain, first.saved.at(-1), { reorgDepth: 2 })
  second.watcher.watchBlocks(({ type }) => void blocks.push(type))
  await second.watcher.start()
  await until(() => second.failures.length > 0)
  t.like((second.failures as FailureError[])[0]?.failure, { code: 'chain-rewritten' })
  t.deepEqual(blocks, ['rewound'])
  t.is(second.watcher.position(), undefined)
  await second.watcher.stop()
})

test('unwatch — nothing more is told', async (t) => {
  const devchain = testDevchain()
  const tx = payFrom(ownedCoins(devchain, 1), 1_000n)
  const { watcher, caughtUp } = watching(devchain)
  const unwatch = watcher.watchConfirmed({ txid: txidOf(tx), minDepth: 1, handler: () => t.fail() })
  const heights: number[] = []
  const unwatchHeight = watcher.watchHeight((height) => void heights.push(height))
  await watcher.start()
  unwatch()
  unwatch()
  devchain.submitTx(tx)
  devchain.mine(1)
  await caughtUp()
  unwatchHeight()
  devchain.mine(1)
  await caughtUp()
  t.deepEqual(heights, [devchain.tip.height - 1])
  await watcher.stop()
})

test('the cursor — moves only when the promises of all handlers have settled', async (t) => {
  const devchain = testDevchain()
  const { watcher, saved } = watching(devchain, cursorOf(devchain))
  const gates: (() => void)[] = []
  for (let i = 0; i < 2; i++) watcher.watchHeight(() => new Promise<void>((resolve) => gates.push(resolve)))
  await watcher.start()
  devchain.mine(2)
  await until(() => gates.length === 2)
  gates[0]?.()
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(saved, [])
  t.is(gates.length, 2)
  gates[1]?.()
  await until(() => gates.length === 4)
  t.deepEqual(
    saved.map(({ height }) => height),
    [151],
  )
  gates[2]?.()
  gates[3]?.()
  await until(() => saved.length === 2)
  t.like(saved[1], tipOf(devchain))
  await watcher.stop()
})

test('the first start — begins at the tip and saves it', async (t) => {
  const devchain = testDevchain()
  const { watcher, saved } = watching(devchain)
  const blocks: BlockEvent[] = []
  watcher.watchBlocks((event) => void blocks.push(event))
  t.deepEqual(await watcher.start(), { ok: true, value: tipOf(devchain) })
  t.deepEqual(saved, [cursorOf(devchain)])
  t.deepEqual(blocks, [{ type: 'rewound', height: 150 }])
  t.deepEqual(watcher.position(), tipOf(devchain))
  await watcher.stop()
})

test('a restart with the cursor of an earlier version — delivers blocks again from a margin below it', async (t) => {
  const devchain = testDevchain()
  const { watcher, saved, caughtUp } = watching(devchain, { ...tipOf(devchain), height: 140 })
  const blocks: string[] = []
  watcher.watchBlocks((event) => {
    const height = event.type === 'connected' ? event.block.height : event.type === 'rewound' ? event.height : 0
    blocks.push(`${event.type} ${height}`)
  })
  t.is(watcher.position()?.height, 140)
  await watcher.start()
  await caughtUp()
  await until(() => saved.length === 34)
  t.deepEqual(blocks.slice(0, 2), ['rewound 116', 'connected 117'])
  t.is(blocks.length, 35)
  t.deepEqual(
    saved.map(({ height }) => height),
    Array.from({ length: 34 }, (_, i) => 117 + i),
  )
  await watcher.stop()
})

test('a restart — delivers what came meanwhile, and nothing again', async (t) => {
  const devchain = testDevchain()
  const cursor = cursorOf(devchain)
  devchain.mine(3)
  const { watcher, saved, caughtUp } = watching(devchain, cursor)
  const blocks: string[] = []
  watcher.watchBlocks((event) => void blocks.push(event.type === 'connected' ? `+${event.block.height}` : event.type))
  await watcher.start()
  await caughtUp()
  await until(() => saved.length === 3)
  t.deepEqual(blocks, ['rewound', '+151', '+152', '+153'])
  await watcher.stop()
})

/** A node that has followed a chain on which a transaction is `depth` deep, and then is down. */
const followedUntil = async (depth: number) => {
  const devchain = testDevchain()
  const first = watching(devchain)
  await first.watcher.start()
  const coins = ownedCoins(devchain, 1)
  const tx = payFrom(coins, 1_000n)
  devchain.submitTx(tx)
  devchain.mine(1)
  const { height } = devchain.tip
  devchain.mine(depth - 1)
  await first.caughtUp()
  await until(() => first.saved.at(-1)?.height === devchain.tip.height)
  await first.watcher.stop()
  const before = first.saved.find((cursor) => cursor.height === height - 1)
  return { devchain, tx, txid: txidOf(tx), height, outpoint: coins[0]?.outpoint, cursor: first.saved.at(-1), before }
}

for (const depth of [1, 6, 100]) {
  test(`blocks undone while nobody looked — what was ${depth} deep is told as undone before anything else`, async (t) => {
    const { devchain, txid, height, outpoint, cursor } = await followedUntil(depth)
    if (outpoint === undefined) return t.fail()
    devchain.reorganise({ depth, dropTransactions: true })
    const { watcher, caughtUp } = watching(devchain, cursor)
    const events: string[] = []
    const note = (name: string) => (event: { type: string; height: number }) =>
      void events.push(`${name} ${event.type} ${event.height}`)
    watcher.watchConfirmed({ txid, minDepth: 1, known: height, handler: note('tx') })
    watcher.watchSpent({ outpoint, known: { txid, height }, handler: note('output') })
    const other = { ...outpoint, index: 7 }
    watcher.watchSpent({ outpoint: other, known: { txid, height: height - 1 }, handler: note('below') })
    watcher.watchHeight((at) => void events.push(`block ${at}`))
    await watcher.start()
    await caughtUp()
    t.deepEqual(events.slice(0, 2).toSorted(), [`output unspent ${height}`, `tx unconfirmed ${height}`])
    t.is(events[2], `block ${height}`)
    t.is(events.filter((event) => !event.startsWith('block')).length, 2)
    await watcher.stop()
  })
}

test('blocks undone while nobody looked — what was handled in a block that the cursor had not reached is told as undone by the block in its place', async (t) => {
  const { devchain, txid, height, outpoint, before } = await followedUntil(1)
  if (outpoint === undefined || before === undefined) return t.fail()
  devchain.reorganise({ depth: 1, dropTransactions: true })
  const { watcher, caughtUp } = watching(devchain, before)
  const events: string[] = []
  const note = (name: string) => (event: { type: string; height: number }) =>
    void events.push(`${name} ${event.type} ${event.height}`)
  watcher.watchConfirmed({ txid, minDepth: 1, known: height, handler: note('tx') })
  watcher.watchSpent({ outpoint, known: { txid, height }, handler: note('output') })
  await watcher.start()
  await caughtUp()
  t.deepEqual(events.toSorted(), [`output unspent ${height}`, `tx unconfirmed ${height}`])
  await watcher.stop()
})

test('blocks undone while nobody looked — what is in the other branch is told anew, in another block or the same height', async (t) => {
  const { devchain, tx, txid, height, outpoint, cursor } = await followedUntil(3)
  if (outpoint === undefined) return t.fail()
  devchain.reorganise({ depth: 3, blocks: 1, dropTransactions: true })
  devchain.submitTx(tx)
  devchain.mine(4)
  const { watcher, caughtUp } = watching(devchain, cursor)
  const events: string[] = []
  watcher.watchSpent({
    outpoint,
    known: { txid, height },
    handler: (event) => void events.push(`${event.type} ${event.height}`),
  })
  await watcher.start()
  await caughtUp()
  t.deepEqual(events, [`unspent ${height}`, `spent ${height + 1}`])
  await watcher.stop()
})

test('a known spend — is not told again, whether its block stays or is looked at again', async (t) => {
  const { devchain, txid, height, outpoint, cursor } = await followedUntil(3)
  if (outpoint === undefined) return t.fail()
  const { watcher, caughtUp } = watching(devchain, cursor)
  const handler = () => t.fail()
  watcher.watchSpent({ outpoint, known: { txid, height }, handler })
  watcher.watchSpent({ outpoint, known: { txid, height }, since: height, handler })
  watcher.watchConfirmed({ txid, minDepth: 1, since: height, known: height, handler })
  await watcher.start()
  devchain.mine(2)
  await caughtUp()
  t.pass()
  await watcher.stop()
})

test('a spend that its owner knows elsewhere than where it is — is undone and told', async (t) => {
  const { devchain, txid, height, outpoint, cursor } = await followedUntil(3)
  if (outpoint === undefined) return t.fail()
  const { watcher } = watching(devchain, cursor)
  const events: string[] = []
  watcher.watchSpent({
    outpoint,
    since: height - 1,
    known: { txid, height: height - 1 },
    handler: (event) => void events.push(`${event.type} ${event.height}`),
  })
  await watcher.start()
  await until(() => events.length > 1)
  t.deepEqual(events, [`unspent ${height - 1}`, `spent ${height}`])
  await watcher.stop()
})

test('the cursor — falls back before a block is undone, so that a crash in a reorganisation forgets nothing', async (t) => {
  const { devchain, txid, height, outpoint, cursor } = await followedUntil(3)
  if (outpoint === undefined) return t.fail()
  // The first life undoes the blocks, and ends while it tells of the second one.
  const first = watching(devchain, cursor)
  let undone = 0
  first.watcher.watchBlocks(({ type }) => {
    if (type === 'disconnected' && ++undone === 2) throw new Error('crash')
  })
  await first.watcher.start()
  devchain.reorganise({ depth: 3, dropTransactions: true })
  await until(() => first.failures.length > 0)
  await first.watcher.stop()
  t.is(first.saved.at(-1)?.height, height)
  // In the second life the state may still hold what was in blocks above the cursor.
  const second = watching(devchain, first.saved.at(-1))
  const events: string[] = []
  const known = { txid, height: height + 1 }
  second.watcher.watchSpent({ outpoint, known, handler: ({ type }) => void events.push(`above ${type}`) })
  second.watcher.watchSpent({
    outpoint,
    known: { txid, height },
    handler: ({ type }) => void events.push(`at ${type}`),
  })
  await second.watcher.start()
  await second.caughtUp()
  t.deepEqual(events, ['above unspent', 'at unspent'])
  await second.watcher.stop()
})

test('a cursor above the chain — starts at the tip', async (t) => {
  const devchain = testDevchain()
  const { watcher } = watching(devchain, { ...tipOf(devchain), height: 9_000 })
  const blocks: BlockEvent[] = []
  watcher.watchBlocks((event) => void blocks.push(event))
  await watcher.start()
  t.deepEqual(blocks, [{ type: 'rewound', height: 150 }])
  await watcher.stop()
})

for (const [how, handler] of [
  [
    'throws',
    () => {
      throw new Error('broken')
    },
  ],
  ['rejects', () => Promise.reject(new Error('broken'))],
] as const) {
  test(`a handler that ${how} — stops the watcher, and the cursor stays`, async (t) => {
    const devchain = testDevchain()
    const { watcher, saved, failures } = watching(devchain, cursorOf(devchain))
    watcher.watchHeight(handler)
    await watcher.start()
    devchain.mine(2)
    await until(() => failures.length > 0)
    t.is((failures[0] as Error).message, 'broken')
    await watcher.stop()
    t.deepEqual(saved, [])
    t.is(failures.length, 1)
  })
}

test('stop — waits for the block under way', async (t) => {
  const devchain = testDevchain()
  const { watcher, saved } = watching(devchain, cursorOf(devchain))
  let finish = (): void => undefined
  watcher.watchHeight(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve
      }),
  )
  await watcher.start()
  devchain.mine(1)
  await new Promise((resolve) => setImmediate(resolve))
  const stopped = watcher.stop()
  finish()
  await stopped
  t.deepEqual(
    saved.map(({ height }) => height),
    [151],
  )
})

test('broadcast — a transaction that is known already is fine, another verdict is its reason', async (t) => {
  const devchain = testDevchain()
  const backend = devchainBackend(devchain)
  const coins = ownedCoins(devchain, 1)
  const tx: Tx = payFrom(coins, 1_000n)
  t.deepEqual(await backend.broadcast(tx), { ok: true, value: undefined })
  t.deepEqual(await backend.broadcast(tx), { ok: true, value: undefined })
  t.deepEqual(
    await backend.mempoolSpend(coins[0]?.outpoint ?? { txid: tx.inputs[0]?.outpoint.txid as never, index: 0 }),
    tx,
  )
  devchain.mine(1)
  t.deepEqual(await backend.broadcast(tx), { ok: true, value: undefined })
  t.deepEqual(await backend.broadcast(payFrom(coins, 2_000n)), {
    ok: false,
    error: { code: 'rejected', reason: 'bad-txns-inputs-missingorspent' },
  })
  t.is((await backend.getUtxo({ txid: txidOf(tx), index: 0 }))?.height, devchain.tip.height)
  t.is(await backend.getUtxo({ txid: txidOf(tx), index: 1 }), undefined)
})
