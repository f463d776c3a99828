import test from 'ava'
import { FailureError } from '../../lib/errors.ts'
import { err, ok } from '../../lib/result.ts'
import type { DevChain } from './dev-chain.ts'
import type { KnownNode } from './devnet-node.ts'
import { openChannels } from './open-channels.ts'

const opened = { channelId: 'cd'.repeat(32), fundingTxid: 'ab'.repeat(32), fundingOutputIndex: 0, feeSat: 1n }

/** A node that answers an opening with each of these codes first. */
const nodeRefusing = (codes: string[]) => {
  const asked: string[] = []
  const tryAsk = (actor: string, operation: string) => {
    asked.push(`${actor}.${operation}`)
    const code = operation === 'open' ? codes.shift() : undefined
    return Promise.resolve(code === undefined ? ok(opened) : err({ code, message: 'no' }))
  }
  return { asked, node: { name: 'us', nodeId: '02', listen: 'here:1', client: { tryAsk } } as unknown as KnownNode }
}

const chain = { chain: { mempoolEntry: () => ({}), mine: () => [] } } as unknown as DevChain

test('a channel whose connection is hung up while it is opened is opened over the other', async (t) => {
  // What is polled for holds no process alive.
  const awake = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(awake))
  const { asked, node } = nodeRefusing(['peer-not-connected', 'peer-disconnected'])
  const plan = { from: node, to: node, fundingSat: 1_000_000n, pushMsat: 0n }
  t.like(await openChannels(chain, [plan]), [{ channelId: opened.channelId }])
  const attempt = ['channels.open', 'peers.connect']
  t.deepEqual(asked, [...attempt, ...attempt, 'channels.open'])
})

test('a channel that is refused for good ends the start, with the reason', async (t) => {
  const { asked, node } = nodeRefusing(['insufficient-funds'])
  const plan = { from: node, to: node, fundingSat: 1_000_000n, pushMsat: 0n }
  const error = await t.throwsAsync(openChannels(chain, [plan]), { instanceOf: FailureError })
  t.like(error?.failure, { code: 'node-refused', what: 'channels.open', reason: 'no [insufficient-funds]' })
  t.deepEqual(asked, ['channels.open'])
})
