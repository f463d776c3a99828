import type { ChainBackend } from '../../../core/src/chain/chain-backend.ts'

/** Makes a chosen step of a node's channels throw: each asks for the fee rate before it does anything. */
export class FaultyChannel {
  #left = 0
  #command = ''

  readonly backend = (chain: ChainBackend): ChainBackend => {
    const estimateFeerate: ChainBackend['estimateFeerate'] = (blocks) => {
      if (this.#left > 0 && this.#isWithin() && --this.#left === 0) throw new Error('made to fail by the test')
      return chain.estimateFeerate(blocks)
    }
    return new Proxy(chain, {
      get: (target, name) => {
        if (name === 'estimateFeerate') return estimateFeerate
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  /** Lets the nth step from now throw; of those for this command, if one is named. */
  throwAt(nth: number, command = ''): void {
    this.#left = nth
    this.#command = command
  }

  #isWithin(): boolean {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 50
    const { stack } = new Error('here')
    Error.stackTraceLimit = limit
    return stack?.includes(this.#command) ?? false
  }

  /** Says whether the step was reached, and lets no later one throw. */
  disarm(): boolean {
    const reached = this.#left === 0
    this.#left = 0
    return reached
  }
}
