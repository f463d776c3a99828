import type { AnnouncedGraph, Heard } from '../../graph/announced-graph.ts'
import { Intake, OWN, type PeerFault } from '../../graph/intake.ts'
import type { SyncFault } from '../../graph/queries/peer-sync.ts'
import { passes } from '../../graph/queries/timestamp-filter.ts'
import { RelayQueue } from '../../graph/relay-queue.ts'
import type { FundingOutput } from '../../graph/rules/channel-announcement.ts'
import { directionOf } from '../../graph/rules/channel-update.ts'
import type { GossipEnv } from '../../graph/rules/known.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { NodeId, OutPoint, ShortChannelId } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { decodeGossip, encodeGossip, typeOf } from '../../wire/gossip-codecs.ts'
import type { GossipTimestampFilter } from '../../wire/messages/gossip-queries.ts'
import { AnswerTurns } from './answer-turns.ts'
import { GossipAnswers, type QuestionFault } from './gossip-answers.ts'
import { GossipInbox } from './gossip-inbox.ts'
import { GossipSync } from './gossip-sync.ts'
import { PiecewiseSender } from './piecewise-sender.ts'
import type { CheckSignatures } from './signature-checkers.ts'

/** What a peer did that it should not have. Nothing follows from it but that it may be warned, and is not asked any more. */
export interface GossipComplaint {
  readonly fault: PeerFault['fault'] | QuestionFault | SyncFault | 'silent'
  readonly messageType?: number
}

/** The connection of a peer. */
export interface GossipLine {
  /** Messages as they travel. Resolves once the connection takes more; also when it is gone. Never rejects. */
  send(messages: readonly Uint8Array[]): Promise<void>
  complain(complaint: GossipComplaint): void
  /** BOLT 9, gossip_queries: whether the peer has gossip that is worth asking for. */
  readonly offersQueries: boolean
}

export interface GossipRoomOptions {
  /** Our own. */
  readonly nodeId: NodeId
  /** How often what is new is passed on, in milliseconds; once a minute if absent. */
  readonly flushMs?: number | undefined
  readonly graph: AnnouncedGraph
  /** What was appended to it is in its file after this. */
  readonly flushLog: () => void
  readonly onBug?: (thrown: unknown) => void
  readonly chainHash: Uint8Array
  readonly clock: Clock
  /** Of the best chain, as the whole node sees it: its blocks may still be on their way. */
  readonly height: () => BlockHeight
  readonly check: CheckSignatures
  /** What the chain says of a channel's funding, whenever it can; `undefined` if it never will. */
  readonly lookUp: (id: ShortChannelId) => Promise<FundingOutput | undefined>
  /** Whether the node has other work, which comes first. */
  readonly isBusy?: () => boolean
}

interface Session {
  readonly line: GossipLine
  readonly answers: GossipAnswers
  filter?: GossipTimestampFilter
  /** It sends us what is new. */
  isListened: boolean
  /** It is one of those that we ask for what we do not know. */
  isAsked: boolean
  /** It was asked within this hour, and has answered nothing, or what is no answer. */
  isOfNoUse: boolean
  /** The last one, also when it is over. */
  sync?: GossipSync
  /** Its announcements that were not dealt with yet. */
  outstanding: number
  isFlushing: boolean
}

/** BOLT 7: what is new is passed on once a minute. */
const FLUSH_MS = 60_000
const HOUR_MS = 3_600_000
/**
 * How many peers tell us what is new: the others would say the same. It takes some, since they listen to few peers themselves: with three,
 * what a node says whose peers nobody listens to takes hours to get around in a network of 60.
 */
const LISTENED = 8
/** How many peers are asked for what we do not know. One of them is replaced every hour. */
const ASKED = 3
/** How far back a peer is asked for what is new, in seconds: what was on its way when we started. */
const LOOK_BACK = 3_600
/** Beyond this many channels that wait for the chain no more are asked for. */
const MAX_WAITING = 3_000

/** The node's part in the network's gossip. It knows peers by name and by line, and nothing of channels of our own. */
export class GossipRoom {
  readonly #options: GossipRoomOptions
  readonly #intake: Intake
  readonly #inbox: GossipInbox
  readonly #turns: AnswerTurns
  readonly #relay = new RelayQueue()
  readonly #sender = new PiecewiseSender()
  readonly #sessions = new Map<string, Session>()
  readonly #asked = new Set<ShortChannelId>()
  #timers: readonly CancelTimer[]

