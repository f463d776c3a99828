import type { Rate } from '../lib/token-bucket.ts'

/** What the API keeps for those who call it. */
export interface ApiLimits {
  /** Connections that have not shown the token: in all, and of one address. */
  readonly strangers: { readonly max: number; readonly maxPerGroup: number }
  /** Connections that have. */
  readonly operators: number
  /** Of those, event streams. */
  readonly streams: number
  /** For the first request's head, the token in it. */
  readonly headMs: number
  /** For the rest of a request. */
  readonly bodyMs: number
  /** Requests without the right token that are answered, by address. */
  readonly refusals: Rate
}

export const API_LIMITS: ApiLimits = {
  // A client may open many at once before it asks.
  strangers: { max: 128, maxPerGroup: 120 },
  operators: 256,
  streams: 64,
  headMs: 10_000,
  bodyMs: 30_000,
  refusals: { perSecond: 2, burst: 50 },
}
