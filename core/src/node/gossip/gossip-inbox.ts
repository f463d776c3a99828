import type { Heard } from '../../graph/announced-graph.ts'
import type { Intake, Outcome, PeerFault } from '../../graph/intake.ts'
import type { FundingOutput } from '../../graph/rules/channel-announcement.ts'
import type { GossipEnv } from '../../graph/rules/known.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import type { CheckSignatures } from './signature-checkers.ts'

export interface GossipInboxOptions {
  readonly intake: Intake
  readonly check: CheckSignatures
  /** What the chain says of a channel's funding, whenever it can; `undefined` if it never will. */
  readonly lookUp: (id: ShortChannelId) => Promise<FundingOutput | undefined>
  readonly env: () => GossipEnv
  /** Such as a disk that is full: what was said is lost, and nothing else. */
  readonly onBug: (thrown: unknown) => void
  readonly onAdded: (added: readonly Heard[], from: string) => void
  readonly onFault: (peer: string, fault: PeerFault) => void
  /** The chain has answered: fewer channels wait. */
  readonly onLookedUp: () => void
  readonly clock: Pick<Clock, 'setTimer'>
  /** Whether the node has other work: nobody waits for gossip. */
  readonly isBusy: () => boolean
}

interface Waiting {
  readonly raw: Uint8Array
  readonly done: () => void
}

/** How many messages are handled at once, of one peer as long as others wait, and how many such batches are under way. */
const BATCH = 500
const OF_ONE_PEER = 50
const UNDER_WAY = 4
/** While the node has other work: so few at once, and such a pause after them. A network is taken in by and by, and payments go on. */
const BATCH_BESIDE = 50
const PAUSE_MS = 200

/**
 * Takes announcements of all peers in turn. Whoever hands one in is told when it was dealt with, and hands in no more than it may have
 * outstanding: so a peer that sends faster than signatures can be checked waits for itself, and for nobody else.
 */
export class GossipInbox {
  readonly #options: GossipInboxOptions
  readonly #queues = new Map<string, Waiting[]>()
  #underWay = 0
  #isDue = false
  #isPausing = false
  #cancelPause: CancelTimer | undefined

  constructor(options: GossipInboxOptions) {
    this.#options = options
  }

  /** Resolves when the message was dealt with, or its peer is gone. Never rejects. */
  hear(peer: string, raw: Uint8Array): Promise<void> {
    return new Promise((done) => {
      const queue = this.#queues.get(peer)
      if (queue === undefined) this.#queues.set(peer, [{ raw, done }])
      else queue.push({ raw, done })
      this.#pumpSoon()
    })
  }

  /** What a peer said that was not looked at yet is dropped. */
  forget(peer: string): void {
    for (const { done } of this.#queues.get(peer) ?? []) done()
    this.#queues.delete(peer)
  }

  stop(): void {
    this.#cancelPause?.()
  }

  /** In a turn of its own, so that all that arrives together is handled together. */
  #pumpSoon(): void {
    if (this.#isDue || this.#isPausing) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#options.isBusy()) {
      if (this.#underWay === 0 && this.#queues.size > 0) void this.#handleNext(BATCH_BESIDE)
      this.#pause()
    } else while (this.#underWay < UNDER_WAY && this.#queues.size > 0) void this.#handleNext(BATCH)
  }

  #pause(): void {
    this.#isPausing = true
    this.#cancelPause = this.#options.clock.setTimer(PAUSE_MS, () => {
      this.#isPausing = false
      if (this.#queues.size > 0) this.#pumpSoon()
    })
  }

  async #handleNext(most: number): Promise<void> {
    this.#underWay++
    const taken = this.#takeBatch(most)
    await Promise.all([...taken].map(([peer, waiting]) => this.#handle(peer, waiting)))
    this.#underWay--
    if (this.#queues.size > 0) this.#pumpSoon()
  }

  async #handle(peer: string, waiting: readonly Waiting[]): Promise<void> {
    try {
      await this.#handleAll(peer, waiting)
    } catch (thrown) {
      this.#options.onBug(thrown)
    } finally {
      for (const { done } of waiting) done()
    }
  }

  async #handleAll(peer: string, waiting: readonly Waiting[]): Promise<void> {
    const { intake, check, env, onFault } = this.#options
    const batch = intake.hear(
      peer,
      waiting.map(({ raw }) => raw),
      env(),
    )
    for (const fault of batch.faults) onFault(peer, fault)
    if (batch.items.length > 0) this.#take(peer, intake.settle(batch, await check(batch.checks), env()))
  }

  #take(peer: string, { faults, added, lookups }: Outcome): void {
    const { onFault, onAdded } = this.#options
    for (const fault of faults) onFault(peer, fault)
    if (added.length > 0) onAdded(added, peer)
    for (const id of lookups) void this.#lookUp(peer, id)
  }

  /** The message was dealt with as far as its peer goes: however long the chain takes, nobody waits for it. */
  async #lookUp(peer: string, id: ShortChannelId): Promise<void> {
    const { intake, lookUp, env, onLookedUp } = this.#options
    const output = await lookUp(id).catch(() => undefined)
    this.#take(peer, intake.funded(id, output, env()))
    onLookedUp()
  }

  /** A few messages of each peer in turn, until the batch is full. A peer that was not served goes first the next time. */
  #takeBatch(most: number): ReadonlyMap<string, readonly Waiting[]> {
    const taken = new Map<string, Waiting[]>()
    let room = most
    while (room > 0) {
      const [next] = this.#queues
      if (next === undefined) break
      const [peer, queue] = next
      const part = queue.splice(0, Math.min(OF_ONE_PEER, room))
      room -= part.length
      taken.set(peer, [...(taken.get(peer) ?? []), ...part])
      // To the end of the line.
      this.#queues.delete(peer)
      if (queue.length > 0) this.#queues.set(peer, queue)
    }
    return taken
  }
}
