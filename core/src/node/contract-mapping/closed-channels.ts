import type { EventPayload, ReplyOf } from '@fulgurite/plugin-sdk/contract'
import type { WalletTx } from '../../wallet/wallet-tx.ts'
import type { ChannelBooks } from '../events/channel-books.ts'

type ClosedChannel = ReplyOf<'channels', 'closed'>['items'][number]

/** Where the books of a channel are kept. */
export interface Ledgers {
  readonly books: Pick<ChannelBooks, 'of' | 'since'>
  /** The transactions that were made for a channel. */
  readonly transactionsFor: (channelId: string) => readonly WalletTx[]
}

/** What a channel has relayed; nothing while that is not counted yet. */
export const earningsOf = (channelId: string, { books }: Pick<Ledgers, 'books'>) => {
  const book = books.of(channelId)
  if (book === undefined) return {}
  const { since } = books
  return { earned: { ...book, ...(since === undefined ? {} : { since }) } }
}

/** What the end of a channel was told as, with what the books and the wallet know of it. What nobody knows is left out, and is not zero. */
export const describeClosed = (
  { fundingIndex: _, ...closed }: EventPayload<'channel.closed'>,
  closedAt: number,
  ledgers: Ledgers,
): ClosedChannel => {
  const { channelId, openedBy } = closed
  const made = ledgers.transactionsFor(channelId).filter(({ height }) => height !== undefined)
  const fundings = made.filter(({ purpose }) => purpose === FUNDING)
  const claims = made.filter(({ purpose = '' }) => !NOT_CLAIMS.has(purpose))
  const isTold = openedBy !== undefined
  const [openingFeeSat, claimFeesSat] = [feesOf(fundings), feesOf(claims)]
  const { since } = ledgers.books
  return {
    ...closed,
    closedAt,
    ...(openingFeeSat === undefined || (fundings.length === 0 && openedBy !== 'remote') ? {} : { openingFeeSat }),
    ...(claimFeesSat === undefined || (claims.length === 0 && !isTold) ? {} : { claimFeesSat }),
    // A channel that ended before its relays were counted may have relayed anything.
    ...(since !== undefined && closedAt < since ? {} : earningsOf(channelId, ledgers)),
  }
}

const FUNDING = 'channel-funding'
const NOT_CLAIMS: ReadonlySet<string> = new Set([FUNDING, 'mutual-close', 'local-commitment'])

/** `undefined` if one of them has a fee that nobody knows. */
const feesOf = (txs: readonly WalletTx[]): bigint | undefined => {
  let sum = 0n
  for (const { fee } of txs) {
    if (fee === undefined) return undefined
    sum += fee
  }
  return sum
}

/** By channel, found once for all the rows of a page. */
export const byChannel = (all: () => readonly WalletTx[]): Ledgers['transactionsFor'] => {
  let known: Map<string, WalletTx[]> | undefined
  return (channelId) => {
    if (known === undefined) {
      known = new Map()
      for (const tx of all()) {
        if (tx.channelId === undefined) continue
        const others = known.get(tx.channelId)
        if (others === undefined) known.set(tx.channelId, [tx])
        else others.push(tx)
      }
    }
    return known.get(channelId) ?? []
  }
}
