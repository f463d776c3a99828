import { TokenBucket } from '../../lib/token-bucket.ts'
import type { Rates, Resource } from './traffic-limits.ts'

const RESOURCES: readonly Resource[] = ['milliseconds', 'talk', 'bytes', 'messages', 'pings', 'complaints']

/** What somebody may use of each resource. Use is charged after it happened; whoever has used too much waits. */
export class Allowance {
  readonly #buckets: Readonly<Record<Resource, TokenBucket>>

  constructor(rates: Rates, now: number) {
    const bucketOf = (resource: Resource): TokenBucket => {
      const { perSecond, burst } = rates[resource]
      return new TokenBucket(perSecond, burst, now)
    }
    this.#buckets = {
      milliseconds: bucketOf('milliseconds'),
      talk: bucketOf('talk'),
      bytes: bucketOf('bytes'),
      messages: bucketOf('messages'),
      pings: bucketOf('pings'),
      complaints: bucketOf('complaints'),
    }
  }

  charge(resource: Resource, count: number, now: number): void {
    this.#buckets[resource].charge(now, count)
  }

  /** Milliseconds until nothing is owed. Of what is shared, nothing is owed by whoever has not used up a modest part of its own. */
  debtMs(now: number, modest?: Allowance): number {
    let debt = 0
    for (const resource of RESOURCES) {
      const owed = this.#buckets[resource].debtMs(now)
      if (owed > debt)
        debt = Math.max(debt, modest === undefined ? owed : Math.min(owed, modest.#buckets[resource].debtMs(now)))
    }
    return debt
  }
}
