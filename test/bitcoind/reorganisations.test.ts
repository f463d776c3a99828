import test from 'ava'
import { channelOf, Network, untilUsable } from '../support/network.ts'
import type { NodeProcess } from '../support/node-process.ts'
import { whyNoBitcoind } from './support/bitcoind.ts'
import { bitcoindRig } from './support/bitcoind-rig.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

const CAPACITY = 1_000_000n
const SIX = 6

const stateOf = async (node: NodeProcess, channelId: string): Promise<string> => {
  const answer = await node.tryAsk('channels', 'get', { channelId })
  return answer.ok ? answer.value.channel.state : 'gone'
}

real(
  'blocks that bitcoind undoes, while a node runs and while it is killed — take closes and fundings with them',
  async (t) => {
    t.timeout(280_000)
    const chain = await bitcoindRig()
    const network = new Network(chain)
    network.endWith(t)
    const [alice, bob] = [await network.node('alice'), await network.node('bob')]
    await network.fund(alice, 10_000_000n)

    // A funding is undone while both run, and comes back in a later block.
    const channelId = await network.open(alice, bob, CAPACITY, 300_000_000n)
    const before = await channelOf(alice, channelId)
    await network.untilHandled(await chain.reorganise(SIX))
    for (const node of [alice, bob]) {
      await node.until('the channel is out of use', async () => (await stateOf(node, channelId)) === 'offline')
    }
    await network.mine(SIX)
    await untilUsable(channelId, alice, bob)
    t.not((await channelOf(alice, channelId)).shortChannelId, before.shortChannelId)

    // A close is undone while alice is killed, when it was done for her.
    await alice.ask('channels', 'close', { channelId })
    await alice.until('both have signed', async () => alice.payloads('channel.close-signed').length === 1)
    const txid = String(alice.payloads('channel.close-signed')[0]?.txid)
    await network.untilInMempool(txid)
    await network.mine(20)
    for (const node of [alice, bob]) {
      await node.until('the close is done', async () => (await stateOf(node, channelId)) === 'closed')
    }
    await alice.kill()
    await chain.reorganise(20)
    await alice.start()
    for (const node of [alice, bob]) {
      await node.until('it is closing again', async () => (await stateOf(node, channelId)) === 'closing')
    }
    await network.untilInMempool(txid)
    await network.mine(SIX)
    for (const node of [alice, bob]) {
      await node.until('the close is done', async () => (await stateOf(node, channelId)) === 'closed')
    }
    const { confirmedSat } = await bob.ask('wallet', 'balance', {})
    t.is(confirmedSat, 300_000n)
  },
)
