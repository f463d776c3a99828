import { type Rng, seededRng } from '../../../core/src/lib/rng.ts'

/** The choices of one input: the same seed and number make the same input again. */
export class Random {
  readonly #rng: Rng

  constructor(seed: number, at: number) {
    // Neighbouring inputs should have nothing in common.
    this.#rng = seededRng(Math.imul(seed, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b))
  }

  /** From 0 up to, but not including, `bound`. */
  below(bound: number): number {
    return this.#rng.below(bound)
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.#rng.below(times) === 0
  }

  pick<T>(items: readonly T[]): T {
    return items[this.#rng.below(items.length)] as T
  }

  bytes(length: number): Uint8Array {
    return this.#rng.bytes(length)
  }

  times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make)
  }
}
