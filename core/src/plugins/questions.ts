import {
  type ContractError,
  type HookAnswer,
  type HookName,
  hooks,
  type OnFailure,
  parseVerdict,
} from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { AuditTrail } from './audit-trail.ts'
import { matchesFilter } from './field-filter.ts'
import type { Inbox } from './inbox.ts'

/** What a plugin made of a question. */
export type HookReply =
  | { readonly type: 'verdict'; readonly verdict: unknown }
  | {
      readonly type: 'no-verdict'
      readonly code: 'timed-out' | 'faulted' | 'invalid' | 'not-running' | 'overloaded'
    }

/** What came back for a question: a verdict, not checked yet, or a fault. */
export type Verdict = readonly [id: number, ok: 1, verdict: unknown] | readonly [id: number, ok: 0, error: string]

export interface QuestionsOptions {
  readonly manifest: Manifest
  readonly inbox: Inbox
  readonly audit: AuditTrail
  /** The plugin has given an unknown verdict, or one that it may not give. */
  readonly refused: (hook: HookName, error: ContractError) => void
}

interface Question {
  readonly name: HookName
  readonly answer: (reply: HookReply) => void
}

/** The core's questions to one run of a plugin. */
export class Questions {
  readonly #options: QuestionsOptions
  readonly #waiting = new Map<number, Question>()
  readonly #counts = new Map<HookName, number>()
  readonly #hooks = new Set<string>()
  #lastId = 0

  constructor(options: QuestionsOptions) {
    this.#options = options
  }

  /** The plugin has registered these hooks. */
  hold(hooks: readonly string[]): void {
    for (const hook of hooks) this.#hooks.add(hook)
  }

  /** Whether the plugin holds a hook: then other work must not keep it busy for long. */
  get held(): boolean {
    return this.#hooks.size > 0
  }

  /** Whether the plugin is to be asked this question. */
  wants(name: HookName, request: () => unknown): boolean {
    const filter = this.#options.manifest.permissions.hooks[name]?.filter
    return this.#hooks.has(name) && (filter === undefined || matchesFilter(filter, request()))
  }

  /** Puts the question; `answer` is called once, unless it is taken back. Returns how to take it back. */
  ask(name: HookName, request: unknown, answer: (reply: HookReply) => void): () => void {
    const { inbox } = this.#options
    this.#lastId += 1
    const id = this.#lastId
    const waiting = this.#counts.get(name) ?? 0
    if (waiting >= hooks[name].mostWaiting.perPlugin || !inbox.question(id, name, request)) {
      answer(OVERLOADED)
      return () => {}
    }
    this.#waiting.set(id, { name, answer })
    this.#counts.set(name, waiting + 1)
    return () => {
      this.#take(id)
      inbox.withdraw(id)
    }
  }

  /** A verdict has come. It is checked against the contract, then against the grant. */
  answered([id, ok, value]: Verdict, now: number): void {
    const question = this.#take(id)
    if (question === undefined) return
    question.answer(ok === 1 ? this.#check(question.name, value, now) : FAULTED)
  }

  /** There will be no more verdicts. */
  end(): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#counts.clear()
    for (const { answer } of waiting) answer(FAULTED)
  }

  #take(id: number): Question | undefined {
    const question = this.#waiting.get(id)
    if (question === undefined) return undefined
    this.#waiting.delete(id)
    this.#counts.set(question.name, (this.#counts.get(question.name) ?? 1) - 1)
    return question
  }

  #check(name: HookName, value: unknown, now: number): HookReply {
    const { manifest, audit, refused } = this.#options
    const granted = manifest.permissions.hooks[name]?.verdicts ?? []
    const parsed = parseVerdict(name, value)
    if (!parsed.ok) {
      refused(name, { code: 'invalid-verdict', message: wrongVerdict(name, value, parsed.error, granted) })
      return INVALID
    }
    const { type } = parsed.value
    if (granted.includes(type)) {
      audit.verdict(now, name, type)
      return { type: 'verdict', verdict: parsed.value }
    }
    audit.refusal(now, name, parsed.value, {}, 'not-granted')
    refused(name, {
      code: 'not-granted',
      message: `hooks.on('${name}'): the verdict ${type} is not granted: ${allowed(granted)}`,
    })
    return INVALID
  }
}

/** What the handler answered, what is wrong with it, and what it may answer. */
const wrongVerdict = (name: HookName, value: unknown, error: ContractError, granted: readonly string[]): string => {
  const type = (value as { readonly type?: unknown } | null | undefined)?.type
  return typeof type === 'string' && granted.includes(type)
    ? `hooks.on('${name}'): the verdict ${type} is malformed: ${error.message}`
    : `hooks.on('${name}'): ${shown(value, type)} is no verdict that it may give: ${allowed(granted)}`
}

const allowed = (verdicts: readonly string[]): string =>
  verdicts.length === 0
    ? 'the manifest allows none'
    : `the manifest allows ${verdicts.map((type) => `{ type: '${type}' }`).join(' and ')}`

const SHOWN_CHARS = 64

const shown = (value: unknown, type: unknown): string => {
  if (typeof type === 'string') return `{ type: '${type.slice(0, SHOWN_CHARS)}' }`
  if (typeof value === 'string') return `'${value.slice(0, SHOWN_CHARS)}'`
  if (value === undefined || value === null) return 'nothing'
  return typeof value === 'object' ? 'an object without a type' : `a ${typeof value}`
}

const OVERLOADED: HookReply = { type: 'no-verdict', code: 'overloaded' }
const FAULTED: HookReply = { type: 'no-verdict', code: 'faulted' }
const INVALID: HookReply = { type: 'no-verdict', code: 'invalid' }

/** A plugin's reply in the core's form. */
export const hookAnswer = <Name extends HookName>(
  { plugin, onFailure }: { readonly plugin: string; readonly onFailure?: OnFailure },
  reply: HookReply,
): HookAnswer<Name> =>
  ({ ...reply, plugin, ...(reply.type === 'no-verdict' && onFailure && { onFailure }) }) as HookAnswer<Name>
