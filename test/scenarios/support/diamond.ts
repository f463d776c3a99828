import { type TestNode, World } from './world.ts'

const GOSSIP = { threads: 0, passOnMs: 20, isBusy: () => false } as const

/** Two ways from alice to dave, by bob and by carol, over announced channels that everybody knows. */
export interface Diamond {
  readonly world: World
  readonly alice: TestNode
  readonly bob: TestNode
  readonly carol: TestNode
  readonly dave: TestNode
  /** By the two nodes' initials. */
  readonly ids: { readonly ab: string; readonly ac: string; readonly bd: string; readonly cd: string }
}

/** `thin` is what the channel between bob and dave holds. Alice may be stopped and started. */
export const diamond = async (
  { thin = 1_000_000n }: { readonly thin?: bigint } = {},
  alicePath = ':memory:',
): Promise<Diamond> => {
  const world = new World()
  const alice = await world.node('alice', { gossip: GOSSIP, path: alicePath })
  const node = (name: string) => world.node(name, { gossip: GOSSIP })
  const [bob, carol, dave] = [await node('bob'), await node('carol'), await node('dave')]
  const nodes = [alice, bob, carol, dave]
  for (const each of [alice, alice, bob, carol]) await each.faucet(10_000_000n)
  const open = async (from: TestNode, to: TestNode, fundingSat: bigint): Promise<string> => {
    await from.connectTo(to)
    return (await from.ask('channels', 'open', { nodeId: to.id, fundingSat, announce: true })).channelId
  }
  const channels = [
    await open(alice, bob, 1_000_000n),
    await open(alice, carol, 1_000_000n),
    await open(bob, dave, thin),
    await open(carol, dave, 1_000_000n),
  ]
  await world.mine(6)
  const knowsAll = async (): Promise<boolean> =>
    (await Promise.all(nodes.map((each) => each.ask('node', 'getInfo', {})))).every(
      ({ graph }) => graph?.channels === 4,
    )
  await alice.until(knowsAll)
  const idOf = async (from: TestNode, channelId: string | undefined): Promise<string> =>
    (await from.ask('channels', 'get', { channelId })).channel.shortChannelId as string
  const [ab, ac, bd, cd] = [
    await idOf(alice, channels[0]),
    await idOf(alice, channels[1]),
    await idOf(bob, channels[2]),
    await idOf(carol, channels[3]),
  ]
  for (const id of channels.slice(0, 2)) await alice.until(() => alice.isUsable(id ?? ''))
  return { world, alice, bob, carol, dave, ids: { ab, ac, bd, cd } }
}
