import { invariant } from '../../lib/errors.ts'

/** One side of a channel. */
export interface Side {
  readonly channelId: string
  readonly owner: string
}

interface Account extends Side {
  readonly other: string
  msat: bigint
}

/** What one hop of a payment moves: from its payer's side of a channel to the other side. */
export interface Move {
  readonly channelId: string
  readonly payer: string
  readonly amountMsat: bigint
}

/** What every side of every channel must hold, computed independently of the nodes. */
export class BalanceSheet {
  readonly #accounts = new Map<string, Account>()

  /** A channel as it was opened. */
  open(channelId: string, opener: string, peer: string, openerMsat: bigint, peerMsat: bigint): void {
    this.#accounts.set(keyOf(channelId, opener), { channelId, owner: opener, other: peer, msat: openerMsat })
    this.#accounts.set(keyOf(channelId, peer), { channelId, owner: peer, other: opener, msat: peerMsat })
  }

  move({ channelId, payer, amountMsat }: Move): void {
    const from = this.#account(channelId, payer)
    const to = this.#account(channelId, from.other)
    from.msat -= amountMsat
    to.msat += amountMsat
  }

  balanceOf(channelId: string, owner: string): bigint {
    return this.#account(channelId, owner).msat
  }

  /** Both sides of every channel. */
  get sides(): readonly Side[] {
    return [...this.#accounts.values()]
  }

  #account(channelId: string, owner: string): Account {
    const account = this.#accounts.get(keyOf(channelId, owner))
    invariant(account !== undefined, 'the sheet holds every channel')
    return account
  }
}

const keyOf = (channelId: string, owner: string): string => `${channelId} ${owner}`
