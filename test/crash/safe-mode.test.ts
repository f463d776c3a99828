import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { devchainRig } from '../support/chain-rig.ts'
import { Network } from '../support/network.ts'
import type { NodeProcess } from '../support/node-process.ts'

const writePlugin = (node: NodeProcess, name: string, setup: string, permissions: object): string => {
  const path = join(node.dataDir, 'sources', name)
  mkdirSync(path, { recursive: true })
  const manifest = { name, version: '1.0.0', contract: '^0.1.0', entry: './index.ts', permissions }
  writeFileSync(join(path, 'fulgurite.plugin.json'), JSON.stringify(manifest))
  writeFileSync(
    join(path, 'index.ts'),
    `import { definePlugin } from '@fulgurite/plugin-sdk'\nexport default definePlugin(({ hooks }) => { ${setup} })`,
  )
  return path
}

test('safe mode — a node that was killed twice starts without its plugins, says so, keeps closed what they guard, and goes on when told', async (t) => {
  const network = new Network(await devchainRig())
  network.endWith(t)
  const [alice, bob] = [await network.node('alice'), await network.node('bob')]
  await network.fund(alice, 10_000_000n)
  const guard = writePlugin(bob, 'guard', "hooks.on('channel.accept', () => ({ type: 'accept' }))", {
    hooks: { 'channel.accept': { verdicts: ['accept', 'reject'] } },
  })
  await bob.ask('plugins', 'install', { path: guard })
  const [running] = (await bob.ask('plugins', 'list', {})).items
  t.is(running?.state, 'running')
  const warnings = async () => (await bob.ask('node', 'getInfo', {})).warnings

  await bob.kill()
  await bob.start()
  t.is((await bob.ask('plugins', 'list', {})).items[0]?.state, 'running', 'once may happen to anyone')
  t.deepEqual(await warnings(), [])

  await bob.kill()
  await bob.start()
  const said =
    /^safe-mode: the node ended early 2 times in a row; the plugin that ran last was guard\. .*plugins resume/
  const [held] = (await bob.ask('plugins', 'list', {})).items
  t.is(held?.state, 'held')
  t.regex(held?.lastFault ?? '', said)
  t.regex((await warnings())[0] ?? '', said)
  t.regex(bob.diagnosis, /warning: safe-mode: /)

  await alice.ask('peers', 'connect', { nodeId: bob.id, address: bob.listen })
  const open = () => alice.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat: 1_000_000n, pushMsat: 0n })
  t.like(await open(), { ok: false, error: { code: 'refused-by-peer' } })

  const { items } = await bob.ask('plugins', 'resume', {})
  t.is(items[0]?.state, 'running')
  t.deepEqual(await warnings(), [])
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
  t.deepEqual((await bob.ask('node', 'getInfo', {})).warnings, [])
  t.notRegex(bob.diagnosis, /safe-mode/)
})
