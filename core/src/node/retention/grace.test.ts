import test from 'ava'
import { beginGrace, passGrace } from './grace.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const GRACE_MS = DAY_MS
const NOW = 1_704_067_200_000
const kept = { 'failed-payments': 90 * DAY_MS }

const awake = (ms: number) => ({ ranMs: ms, upMs: ms })

test('the first time, and whenever something is kept for less long, a whole grace is before it', (t) => {
  t.is(beginGrace(undefined, kept, NOW, GRACE_MS).leftMs, GRACE_MS)
  t.is(beginGrace({ kept: {}, leftMs: 0, at: NOW }, kept, NOW, GRACE_MS).leftMs, GRACE_MS)
  t.is(beginGrace({ kept, leftMs: 0, at: NOW }, { 'failed-payments': 60 * DAY_MS }, NOW, GRACE_MS).leftMs, GRACE_MS)
})

test('what is left goes on in the next life, and a node that was away does not serve it', (t) => {
  t.is(beginGrace({ kept, leftMs: 5, at: NOW }, kept, NOW + DAY_MS, GRACE_MS).leftMs, 5)
  t.is(beginGrace({ kept, leftMs: 0, at: NOW }, {}, NOW, GRACE_MS).leftMs, 0)
  // Nobody who writes to the row makes it longer than it can be.
  t.is(beginGrace({ kept, leftMs: 1e12, at: NOW }, kept, NOW, GRACE_MS).leftMs, GRACE_MS)
})

test('after a week away, or a clock that stands before what it said, it begins anew', (t) => {
  t.is(beginGrace({ kept, leftMs: 0, at: NOW }, kept, NOW + 8 * DAY_MS, GRACE_MS).leftMs, GRACE_MS)
  t.is(beginGrace({ kept, leftMs: 0, at: NOW }, kept, NOW - DAY_MS, GRACE_MS).leftMs, GRACE_MS)
})

test('it passes by the clock that nobody can set, and a jump of the other begins it anew', (t) => {
  const grace = { kept, leftMs: GRACE_MS, at: NOW }
  t.is(passGrace(grace, awake(HOUR_MS), NOW + HOUR_MS, GRACE_MS).leftMs, GRACE_MS - HOUR_MS)
  t.is(passGrace({ ...grace, leftMs: 1 }, awake(HOUR_MS), NOW + HOUR_MS, GRACE_MS).leftMs, 0)
  for (const jump of [3_650 * DAY_MS, -3_650 * DAY_MS, 3 * HOUR_MS]) {
    t.is(passGrace({ ...grace, leftMs: 0 }, awake(HOUR_MS), NOW + HOUR_MS + jump, GRACE_MS).leftMs, GRACE_MS)
  }
})

test('a machine that slept has not served it, and has set no clock; one that slept for more than a week was away', (t) => {
  const grace = { kept, leftMs: 5 * HOUR_MS, at: NOW }
  const slept = (ms: number) => passGrace(grace, { ranMs: HOUR_MS, upMs: HOUR_MS + ms }, NOW + HOUR_MS + ms, GRACE_MS)
  t.is(slept(8 * HOUR_MS).leftMs, 4 * HOUR_MS)
  t.is(slept(6 * DAY_MS).leftMs, 4 * HOUR_MS)
  t.is(slept(8 * DAY_MS).leftMs, GRACE_MS)
  // Asleep, and the clock set besides.
  t.is(passGrace(grace, { ranMs: HOUR_MS, upMs: 8 * HOUR_MS }, NOW + 80 * HOUR_MS, GRACE_MS).leftMs, GRACE_MS)
})
