import { isFunded } from '../../../core/src/channel/state/channel-state.ts'
import type { Funded } from '../../../core/src/channel/state/durable.ts'
import { equalBytes, toHex } from '../../../core/src/lib/bytes.ts'
import { trampolineRelaysOf } from './relays-and-parts.ts'
import { DELAY, type SimulatedNode } from './simulated-node.ts'
import { storedChannels } from './stored-channels.ts'
import { LAST_EXPIRY, type Link, type World } from './world.ts'

/** The channel as the node's disk holds it, if it lives. */
const stored = (node: SimulatedNode, link: Link): Funded | undefined => {
  for (const { durable } of storedChannels(node.disk)) {
    if (isFunded(durable) && toHex(durable.params.channelId) === link.channelId) return durable
  }
  return undefined
}

/** Neither side has gone to the chain with it. */
export const isOpen = (link: Link): boolean =>
  [link.a, link.b].every((node) => {
    const channel = stored(node, link)
    return channel !== undefined && channel.phase !== 'closing'
  })

/** Everything is repaired: all run and can connect, and nobody is silent. What is under way comes to its end. */
export const recover = async (world: World): Promise<void> => {
  world.unstrand()
  for (const { a, b } of world.links) {
    world.net.bar(a.host, b.host, false)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      world.net.silence(from.host, to.host, false)
  }
  for (const node of world.nodes) {
    node.forgive()
    node.start()
    node.guard.rest()
  }
  world.calm()
  await world.until(() => world.nodes.every(({ isReady }) => isReady), 'all nodes run')
  // Longer than any pause between two attempts to connect, and any timeout of a channel.
  await world.advance(240_000)
  // What a restored database tells of relays is looked at with a block (ADR 32).
  await world.mine(1)
  await world.holds.conclude((answer) => world.result(answer))
  // What is relayed anew then may be a part whose payee waits a minute for the others (BOLT 4).
  const { web, payments } = world.terrain
  await world.advance(web === undefined && payments === 'usual' ? 20_000 : 90_000)
}

const hashesOf = ({ htlcs }: Funded): readonly string[] =>
  [...htlcs.offered, ...htlcs.received].map(({ add }) => toHex(add.paymentHash))

/** An HTLC that was relayed into a channel that closes waits for the chain. */
const waitingForTheChain = (world: World): ReadonlySet<string> => {
  const channels = world.nodes.flatMap(({ disk }) => storedChannels(disk)).map(({ durable }) => durable)
  // Who has gone back to a backup cannot know what became of what it has sent on since (ADR 57).
  const unsure = [...world.restored].flatMap(trampolineRelaysOf)
  return new Set([
    ...channels.flatMap((durable) => (isFunded(durable) && durable.phase === 'closing' ? hashesOf(durable) : [])),
    ...unsure.map(({ paymentHash }) => toHex(paymentHash)),
  ])
}

/** Both ends hold the same two commitments, and no HTLC whose outcome is known. */
export const disagreement = (world: World, link: Link): string | undefined => {
  const [a, b] = [stored(link.a, link), stored(link.b, link)]
  if (a === undefined || b === undefined) return 'one side has lost the channel'
  const [ours, theirs] = [a.active[0], b.active[0]]
  if (ours === undefined || theirs === undefined) return 'a channel without a commitment'
  const names = `${link.a.name} and ${link.b.name}`
  const waiting = waitingForTheChain(world)
  const isUntold = world.untold.has(link.channelId)
  if (!isUntold && [...hashesOf(a), ...hashesOf(b)].some((hash) => !waiting.has(hash)))
    return `HTLCs are left between ${names}`
  const isSame = equalBytes(ours.local.txid, theirs.remote.txid) && equalBytes(theirs.local.txid, ours.remote.txid)
  return isSame ? undefined : `${names} disagree`
}

const STEP = 20
/** As long as no HTLC is under way, only delays of one side's own outputs are left. */
const LONG_STEP = 60
const MAX_BLOCKS = 3_000
/** By then every HTLC has expired, and every delay is over. */
const ALL_TAKEN = LAST_EXPIRY + 2 * DELAY

/** Who has gone back to a backup waits for ever to be told what became of an HTLC that the last commitment does not hold any more. */
const waitsInVain = (world: World, node: SimulatedNode, durable: Funded): boolean =>
  world.restored.has(node) &&
  durable.phase === 'closing' &&
  durable.closing.spends.some(
    ({ confirmedAt = Number.MAX_SAFE_INTEGER }) => confirmedAt + ALL_TAKEN < world.chain.tip.height,
  )

/** The channels that have not ended. */
const left = (world: World): readonly { readonly owner: SimulatedNode; readonly durable: Funded }[] =>
  world.nodes.flatMap((owner) =>
    storedChannels(owner.disk).flatMap(({ durable }) =>
      isFunded(durable) && !waitsInVain(world, owner, durable) ? [{ owner, durable }] : [],
    ),
  )

/** Closes what is open, some of it by force, and mines until no channel is left. */
export const closeAll = async (world: World, isForced: (at: number) => boolean): Promise<void> => {
  for (const [at, link] of world.links.entries()) {
    if (!isOpen(link)) continue
    const closer = at % 2 === 0 ? link.a : link.b
    await world.result(
      closer.tryAsk('channels', isForced(at) ? 'forceClose' : 'close', {
        channelId: link.channelId,
      }) as Promise<unknown>,
    )
    await world.advance(5_000)
  }
  for (let mined = 0; ; ) {
    const channels = left(world)
    if (channels.length === 0) break
    if (mined > MAX_BLOCKS) {
      const names = channels.map(({ owner, durable }) => `${owner.name}'s is ${durable.phase}`)
      throw new Error(`a channel never ends: ${names.join(', ')}`)
    }
    const holdsHtlcs = channels.some(({ durable }) => durable.htlcs.offered.length + durable.htlcs.received.length > 0)
    if (holdsHtlcs && mined < LAST_EXPIRY) await world.mine(STEP)
    else await world.mineAtOnce(LONG_STEP)
    mined += holdsHtlcs && mined < LAST_EXPIRY ? STEP : LONG_STEP
  }
  // What was swept last is deep enough for the wallet.
  await world.mine(8)
  await world.advance(5_000)
}
