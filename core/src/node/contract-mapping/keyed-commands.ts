import { type ContractError, encodeJson } from '@fulgurite/plugin-sdk/contract'
import { sha256 } from '../../crypto/hashes.ts'
import { toHex, utf8Encode } from '../../lib/bytes.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Store, Write } from '../../store/store.ts'
import { commandListing, commandRowKey } from '../storage/command-key.ts'
import { type CommandPlace, readCommand, type StoredCommand, writeCommand } from '../storage/stored-command.ts'
import { TABLE } from '../storage/tables.ts'
import { refusal } from './handlers.ts'
import { PassingKeys, placeRowKey } from './passing-keys.ts'
import { reviveReply } from './revive-reply.ts'

type Answer = Result<object, ContractError>

/** The answer of a command, either new or stored under its key before. */
export interface KeyedAnswer {
  readonly result: Answer
  readonly isStored: boolean
}

/** What is known of a key and a request. */
type KeyedState =
  | { readonly type: 'never-begun' }
  | { readonly type: 'running'; readonly answer: Promise<KeyedAnswer> }
  | { readonly type: 'known'; readonly result: Answer }
  /** Begun in an earlier life of the node, without an outcome. */
  | { readonly type: 'interrupted' }
  /** The key stands for another request; or the contract has changed the form of the same request since. */
  | { readonly type: 'other-request' }

/**
 * Commands that can be started again: asked with the same key, each continues from its own state. Their results are in that state too, and
 * are not stored twice.
 */
const RESUMABLE: ReadonlySet<string> = new Set([
  'payments.payInvoice',
  'payments.keysend',
  'payments.sendToRoute',
  'offers.pay',
])

/** Whose a command is, and how long it is remembered. */
export interface CommandOf {
  /** Who asks, where the command spends nothing: of those the latest are remembered. */
  readonly passing?: string
  /** Whether no retention removes it: somebody counts what was spent under its key, and once only. */
  readonly stays?: boolean
}

/**
 * Makes commands safe to repeat. A key and its request are stored before the command does anything that leaves the node; afterwards the
 * same key and request return the stored outcome, and another request under the key is refused.
 */
export class KeyedCommands {
  readonly #store: Store
  readonly #clock: Pick<Clock, 'now'>
  readonly #passing: PassingKeys
  readonly #running = new Map<string, { readonly digest: string; readonly answer: Promise<KeyedAnswer> }>()
  /** First rows of payments that have not begun: each goes into the commit with the payment's own first row. */
  readonly #waiting = new Map<string, Write>()

  constructor(store: Store, clock: Pick<Clock, 'now'> = systemClock) {
    this.#store = store
    this.#clock = clock
    this.#passing = new PassingKeys(store)
  }

  /** A payment begins that was asked under this key. Returns what belongs in the commit of its first row. */
  begun(key: string): readonly Write[] {
    const row = this.#waiting.get(key)
    this.#waiting.delete(key)
    return row === undefined ? [] : [row]
  }

