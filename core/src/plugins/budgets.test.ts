import { findOperation, type Operation } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import test from 'ava'
import { type VirtualClock, virtualClock } from '../lib/clock-virtual.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Cost, Outcome, Prepared, Recalled } from '../node/contract-gateway.ts'
import type { Budgets } from './budgets.ts'
import type { HostStore } from './host-store.ts'
import { Ledger } from './ledger.ts'
import { parseManifest } from './manifest.ts'
import { FakeNode, MemoryStore } from './testing/fake-node.ts'

const HOUR = 3_600_000
const WINDOW = { windowMs: HOUR, paysOutMsat: 1_000, feesMsat: 100 }
const WORST: Cost = { paysOutMsat: 600n, feesMsat: 60n, locksSat: 0n }
const NOTHING: Cost = { paysOutMsat: 0n, feesMsat: 0n, locksSat: 0n }
const ANSWER = ok({ paid: true })
const SEND = findOperation('wallet', 'send') as Operation
const NEW_ADDRESS = findOperation('wallet', 'newAddress') as Operation
const SET_FEES = findOperation('channels', 'setRelayFees') as Operation

const manifest = (budget: object, rate?: object, version = '1.0.0'): Manifest => {
  const bounds = { feeBaseMsat: { max: 1 }, feeProportionalMillionths: { max: 1 } }
  const commands = { 'channels.setRelayFees': { bounds, ...(rate === undefined ? {} : { rate }) } }
  const text = { name: 'p', version, contract: '^0.1.0', entry: './x.ts', permissions: { commands }, budget }
  const parsed = parseManifest(JSON.stringify(text))
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

class RecallingNode extends FakeNode {
  recalled: Recalled = { type: 'unknown' }

  override async recall(): Promise<Recalled> {
    return this.recalled
  }
}

interface Rig {
  readonly clock: VirtualClock
  readonly node: RecallingNode
  readonly store: MemoryStore
  /** The plugin's budgets in another life of the host. */
  reopen(granted: Manifest): Promise<Budgets>
}

const rig = (): Rig => {
  const clock = virtualClock()
  const node = new RecallingNode()
  const store = new MemoryStore()
  return { clock, node, store, reopen: async (granted) => open(node, store, clock, granted) }
}

const open = async (node: FakeNode, store: HostStore, clock: VirtualClock, granted: Manifest): Promise<Budgets> => {
  const onStoreFailed = (thrown: unknown): void => {
    throw thrown
  }
  const ledger = await Ledger.open({ store, gateway: node, clock, onStoreFailed })
  const budgets = ledger.of('p')
  budgets.grant(granted)
  return budgets
}

/** A send that ends when it is told to. */
const sending = (worstCase = WORST, asked: object = { amountSat: 1n }) => {
  let ran = 0
  let end: (outcome: Outcome) => void = () => {}
  const outcome = new Promise<Outcome>((resolve) => {
    end = resolve
  })
  const prepared: Prepared = {
    operation: SEND,
    asked,
    request: asked,
    worstCase,
    run: () => {
      ran += 1
      return { answer: outcome.then(({ result }) => result), outcome }
    },
  }
  return {
    prepared,
    ran: () => ran,
    end: (result: Outcome['result'], more: Partial<Outcome> = {}) => end({ result, isStored: false, ...more }),
  }
}

const CONTEXT = { caller: { kind: 'plugin', name: 'p', version: '1.0.0' } } as const
const codeOf = (result: Result<unknown, { readonly code: string }>) => (result.ok ? 'ok' : result.error.code)
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Runs a send to its end, and lets it be settled. */
const spend = async (budgets: Budgets, key: string, result: Outcome['result'], more: Partial<Outcome> = {}) => {
  const send = sending()
  const admitted = budgets.admit('wallet.send', send.prepared, key)
  if (!admitted.ok) return admitted.error.code
  const answer = admitted.value.run(CONTEXT)
  send.end(result, more)
  await answer
  await turn()
  return 'ok'
}

test('success leaves what it really cost, and a failure nothing', async (t) => {
  const budgets = await rig().reopen(manifest(WINDOW))
  const cost = { paysOutMsat: 100n, feesMsat: 1n, locksSat: 0n }
  t.is(await spend(budgets, 'a', ANSWER, { cost }), 'ok')
  t.is(await spend(budgets, 'b', err({ code: 'no-route', message: 'no' })), 'ok')
  t.is(await spend(budgets, 'c', ANSWER, { cost: { ...cost, paysOutMsat: 400n } }), 'ok')
  // 500 are spent: 600 more do not fit.
  t.is(await spend(budgets, 'd', ANSWER), 'budget-exceeded')
})

test('a reply that does not tell the cost leaves the worst case, and a stored outcome nothing', async (t) => {
  const budgets = await rig().reopen(manifest(WINDOW))
  t.is(await spend(budgets, 'a', ANSWER, { isStored: true, cost: WORST }), 'ok')
  t.is(await spend(budgets, 'b', ANSWER), 'ok')
  t.is(await spend(budgets, 'c', ANSWER), 'budget-exceeded')
})

test('a command that costs nothing of a purse needs nothing of it', async (t) => {
  const budgets = await rig().reopen(manifest({ windowMs: HOUR, feesMsat: 1 }))
  const send = sending({ paysOutMsat: 0n, feesMsat: 1n, locksSat: 0n })
  t.true(budgets.admit('wallet.send', send.prepared, 'a').ok)
})

test('what is left in the node for ever is counted by the day, over restarts, whatever the window, and all of it is on the account', async (t) => {
  const node = rig()
  const granted = manifest({ windowMs: 60_000, actions: 1_000, keepsPerDay: 3 })
  const made = async (budgets: Budgets, name: 'newAddress' | 'setRelayFees') => {
    const operation = name === 'newAddress' ? NEW_ADDRESS : SET_FEES
    return codeOf(budgets.admit(name, { ...sending(NOTHING).prepared, operation }, undefined))
  }
  const first = await node.reopen(granted)
  t.deepEqual([await made(first, 'newAddress'), await made(first, 'newAddress')], ['ok', 'ok'])
  t.is(first.keptBytes, 2 * 2_048)
  await node.clock.advance(2 * HOUR)
  const second = await node.reopen(granted)
  t.deepEqual([await made(second, 'newAddress'), await made(second, 'newAddress')], ['ok', 'budget-exceeded'])
  t.is(await made(second, 'setRelayFees'), 'ok')
  await node.clock.advance(22 * HOUR)
  t.is(await made(second, 'newAddress'), 'ok')
  t.is(second.keptBytes, 4 * 2_048)
  t.is(await made(await node.reopen(manifest({ keepsPerDay: 0 })), 'newAddress'), 'budget-exceeded')
})

test('a key of a window that is over is a new one, for which there must be room as well', async (t) => {
  const node = rig()
  const budgets = await node.reopen(
    manifest({ ...WINDOW, windowMs: 60_000, paysOutMsat: 10_000, actions: 1_000, keepsPerDay: 1 }),
  )
  const failed = err({ code: 'no-route', message: 'no' })
  t.is(await spend(budgets, 'paid', ANSWER, { cost: { ...NOTHING, paysOutMsat: 1_000n } }), 'ok')
  t.is(await spend(budgets, 'failed', failed), 'ok')
  await node.clock.advance(61_000)
  t.is(await spend(budgets, 'paid', failed), 'budget-exceeded')
})

test('what a command that may spend leaves for ever is counted, and given back once it is paid for or nothing is left', async (t) => {
  const node = rig()
  const granted = manifest({ windowMs: HOUR, paysOutMsat: 10_000, feesMsat: 1_000, actions: 1_000, keepsPerDay: 2 })
  const budgets = await node.reopen(granted)
  const failed = err({ code: 'no-route', message: 'no' })
  const paid = { cost: { ...WORST, paysOutMsat: 999n, feesMsat: 1n } }
  for (const key of ['paid', 'paid too', 'and again']) t.is(await spend(budgets, key, ANSWER, paid), 'ok')
  t.is(await spend(budgets, 'known', failed, { isStored: true }), 'ok')
  t.is(budgets.keptBytes, 0)
  // A millisatoshi is no price for a row.
  t.is(await spend(budgets, 'cheap', ANSWER, { cost: { ...WORST, paysOutMsat: 1n, feesMsat: 0n } }), 'ok')
  t.true(budgets.keptBytes > 0)
  // One more may be under way: what it leaves is set aside with its money.
  const open = sending()
  t.true(budgets.admit('wallet.send', open.prepared, 'open').ok)
  t.is(await spend(budgets, 'refused', failed), 'budget-exceeded')
  // What is refused for its money takes nothing, and the same key again is the same row.
  t.true(budgets.admit('wallet.send', open.prepared, 'open').ok)

  // The node ends meanwhile. It was never begun: nothing is left of it.
  node.node.recalled = { type: 'never-begun' }
  const next = await node.reopen(granted)
  await next.recover()
  t.is(await spend(next, 'next', failed), 'ok')
  t.is(await spend(next, 'one too many', failed), 'budget-exceeded')
  await node.clock.advance(24 * HOUR)
  t.is(await spend(next, 'tomorrow', failed), 'ok')
})

test('what was set aside yesterday is given back to yesterday', async (t) => {
  const node = rig()
  const budgets = await node.reopen(manifest({ ...WINDOW, paysOutMsat: 1_100, keepsPerDay: 1 }))
  const send = sending()
  const admitted = budgets.admit('wallet.send', send.prepared, 'late')
  if (!admitted.ok) throw new Error(admitted.error.code)
  void admitted.value.run(CONTEXT)
  await node.clock.advance(24 * HOUR)
  const failed = err({ code: 'no-route', message: 'no' })
  t.is(await spend(budgets, 'today', failed), 'budget-exceeded', 'the purse is full')
  const other = sending({ ...NOTHING, feesMsat: 1n })
  t.true(budgets.admit('wallet.send', other.prepared, 'today').ok)
  send.end(ANSWER, { cost: { ...NOTHING, paysOutMsat: 1_000n } })
  await turn()
  await turn()
  t.is(await spend(budgets, 'another', failed), 'budget-exceeded')
})

test('nothing runs before what it may cost is on the disk, the same key asked again included', async (t) => {
  const { clock, node, store } = rig()
  let written: () => void = () => {}
  const slow: HostStore = {
    get: (key) => store.get(key),
    list: (prefix, page) => store.list(prefix, page),
    sizes: (prefix, page) => store.sizes(prefix, page),
    put: (batch) => {
      void store.put(batch)
      return new Promise((resolve) => {
        written = resolve
      })
    },
  }
  const budgets = await open(node, slow, clock, manifest(WINDOW))
  const send = sending()
  const first = budgets.admit('wallet.send', send.prepared, 'k')
  const onDisk = written
  const second = budgets.admit('wallet.send', send.prepared, 'k')
  if (!first.ok || !second.ok) return t.fail()
  const answers = [first.value.run(CONTEXT), second.value.run(CONTEXT)]
  await turn()
  t.is(send.ran(), 0)
  onDisk()
  await turn()
  // Both ask the node, which has the first one's key: it runs once.
  t.is(send.ran(), 2)
  send.end(ANSWER)
  t.deepEqual(await Promise.all(answers), [ANSWER, ANSWER])
  // It was set aside once: 600 of 1000.
  t.is(codeOf(budgets.admit('wallet.send', sending({ ...WORST, paysOutMsat: 400n, feesMsat: 1n }).prepared, 'l')), 'ok')
})

test('a key stands for one request, whatever became of it within the window', async (t) => {
  const budgets = await rig().reopen(manifest(WINDOW))
  const other = sending(WORST, { amountSat: 2n }).prepared
  const send = sending()
  t.true(budgets.admit('wallet.send', send.prepared, 'k').ok)
  t.is(codeOf(budgets.admit('wallet.send', other, 'k')), 'idempotency-mismatch')
  t.is(codeOf(budgets.admit('wallet.other', send.prepared, 'k')), 'idempotency-mismatch')
})

test('what is not known stays set aside however long it takes, over restarts, until it is known', async (t) => {
  const { node, clock, reopen } = rig()
  const budgets = await reopen(manifest(WINDOW))
  let end: (outcome: Outcome) => void = () => {}
  const outcome = new Promise<Outcome>((resolve) => {
    end = resolve
  })
  node.recalled = { type: 'under-way', outcome }
  t.is(await spend(budgets, 'a', err({ code: 'outcome-unknown', message: '?' })), 'ok')
  await clock.advance(3 * HOUR)
  t.is(await spend(budgets, 'b', ANSWER), 'budget-exceeded')
  const later = await reopen(manifest(WINDOW, undefined, '2.0.0'))
  t.is(await spend(later, 'b', ANSWER), 'budget-exceeded')
  end({ result: err({ code: 'payment-failed', message: 'no' }), isStored: false })
  await turn()
  t.is(await spend(later, 'b', ANSWER), 'ok')
})

test('who is told, as the node ends, that nothing is known of what is under way — leaves it set aside for the next life to look up', async (t) => {
  const { node, reopen } = rig()
  const budgets = await reopen(manifest(WINDOW))
  const unknown = err({ code: 'outcome-unknown', message: 'the node is stopping' })
  node.recalled = { type: 'under-way', outcome: Promise.resolve({ result: unknown, isStored: false }) }
  t.is(await spend(budgets, 'a', unknown), 'ok')
  await turn()
  node.recalled = { type: 'never-begun' }
  const later = await reopen(manifest(WINDOW))
  t.is(await spend(later, 'b', ANSWER), 'ok')
})

for (const [type, expected] of [
  ['never-begun', 'ok'],
  ['known', 'budget-exceeded'],
  ['unknown', 'budget-exceeded'],
] as const) {
  test(`a command that the node's end cut off is looked up at the next start: ${type}`, async (t) => {
    const { node, clock, reopen } = rig()
    const before = await reopen(manifest(WINDOW))
    const admitted = before.admit('wallet.send', sending().prepared, 'a')
    t.true(admitted.ok)
    await turn()
    // The outcome was stored under the key by the earlier life: it is none that is answered again.
    const outcome = { result: ANSWER, isStored: true, cost: WORST }
    node.recalled = type === 'known' ? { type, outcome } : { type }
    const after = await reopen(manifest(WINDOW))
    t.is(await spend(after, 'b', ANSWER), expected)
    if (expected === 'ok') return
    await clock.advance(HOUR + 1)
    t.is(await spend(after, 'c', ANSWER), 'ok')
  })
}

test('downtime and the clock on the wall renew nothing: only time at work does', async (t) => {
  const { node, store, clock, reopen } = rig()
  t.is(await spend(await reopen(manifest(WINDOW)), 'a', ANSWER), 'ok')
  await clock.advance(HOUR / 2)
  const budgets = await reopen(manifest(WINDOW))
  for (const wall of [400 * 24 * HOUR, 0]) {
    clock.setWall(wall)
    t.is(await spend(budgets, 'b', ANSWER), 'budget-exceeded')
  }
  // Another process: its monotonic clock begins at nothing, and the ledger goes on where it stood.
  const next = virtualClock(clock.now() + 400 * 24 * HOUR)
  const reborn = await open(node, store, next, manifest(WINDOW))
  t.is(await spend(reborn, 'b', ANSWER), 'budget-exceeded')
  await next.advance(HOUR / 2 + 60_001)
  t.is(await spend(reborn, 'b', ANSWER), 'ok')
})

const setFees: Prepared = {
  operation: SET_FEES,
  asked: {},
  request: {},
  worstCase: { paysOutMsat: 0n, feesMsat: 0n, locksSat: 0n },
  run: () => ({ answer: Promise.resolve(ANSWER), outcome: Promise.resolve({ result: ANSWER, isStored: false }) }),
}
const act = (budgets: Budgets): string => codeOf(budgets.admit('channels.setRelayFees', setFees, undefined))

test('actions are counted over restarts, upgrades and installations, and in time at work', async (t) => {
  const { clock, reopen } = rig()
  const granted = (version: string) => manifest({ windowMs: HOUR, actions: 3 }, undefined, version)
  const first = await reopen(granted('1.0.0'))
  t.deepEqual([act(first), act(first)], ['ok', 'ok'])
  first.grant(granted('1.0.1'))
  const second = await reopen(granted('2.0.0'))
  t.deepEqual([act(second), act(second)], ['ok', 'budget-exceeded'])
  clock.setWall(clock.now() + 400 * 24 * HOUR)
  t.is(act(await reopen(granted('2.0.0'))), 'budget-exceeded')
  await clock.advance(HOUR)
  t.is(act(second), 'ok')
})

test("a command's rate goes on over restarts: what was used is not there again", async (t) => {
  const { clock, reopen } = rig()
  const granted = manifest({}, { max: 2, perMs: HOUR })
  const first = await reopen(granted)
  t.deepEqual([act(first), act(first), act(first)], ['ok', 'ok', 'rate-limited'])
  first.grant(granted)
  t.is(act(first), 'rate-limited')
  const second = await reopen(granted)
  t.is(act(second), 'rate-limited')
  await clock.advance(HOUR / 2)
  t.deepEqual([act(second), act(second)], ['ok', 'rate-limited'])
})

test('queries are counted ahead, a block at a time: a crash gives none back', async (t) => {
  const { store, reopen } = rig()
  const granted = manifest({ windowMs: HOUR, queries: 1_000 })
  const first = await reopen(granted)
  let writes = 0
  const put = store.put.bind(store)
  store.put = (batch) => {
    writes += 1
    return put(batch)
  }
  for (let i = 0; i < 25; i++) t.true(first.countQuery().ok)
  t.is(writes, 3)
  const second = await reopen(granted)
  let left = 0
  while (second.countQuery().ok) left += 1
  t.is(left, 1_000 - 30)
})

test('the rate of asks does not begin anew with each run', async (t) => {
  const { clock, reopen } = rig()
  const granted = manifest({})
  const budgets = await reopen(granted)
  while (budgets.mayAsk()) {}
  budgets.grant(granted)
  t.false(budgets.mayAsk())
  await clock.advance(1)
  t.true(budgets.mayAsk())
})

const LONG = 31 * 24 * HOUR
const cost = (paysOutMsat: bigint): Cost => ({ paysOutMsat, feesMsat: 0n, locksSat: 0n })

test('a version with a shorter window wipes out nothing that was spent, over restarts', async (t) => {
  const { clock, reopen } = rig()
  const big = manifest({ ...WINDOW, windowMs: LONG })
  const small = manifest({ ...WINDOW, windowMs: 60_000 })
  const budgets = await reopen(big)
  t.is(await spend(budgets, 'a', ANSWER, { cost: cost(500n) }), 'ok')
  await clock.advance(HOUR)
  budgets.grant(small)
  t.is(budgets.used(small).paysOutMsat, 0n)
  // The key is new to the shorter window, and does not take the place of what it spent before.
  t.is(await spend(budgets, 'a', ANSWER, { cost: cost(300n) }), 'ok')
  await clock.advance(HOUR)
  t.is(budgets.used(small).paysOutMsat, 0n)
  t.is(await spend(budgets, 'b', ANSWER, { cost: cost(1n) }), 'ok')
  budgets.grant(big)
  t.is(budgets.used(big).paysOutMsat, 801n)
  t.is(await spend(budgets, 'c', ANSWER), 'budget-exceeded')
  const again = await reopen(big)
  t.is(again.used(big).paysOutMsat, 801n)
  await clock.advance(LONG)
  t.is(again.used(big).paysOutMsat, 0n)
})

test('a version with a shorter window makes no actions and queries new, over restarts', async (t) => {
  const { clock, reopen } = rig()
  const big = manifest({ windowMs: LONG, actions: 2, queries: 2 })
  const small = manifest({ windowMs: 60_000, actions: 2, queries: 2 })
  const budgets = await reopen(big)
  for (const _ of [1, 2]) {
    t.is(codeOf(budgets.admit('channels.setRelayFees', setFees, undefined)), 'ok')
    t.is(codeOf(budgets.countQuery()), 'ok')
  }
  await clock.advance(HOUR)
  budgets.grant(small)
  t.is(codeOf(budgets.admit('channels.setRelayFees', setFees, undefined)), 'ok')
  budgets.grant(big)
  for (const life of [budgets, await reopen(big)]) {
    t.is(codeOf(life.admit('channels.setRelayFees', setFees, undefined)), 'budget-exceeded')
    t.is(codeOf(life.countQuery()), 'budget-exceeded')
  }
})

test('a version without a command does not fill its rate, over restarts', async (t) => {
  const { clock, reopen } = rig()
  const rated = manifest({}, { max: 1, perMs: 24 * HOUR })
  const without: Manifest = { ...rated, permissions: { ...rated.permissions, commands: {} } }
  const ask = (budgets: Budgets) => codeOf(budgets.admit('channels.setRelayFees', setFees, undefined))
  const budgets = await reopen(rated)
  t.is(ask(budgets), 'ok')
  budgets.grant(without)
  budgets.countQuery()
  budgets.grant(rated)
  t.is(ask(budgets), 'rate-limited')
  const other = await reopen(without)
  other.grant(rated)
  t.is(ask(other), 'rate-limited')
  other.grant(without)
  await clock.advance(24 * HOUR)
  other.grant(rated)
  t.is(ask(other), 'ok')
})

test('no hour holds more actions or queries than its limit, wherever it begins, over restarts', async (t) => {
  const { clock, reopen } = rig()
  const granted = manifest({ windowMs: HOUR, actions: 3, queries: 3 })
  const ask = (budgets: Budgets) => codeOf(budgets.countQuery())
  const first = await reopen(granted)
  t.deepEqual([act(first), ask(first)], ['ok', 'ok'])
  await clock.advance(HOUR - 1)
  for (const _ of [1, 2]) t.deepEqual([act(first), ask(first)], ['ok', 'ok'])
  await clock.advance(1)
  // Only the first of three is an hour old.
  for (const life of [first, await reopen(granted)]) {
    t.deepEqual(life.used(granted), { ...NOTHING, actions: 2, queries: 2, keeps: 0 })
  }
  const second = await reopen(granted)
  t.deepEqual([act(second), ask(second)], ['ok', 'ok'])
  t.deepEqual([act(second), ask(second)], ['budget-exceeded', 'budget-exceeded'])
})

test('no day holds more of what is left for ever than its limit, wherever it begins, over restarts', async (t) => {
  const { clock, reopen } = rig()
  const granted = manifest({ actions: 1_000, keepsPerDay: 3 })
  const make = (budgets: Budgets) =>
    codeOf(budgets.admit('newAddress', { ...sending(NOTHING).prepared, operation: NEW_ADDRESS }, undefined))
  const first = await reopen(granted)
  t.is(make(first), 'ok')
  await clock.advance(24 * HOUR - 1)
  t.deepEqual([make(first), make(first)], ['ok', 'ok'])
  await clock.advance(1)
  const second = await reopen(granted)
  t.deepEqual([make(second), make(second)], ['ok', 'budget-exceeded'])
})

test('what an earlier version has counted goes on counting, for as long as it may have to', async (t) => {
  const { store, clock, reopen } = rig()
  await clock.advance(10 * HOUR - clock.monotonic())
  const now = 10 * HOUR
  const past = [{ start: now - 3 * HOUR, actions: 4, queries: 1 }]
  const usage = { at: now, windowStart: now - HOUR, actions: 2, queries: 7, rates: {}, past }
  store.rows.set('limits/usage/p', JSON.stringify(usage))
  store.rows.set('limits/left/p', JSON.stringify({ bytes: 5_000, dayStart: now - HOUR, inDay: 9 }))
  const day = manifest({ windowMs: 24 * HOUR })
  const hour = manifest({ windowMs: HOUR })
  const budgets = await reopen(day)
  t.like(budgets.used(day), { actions: 6, queries: 8, keeps: 9 })
  t.is(budgets.keptBytes, 5_000)
  t.like((await reopen(hour)).used(hour), { actions: 2, queries: 7, keeps: 9 })
})
