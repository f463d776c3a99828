import type { Rng } from '../../../core/src/lib/rng.ts'
import type { GuardWord } from './forward-guard.ts'
import type { HoldEnd } from './holds.ts'
import type { Reorganisation } from './reorganise.ts'

/** Several payments at the same time from one side of a link to the other, which takes them, and goes silent before it shows a preimage. */
export interface Strand {
  readonly link: number
  readonly side: number
  readonly payments: number
  readonly msat: number
  /** Of the invoices. */
  readonly finalDelta: number
  readonly ms: number
}

/** A payment: of an invoice, if nothing is said of its way. */
export interface Pay {
  readonly from: number
  readonly to: number
  readonly msat: number
  readonly way?: 'trampoline' | 'offer' | 'refund' | 'keysend'
  /** The trampoline node, of those between the two. */
  readonly by?: number
}

/** One thing that happens to the simulated world. Nodes and links are numbers, taken modulo how many there are. */
export type Action =
  | ({ readonly do: 'pay' } & Pay)
  /** The refund that was made so many before the last is fetched again. */
  | { readonly do: 'claim'; readonly back: number }
  /** A payment that is held. `end`: what becomes of it at the end, if nothing has before. `by`: the trampoline node that it goes by. */
  | {
      readonly do: 'hold'
      readonly from: number
      readonly to: number
      readonly msat: number
      readonly finalDelta: number
      readonly end: HoldEnd
      readonly by?: number
    }
  /** About the payment that was held so many before the last. */
  | { readonly do: 'decide'; readonly back: number; readonly is: 'settle' | 'cancel' }
  /** Blocks come until its node gives it back in so many. */
  | { readonly do: 'approach'; readonly back: number; readonly left: number }
  /** From now on a node asks before it relays. */
  | ({ readonly do: 'guard'; readonly node: number } & GuardWord)
  | ({ readonly do: 'strand' } & Strand)
  /** Blocks come until a node makes a joint claim of what is closing, if it does. */
  | { readonly do: 'await-joint' }
  /** Time passes. */
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'cut'; readonly link: number }
  /** One side of a link goes silent for a while; the connection stays. */
  | { readonly do: 'silence'; readonly link: number; readonly side: number; readonly ms: number }
  /** The two cannot connect for a while. */
  | { readonly do: 'part'; readonly link: number; readonly ms: number }
  /** After so many commits from now, a process dies before or after the next one is on the disk; it is started again after a while. */
  | {
      readonly do: 'crash'
      readonly node: number
      readonly when: 'before' | 'after'
      readonly commits: number
      readonly downMs: number
    }
  | { readonly do: 'mine'; readonly blocks: number }
  | ({ readonly do: 'reorganise' } & Reorganisation)
  | { readonly do: 'feerate'; readonly node: number; readonly perKw: number }
  /** A copy of a node's data, taken at this part of its life so far, publishes the commitment that it knows. */
  | { readonly do: 'cheat'; readonly link: number; readonly side: number; readonly permille: number }
  | { readonly do: 'close'; readonly link: number; readonly side: number; readonly isForced: boolean }
  /** A close together is asked for again, at a higher rate. */
  | { readonly do: 'hasten'; readonly link: number; readonly side: number; readonly perKw: number }
  /** For so many blocks the chain takes nothing that pays less than fifty times the least rate, and everybody knows it. */
  | { readonly do: 'spike'; readonly blocks: number }
  /** A node pays what its wallet can miss to an address of nobody here. */
  | { readonly do: 'spend'; readonly node: number }
  /** A node loses its disk, and goes on with a backup that was made at this part of its life so far. */
  | { readonly do: 'restore'; readonly node: number; readonly permille: number }

export const SECONDS = 1_000

/** How many there are to draw from. */
export interface Size {
  readonly nodes: number
  readonly links: number
}

export const crash = (rng: Rng, { nodes }: Size, commits: number): Action => ({
  do: 'crash',
  node: rng.below(nodes),
  when: rng.below(2) === 0 ? 'before' : 'after',
  commits,
  downMs: rng.below([1, 30, 200][rng.below(3)] as number) * SECONDS,
})

const reorganisation = (rng: Rng, depth: number): Action => ({
  do: 'reorganise',
  depth,
  kept: [0, 500, 1_000][rng.below(3)] as number,
  rivals: [0, 500, 1_000][rng.below(3)] as number,
  empty: rng.below(4),
  draw: rng.below(0x7fffffff),
})

export type Kinds = readonly (readonly [weight: number, draw: (rng: Rng, size: Size) => Action | readonly Action[]])[]

