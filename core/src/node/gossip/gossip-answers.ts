import type { AnnouncedGraph } from '../../graph/announced-graph.ts'
import { answerRange } from '../../graph/queries/channel-range.ts'
import { answerShortIds, wantedIn } from '../../graph/queries/short-ids.ts'
import { backlog } from '../../graph/queries/timestamp-filter.ts'
import { encodeGossip } from '../../wire/gossip-codecs.ts'
import type {
  GossipTimestampFilter,
  QueryChannelRange,
  QueryShortChannelIds,
} from '../../wire/messages/gossip-queries.ts'
import type { AnswerTurns } from './answer-turns.ts'

/** Why a question is not answered: its sender may be warned. */
export type QuestionFault = 'query-too-early' | 'query-unreadable'

type Question = QueryShortChannelIds | QueryChannelRange | GossipTimestampFilter

/** An answer that is not sent in full yet. */
interface Answer {
  readonly rest: Generator<Uint8Array | undefined>
  /** What comes next is known beforehand: so the last message goes out when the answer is over, and the peer may ask on at once. */
  readonly next?: IteratorResult<Uint8Array | undefined>
}

/** How many messages are handed to the connection at once. */
const AT_ONCE = 50
const BYTES_AT_ONCE = 64 * 1_024

/**
 * What one peer asks, answered bit by bit: the next bit when the connection takes more. BOLT 7: a peer asks one question of a kind at a time,
 * and a filter takes the place of the one before it.
 */
export class GossipAnswers {
  readonly #graph: AnnouncedGraph
  readonly #chainHash: Uint8Array
  readonly #send: (messages: readonly Uint8Array[]) => Promise<void>
  readonly #turns: Pick<AnswerTurns, 'next'>
  readonly #under = new Map<Question['type'], Answer>()
  #isSending = false

  constructor(
    graph: AnnouncedGraph,
    chainHash: Uint8Array,
    send: (messages: readonly Uint8Array[]) => Promise<void>,
    turns: Pick<AnswerTurns, 'next'>,
  ) {
    this.#graph = graph
    this.#chainHash = chainHash
    this.#send = send
    this.#turns = turns
  }

  ask(question: Question): QuestionFault | undefined {
    const { type } = question
    // BOLT 7: a further question before the last one was answered is not answered.
    if (type !== 'gossip_timestamp_filter' && this.#under.has(type)) return 'query-too-early'
    const rest = this.#answerTo(question)
    if (rest === undefined) return 'query-unreadable'
    this.#under.set(type, { rest })
    // Such as a disk that cannot be read: the peer waits in vain, and nothing else follows.
    void this.#pump().catch(() => this.stop())
    return undefined
  }

  /** The peer is gone. */
  stop(): void {
    this.#under.clear()
  }

  #answerTo(question: Question): Generator<Uint8Array | undefined> | undefined {
    switch (question.type) {
      case 'query_channel_range':
        return encoded(answerRange(this.#graph, this.#chainHash, question))
      case 'gossip_timestamp_filter':
        return backlog(this.#graph, this.#chainHash, question)
      case 'query_short_channel_ids': {
        const wanted = wantedIn(question)
        return wanted.ok ? answerShortIds(this.#graph, this.#chainHash, question, wanted.value) : undefined
      }
    }
  }

  async #pump(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    try {
      // Questions of different kinds take turns.
      for (let next = first(this.#under); next !== undefined; next = first(this.#under)) {
        const [type, { rest, next: ready }] = next
        const messages: Uint8Array[] = []
        let step = ready ?? rest.next()
        let bytes = 0
        for (let steps = 0; steps < AT_ONCE && bytes < BYTES_AT_ONCE && step.done !== true; steps++) {
          if (step.value !== undefined) {
            messages.push(step.value)
            bytes += step.value.length
          }
          step = rest.next()
        }
        this.#under.delete(type)
        if (step.done !== true) this.#under.set(type, { rest, next: step })
        if (messages.length > 0) await this.#send(messages)
        // However fast the peer takes it, everything else has its turn in between.
        await this.#turns.next()
      }
    } finally {
      this.#isSending = false
    }
  }
}

function* encoded(replies: Iterable<Parameters<typeof encodeGossip>[0]>): Generator<Uint8Array | undefined> {
  for (const reply of replies) yield encodeGossip(reply)
}

const first = <K, V>(map: ReadonlyMap<K, V>): readonly [K, V] | undefined => map.entries().next().value
