import test from 'ava'
import fc from 'fast-check'
import { RollingCount } from './rolling-count.ts'

const OPTIONS = { longestMs: 100_000, summedMs: 20_000 }
const WINDOW = 1_000
const LIMIT = 5

/** Times at which somebody who asks at all of these was let pass. */
const passed = (gaps: readonly number[], window = (_: number): number => WINDOW): readonly number[] => {
  let count = new RollingCount(OPTIONS)
  let now = 0
  return gaps.flatMap((gap, i) => {
    now += gap
    // Each other time it has been stored meanwhile.
    if (i % 2 === 1) count = new RollingCount(OPTIONS, JSON.parse(JSON.stringify(count.kept)))
    const windowMs = window(i)
    if (count.used(now, windowMs) >= LIMIT) return []
    count.add(now, windowMs)
    return [now]
  })
}

const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 })

test('no stretch of the length of the window holds more than the limit', (t) => {
  fc.assert(
    fc.property(gaps, (each) => {
      const times = passed(each)
      for (let i = LIMIT; i < times.length; i++) {
        if ((times[i] as number) - (times[i - LIMIT] as number) < WINDOW) return false
      }
      return true
    }),
  )
  t.pass()
})

test('what was counted is let go when it is a twenty-fourth older than the window at the latest', (t) => {
  fc.assert(
    fc.property(gaps, (each) => {
      const count = new RollingCount(OPTIONS)
      let now = 0
      const times: number[] = []
      for (const gap of each) {
        now += gap
        count.add(now, WINDOW)
        times.push(now)
        const least = times.filter((time) => now - time < WINDOW).length
        const most = times.filter((time) => now - time < WINDOW + WINDOW / 24).length
        const used = count.used(now, WINDOW)
        if (used < least || used > most) return false
      }
      return true
    }),
  )
  t.pass()
})

test('a window that is shorter for a while lets a longer one forget nothing', (t) => {
  fc.assert(
    fc.property(gaps, fc.integer({ min: 60, max: 900 }), (each, short) => {
      const count = new RollingCount(OPTIONS)
      let now = 0
      each.forEach((gap, i) => {
        now += gap
        count.add(now, i % 2 === 0 ? short : 50_000)
      })
      return count.used(now, OPTIONS.longestMs) === each.length
    }),
  )
  t.pass()
})

test('what is kept stays small, and what is older than any window goes', (t) => {
  const count = new RollingCount(OPTIONS)
  for (let now = 0; now < 10 * OPTIONS.longestMs; now += 7) count.add(now, WINDOW)
  t.true(count.kept.length <= 24 + 1 + OPTIONS.longestMs / OPTIONS.summedMs + 1)
  t.is(count.used(11 * OPTIONS.longestMs, OPTIONS.longestMs), 0)
})

test('what is taken back was counted at its own time', (t) => {
  const count = new RollingCount(OPTIONS)
  count.add(0, WINDOW)
  count.add(900, WINDOW)
  count.takeBack(950, 0)
  t.is(count.used(950, WINDOW), 1)
  t.is(count.used(1_100, WINDOW), 1)
  count.takeBack(1_100, 900)
  t.is(count.used(1_100, WINDOW), 0)
  count.takeBack(1_100, 900)
  t.is(count.used(1_100, WINDOW), 0)
})