  /** `of` says whose command it is. */
  run(
    operation: string,
    key: string,
    request: unknown,
    command: () => Promise<Answer>,
    of: CommandOf = {},
  ): Promise<KeyedAnswer> {
    const digest = digestOf(operation, request)
    const running = this.#running.get(key)
    if (running !== undefined) return running.digest === digest ? running.answer : Promise.resolve(mismatch())
    const over = (): void => void this.#running.delete(key)
    let isKept = false
    const answer = this.#first({ operation, key, digest, of }, command, (rows) => {
      isKept = true
      // Until its outcome can be read from the disk, whoever asks again gets it from the run.
      this.#store.submit(rows, over)
    })
    this.#running.set(key, { digest, answer })
    answer.then(() => {
      if (!isKept) over()
    }, over)
    return answer
  }

  /** What is known of a command, without running it. */
  async recall(operation: string, key: string, request: unknown): Promise<KeyedState> {
    const digest = digestOf(operation, request)
    const running = this.#running.get(key)
    if (running?.digest === digest) return { type: 'running', answer: running.answer }
    const stored = await this.#stored(key)
    if (stored === undefined) return { type: 'never-begun' }
    if (stored.digest !== digest) return { type: 'other-request' }
    return stored.outcome === undefined ? { type: 'interrupted' } : { type: 'known', result: restore(stored.outcome) }
  }

  async #stored(key: string): Promise<StoredCommand | undefined> {
    await this.#passing.load()
    const { table, key: rowKey } = rowOf(key, this.#passing.find(key))
    const row = await this.#store.get(table, rowKey)
    return row === undefined ? undefined : readCommand(row)
  }

  async #first(
    { operation, key, digest, of: { passing, stays: staysNow = false } }: Asked,
    command: () => Promise<Answer>,
    keepOutcome: (rows: readonly Write[]) => void,
  ): Promise<KeyedAnswer> {
    const stored = await this.#stored(key)
    if (stored !== undefined) {
      if (stored.digest !== digest) return mismatch()
      if (stored.outcome !== undefined) return { result: restore(stored.outcome), isStored: true }
      if (!RESUMABLE.has(operation)) {
        const unknown = refusal(
          'outcome-unknown',
          'the node stopped while it ran this command: look at what it changed',
        )
        return { result: err(unknown), isStored: false }
      }
    }
    const stays = staysNow || stored?.stays === true
    const isResumable = RESUMABLE.has(operation)
    const place = passing === undefined ? undefined : (this.#passing.find(key) ?? this.#passing.add(passing, key))
    const write = (stored: StoredCommand): Write => ({
      ...rowOf(key, place),
      value: writeCommand({ ...stored, ...(place === undefined ? {} : { place }), ...(stays ? { stays } : {}) }),
    })
    // What is listed goes by its age, with an outcome or without. A payment is listed if it fails: one that arrives takes this row along.
    const isListed = place === undefined && !stays
    const first = write({ digest, operation })
    // A commit of its own for the first row would make a payment wait for the disk once more.
    if (isResumable) this.#waiting.set(key, first)
    else this.#store.submit(isListed ? [first, commandListing(this.#clock.now(), first.key)] : [first])
    let answer: Answer
    // Where it has begun, it is listed by the payment when that fails.
    let hasBegun = false
    try {
      answer = await command()
    } finally {
      hasBegun = isResumable && !this.#waiting.delete(key)
    }
    // So many commands came after it that it is no longer one of the latest.
    if (place !== undefined && !this.#passing.holds(place)) return { result: answer, isStored: false }
    // A command that is still under way has no outcome to keep.
    if (answer.ok ? !isResumable : answer.error.code !== 'outcome-unknown') {
      const text = answer.ok ? encodeJson(answer.value) : encodeJson(answer.error)
      const row = write({ digest, operation, outcome: { ok: answer.ok, text } })
      keepOutcome(isListed && isResumable && !hasBegun ? [row, commandListing(this.#clock.now(), row.key)] : [row])
    }
    return { result: answer, isStored: false }
  }
}

const rowOf = (key: string, place: CommandPlace | undefined): Pick<Write, 'table' | 'key'> =>
  place === undefined
    ? { table: TABLE.command, key: commandRowKey(key) }
    : { table: TABLE.passingCommand, key: placeRowKey(place) }

interface Asked {
  readonly operation: string
  readonly key: string
  readonly digest: string
  readonly of: CommandOf
}

export const digestOf = (operation: string, request: unknown): string =>
  toHex(sha256(utf8Encode(`${operation} ${encodeJson(request)}`)))

const mismatch = (): KeyedAnswer => ({
  result: err(refusal('idempotency-mismatch', 'the key was used before, with another request')),
  isStored: false,
})

const restore = ({ ok: succeeded, text }: NonNullable<StoredCommand['outcome']>): Answer =>
  succeeded ? ok(reviveReply(text)) : err(JSON.parse(text) as ContractError)
