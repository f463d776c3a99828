import type { Rate } from '../lib/token-bucket.ts'

/** How many connections and requests the API takes, and for how long. */
export interface ApiLimits {
  /** Connections that have not shown the token: of addresses that have not shown it lately, and of those that have. */
  readonly silent: { readonly strangers: number; readonly familiar: number }
  /** Connections that have shown the token. */
  readonly operators: number
  /** How many of those may be event streams. */
  readonly streams: number
  /** How long the head of the first request, with the token in it, may take. */
  readonly headMs: number
  /** How long the rest of a request may take. */
  readonly bodyMs: number
  /** How many requests without the right token are answered, for each address. */
  readonly refusals: Rate
}

export const API_LIMITS: ApiLimits = {
  // A client may open many connections at once before it asks.
  silent: { strangers: 128, familiar: 128 },
  operators: 256,
  streams: 64,
  headMs: 10_000,
  bodyMs: 30_000,
  refusals: { perSecond: 2, burst: 50 },
}