  constructor(options: GossipRoomOptions) {
    this.#options = options
    this.#intake = new Intake(options.graph)
    const isBusy = options.isBusy ?? (() => false)
    this.#turns = new AnswerTurns(options.clock, isBusy)
    this.#inbox = new GossipInbox({
      intake: this.#intake,
      check: options.check,
      lookUp: options.lookUp,
      env: () => this.#env(),
      onBug: (thrown) => options.onBug?.(thrown),
      onAdded: (added, from) => {
        for (const heard of added) this.#relay.add([heard], this.#isOurs(heard) ? OWN : from)
      },
      onFault: (peer, fault) => this.#sessions.get(peer)?.line.complain(fault),
      onLookedUp: () => this.#askNext(),
      clock: options.clock,
      isBusy,
    })
    this.#timers = [
      every(options.clock, options.flushMs ?? FLUSH_MS, () => this.#flush()),
      every(options.clock, HOUR_MS, () => this.#tidy()),
    ]
  }

  stop(): void {
    for (const cancel of this.#timers) cancel()
    for (const peer of [...this.#sessions.keys()]) this.disconnected(peer)
    this.#inbox.stop()
    this.#options.flushLog()
  }

  connected(peer: string, line: GossipLine): void {
    const { graph, chainHash } = this.#options
    // A later connection takes the place of an earlier one before that has ended.
    this.disconnected(peer)
    const answers = new GossipAnswers(graph, chainHash, (messages) => line.send(messages), this.#turns)
    const idle = { isListened: false, isAsked: false, isOfNoUse: false, outstanding: 0, isFlushing: false }
    this.#sessions.set(peer, { line, answers, ...idle })
    this.#listen()
  }

  disconnected(peer: string): void {
    const session = this.#sessions.get(peer)
    if (session === undefined) return
    this.#sessions.delete(peer)
    session.answers.stop()
    session.sync?.stop()
    this.#inbox.forget(peer)
    this.#listen()
  }

  /** Whether one more message of a peer may be part of an answer that we have asked it for; it is counted as one then. */
  takeOwed(peer: string): boolean {
    return this.#sessions.get(peer)?.sync?.takeOwed() === true
  }

  /** Whether we have asked a peer for what is new: others have little to say to us. */
  isListened(peer: string): boolean {
    return this.#sessions.get(peer)?.isListened === true
  }

  /**
   * A message of BOLT 7 as it came. Resolves when it was dealt with: whoever hands messages in reads no further from a peer of which many are
   * outstanding.
   */
  async hear(peer: string, raw: Uint8Array): Promise<void> {
    const session = this.#sessions.get(peer)
    if (session === undefined) return
    if (isAnnouncement(raw)) {
      session.sync?.heard()
      session.outstanding++
      await this.#inbox.hear(peer, raw)
      session.outstanding--
      if (session.outstanding === 0) this.#askNext()
      return
    }
    const complaint = this.#takeQuery(session, raw)
    if (complaint !== undefined) session.line.complain({ ...complaint, messageType: typeOf(raw) })
  }

  /** Our own announcements, as they travel: they are checked and kept like all others, and told to every peer. */
  async publish(messages: readonly Uint8Array[]): Promise<void> {
    await Promise.all(messages.map((raw) => this.#inbox.hear(OWN, raw)))
  }

  /** A block was added to the chain, which spends these outpoints. */
  blockAdded(height: BlockHeight, spends: readonly OutPoint[]): void {
    const { graph } = this.#options
    for (const outpoint of spends) {
      const id = graph.fundedBy(outpoint)
      if (id !== undefined) graph.markSpent(id, height)
    }
  }

  /** A block was undone. */
  blockUndone(height: BlockHeight): void {
    const { graph } = this.#options
    for (const id of graph.shortChannelIds()) {
      if (graph.channel(id)?.spentAt === height) graph.markSpent(id, undefined)
    }
  }

  /**
   * What is our own is passed on as ours even if others have told us of it first, such as the other end of a channel, which hears of it before
   * the network does: peers that do not listen to us hear of it from nobody else.
   */
  #isOurs({ message }: Heard): boolean {
    const { graph, nodeId } = this.#options
    switch (message.type) {
      case 'channel_announcement':
        return [message.nodeId1, message.nodeId2].some((id) => equalBytes(id, nodeId))
      case 'channel_update': {
        const sender = graph.channel(message.shortChannelId)?.nodeIds[directionOf(message)]
        return sender !== undefined && equalBytes(sender, nodeId)
      }
      case 'node_announcement':
        return equalBytes(message.nodeId, nodeId)
    }
  }

  #takeQuery(session: Session, raw: Uint8Array): GossipComplaint | undefined {
    const decoded = decodeGossip(raw)
    if (!decoded.ok) return { fault: 'unreadable' }
    const message = decoded.value
    switch (message.type) {
      case 'reply_channel_range':
        session.sync?.listed(message)
        this.#askNext()
        return undefined
      case 'reply_short_channel_ids_end':
        session.sync?.answered(message)
        this.#askNext()
        return undefined
      case 'gossip_timestamp_filter':
        session.filter = message
        break
      case 'query_channel_range':
      case 'query_short_channel_ids':
        break
      default:
        return { fault: 'unreadable' }
    }
    const fault = session.answers.ask(message)
    return fault && { fault }
  }

  /** Each peer in turn, if what it said last was dealt with, and not too much waits for the chain. */
  #askNext(): void {
    for (const [peer, session] of this.#sessions) {
      if (session.outstanding === 0 && this.#intake.waitingOf(peer) < MAX_WAITING) session.sync?.askNext()
    }
  }

  /** As many peers as we listen to, and as we ask, the first of the line first. */
  #listen(): void {
    const sessions = [...this.#sessions].filter(([, { line }]) => line.offersQueries)
    let listened = sessions.filter(([, { isListened }]) => isListened).length
    let asked = sessions.filter(([, { isAsked }]) => isAsked).length
    for (const [peer, session] of sessions) {
      if (!session.isListened && listened < LISTENED) {
        session.isListened = true
        listened++
        this.#sendFilter(session, {
          firstTimestamp: Math.max(this.#env().now - LOOK_BACK, 0),
          timestampRange: 0xffffffff,
        })
      }
      if (mayBeAsked(session) && asked < ASKED) {
        session.isAsked = true
        asked++
        this.#sync(peer, session)
      }
    }
  }

  #sync(peer: string, session: Session): void {
    session.sync?.stop()
    session.sync = new GossipSync({
      graph: this.#options.graph,
      clock: this.#options.clock,
      env: () => this.#env(),
      asked: this.#asked,
      isWaiting: (id) => this.#intake.waitsFor(id),
      send: (message) => void session.line.send([message]),
      onDone: (fault) => {
        if (fault === undefined) return
        session.line.complain({ fault })
        session.isOfNoUse = true
        this.#goToEnd(peer, session)
        this.#listen()
      },
    })
  }

  /** Another one is asked in its place, and listened to if there is one that is not. */
  #goToEnd(peer: string, session: Session): void {
    session.isAsked = false
    const isOther = [...this.#sessions.values()].some(({ line, isListened }) => line.offersQueries && !isListened)
    if (session.isListened && isOther) {
      // BOLT 7: with this filter nothing more comes.
      this.#sendFilter(session, { firstTimestamp: 0xffffffff, timestampRange: 0 })
      session.isListened = false
    }
    this.#sessions.delete(peer)
    this.#sessions.set(peer, session)
  }

  #sendFilter(session: Session, range: Pick<GossipTimestampFilter, 'firstTimestamp' | 'timestampRange'>): void {
    const { chainHash } = this.#options
    void session.line.send([encodeGossip({ type: 'gossip_timestamp_filter', chainHash, ...range })])
  }

  /** BOLT 7, rebroadcasting: to all who asked, but not back. A peer that has not taken the last batch yet does not get this one. */
  #flush(): void {
    const { chainHash } = this.#options
    this.#options.flushLog()
    // What nobody would hear waits: our own is not said again for a week.
    if (this.#sessions.size === 0) return
    const relayed = this.#relay.flush()
    if (relayed.length === 0) return
    for (const [peer, session] of this.#sessions) {
      const { filter, line } = session
      const messages = relayed
        // BOLT 7, gossip_timestamp_filter: what is our own goes out whatever the filter.
        .filter(({ from, timestamp }) => from === OWN || (from !== peer && passes(filter, chainHash, timestamp)))
        .map(({ raw }) => raw)
      if (messages.length === 0 || session.isFlushing) continue
      session.isFlushing = true
      void this.#sender.send(line, messages).then(() => {
        session.isFlushing = false
      })
    }
  }

  /** Once an hour: what is stale goes, and one peer makes room for another, so that none decides for long what we hear. */
  #tidy(): void {
    this.#options.graph.prune(this.#env())
    this.#asked.clear()
    for (const session of this.#sessions.values()) session.isOfNoUse = false
    const [oldest] = [...this.#sessions].filter(([, { isAsked }]) => isAsked)
    if (oldest !== undefined) {
      const [peer, session] = oldest
      const isOther = [...this.#sessions.values()].some(mayBeAsked)
      if (isOther) session.sync?.stop()
      // Without another one that can be asked, its answer is waited for.
      if (isOther || session.sync?.isOwed !== true) this.#goToEnd(peer, session)
    }
    this.#listen()
  }

  #env(): GossipEnv {
    const { chainHash, clock, height } = this.#options
    return { chainHash, height: height(), now: Math.floor(clock.now() / 1_000) }
  }
}

/** BOLT 7, query messages: nothing more is asked before the last answer is there in full. A peer that never gives it is not asked again. */
const mayBeAsked = ({ line, isAsked, isOfNoUse, sync }: Session): boolean =>
  line.offersQueries && !isAsked && !isOfNoUse && sync?.isOwed !== true

const every = (clock: Clock, ms: number, work: () => void): CancelTimer => {
  let cancel: CancelTimer
  const again = (): void => {
    cancel = clock.setTimer(ms, () => {
      again()
      work()
    })
  }
  again()
  return () => cancel()
}

/** channel_announcement, node_announcement, channel_update. */
export const isAnnouncement = (raw: Uint8Array): boolean => typeOf(raw) >= 256 && typeOf(raw) <= 258
