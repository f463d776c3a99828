import type { Attempt } from './payment.ts'

/** What is known of the channel into a hop: it carried the HTLC, its node refused, it was not come to, or nothing tells. */
export type HopOutcome = 'carried' | 'refused' | 'not-tried' | 'unknown'

/** For each hop of an attempt, in order. */
export const triedHops = ({ route: { hops }, status, failure }: Attempt): readonly HopOutcome[] => {
  if (status === 'settled') return hops.map(() => 'carried')
  if (failure === undefined) return hops.map(() => 'unknown')
  switch (failure.type) {
    case 'local':
      // What was not sent has tried nothing.
      return hops.map((_, into) => (into === 0 && !NOT_SENT.has(failure.error) ? 'refused' : 'not-tried'))
    case 'remote':
      return hops.map((_, into) =>
        into <= failure.hop ? 'carried' : into === failure.hop + 1 ? 'refused' : 'not-tried',
      )
    case 'beyond':
      return hops.map(() => 'carried')
    // Our own channel had it: further on, nothing tells.
    case 'unreadable':
    case 'on-chain':
      return hops.map((_, into) => (into === 0 ? 'carried' : 'unknown'))
  }
}

const NOT_SENT: ReadonlySet<string> = new Set(['not-sent', 'interrupted', 'onion-too-long', 'invalid-node-id'])

/** Whether the recipient itself has answered. */
export const hasReached = ({ route, status, failure }: Attempt): boolean =>
  status === 'settled' || (failure?.type === 'remote' && failure.hop >= route.hops.length - 1)
