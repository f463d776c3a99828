import test from 'ava'
import { PluginWorld } from './support/plugin-world.ts'

test('a node that is stopped while its plugins start — ends, starts none of the rest, and has all of them in its next life', async (t) => {
  const world = new PluginWorld()
  t.teardown(() => world.close())
  const bob = await world.pluginNode('bob')
  const names = ['one', 'two', 'three', 'four', 'five', 'six']
  for (const name of names) await bob.install({ name, setup: '' })
  await bob.stop()
  for (let life = 0; life < 3; life++) {
    await bob.start({ whole: false })
    await bob.stop()
  }
  await bob.start()
  const { items } = await bob.ask('plugins', 'list', {})
  t.deepEqual(
    items.map(({ state }) => state),
    names.map(() => 'running'),
  )
})
