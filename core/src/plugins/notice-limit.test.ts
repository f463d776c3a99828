import test from 'ava'
import { NoticeLimit, noticesOfAll } from './notice-limit.ts'

const DAY = 86_400_000

test('a plugin that faults all the time fills no more than a little of the event log, and how often it did is told', (t) => {
  const limit = new NoticeLimit(noticesOfAll(0), 0)
  const told: string[] = []
  for (let now = 0; now < DAY; now += 200) {
    const words = limit.words(now, 'it threw')
    if (words !== undefined) told.push(words)
  }
  t.true(told.length < 1_500)
  t.is(told[0], 'it threw')
  const leftOut = told.reduce((sum, words) => sum + Number(/\((\d+) more/.exec(words)?.[1] ?? 0), 0)
  t.true(leftOut + told.length > DAY / 200 - 400)
})

test('all plugins together are told of in one measure', (t) => {
  const all = noticesOfAll(0)
  const limits = Array.from({ length: 64 }, () => new NoticeLimit(all, 0))
  let told = 0
  for (let now = 0; now < DAY; now += 1_000) {
    for (const limit of limits) if (limit.words(now, 'it threw') !== undefined) told += 1
  }
  t.true(told <= 100 + DAY / 10_000)
})
