import test from 'ava'
import { World } from './support/world.ts'

const TEXT = 'The node is mine, on 27 November. ☇'

test('a text that a node signs is its own where it is known, and wherever it is asked for', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  const { signature } = await alice.ask('node', 'signMessage', { message: TEXT })
  const seen = async (asked: { message?: string; signature?: string; nodeId?: string } = {}) => {
    const { valid, nodeId } = await bob.ask('node', 'verifyMessage', { message: TEXT, signature, ...asked })
    return { valid, nodeId }
  }

  // Nobody whom bob knows.
  t.deepEqual(await seen(), { valid: false, nodeId: alice.id })
  t.deepEqual(await seen({ nodeId: alice.id }), { valid: true, nodeId: alice.id })
  t.deepEqual(await seen({ nodeId: bob.id }), { valid: false, nodeId: alice.id })
  // A signature of another text is somebody's, who is nobody.
  const other = await seen({ message: `${TEXT} ` })
  t.false(other.valid)
  t.not(other.nodeId, alice.id)
  t.false((await seen({ message: `${TEXT} `, nodeId: alice.id })).valid)
  for (const none of ['', 'y'.repeat(104), signature.slice(1), `${signature}y`])
    t.deepEqual(await seen({ signature: none }), { valid: false, nodeId: undefined })
  // Its own.
  const { signature: own } = await bob.ask('node', 'signMessage', { message: '' })
  t.deepEqual(await seen({ message: '', signature: own }), { valid: true, nodeId: bob.id })

  // A peer with a channel, which nobody else knows of.
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 1_000_000n })
  await bob.until(async () => (await seen()).valid)
  t.deepEqual(await seen(), { valid: true, nodeId: alice.id })
})
