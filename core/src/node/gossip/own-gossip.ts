import { type Channel, type Funded, inboundExtension, isFunded, unsignedIdOf } from '../../channel/index.ts'
import { sha256d } from '../../crypto/hashes.ts'
import { nextOwnNode, type OwnNode } from '../../graph/own/own-node.ts'
import { nextOwnUpdate } from '../../graph/own/own-update.ts'
import { isDisabled } from '../../graph/rules/channel-update.ts'
import { compareBytes } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import { encodeGossip } from '../../wire/gossip-codecs.ts'
import type { ChannelAnnouncement, ChannelUpdate, NodeAnnouncement } from '../../wire/messages/gossip.ts'
import type { ChannelDirectory, ChannelEntry } from '../channel/channel-directory.ts'
import { isUsable } from '../channel/channel-standing.ts'
import type { Signer } from '../keys/signer.ts'

/** What the network has of ours, and the way to tell it more. */
export interface OwnNetwork {
  hasChannel(shortChannelId: ShortChannelId): boolean
  announcement(shortChannelId: ShortChannelId): ChannelAnnouncement | undefined
  /** The last that was told of the direction. */
  update(shortChannelId: ShortChannelId, direction: 0 | 1): ChannelUpdate | undefined
  node(): NodeAnnouncement | undefined
  /** Messages that are signed, as they travel. */
  publish(messages: readonly Uint8Array[]): void
}

interface OwnGossipOptions {
  readonly network: OwnNetwork
  readonly directory: ChannelDirectory
  readonly signer: Pick<Signer, 'signAsNode'>
  readonly clock: Clock
  readonly chainHash: Uint8Array
  readonly self: OwnNode
  /** How often it looks at what has changed, in milliseconds; every five seconds if absent. */
  readonly lookMs?: number | undefined
}

export const LOOK_MS = 5_000
/** How often it looks at all channels, for updates that grow old. */
const LOOK_AT_ALL_MS = 3_600_000
/** A peer that is back before that was never away, as far as payers are concerned: routes must not come and go with each restart. */
export const AWAY_MS = 600_000
/** Nodes keep a count of updates, and ignore those of whom sends many. */
export const LEAST_GAP_MS = 60_000

type Ref = ChannelEntry['ref']

const SIGNATURE_AT = 2
const SIGNED_FROM = SIGNATURE_AT + 64

/** Tells the network of our announced channels, of what we ask for in them, and of this node; and again when that changes or grows old. */
export class OwnGossip {
  readonly #options: OwnGossipOptions
  /** Channels that may have something new to say. */
  readonly #due = new Map<Ref, ChannelEntry>()
  /** Since when a channel has not been usable, by the monotonic clock. */
  readonly #awaySince = new Map<Ref, number>()
  readonly #toldAt = new Map<Ref, number>()
  #lookedAtAllAt: number | undefined
  #cancel: CancelTimer = () => {}

  constructor(options: OwnGossipOptions) {
    this.#options = options
  }

