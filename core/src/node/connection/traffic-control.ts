import { addressGroup } from '../../lib/address-group.ts'
import { toHex } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import { GroupTable } from '../../lib/group-table.ts'
import type { NodeId } from '../../lib/ids.ts'
import { Allowance } from './allowance.ts'
import { HandshakeGate } from './handshake-gate.ts'
import { ReadingTurns } from './reading-turns.ts'
import { Slice, type SliceLimits } from './slice.ts'
import type { Resource, TrafficLimits } from './traffic-limits.ts'

const PARTNER_SLICE: SliceLimits = { messages: 256, bytes: 256 << 10, milliseconds: 4 }
const STRANGER_SLICE: SliceLimits = { messages: 16, bytes: 64 << 10, milliseconds: 1 }
/** Beyond this many unsent bytes nothing more is read, since messages might have to be answered. */
const PARTNER_UNSENT_BYTES = 1 << 20
const STRANGER_UNSENT_BYTES = 128 << 10
/** A connection over its allowance waits at least this long, so that waiting costs us little. */
const LEAST_WAIT_MS = 50
/** How often a stranger is looked at again: it may have become a partner. */
const RANK_MS = 1_000

export interface TrafficControlOptions {
  readonly clock: Clock
  readonly limits: TrafficLimits
  /** Whether there is a channel with this peer that cost somebody money. */
  readonly isPartner: (nodeId: NodeId) => boolean
  /** Whether a partner was seen at this address. */
  readonly isFamiliar: (group: string) => boolean
  /** A partner is at the other end of a connection, or somebody there has become one. */
  readonly onPartner?: (place: Place) => void
}

/** On which a connection's use is charged. */
interface Allowances {
  readonly own: Allowance
  readonly shared: readonly Allowance[]
  /** Whoever is within it owes nothing of what is shared. */
  readonly modest?: Allowance
}

/** Who is at the other end of a connection, and where. */
export interface Place {
  readonly remoteNodeId: NodeId
  /** In the form of the socket. */
  readonly remoteAddress: string
  readonly direction: 'inbound' | 'outbound'
}

/** What a partner has used on all its connections, one after the other: calling again renews nothing. */
interface PartnerAllowances {
  readonly own: Allowance
  readonly modest: Allowance
}

/**
 * What the peers of one node may use of it. Each partner has its own allowance, and each connection of a stranger; strangers share one with
 * all others at their address, and one with all other strangers. What partners say beyond the work of their channels they also share, but
 * for a modest part of each. A peer that has used more than that is not read until time has made up for it: TCP then holds the
 * sender up, and nothing is lost.
 */
export class TrafficControl {
  readonly limits: TrafficLimits
  readonly handshakes: HandshakeGate
  readonly turns: ReadingTurns
  readonly clock: Clock
  readonly isPartner: (nodeId: NodeId) => boolean
  readonly isFamiliar: (group: string) => boolean
  readonly onPartner: (place: Place) => void
  readonly #addresses: GroupTable<Allowance>
  readonly #ofPartner: GroupTable<PartnerAllowances>
  readonly #partners: Allowance
  readonly #strangers: Allowance

  constructor({ clock, limits, isPartner, isFamiliar, onPartner = () => {} }: TrafficControlOptions) {
    this.clock = clock
    this.limits = limits
    this.isPartner = isPartner
    this.isFamiliar = isFamiliar
    this.onPartner = onPartner
    this.handshakes = new HandshakeGate(clock, limits.handshakes, isFamiliar)
    this.turns = new ReadingTurns(clock)
    this.#addresses = new GroupTable(() => new Allowance(limits.address, clock.monotonic()))
    this.#ofPartner = new GroupTable(() => ({
      own: new Allowance(limits.partner, clock.monotonic()),
      modest: new Allowance(limits.modest, clock.monotonic()),
    }))
    this.#partners = new Allowance(limits.partners, clock.monotonic())
    this.#strangers = new Allowance(limits.strangers, clock.monotonic())
  }

  /** For one connection. */
  open(place: Place): TrafficAccount {
    return new TrafficAccount(this, place)
  }

  allowancesOf({ remoteNodeId, remoteAddress }: Place, isPartner: boolean): Allowances {
    if (isPartner) return { ...this.#ofPartner.of(toHex(remoteNodeId)), shared: [this.#partners] }
    const own = new Allowance(this.limits.stranger, this.clock.monotonic())
    return { own, shared: [this.#addresses.of(addressGroup(remoteAddress)), this.#strangers] }
  }
}

/** One connection's part in the traffic. */
export class TrafficAccount {
  readonly #control: TrafficControl
  readonly #place: Place
  #isPartner: boolean
  #rankedAt: number
  #allowances: Allowances
  #cancelWait: CancelTimer | undefined
  #closed = false

  constructor(control: TrafficControl, place: Place) {
    this.#control = control
    this.#place = place
    this.#rankedAt = control.clock.monotonic()
    this.#isPartner = control.isPartner(place.remoteNodeId)
    this.#allowances = control.allowancesOf(place, this.#isPartner)
    if (this.#isPartner) control.onPartner(place)
  }

  get isPartner(): boolean {
    return this.#isPartner
  }

  /** The number of unsent bytes beyond which the peer is not read. */
  get maxUnsentBytes(): number {
    return this.#isPartner ? PARTNER_UNSENT_BYTES : STRANGER_UNSENT_BYTES
  }

  charge(resource: Resource, count: number): void {
    const now = this.#control.clock.monotonic()
    const { own, shared, modest } = this.#allowances
    own.charge(resource, count, now)
    modest?.charge(resource, count, now)
    for (const common of shared) common.charge(resource, count, now)
  }

  /** A slice to be used at once; `undefined` for those that must wait: strangers always, partners when they are over their allowance. */
  sliceNow(): Slice | undefined {
    this.#rank()
    return this.#isPartner && this.#debtMs() === 0 ? this.#slice() : undefined
  }

  /** Calls `work` with a slice when nothing is owed and it is this connection's turn. Only one call may wait. */
  wait(work: (slice: Slice) => void): void {
    if (this.#closed) return
    this.#rank()
    const debt = this.#debtMs()
    if (debt === 0) {
      this.#control.turns.wait(this.#isPartner, () => {
        // Others at this address may have used it up meanwhile.
        if (this.#debtMs() === 0) work(this.#slice())
        else this.wait(work)
      })
      return
    }
    this.#cancelWait = this.#control.clock.setTimer(Math.max(debt, LEAST_WAIT_MS), () => this.wait(work))
  }

  /** Nothing is called any more, and no timer is left. */
  close(): void {
    this.#closed = true
    this.#cancelWait?.()
  }

  #debtMs(): number {
    const now = this.#control.clock.monotonic()
    const { own, shared, modest } = this.#allowances
    let debt = own.debtMs(now)
    for (const common of shared) debt = Math.max(debt, common.debtMs(now, modest))
    return debt
  }

  #slice(): Slice {
    const limits = this.#isPartner ? PARTNER_SLICE : STRANGER_SLICE
    return new Slice(this.#control.clock, limits, () => this.#debtMs() > 0)
  }

  #rank(): void {
    const now = this.#control.clock.monotonic()
    if (this.#isPartner || now - this.#rankedAt < RANK_MS) return
    this.#rankedAt = now
    if (!this.#control.isPartner(this.#place.remoteNodeId)) return
    this.#isPartner = true
    this.#allowances = this.#control.allowancesOf(this.#place, true)
    this.#control.onPartner(this.#place)
  }
}
