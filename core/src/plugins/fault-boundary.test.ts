import test from 'ava'
import { testHost } from './testing/test-host.ts'

const HOUR = 3_600_000
const CHANNEL = 'cd'.repeat(32)

const follower = (name: string, setup: string, filter?: object) => ({
  name,
  code: `import { definePlugin } from '@fulgurite/plugin-sdk'
    export default definePlugin(({ events, log }) => { ${setup} })`,
  manifest: { permissions: { events: { 'channel.balance-changed': filter === undefined ? {} : { filter } } } },
})

const moved = {
  channelId: CHANNEL,
  peer: `02${'ab'.repeat(32)}`,
  fundingIndex: 0,
  capacitySat: 1_000n,
  localMsat: 1n,
  remoteMsat: 0n,
  spendableMsat: 0n,
  receivableMsat: 0n,
}

const setUp = () => testHost({ restart: { firstMs: HOUR, maxMs: HOUR, maxFaults: 5, windowMs: HOUR } })

test('a bug of the host that an outbox meets — ends that plugin with its stack, and nothing else', async (t) => {
  const { host, node, store, install, line, close } = await setUp()
  t.teardown(close)
  await install(follower('bystander', "events.on('channel.balance-changed').subscribe(() => log.info('heard'))"))
  await install(follower('unlucky', "events.each('moves', 'channel.balance-changed', () => {})"))
  store.put = () => {
    throw new Error('a bug of ours')
  }
  node.emit('channel.balance-changed', moved)
  const { text } = await line('unlucky', /host-fault/)
  t.regex(text, /^host-fault: Error: a bug of ours/)
  await line('bystander', /^heard$/)
  t.like(host.list(), [
    { name: 'bystander', state: 'running' },
    { name: 'unlucky', state: 'backing-off' },
  ])
})

test('a bug of the host that an event meets — ends that plugin, and does not reach who told of the event', async (t) => {
  const { host, node, install, line, close } = await setUp()
  t.teardown(close)
  const live = "events.on('channel.balance-changed').subscribe(() => log.info('heard'))"
  await install(follower('filtered', live, { channelId: { oneOf: [CHANNEL] } }))
  const event = node.emit('channel.balance-changed', moved)
  await line('filtered', /^heard$/)
  t.notThrows(() => node.append([{ ...event, sequence: 2, text: 'not as it was written' }]))
  await line('filtered', /^host-fault: SyntaxError/)
  t.like(host.list(), [{ name: 'filtered', state: 'backing-off' }])
})