  start(): void {
    this.#options.directory.follow((channel, now) => {
      if (now !== undefined) this.#noted(now)
      else {
        this.#due.delete(channel)
        this.#awaySince.delete(channel)
        this.#toldAt.delete(channel)
      }
    })
    this.#look()
  }

  stop(): void {
    this.#cancel()
  }

  /** Both sides have signed it. Repeated with each connection of the channel: the network may have lost it. */
  announced(announcement: ChannelAnnouncement): void {
    const { network } = this.#options
    if (!network.hasChannel(announcement.shortChannelId)) network.publish([encodeGossip(announcement)])
  }

  #noted(entry: ChannelEntry): void {
    const { ref, durableState } = entry
    if (announcedIdOf(durableState.durable) === undefined && unsignedIdOf(durableState.durable) === undefined) return
    if (isUsable(entry)) this.#awaySince.delete(ref)
    else if (!this.#awaySince.has(ref)) this.#awaySince.set(ref, this.#options.clock.monotonic())
    this.#due.set(ref, entry)
  }

  readonly #look = (): void => {
    const { clock, directory } = this.#options
    const now = clock.monotonic()
    if (this.#lookedAtAllAt === undefined || now - this.#lookedAtAllAt >= LOOK_AT_ALL_MS) {
      this.#lookedAtAllAt = now
      for (const entry of directory.all()) this.#noted(entry)
      this.#tellOfUs()
    }
    for (const [ref, entry] of this.#due) if (this.#tell(entry)) this.#due.delete(ref)
    this.#cancel = clock.setTimer(this.#options.lookMs ?? LOOK_MS, this.#look)
  }

  /** Tells what is new of a channel. Returns whether nothing of it is left to be told. */
  #tell(entry: ChannelEntry): boolean {
    const { network, clock, chainHash } = this.#options
    const { durable } = entry.durableState
    const unsignedId = unsignedIdOf(durable)
    if (unsignedId !== undefined) return this.#lookFor(entry, unsignedId)
    const shortChannelId = announcedIdOf(durable)
    if (shortChannelId === undefined || !isFunded(durable)) return true
    // It was handed over, or is as soon as the peer is back.
    if (!network.hasChannel(shortChannelId)) return durable.phase !== 'normal'
    const direction = compareBytes(durable.params.localNodeId, durable.params.remoteNodeId) < 0 ? 0 : 1
    const last = network.update(shortChannelId, direction)
    const isAway = this.#isAway(entry, last)
    const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta, htlcMinimumMsat, htlcMaximumMsat } =
      durable.relay.current
    const update = nextOwnUpdate(
      last,
      {
        shortChannelId,
        direction,
        disabled: isAway,
        cltvExpiryDelta,
        htlcMinimumMsat,
        htlcMaximumMsat,
        feeBaseMsat,
        feeProportionalMillionths,
        ...inboundExtension(durable),
        saidToPeer: durable.relay.updateTimestamp,
      },
      { chainHash, now: seconds(clock) },
    )
    // A peer that is away for good is told of later.
    const isSettled = isUsable(entry) || isAway
    if (update === undefined) return isSettled
    const now = clock.monotonic()
    const toldAt = this.#toldAt.get(entry.ref)
    if (toldAt !== undefined && now - toldAt < LEAST_GAP_MS) return false
    this.#toldAt.set(entry.ref, now)
    network.publish([this.#signed(update), ...this.#ownNode()])
    return isSettled
  }

  /** What the peer has signed may be in the network while the channel lacks it. Returns whether it was there. */
  #lookFor({ ref }: ChannelEntry, shortChannelId: ShortChannelId): boolean {
    const announcement = this.#options.network.announcement(shortChannelId)
    if (announcement === undefined) return false
    ref.tell('announcementFound', announcement)
    return true
  }

  /** BOLT 7, channel_update: what cannot be used is disabled. */
  #isAway(entry: ChannelEntry, last: ChannelUpdate | undefined): boolean {
    if (entry.durableState.durable.phase !== 'normal' || entry.spentInMempool || entry.quarantined) return true
    if (isUsable(entry)) return false
    const since = this.#awaySince.get(entry.ref)
    const isOverdue = since !== undefined && this.#options.clock.monotonic() - since >= AWAY_MS
    return isOverdue || (last !== undefined && isDisabled(last))
  }

  /** What the operator says of the node may be new while nothing is of its channels. */
  #tellOfUs(): void {
    const { network, directory } = this.#options
    const isKnown = [...directory.all()].some(({ durableState: { durable } }) => {
      const id = announcedIdOf(durable)
      return id !== undefined && network.hasChannel(id)
    })
    if (isKnown) network.publish(this.#ownNode())
  }

  /** BOLT 7, node_announcement: nobody hears it before a channel of the node is known. */
  #ownNode(): readonly Uint8Array[] {
    const { network, self, clock } = this.#options
    const announcement = nextOwnNode(network.node(), self, seconds(clock))
    return announcement === undefined ? [] : [this.#signed(announcement)]
  }

  /** BOLT 7: the signature covers all that follows it. */
  #signed(message: ChannelUpdate | NodeAnnouncement): Uint8Array {
    const raw = encodeGossip(message)
    raw.set(this.#options.signer.signAsNode(sha256d(raw.subarray(SIGNED_FROM))), SIGNATURE_AT)
    return raw
  }
}

/** The id under which the network knows a channel, once both sides have signed for that. */
export const announcedIdOf = (channel: Channel): ShortChannelId | undefined =>
  isFunded(channel) && isStillNamed(channel) ? channel.shortIds.real : undefined

const isStillNamed = ({ announcement, shortIds }: Funded): boolean =>
  announcement !== undefined && announcement.shortChannelId === shortIds.real

const seconds = (clock: Clock): number => Math.floor(clock.now() / 1_000)
