import test from 'ava'
import type { Action, Pay } from './support/actions.ts'
import type { HoldEnd } from './support/holds.ts'
import { play } from './support/sequence.ts'
import type { Terrain } from './support/terrain.ts'

/** Alice, bob and carol in a row. */
const ROW: Terrain = {
  nodes: 3,
  channels: 'usual',
  closes: 'simple',
  isUpfront: false,
  isPoor: false,
  payments: 'all',
  early: undefined,
}

const wait = (ms: number): Action => ({ do: 'wait', ms })
const pay = (way: Exclude<Pay['way'], undefined>, from = 0, to = 1): Action => ({
  do: 'pay',
  way,
  from,
  to,
  msat: 20_000_000,
  by: 0,
})
const hold = (end: HoldEnd, by?: number): Action => ({
  do: 'hold',
  from: 0,
  to: 1,
  msat: 20_000_000,
  finalDelta: 48,
  end,
  ...(by !== undefined && { by }),
})
const claimAgain: Action = { do: 'claim', back: 0 }
const settle: Action = { do: 'decide', back: 0, is: 'settle' }
const cancel: Action = { do: 'decide', back: 0, is: 'cancel' }
/** Carol's process ends at once, and is back after a second. */
const carolDies: Action = { do: 'crash', node: 2, when: 'after', commits: 0, downMs: 1_000 }

const played = async (actions: readonly Action[]) => {
  const { faults, counts } = await play(1, { terrain: ROW, actions })
  return { faults, counts }
}

test('payments that are held — are settled, or given back, by whoever decides, after a restart too, and at the latest by their node', async (t) => {
  const { faults, counts } = await played([
    hold('leave'),
    wait(2_000),
    settle,
    wait(2_000),
    hold('leave'),
    wait(2_000),
    cancel,
    wait(2_000),
    hold('leave', 0),
    wait(2_000),
    carolDies,
    { do: 'pay', from: 1, to: 0, msat: 1_000_000 },
    wait(40_000),
    settle,
    wait(5_000),
    // Nobody decides about these until the last block before they are given back, and about the last of them never.
    hold('leave'),
    wait(2_000),
    { do: 'approach', back: 0, left: 1 },
    settle,
    hold('leave'),
    wait(2_000),
    { do: 'approach', back: 0, left: 0 },
    settle,
    hold('leave'),
  ])
  t.deepEqual(faults, [])
  t.like(counts, { heldAndSettled: 3, heldAndGivenBack: 3, heldAtDeaths: 1, byTrampoline: 1 })
})

test('payments by a trampoline node, for an offer, for a refund and without an invoice — arrive', async (t) => {
  const { faults, counts } = await played([
    pay('trampoline'),
    wait(3_000),
    pay('offer'),
    wait(5_000),
    pay('refund'),
    wait(5_000),
    pay('keysend', 1, 0),
    wait(3_000),
  ])
  t.deepEqual(faults, [])
  t.like(counts, { byTrampoline: 1, overBlindedPaths: 1, refunds: 1, withoutInvoice: 1 })
})

test('relays that are asked about — wait for the answer, and go on without one in the end', async (t) => {
  const { faults, counts } = await played([
    { do: 'guard', node: 1, says: 'continue', ms: 5_000 },
    { do: 'pay', from: 0, to: 1, msat: 1_000_000 },
    wait(10_000),
    { do: 'guard', node: 1, says: 'fail', ms: 5_000 },
    { do: 'pay', from: 0, to: 1, msat: 1_000_000 },
    wait(10_000),
    { do: 'guard', node: 1, says: 'nothing' },
    { do: 'pay', from: 0, to: 1, msat: 1_000_000 },
    wait(10_000),
  ])
  t.deepEqual(faults, [])
  t.is(counts.relaysAskedAbout, 3)
})

/** A death at each of a node's next commits, before it and after it is on the disk. */
const deaths = (node: number, commits: number): readonly Action[] =>
  Array.from({ length: commits }, (_, at) => at).flatMap((at) =>
    (['before', 'after'] as const).map((when): Action => ({ do: 'crash', node, when, commits: at, downMs: 1_000 })),
  )

test('a trampoline node that dies at any of its commits — gives back what it has not paid, and is paid what it has', async (t) => {
  let atDeaths = 0
  for (const death of deaths(1, 14)) {
    const { faults, counts } = await played([death, pay('trampoline'), wait(40_000)])
    t.deepEqual(faults, [], JSON.stringify(death))
    atDeaths += counts.trampolineRelaysAtDeaths
  }
  t.true(atDeaths > 5, `${atDeaths} relays were under way`)
})

test('a payee that dies at any of its commits — holds what it held, and what it has said of it stands', async (t) => {
  let atDeaths = 0
  for (const death of deaths(2, 6)) {
    const begun = [hold('leave'), wait(2_000)]
    const { faults, counts } = await played([...begun, death, settle, wait(40_000), cancel, wait(2_000)])
    t.deepEqual(faults, [], JSON.stringify(death))
    atDeaths += counts.heldAtDeaths
  }
  t.true(atDeaths > 0, `${atDeaths} payments were held`)
})

test('a node that dies at any of its commits while its refund is fetched — pays it once, to one of two that come, or to the one that comes later', async (t) => {
  let paid = 0
  for (const death of deaths(0, 12)) {
    const { faults, counts } = await played([death, pay('refund'), wait(40_000), claimAgain, wait(40_000)])
    t.deepEqual(faults, [], JSON.stringify(death))
    t.true(counts.refunds <= 1, JSON.stringify(death))
    paid += counts.refunds
  }
  t.true(paid > 20, `${paid} refunds were paid`)
})

test('a refund of a node that has gone back to a backup — is not paid again, whenever that was made', async (t) => {
  const moments = Array.from({ length: 12 }, () => wait(30))
  const fates = new Set<number>()
  for (let at = 1; at <= moments.length; at++) {
    const back: Action = { do: 'restore', node: 0, permille: Math.ceil((at * 1_000) / (moments.length + 3)) }
    const later = [wait(40_000), back, wait(1_000), claimAgain, wait(40_000)]
    const { faults, counts } = await played([pay('refund'), ...moments, ...later])
    t.deepEqual(faults, [], `${at}`)
    fates.add(counts.refunds)
  }
  // Backups of before and after the payment.
  t.deepEqual(fates, new Set([0, 1]))
})