/** How likely each is, and how it is drawn. */
export const KINDS: Kinds = [
  [30, (rng, size) => pay(rng, size, amount(rng))],
  [24, (rng) => ({ do: 'wait', ms: 1 + rng.below([20, 200, 3 * SECONDS, 70 * SECONDS][rng.below(4)] as number) })],
  [5, (rng, { links }) => ({ do: 'cut', link: rng.below(links) })],
  [
    5,
    (rng, { links }) => ({ do: 'silence', link: rng.below(links), side: rng.below(2), ms: rng.below(300 * SECONDS) }),
  ],
  [3, (rng, { links }) => ({ do: 'part', link: rng.below(links), ms: rng.below(300 * SECONDS) })],
  [12, (rng, size) => crash(rng, size, rng.below([3, 12, 40][rng.below(3)] as number))],
  [10, (rng) => ({ do: 'mine', blocks: 1 + rng.below([2, 8, 60][rng.below(3)] as number) })],
  [6, (rng) => reorganisation(rng, 1 + rng.below(rng.below(12) === 0 ? 100 : 12))],
  [
    3,
    (rng, { nodes }) => ({
      do: 'feerate',
      node: rng.below(nodes),
      perKw: 253 + rng.below([2_000, 10_000][rng.below(2)] as number),
    }),
  ],
  [1, (rng, { links }) => ({ do: 'cheat', link: rng.below(links), side: rng.below(2), permille: rng.below(1000) })],
  [2, (rng, { links }) => ({ do: 'close', link: rng.below(links), side: rng.below(2), isForced: rng.below(2) === 0 })],
  [
    2,
    (rng, { links }) => ({ do: 'hasten', link: rng.below(links), side: rng.below(2), perKw: 500 + rng.below(3_000) }),
  ],
  [2, (rng) => ({ do: 'spike', blocks: 1 + rng.below(10) })],
  [3, (rng, size) => stranded(rng, size)],
  [1, (rng, { nodes }) => ({ do: 'spend', node: rng.below(nodes) })],
  [1, (rng, { nodes }) => ({ do: 'restore', node: rng.below(nodes), permille: rng.below(1_000) })],
]

/** Where there are relays: payments that no channel carries alone, and deaths while their parts are on their way. */
export const IN_WEBS: Kinds = [
  ...KINDS,
  [25, (rng, size) => pay(rng, size, 100_000_000 + rng.below(700_000_000))],
  [
    20,
    (rng, size) => [
      pay(rng, size, 100_000_000 + rng.below(700_000_000)),
      crash(rng, size, rng.below(12)),
      { do: 'wait', ms: 1 + rng.below(3 * SECONDS) },
    ],
  ],
]

export const ends = (rng: Rng, { nodes }: Size) => ({ from: rng.below(nodes), to: 1 + rng.below(nodes - 1) })

const pay = (rng: Rng, size: Size, msat: number): Action => ({ do: 'pay', ...ends(rng, size), msat })

/** From below every dust limit to a good part of a channel. */
export const amount = (rng: Rng): number => 1_000 + rng.below([300_000, 5_000_000, 90_000_000][rng.below(3)] as number)

/** Only if the channel goes to the chain while they are under way do HTLCs that are alike come to the chain together. */
const stranded = (rng: Rng, size: Size): readonly Action[] => {
  const [link, side] = [rng.below(size.links), rng.below(2)]
  const strand: Action = {
    do: 'strand',
    link,
    side,
    payments: 2 + rng.below(5),
    msat: 2_000_000 + rng.below(40_000_000),
    finalDelta: [30, 90][rng.below(2)] as number,
    ms: 60 * SECONDS + rng.below(300 * SECONDS),
  }
  const wait: Action = { do: 'wait', ms: 300 + rng.below(2_000) }
  const close: Action = { do: 'close', link, side: rng.below(2), isForced: true }
  const ends: readonly (readonly Action[])[] = [
    [close],
    [close, { do: 'await-joint' }, ...troubles(rng, size)],
    [close, { do: 'await-joint' }, ...troubles(rng, size)],
    [],
    // Copies of these moments hold the HTLCs; all of them are revoked once the silence ends.
    [
      wait,
      wait,
      wait,
      { do: 'wait', ms: 400 * SECONDS },
      { do: 'cheat', link, side: rng.below(2), permille: 850 + rng.below(140) },
      ...troubles(rng, size),
    ],
  ]
  return [strand, wait, ...(ends[rng.below(ends.length)] ?? [])]
}

/** What can go wrong with a transaction that waits for a block, or is in one. */
const troubles = (rng: Rng, size: Size): readonly Action[] =>
  Array.from({ length: 1 + rng.below(3) }, (): readonly Action[] => {
    const trouble = (TROUBLES[rng.below(TROUBLES.length)] as (typeof TROUBLES)[0])(rng, size)
    return [trouble, { do: 'mine', blocks: 1 + rng.below(2) }]
  }).flat()

const TROUBLES: readonly ((rng: Rng, size: Size) => Action)[] = [
  (rng) => ({ do: 'spike', blocks: 1 + rng.below(10) }),
  (rng, { nodes }) => ({ do: 'feerate', node: rng.below(nodes), perKw: 253 + rng.below(10_000) }),
  (rng, size) => crash(rng, size, rng.below(4)),
  (rng) => reorganisation(rng, 1 + rng.below(rng.below(4) === 0 ? 40 : 4)),
]

/** One line of a trace. */
export const tell = ({ do: what, ...rest }: Action): string =>
  `${what} ${Object.entries(rest)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}`
