import { type ContractError, encodeJson, type HookName } from '@fulgurite/plugin-sdk/contract'
import type { EncodedEvent } from '../node/contract-gateway.ts'

const MAX_REPLIES_CHARS = 4 << 20
const LIVE_BATCH = 512

/** What waits for a plugin's next turn, already as text: questions, replies, live events. */
export class Inbox {
  #questions: string[] = []
  #replies: string[] = []
  #repliesChars = 0
  #live: EncodedEvent[] = []
  #woken = false

  get empty(): boolean {
    return !this.#woken && !this.urgent && this.#replies.length === 0 && this.#live.length === 0
  }

  /** Whether a question waits: it has a deadline. */
  get urgent(): boolean {
    return this.#questions.length > 0
  }

  get liveCount(): number {
    return this.#live.length
  }

  /** Something in the plugin is due. */
  wake(): void {
    this.#woken = true
  }

  question(id: number, name: HookName, request: unknown): void {
    this.#questions.push(`[${id},${JSON.stringify(name)},${encodeJson(request)}]`)
  }

  /** A reply, its value as JSON text. */
  reply(id: number, value: string): void {
    this.#add(id, `[${id},1,${value}]`)
  }

  refusal(id: number, error: ContractError): void {
    this.#add(id, `[${id},0,${encodeJson(error)}]`)
  }

  live(event: EncodedEvent): void {
    this.#live.push(event)
  }

  /** Leaves out the oldest live event. */
  dropLive(): void {
    this.#live.shift()
  }

  /** Takes everything as the text of a turn, together with durable events. */
  take(now: number, seed: number, each: string): string {
    let text = `{"now":${now},"seed":${seed}`
    if (this.#questions.length > 0) text += `,"hooks":[${this.#questions.join(',')}]`
    if (this.#replies.length > 0) text += `,"replies":[${this.#replies.join(',')}]`
    if (this.#live.length > 0) {
      const events = this.#live.splice(0, LIVE_BATCH)
      text += `,"live":[${events.map((event) => event.text).join(',')}]`
    }
    if (each !== '') text += `,"each":[${each}]`
    this.#questions = []
    this.#replies = []
    this.#repliesChars = 0
    this.#woken = false
    return `${text}}`
  }

  #add(id: number, text: string): void {
    const fits = text.length + this.#repliesChars <= MAX_REPLIES_CHARS
    const added = fits ? text : `[${id},0,{"code":"reply-too-large","message":"ask for less at a time"}]`
    this.#repliesChars += added.length
    this.#replies.push(added)
  }
}
