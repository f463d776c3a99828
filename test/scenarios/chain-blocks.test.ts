import test from 'ava'
import { World } from './support/world.ts'

test('chain.block — tells of each new tip by height and hash, and is not kept', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const { blockHeight: before } = await alice.ask('node', 'getInfo', {})
  const told = () => alice.payloads('chain.block').filter(({ blockHeight }) => Number(blockHeight) > before)
  await world.mine(3)
  await alice.until(async () => told().length === 3)
  t.deepEqual(
    told().map(({ blockHeight }) => blockHeight),
    [before + 1, before + 2, before + 3],
  )
  t.is(told().at(-1)?.blockHash, (await alice.ask('node', 'getInfo', {})).blockHash)
  const { items } = await alice.ask('events', 'list', { types: ['chain.block'] })
  t.deepEqual(items, [])
})
