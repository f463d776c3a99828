import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { FundingOutput } from '../../graph/rules/channel-announcement.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'

type Backend = Pick<ChainBackend, 'outputsAt'>

interface Asked {
  readonly id: ShortChannelId
  readonly answer: (output: FundingOutput | undefined) => void
}

/** How long a block that cannot be had now is left alone, and how often it is tried in all: a pruned one may never come. */
const PAUSE_MS = 600_000
const TRIES = 6

/**
 * Finds the outputs that announced channels name, a block at a time: all that are asked for in a block cost one list of its transactions. A block that
 * cannot be had (it is pruned, or the backend does not answer) waits by itself, and the others go on.
 */
export class FundingLookup {
  readonly #backend: Backend
  readonly #clock: Clock
  readonly #due = new Map<BlockHeight, Asked[]>()
  readonly #tries = new Map<BlockHeight, number>()
  #isReading = false
  #isOver = false

  constructor(backend: Backend, clock: Clock) {
    this.#backend = backend
    this.#clock = clock
  }

  /** `undefined` when the block was tried often enough, or the node stops. Never rejects. */
  lookUp(id: ShortChannelId): Promise<FundingOutput | undefined> {
    return new Promise((answer) => {
      if (this.#isOver) return answer(undefined)
      this.#ask(Number(id >> 40n), { id, answer })
      void this.#read()
    })
  }

  stop(): void {
    this.#isOver = true
    for (const asked of this.#due.values()) giveUp(asked)
    this.#due.clear()
  }

  #ask(height: BlockHeight, asked: Asked): void {
    const others = this.#due.get(height)
    if (others === undefined) this.#due.set(height, [asked])
    else others.push(asked)
  }

  async #read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    for (let [next] = this.#due; next !== undefined; [next] = this.#due) {
      const [height, asked] = next
      this.#due.delete(height)
      const outputs = await this.#outputs(height, asked).catch(() => undefined)
      if (outputs === undefined) this.#tryLater(height, asked)
      else {
        this.#tries.delete(height)
        for (const [i, { answer }] of asked.entries()) answer(outputs[i])
      }
    }
    this.#isReading = false
  }

  #tryLater(height: BlockHeight, asked: readonly Asked[]): void {
    const tries = (this.#tries.get(height) ?? 0) + 1
    if (this.#isOver || tries >= TRIES) {
      this.#tries.delete(height)
      giveUp(asked)
      return
    }
    this.#tries.set(height, tries)
    this.#clock.setTimer(PAUSE_MS, () => {
      if (this.#isOver) giveUp(asked)
      else for (const each of asked) this.#ask(height, each)
      void this.#read()
    })
  }

  /** Rejects, as the backend does, or is `undefined` without the block. */
  async #outputs(height: BlockHeight, asked: readonly Asked[]): Promise<readonly FundingOutput[] | undefined> {
    const outputs = await this.#backend.outputsAt(
      height,
      asked.map(({ id }) => ({ txIndex: Number((id >> 16n) & 0xffffffn), outputIndex: Number(id & 0xffffn) })),
    )
    return outputs?.map((output) =>
      output.type === 'unspent'
        ? { type: 'unspent', script: output.script, amountSat: output.amount, txid: output.txid }
        : output,
    )
  }
}

const giveUp = (asked: readonly Asked[]): void => {
  for (const { answer } of asked) answer(undefined)
}
