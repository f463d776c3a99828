import test from 'ava'
import { fromHex } from '../../core/src/lib/bytes.ts'
import { hasFeature } from '../../core/src/wire/features.ts'
import { World } from './support/world.ts'

test('onion messages — a node says that it takes and relays them, unless its operator wants none', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob', { choices: { onionMessages: 'off' } })
  await alice.connectTo(bob)
  const says = async (of: typeof alice, by: typeof alice): Promise<boolean> => {
    const { items } = await by.ask('peers', 'list', {})
    const features = items.find(({ nodeId }) => nodeId === of.id)?.features ?? ''
    return hasFeature(fromHex(features), 'option_onion_messages')
  }
  await bob.until(async () => (await bob.ask('peers', 'list', {})).items.length === 1)
  t.deepEqual([await says(alice, bob), await says(bob, alice)], [true, false])
})
