import type { AnnouncedGraph } from '../../graph/announced-graph.ts'
import {
  answeredBy,
  listedBy,
  MAX_REPLIES,
  nextQuery,
  type PeerSync,
  type SyncFault,
  startSync,
} from '../../graph/queries/peer-sync.ts'
import type { GossipEnv } from '../../graph/rules/known.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import { encodeGossip, type GossipQuery } from '../../wire/gossip-codecs.ts'
import type { ReplyChannelRange, ReplyShortChannelIdsEnd } from '../../wire/messages/gossip-queries.ts'

export interface GossipSyncOptions {
  readonly graph: AnnouncedGraph
  readonly clock: Clock
  readonly env: () => GossipEnv
  /** Which channels some peer has been asked for already: each is asked for once. */
  readonly asked: Set<ShortChannelId>
  /** Whether it was told of, and waits for the chain. */
  readonly isWaiting: (id: ShortChannelId) => boolean
  readonly send: (message: Uint8Array) => void
  /** Nothing more is asked of the peer; with a fault if it has said something that is no answer, or nothing for too long. */
  readonly onDone: (fault?: SyncFault | 'silent') => void
}

/** BOLT 7, query_short_channel_ids: a channel is told of with its announcement, two updates and two nodes. */
const MESSAGES_OF_CHANNEL = 5
/** A peer that says nothing for so long while it is asked is given up. */
const PATIENCE_MS = 60_000

/** One peer is asked for what we do not know, question after question. */
export class GossipSync {
  readonly #options: GossipSyncOptions
  #sync: PeerSync
  #open: readonly ShortChannelId[] = []
  #timer: CancelTimer
  #heardAt: number
  #isOver = false
  /** What was asked last, if the answer is not there in full: also after the end. */
  #unanswered: 'list' | 'channels' | undefined = 'list'
  /** The block at which the list ends. */
  readonly #listEnd: number
  /** How many messages the answer to the last question may still have. */
  #owed = MAX_REPLIES

  constructor(options: GossipSyncOptions) {
    this.#options = options
    const { sync, send } = startSync(options.env())
    this.#sync = sync
    this.#listEnd = send.firstBlocknum + send.numberOfBlocks
    this.#heardAt = options.clock.monotonic()
    this.#timer = this.#giveUpLater(PATIENCE_MS)
    this.#send(send)
  }

  /** Whether the peer has not answered our last question in full: also after the end. */
  get isOwed(): boolean {
    return this.#unanswered !== undefined
  }

  /** Whether one more message may be part of the answer to the last question; it is counted as one then. */
  takeOwed(): boolean {
    if (this.#owed === 0) return false
    this.#owed--
    return true
  }

  /** The peer has said something, such as a part of its answer. */
  heard(): void {
    this.#heardAt = this.#options.clock.monotonic()
  }

  listed(reply: ReplyChannelRange): void {
    if (reply.firstBlocknum + reply.numberOfBlocks >= this.#listEnd) this.#answeredInFull('list')
    const { graph, env } = this.#options
    const listed = listedBy(this.#sync, reply, graph, env())
    if (listed.ok) this.#goOn(listed.value)
    else this.#end(listed.error)
  }

  answered(end: ReplyShortChannelIdsEnd): void {
    this.#answeredInFull('channels')
    const answered = answeredBy(this.#sync, end)
    if (answered.ok) this.#goOn(answered.value)
    else this.#end(answered.error)
  }

  /** Asks the next question, if one is due. */
  askNext(): void {
    const { asked, env, graph, isWaiting } = this.#options
    if (this.#sync.phase !== 'asking' || !this.#sync.isWaiting) {
      // What it did not tell of after all may be asked of another.
      for (const id of this.#open) if (graph.channel(id) === undefined && !isWaiting(id)) asked.delete(id)
      this.#open = []
    }
    const next = nextQuery(this.#sync, env().chainHash, (id) => asked.has(id))
    this.#sync = next.sync
    if (next.send !== undefined) {
      this.#open = next.asked
      for (const id of next.asked) asked.add(id)
      this.#goOn(next.sync)
      this.#unanswered = 'channels'
      this.#owed = next.asked.length * MESSAGES_OF_CHANNEL + 1
      this.#send(next.send)
    } else if (next.sync.phase === 'done') this.#end()
  }

  /** The peer is gone. What it did not answer may be asked of another. */
  stop(): void {
    this.#isOver = true
    this.#timer()
    for (const id of this.#open) this.#options.asked.delete(id)
    this.#open = []
    this.#owed = 0
    this.#sync = { phase: 'done' }
  }

  #goOn(sync: PeerSync): void {
    this.#sync = sync
    this.heard()
    if (sync.phase === 'done') this.#end()
  }

  /** After the end that is of no use any more, but the peer may be asked again. */
  #answeredInFull(question: 'list' | 'channels'): void {
    if (this.#unanswered !== question) return
    this.#unanswered = undefined
    this.#owed = 0
  }

  #giveUpLater(afterMs: number): CancelTimer {
    const { clock } = this.#options
    return clock.setTimer(afterMs, () => {
      // A peer of which nothing is asked has nothing to say.
      const left = this.isOwed ? this.#heardAt + PATIENCE_MS - clock.monotonic() : PATIENCE_MS
      if (left > 0) this.#timer = this.#giveUpLater(left)
      else this.#end('silent')
    })
  }

  #end(fault?: SyncFault | 'silent'): void {
    if (this.#isOver) return
    this.stop()
    this.#options.onDone(fault)
  }

  #send(message: GossipQuery): void {
    this.#options.send(encodeGossip(message))
  }
}
