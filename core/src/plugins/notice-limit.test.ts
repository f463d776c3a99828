import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { NoticeLimit, noticesOfAll } from './notice-limit.ts'

const DAY = 86_400_000

test('a plugin that faults all the time fills no more than a little of the event log, and how often it did is told', async (t) => {
  const clock = virtualClock()
  const limit = new NoticeLimit(noticesOfAll(clock), clock)
  const told: string[] = []
  for (let second = 0; second < DAY / 1_000; second++) {
    for (let i = 0; i < 5; i++) {
      const words = limit.words('it threw')
      if (words !== undefined) told.push(words)
    }
    await clock.advance(1_000, async () => {})
  }
  t.true(told.length < 1_500)
  t.is(told[0], 'it threw')
  const leftOut = told.reduce((sum, words) => sum + Number(/\((\d+) more/.exec(words)?.[1] ?? 0), 0)
  t.true(leftOut + told.length > DAY / 200 - 400)
})

test('all plugins together are told of in one measure', async (t) => {
  const clock = virtualClock()
  const all = noticesOfAll(clock)
  const limits = Array.from({ length: 64 }, () => new NoticeLimit(all, clock))
  let told = 0
  for (let second = 0; second < DAY / 1_000; second++) {
    for (const limit of limits) if (limit.words('it threw') !== undefined) told += 1
    await clock.advance(1_000, async () => {})
  }
  t.true(told > 1_000 && told <= 100 + DAY / 10_000)
})

test('what is refused because of others costs a plugin nothing of its own', async (t) => {
  const clock = virtualClock()
  const all = noticesOfAll(clock)
  const others = Array.from({ length: 10 }, () => new NoticeLimit(all, clock))
  for (let i = 0; i < 20; i++) for (const other of others) other.words('it threw')
  const limit = new NoticeLimit(all, clock)
  for (let i = 0; i < 100; i++) t.is(limit.words('it threw'), undefined)
  // The others are silent; its own measure allows 20 at once, and has not been touched.
  await clock.advance(200_000)
  const told = Array.from({ length: 30 }, () => limit.words('it threw')).filter((words) => words !== undefined)
  t.is(told.length, 20)
  t.regex(told[0] ?? '', /100 more/)
})
