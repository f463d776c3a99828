import test from 'ava'
import { toHex, utf8Encode } from '../../core/src/lib/bytes.ts'
import { HostilePeer } from './support/hostile-peer.ts'
import { type TestNode, World } from './support/world.ts'

const keptBy = async (node: TestNode): Promise<readonly string[]> =>
  (await node.ask('events', 'list', { limit: 500 })).items.map(({ type }) => type)

const warning = (channelId: Uint8Array) => ({ type: 'warning', channelId, data: utf8Encode('x') }) as const

test('a stranger that comes, complains, opens and is refused leaves no row in the log, and is seen live', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const bob = await world.node('bob')
  for (let round = 1; round <= 2; round++) {
    const mallory = await HostilePeer.connect(bob, 66)
    const id = new Uint8Array(32).fill(round)
    // Once refused, once accepted and then let drop.
    mallory.send({ ...mallory.openChannel(id), fundingSatoshis: 1n })
    await mallory.next('error')
    mallory.send(mallory.openChannel(id))
    await mallory.next('accept_channel')
    mallory.send(warning(id), warning(id))
    await bob.until(async () => bob.payloads('channel.errored').length >= 3 * round)
    await mallory.leave()
    await bob.until(async () => bob.payloads('peer.disconnected').length >= round)
  }
  t.deepEqual(await keptBy(bob), [])
  t.is(bob.payloads('channel.opening').length, 4)
})

test('a stranger’s openings that come to nothing use up no address of the wallet', async (t) => {
  /** The address for which a channel is the next to be accepted, after so many that came to nothing. */
  const scriptAfter = async (openings: number): Promise<string> => {
    const world = new World()
    t.teardown(() => world.close())
    const bob = await world.node('bob')
    for (let round = 1; round <= openings; round++) {
      const mallory = await HostilePeer.connect(bob, 66)
      mallory.send(mallory.openChannel(new Uint8Array(32).fill(round)))
      await mallory.next('accept_channel')
      await mallory.leave()
      await bob.until(async () => bob.payloads('peer.disconnected').length >= round)
    }
    const mallory = await HostilePeer.connect(bob, 66)
    const open = mallory.openChannel(new Uint8Array(32).fill(99))
    mallory.send(open)
    const accept = await mallory.next('accept_channel')
    mallory.send(mallory.fundingCreated(open, accept, { txid: new Uint8Array(32).fill(5), index: 0 }))
    const { channelId } = await mallory.next('funding_signed')
    mallory.send({ type: 'shutdown', channelId, scriptpubkey: new Uint8Array([0, 20, ...new Uint8Array(20).fill(9)]) })
    return toHex((await mallory.next('shutdown')).scriptpubkey)
  }
  t.is(await scriptAfter(3), await scriptAfter(0))
})
