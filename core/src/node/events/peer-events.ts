import type { EventName, EventPayload } from '@fulgurite/plugin-sdk/contract'
import { toHex } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { NodeId } from '../../lib/ids.ts'
import { TokenBucket } from '../../lib/token-bucket.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { EventLog } from './event-log.ts'

export interface PeerEventsOptions {
  readonly events: Pick<EventLog, 'append' | 'announce'>
  readonly clock: Clock
  /** Whether a channel with the peer has cost somebody money: events that strangers cause leave no row. */
  readonly isPartner: (nodeId: NodeId) => boolean
}

/** Tells an event now: keeps it, or announces it only. */
type Tell = (isKept: boolean) => void

interface PeerAccount {
  readonly nodeId: NodeId | undefined
  readonly bucket: TokenBucket
  /** The last of each thing that was too much. */
  waiting: Map<string, Tell>
  untold: number
  since: TimestampMs
  cancel: CancelTimer | undefined
}

/**
 * Enough for a day of restarts, a bad line, or many refusals, reported one by one. After that one row a minute, whatever the peer does.
 * Refused HTLCs are daily business for a relay, and its fees are decided by them.
 */
const RATES = { usual: { perSecond: 1 / 60, burst: 200 }, htlcs: { perSecond: 1, burst: 500 } } as const
const WAIT_MS = 60_000
/** Node ids cost nothing: this many have an account of their own, the rest share one. */
const ACCOUNTS = 4_096
const SHARED = 'others'

/**
 * Reports what a peer can cause at no cost: connections, openings, complaints, refused HTLCs. A partner's events are kept, a stranger's are
 * only announced. Events that come too often wait: the last one about each thing (`key`) is reported within a minute, with the number of
 * those that were left out. So the last report always shows the present state.
 */
export class PeerEvents {
  readonly #options: PeerEventsOptions
  readonly #accounts = new Map<string, PeerAccount>()

  constructor(options: PeerEventsOptions) {
    this.#options = options
  }

  report<Name extends EventName>(nodeId: NodeId, name: Name, payload: EventPayload<Name>, key: string = name): void {
    const { events, clock } = this.#options
    const account = this.#accountOf(nodeId, name === 'payment.relay-failed' ? 'htlcs' : 'usual')
    const tell = (isKept: boolean): void => (isKept ? events.append(name, payload) : events.announce(name, payload))
    // A waiting report comes first, and is replaced by a newer one about the same thing.
    if (account.waiting.size === 0 && account.bucket.take(clock.monotonic())) {
      tell(this.#options.isPartner(nodeId))
      return
    }
    if (account.waiting.size === 0) account.since = clock.now()
    if (account.waiting.delete(key)) account.untold++
    account.waiting.set(key, tell)
    account.cancel ??= clock.setTimer(WAIT_MS, () => this.#tellWaiting(account))
  }

  stop(): void {
    for (const { cancel } of this.#accounts.values()) cancel?.()
    this.#accounts.clear()
  }

  #tellWaiting(account: PeerAccount): void {
    const { events, clock, isPartner } = this.#options
    const { nodeId, waiting, untold, since } = account
    account.cancel = undefined
    account.waiting = new Map()
    account.untold = 0
    account.bucket.charge(clock.monotonic(), 1)
    const isKept = nodeId !== undefined && isPartner(nodeId)
    for (const tell of waiting.values()) tell(isKept)
    if (untold === 0 || nodeId === undefined) return
    const repeated = { nodeId: toHex(nodeId), untold, since: since }
    if (isKept) events.append('peer.repeated', repeated)
    else events.announce('peer.repeated', repeated)
  }

  #accountOf(nodeId: NodeId, rate: keyof typeof RATES): PeerAccount {
    const own = `${toHex(nodeId)} ${rate}`
    const known = this.#accounts.get(own)
    if (known !== undefined) return known
    const now = this.#options.clock.monotonic()
    if (this.#accounts.size >= ACCOUNTS) this.#forgetIdle(now)
    const isShared = this.#accounts.size >= ACCOUNTS && !this.#options.isPartner(nodeId)
    const name = isShared ? `${SHARED} ${rate}` : own
    const found = this.#accounts.get(name)
    if (found !== undefined) return found
    const { perSecond, burst } = RATES[rate]
    const account: PeerAccount = {
      nodeId: isShared ? undefined : nodeId,
      bucket: new TokenBucket(perSecond, burst, now),
      waiting: new Map(),
      untold: 0,
      since: 0,
      cancel: undefined,
    }
    this.#accounts.set(name, account)
    return account
  }

  /** Accounts that were unused for so long that a new account would be the same. */
  #forgetIdle(now: number): void {
    for (const [name, { bucket, cancel }] of this.#accounts) {
      if (cancel === undefined && bucket.isFull(now)) this.#accounts.delete(name)
    }
  }
}
