import test from 'ava'
import { meetsAllDeadlines } from './support/fee-pressure.ts'
import { MarketWorld } from './support/market-world.ts'

test('fees rise fifty-fold while a channel with twenty HTLCs is closed alone, and estimates lag — every claim is in a block in time, for less than it is worth', async (t) => {
  const world = new MarketWorld()
  t.teardown(() => world.close())
  await meetsAllDeadlines(t, world)
})
