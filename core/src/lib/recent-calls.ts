import { addressGroup, addressNetwork } from './address-group.ts'
import { GroupTable } from './group-table.ts'

/** A call counts half as much after this time, a quarter after twice the time, and so on. */
const HALF_LIFE_MS = 30_000
/** A network's calls count an eighth: one that calls from many addresses in turn is found out, and a neighbour's calls weigh little. */
const NETWORK_SHARE = 3

/** Who has called, and how often lately. */
export interface Caller {
  /** The power of two of the number of calls: 0 for one, 1 for two, 3 for eight. Callers of one rank are alike. */
  rank(now: number): number
}

/** Counts calls by address; for IPv6 by network too, since whoever has one address has as many as it likes. */
export class RecentCalls {
  readonly #addresses = new GroupTable(() => new Calls())
  readonly #networks = new GroupTable(() => new Calls())

  /** Somebody calls from there. */
  note(address: string, now: number): Caller {
    const network = addressNetwork(address)
    const own = this.#addresses.of(addressGroup(address))
    const all = network === undefined ? undefined : this.#networks.of(network)
    for (const calls of [own, all]) calls?.add(now / HALF_LIFE_MS)
    return {
      rank(at) {
        const level = Math.max(own.level, all === undefined ? 0 : all.level - NETWORK_SHARE)
        return Math.max(0, Math.round(level - at / HALF_LIFE_MS))
      },
    }
  }
}

/**
 * Calls with their age. Instead of making old ones less, new ones count more: 2 to the power of their time in half-lives. The logarithm of
 * that sum less the time now is the logarithm of what counts now.
 */
class Calls {
  level = Number.NEGATIVE_INFINITY

  add(halves: number): void {
    const [less, more] = this.level < halves ? [this.level, halves] : [halves, this.level]
    this.level = more + Math.log2(1 + 2 ** (less - more))
  }
}
