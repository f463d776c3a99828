import { type ContractError, encodeJson, type HookName } from '@fulgurite/plugin-sdk/contract'
import type { EncodedEvent } from '../node/contract-gateway.ts'
import { type MemoryAccount, textBytes } from './account.ts'
import { EventQueue } from './event-queue.ts'
import { jsonSize } from './json-size.ts'

/** The longest text of a turn. In UTF-8 it has at most three times as many bytes, which is less than a cell takes. */
const TURN_CHARS = 5 << 20
const LIVE_BATCH = 512
/** What every turn is given. */
export interface TurnHead {
  readonly now: number
  /** On a clock that nobody can set: what a plugin waits for is measured by it. */
  readonly uptime: number
  readonly seed: number
}

const TOO_LARGE: ContractError = {
  code: 'reply-too-large',
  message: 'the reply is too large for a plugin: ask for less at a time',
}

/**
 * What waits for a plugin's next turn, already as text. All of it is on the plugin's account. The text of a turn is limited while it
 * is put together: questions first, then replies, then events.
 */
export class Inbox {
  readonly #account: MemoryAccount
  readonly #questions = new Map<number, string>()
  readonly #unkept = new Map<string, ContractError>()
  readonly #live = new EventQueue()
  #replies: string[] = []
  #repliesBytes = 0
  #woken = false

  constructor(account: MemoryAccount) {
    this.#account = account
  }

  /** Whether a question waits: it has a deadline. */
  get urgent(): boolean {
    return this.#questions.size > 0
  }

  /** Whether anything but events waits, so that somebody, or something in the plugin, is held up. */
  get pressing(): boolean {
    return this.#woken || this.urgent || this.#replies.length > 0 || this.#unkept.size > 0
  }

  get liveEvents(): number {
    return this.#live.length
  }

  /** Something in the plugin is due. */
  wake(): void {
    this.#woken = true
  }

  /** Adds a question; false if too many questions wait already. */
  question(id: number, name: HookName, request: unknown): boolean {
    const text = `[${id},${JSON.stringify(name)},${encodeJson(request)}]`
    if (!this.#account.take('questions', textBytes(text))) return false
    this.#questions.set(id, text)
    return true
  }

  /** Takes back a question that has not been handed over yet. */
  withdraw(id: number): void {
    const text = this.#questions.get(id)
    if (text === undefined) return
    this.#questions.delete(id)
    this.#account.give('questions', textBytes(text))
  }

  /** Adds a reply. If a reply is too large, it is refused, before it is made into text if possible. */
  reply(id: number, value: unknown): void {
    const room = this.#account.room('replies') / 2
    if (jsonSize(value, room) > room) {
      this.refusal(id, TOO_LARGE)
      return
    }
    const text = `[${id},1,${encodeJson(value)}]`
    const bytes = textBytes(text)
    if (!this.#account.take('replies', bytes)) {
      this.refusal(id, TOO_LARGE)
      return
    }
    this.#repliesBytes += bytes
    this.#replies.push(text)
  }

  /** Adds the result of something that was done. It is small, and always added: without it the plugin would think nothing was done. */
  done(id: number, value: unknown): void {
    this.#told(`[${id},1,${encodeJson(value)}]`)
  }

  refusal(id: number, error: ContractError): void {
    this.#told(`[${id},0,${encodeJson(error)}]`)
  }

  #told(text: string): void {
    const bytes = textBytes(text)
    this.#account.hold('replies', bytes)
    this.#repliesBytes += bytes
    this.#replies.push(text)
  }

  /** What the handlers of a subscription stored could not be kept, so its events since then are not done. */
  unkept(label: string, error: ContractError): void {
    this.#unkept.set(label, error)
  }

  /** Whether the plugin has not been told yet. */
  isUnkept(label: string): boolean {
    return this.#unkept.has(label)
  }

  /** Adds a live event; at most `capacity` are held. Returns how many older ones were dropped for it. */
  live(event: EncodedEvent, capacity: number): number {
    const bytes = textBytes(event.text)
    let dropped = 0
    while (this.#live.length >= capacity || !this.#account.take('live', bytes)) {
      const oldest = this.#live.shift()
      // It does not fit even alone.
      if (oldest === undefined) return dropped + 1
      this.#account.give('live', textBytes(oldest.text))
      dropped += 1
    }
    this.#live.push(event)
    return dropped
  }

  /**
   * The text of a turn. Durable events are asked for last, with the number of characters that is left for them. `undefined` if there
   * is nothing.
   */
  take({ now, uptime, seed }: TurnHead, each: (maxChars: number) => string): string | undefined {
    let text = `{"now":${now},"uptime":${uptime},"seed":${seed}`
    const begins = text.length
    if (this.#unkept.size > 0) text += `,"unkept":${encodeJson([...this.#unkept])}`
    if (this.#questions.size > 0) text += `,"hooks":[${this.#takeQuestions()}]`
    if (this.#replies.length > 0) text += `,"replies":[${this.#takeReplies()}]`
    if (this.#live.length > 0) text += this.#takeLive((TURN_CHARS - text.length) / 2)
    const events = each(TURN_CHARS - text.length)
    if (events !== '') text += `,"each":[${events}]`
    if (text.length === begins && !this.#woken) return undefined
    this.#unkept.clear()
    this.#woken = false
    return `${text}}`
  }

  #takeQuestions(): string {
    const texts = [...this.#questions.values()]
    for (const text of texts) this.#account.give('questions', textBytes(text))
    this.#questions.clear()
    return texts.join(',')
  }

  #takeReplies(): string {
    const text = this.#replies.join(',')
    this.#account.give('replies', this.#repliesBytes)
    this.#replies = []
    this.#repliesBytes = 0
    return text
  }

  #takeLive(maxChars: number): string {
    let list = ''
    for (let count = 0; count < LIVE_BATCH; count++) {
      const next = this.#live.first
      if (next === undefined || list.length + next.text.length > maxChars) break
      this.#live.shift()
      this.#account.give('live', textBytes(next.text))
      list = list === '' ? next.text : `${list},${next.text}`
    }
    return list === '' ? '' : `,"live":[${list}]`
  }
}
