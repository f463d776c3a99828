import type { Rng } from '../../../core/src/lib/rng.ts'
import { type Action, amount, crash, ends, type Kinds, SECONDS, type Size } from './actions.ts'
import type { HoldEnd } from './holds.ts'

/** Every kind of payment: those that are held, by trampoline nodes, for offers and refunds, without an invoice; and relays that are asked about. */
export const allPayments = (isWeb: boolean): Kinds => [
  [6, (rng, size) => hold(rng, size, isWeb)],
  [10, (rng, size) => heldThroughTroubles(rng, size, isWeb)],
  [5, (rng) => decide(rng, rng.below(4))],
  [12, (rng, size) => byTrampoline(rng, size, isWeb)],
  [
    6,
    (rng, size) => [
      byTrampoline(rng, size, isWeb),
      crash(rng, size, rng.below(12)),
      { do: 'wait', ms: 1 + rng.below(3 * SECONDS) },
    ],
  ],
  [6, (rng, size) => ({ do: 'pay', way: 'offer', ...ends(rng, size), msat: amount(rng) })],
  [
    6,
    (rng, size) => [
      { do: 'pay', way: 'refund', ...ends(rng, size), msat: amount(rng) },
      ...(rng.below(2) === 0 ? [crash(rng, size, rng.below(8))] : []),
    ],
  ],
  [4, (rng) => ({ do: 'claim', back: rng.below(4) })],
  [1, (rng, size) => claimedAfterRestore(rng, size)],
  [6, (rng, size) => ({ do: 'pay', way: 'keysend', ...ends(rng, size), msat: amount(rng) })],
  [6, (rng, size) => guarded(rng, size, isWeb)],
]

/** In a row only the one in the middle can find the way, between its neighbours. */
const trampolineEnds = (rng: Rng, size: Size, isWeb: boolean) => {
  const end = rng.below(2)
  return { ...(isWeb ? ends(rng, size) : { from: 2 * end, to: 1 - end }), by: rng.below(4) }
}

const byTrampoline = (rng: Rng, size: Size, isWeb: boolean): Action => ({
  do: 'pay',
  way: 'trampoline',
  ...trampolineEnds(rng, size, isWeb),
  msat: isWeb ? 1_000 + rng.below(700_000_000) : amount(rng),
})

const ENDS: readonly HoldEnd[] = ['settle', 'settle', 'settle', 'cancel', 'cancel', 'leave']

const hold = (rng: Rng, size: Size, isWeb: boolean): Action => ({
  do: 'hold',
  ...(rng.below(4) === 0 ? trampolineEnds(rng, size, isWeb) : ends(rng, size)),
  msat: isWeb ? 1_000 + rng.below(500_000_000) : amount(rng),
  finalDelta: [48, 60, 100][rng.below(3)] as number,
  end: ENDS[rng.below(ENDS.length)] as HoldEnd,
})

const decide = (rng: Rng, back: number): Action => ({
  do: 'decide',
  back,
  is: rng.below(3) === 0 ? 'cancel' : 'settle',
})

/** Held, and something happens before it is decided about, and as soon as it is. */
const heldThroughTroubles = (rng: Rng, size: Size, isWeb: boolean): readonly Action[] => {
  const wait = (ms: number): Action => ({ do: 'wait', ms: 1 + rng.below(ms) })
  const before: readonly (readonly Action[])[] = [
    [crash(rng, size, rng.below(8)), wait(40 * SECONDS)],
    [{ do: 'approach', back: 0, left: rng.below(4) - 1 }],
    // Not often: what follows has fewer channels to go over.
    rng.below(3) === 0
      ? [{ do: 'close', link: rng.below(size.links), side: rng.below(2), isForced: rng.below(2) === 0 }]
      : [],
    [{ do: 'silence', link: rng.below(size.links), side: rng.below(2), ms: rng.below(90 * SECONDS) }],
    [],
  ]
  return [
    hold(rng, size, isWeb),
    wait(3 * SECONDS),
    ...(before[rng.below(before.length)] ?? []),
    // It dies of what it has decided.
    ...(rng.below(2) === 0 ? [crash(rng, size, rng.below(5))] : []),
    decide(rng, 0),
    wait(2 * SECONDS),
  ]
}

/** A refund is fetched again from a payer that has gone back to a backup since. */
const claimedAfterRestore = (rng: Rng, size: Size): readonly Action[] => {
  const { from, to } = ends(rng, size)
  const wait: Action = { do: 'wait', ms: 1 + rng.below(40 * SECONDS) }
  return [
    { do: 'pay', way: 'refund', from, to, msat: amount(rng) },
    wait,
    { do: 'restore', node: from, permille: 900 + rng.below(100) },
    wait,
    { do: 'claim', back: 0 },
  ]
}

/** A relay is asked about while something else happens to it. Then nobody asks any more, or whoever is asked answers at once. */
const guarded = (rng: Rng, size: Size, isWeb: boolean): readonly Action[] => {
  const node = isWeb ? rng.below(size.nodes) : 1
  const { by: _, ...way } = trampolineEnds(rng, size, isWeb)
  const troubles: readonly (readonly Action[])[] = [
    [crash(rng, size, rng.below(6))],
    [{ do: 'cut', link: rng.below(size.links) }],
    [{ do: 'mine', blocks: 1 + rng.below(40) }],
    [],
  ]
  return [
    {
      do: 'guard',
      node,
      says:
        (['continue', 'continue', 'fail', 'nothing', 'nothing, and is closed'] as const)[rng.below(5)] ?? 'continue',
      ...(rng.below(4) === 0 ? {} : { ms: rng.below([10, 2 * SECONDS, 100 * SECONDS][rng.below(3)] as number) }),
    },
    { do: 'pay', ...way, msat: amount(rng) },
    { do: 'wait', ms: 100 + rng.below(2 * SECONDS) },
    ...(troubles[rng.below(troubles.length)] ?? []),
    { do: 'wait', ms: 1 + rng.below(40 * SECONDS) },
    { do: 'guard', node, says: 'continue', ms: 0 },
  ]
}
