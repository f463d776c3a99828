import { once } from 'node:events'
import { createServer } from 'node:http'
import { ConnectionLost, FollowRefused, MalformedAnswer, NodeClient } from '@fulgurite/plugin-sdk/client'
import test, { type ExecutionContext } from 'ava'
import { readAccess } from '../../core/src/api/access.ts'
import { type PluginNode, PluginWorld } from './support/plugin-world.ts'

// The client that the SDK offers, against a node's real API.

const clientOf = (t: ExecutionContext, node: PluginNode): NodeClient => {
  const access = readAccess(node.data)
  if (!access.ok) throw new Error(access.error.code)
  const client = new NodeClient(access.value)
  t.teardown(() => client.close())
  return client
}

const world = async (t: ExecutionContext): Promise<PluginNode> => {
  const made = new PluginWorld()
  t.teardown(() => made.close())
  return made.pluginNode('bob')
}

test('asks with amounts, has refusals as data, and does once what is asked twice with one key', async (t) => {
  const node = await world(t)
  const client = clientOf(t, node)
  const balance = await client.ask('wallet', 'balance', {})
  t.is(balance.ok && balance.value.confirmedSat, 0n)
  t.like(await client.ask('channels', 'get', { channelId: 'ab'.repeat(32) }), {
    ok: false,
    error: { code: 'channel-not-found' },
  })
  const large = 2n ** 53n + 1n
  const make = () => client.ask('invoices', 'create', { amountMsat: large, description: 'x' }, { key: 'one' })
  const [first, again] = [await make(), await make()]
  t.is(first.ok && first.value.invoice.amountMsat, large, 'to its last digit')
  t.deepEqual(first, again)
})

test('follows events from a cursor, typed, into another life of the node', async (t) => {
  const node = await world(t)
  const client = clientOf(t, node)
  const head = await client.ask('wallet', 'balance', {})
  if (!head.ok) return t.fail(head.error.code)
  await client.ask('invoices', 'create', { amountMsat: 5n, description: 'before' })
  const stream = client.follow({ from: head.value.asOf, types: ['invoice.created'] })
  const stored = await stream.next()
  t.like(stored.value, { type: 'invoice.created', isDurable: true })
  t.is(stored.value?.payload.amountMsat, 5n)
  await client.ask('invoices', 'create', { amountMsat: 6n, description: 'live' })
  const live = await stream.next()
  t.is(live.value?.payload.amountMsat, 6n)
  // However the connection goes, nothing more comes on it.
  const end = stream.next().then(
    ({ done }) => done === true,
    (error) => error instanceof ConnectionLost,
  )
  await node.stop()
  t.true(await end)
  await t.throwsAsync(client.ask('node', 'getInfo', {}), { instanceOf: ConnectionLost })

  await node.start()
  const next = clientOf(t, node)
  await next.ask('invoices', 'create', { amountMsat: 7n, description: 'after' })
  const stop = new AbortController()
  const from = live.value?.cursor ?? ''
  for await (const event of next.follow({ from, types: ['invoice.created'], signal: stop.signal })) {
    t.is(event.payload.amountMsat, 7n)
    stop.abort()
  }
})

test('a cursor that the node never gave out, and answers of what is no node, are errors of their own', async (t) => {
  const client = clientOf(t, await world(t))
  const refused = await t.throwsAsync(client.follow({ from: 'nonsense' }).next(), { instanceOf: FollowRefused })
  t.is((refused as FollowRefused).error.code, 'cursor-invalid')

  const answers = ['hello', '{}', '{"items":1}']
  const server = createServer((_, response) => response.end(answers.shift()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const other = new NodeClient({ url: `http://127.0.0.1:${port}`, token: '' })
  t.teardown(() => other.close())
  while (answers.length > 0) await t.throwsAsync(other.ask('node', 'getInfo', {}), { instanceOf: MalformedAnswer })
})
