import { type HookAnswer, type HookName, parseVerdict } from '@fulgurite/plugin-sdk/contract'
import type { AuditTrail } from './audit-trail.ts'
import { matchesFilter } from './field-filter.ts'
import type { Inbox } from './inbox.ts'
import type { Manifest } from './manifest.ts'

/** What a plugin made of a question. */
export type HookReply =
  | { readonly type: 'verdict'; readonly verdict: unknown }
  | { readonly type: 'no-verdict'; readonly code: 'faulted' | 'invalid' | 'not-running' | 'overloaded' }

/** What came back for a question: a verdict as it is said, or that there was a fault. */
export type Verdict = readonly [id: number, ok: 1, verdict: unknown] | readonly [id: number, ok: 0, error: string]

export interface QuestionsOptions {
  readonly manifest: Manifest
  readonly inbox: Inbox
  readonly audit: AuditTrail
  readonly faulted: (text: string) => void
  readonly refused: (hook: string, verdict: string) => void
}

interface Question {
  readonly name: HookName
  readonly answer: (reply: HookReply) => void
}

/** The core's questions to one run of a plugin. */
export class Questions {
  readonly #options: QuestionsOptions
  readonly #waiting = new Map<number, Question>()
  readonly #hooks = new Set<string>()
  #lastId = 0

  constructor(options: QuestionsOptions) {
    this.#options = options
  }

  /** The plugin has registered these hooks. */
  hold(hooks: readonly string[]): void {
    for (const hook of hooks) this.#hooks.add(hook)
  }

  /** Whether the plugin holds any hook: then it must not be kept busy for long. */
  get held(): boolean {
    return this.#hooks.size > 0
  }

  /** Whether this question is one for the plugin. */
  wants(name: HookName, request: unknown): boolean {
    const filter = this.#options.manifest.permissions.hooks[name]?.filter
    return this.#hooks.has(name) && (filter === undefined || matchesFilter(filter, request))
  }

  /** Puts the question; `answer` is called once, unless it is taken back. Returns how to take it back. */
  ask(name: HookName, request: unknown, answer: (reply: HookReply) => void): () => void {
    const { inbox } = this.#options
    this.#lastId += 1
    const id = this.#lastId
    if (this.#waiting.size >= MAX_WAITING || !inbox.question(id, name, request)) {
      answer(OVERLOADED)
      return () => {}
    }
    this.#waiting.set(id, { name, answer })
    return () => {
      this.#waiting.delete(id)
      inbox.withdraw(id)
    }
  }

  /** A verdict has come. It is checked against the contract, then against the grant. */
  answered([id, ok, value]: Verdict, now: number): void {
    const question = this.#waiting.get(id)
    if (question === undefined) return
    this.#waiting.delete(id)
    question.answer(ok === 1 ? this.#check(question.name, value, now) : FAULTED)
  }

  /** There will be no more verdicts. */
  end(): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { answer } of waiting) answer(FAULTED)
  }

  #check(name: HookName, value: unknown, now: number): HookReply {
    const { manifest, audit, faulted, refused } = this.#options
    const parsed = parseVerdict(name, value)
    if (!parsed.ok) {
      faulted(`${name}: ${parsed.error.message}`)
      return INVALID
    }
    const { type } = parsed.value
    const granted = manifest.permissions.hooks[name]?.verdicts.includes(type) === true
    if (granted) {
      audit.verdict(now, name, type)
      return { type: 'verdict', verdict: parsed.value }
    }
    audit.refusal(now, name, parsed.value, {}, 'not-granted')
    refused(name, type)
    return INVALID
  }
}

/** Questions put and not answered yet, at most. */
const MAX_WAITING = 512
const OVERLOADED: HookReply = { type: 'no-verdict', code: 'overloaded' }
const FAULTED: HookReply = { type: 'no-verdict', code: 'faulted' }
const INVALID: HookReply = { type: 'no-verdict', code: 'invalid' }

/** A plugin's reply as the core takes it. */
export const hookAnswer = <Name extends HookName>(plugin: string, reply: HookReply): HookAnswer<Name> =>
  ({ ...reply, plugin }) as HookAnswer<Name>
