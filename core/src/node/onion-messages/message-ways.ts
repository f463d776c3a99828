import { equalBytes } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { MessageLines } from './message-lines.ts'

/** Finds the nodes before `to` from peers of ours on, in the order of travel. */
export type FindWays = (from: readonly NodeId[]) => (to: NodeId) => readonly NodeId[] | undefined

/** All ways are looked for at once, which takes tens of milliseconds in a large graph. Strangers can have us look when they ask for an answer. */
const LOOK_AGAIN_MS = { own: 5_000, answer: 60_000 } as const

/** The ways to nodes that are not our peers, remembered for a while. */
export class MessageWays {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #lines: MessageLines
  readonly #find: FindWays
  #found: { readonly at: number; readonly to: ReturnType<FindWays> } | undefined

  constructor(clock: Pick<Clock, 'monotonic'>, lines: MessageLines, find: FindWays) {
    this.#clock = clock
    this.#lines = lines
    this.#find = find
  }

  /** The nodes before `to`, none if it is our peer; `undefined` if none leads there. */
  relaysTo(to: NodeId, why: keyof typeof LOOK_AGAIN_MS): readonly NodeId[] | undefined {
    const peers = this.#lines.relays()
    if (peers.some((peer) => equalBytes(peer, to))) return []
    const now = this.#clock.monotonic()
    if (this.#found === undefined || now - this.#found.at >= LOOK_AGAIN_MS[why]) {
      this.#found = { at: now, to: this.#find(peers) }
    }
    const relays = this.#found.to(to)
    const [first] = relays ?? []
    return first !== undefined && peers.some((peer) => equalBytes(peer, first)) ? relays : undefined
  }
}
