import test from 'ava'
import { devchainRig } from '../support/chain-rig.ts'
import { Network } from '../support/network.ts'
import type { NodeProcess } from '../support/node-process.ts'
import { installOn } from '../support/plugin-source.ts'

/** Without what says that the machine has no bubblewrap. */
const warningsOf = async (node: NodeProcess): Promise<readonly string[]> =>
  (await node.ask('node', 'getInfo', {})).warnings.filter((warning) => !warning.startsWith('plugins are held by '))

test('safe mode — a node that was killed twice starts without its plugins, says so, keeps closed what they guard, and goes on when told', async (t) => {
  const network = new Network(await devchainRig())
  network.endWith(t)
  const [alice, bob] = [await network.node('alice'), await network.node('bob')]
  await network.fund(alice, 10_000_000n)
  await installOn(bob, {
    name: 'guard',
    setup: "hooks.on('channel.accept', () => ({ type: 'accept' }))",
    manifest: { permissions: { hooks: { 'channel.accept': { verdicts: ['accept', 'reject'] } } } },
  })
  const [running] = (await bob.ask('plugins', 'list', {})).items
  t.is(running?.state, 'running')

  await bob.kill()
  await bob.start()
  t.is((await bob.ask('plugins', 'list', {})).items[0]?.state, 'running', 'once may happen to anyone')
  t.deepEqual(await warningsOf(bob), [])

  await bob.kill()
  await bob.start()
  const said =
    /^safe-mode: the node ended early 2 times in a row; the plugin that ran last was guard\. .*plugins resume/
  const [held] = (await bob.ask('plugins', 'list', {})).items
  t.is(held?.state, 'held')
  t.regex(held?.lastFault ?? '', said)
  t.regex((await warningsOf(bob))[0] ?? '', said)
  t.regex(bob.diagnosis, /warning: safe-mode: /)

  await alice.ask('peers', 'connect', { nodeId: bob.id, address: bob.listen })
  const open = () => alice.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat: 1_000_000n, pushMsat: 0n })
  t.like(await open(), { ok: false, error: { code: 'refused-by-peer' } })

  const { items } = await bob.ask('plugins', 'resume', {})
  t.is(items[0]?.state, 'running')
  t.deepEqual(await warningsOf(bob), [])
  t.like(await open(), { ok: true })

  t.is(await bob.stop(), 0)
  await bob.start()
  t.is((await bob.ask('plugins', 'list', {})).items[0]?.state, 'running', 'an orderly stop sets the count back')
})

test('safe mode — says nothing of a node that has no plugins', async (t) => {
  const network = new Network(await devchainRig())
  network.endWith(t)
  const bob = await network.node('bob')
  for (let i = 0; i < 3; i++) {
    await bob.kill()
    await bob.start()
  }
  t.deepEqual(await warningsOf(bob), [])
  t.notRegex(bob.diagnosis, /safe-mode/)
})
