import { seededRng } from '../../../core/src/lib/rng.ts'
import type { Action } from './actions.ts'
import { checkBooks } from './books.ts'
import type { Counts } from './counts.ts'
import type { Deaths } from './deaths.ts'
import { drawActions } from './draw-actions.ts'
import { closeAll, disagreement, isOpen, recover } from './finish.ts'
import type { JointCounts } from './joint-claims.ts'
import { checkRelaysAndParts } from './relays-and-parts.ts'
import { drawTerrain, drawWeb, type Terrain } from './terrain.ts'
import { World } from './world.ts'

/** What one sequence came to. */
export interface Outcome {
  /** Empty if everything held. */
  readonly faults: readonly string[]
  readonly trace: readonly string[]
  readonly payments: number
  readonly counts: Readonly<Counts>
  readonly joint: JointCounts
  /** HTLCs that were taken although their sender had told them as failed, because of blocks that were undone. */
  readonly takenLate: number
}

interface Plan {
  readonly terrain: Terrain
  readonly actions: readonly Action[]
}

/** One sequence of so many is played in a web of relays. */
const WEB_EVERY = 20

/** Every fourth row and every second web has payments of every kind, which takes three times as long. */
const hasAllPayments = (seed: number, isWeb: boolean): boolean =>
  isWeb ? seed % (2 * WEB_EVERY) >= WEB_EVERY : seed % 4 === 1

/** On which ground, and what happens to them: all of it from the seed. */
export const planOf = (seed: number): Plan => {
  const rng = seededRng(seed)
  const isWeb = seed % WEB_EVERY === WEB_EVERY - 1
  const ground = isWeb ? drawWeb(rng) : drawTerrain(rng)
  // A row of two has no relay.
  const nodes = Math.max(3, ground.nodes)
  const terrain: Terrain = hasAllPayments(seed, isWeb) ? { ...ground, nodes, payments: 'all' } : ground
  return { terrain, actions: drawActions(rng, terrain) }
}

/** Plays a sequence. The same seed and actions give the same outcome. */
export const play = async (
  seed: number,
  { terrain, actions }: Plan,
  traces = false,
  deaths?: Deaths,
): Promise<Outcome> => {
  const world = new World(seed, terrain, deaths)
  world.traces = traces
  try {
    await world.begin()
    for (const action of actions) {
      world.note(`-- ${JSON.stringify(action)}`)
      await world.apply(action)
      checkRelaysAndParts(world)
      if (world.faults.length > 0) break
    }
    if (world.faults.length === 0) {
      world.note('-- recover')
      await recover(world)
      for (const link of world.links) {
        const fault = isOpen(link) ? disagreement(world, link) : undefined
        if (fault !== undefined) world.faults.push(fault)
      }
      world.note('-- close all')
      await closeAll(world, (at) => (seed + at) % 5 === 0)
      await checkBooks(world)
    }
  } catch (error) {
    world.faults.push((error as Error).stack ?? String(error))
  }
  const joint = world.joint.counts(world.chain, world.endings)
  world.end()
  const { faults, trace, paying, undoneFates, counts } = world
  return { faults, trace, payments: paying.asked.length, counts, joint, takenLate: undoneFates.taken }
}

/** The shortest run of these actions that still fails: parts are left out as long as it does. */
export const shrink = async (seed: number, { terrain, actions }: Plan): Promise<Plan> => {
  let least = actions
  for (let size = Math.ceil(least.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < least.length; ) {
      const fewer = [...least.slice(0, at), ...least.slice(at + size)]
      const { faults } = await play(seed, { terrain, actions: fewer })
      if (faults.length > 0) least = fewer
      else at += size
    }
  }
  return { terrain, actions: least }
}
