import { concat, fromHex, toHex, utf8Encode } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { Msat, TimestampMs } from '../../lib/units.ts'
import type { RelayedHtlc, RelayReport } from '../../payment/relay/relay-protocol.ts'
import type { Store, Write } from '../../store/store.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { count, struct, versioned } from '../../wire/codec/combinators.ts'
import { u64 } from '../../wire/codec/primitives.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { type OnUnreadable, readRowOfMany } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'

/** What came of the HTLCs that a peer was on one side of. */
interface RelaysOneWay {
  readonly settled: number
  readonly amountMsat: Msat
  readonly feesMsat: Msat
  /** Those that went out and came back. */
  readonly failed: number
  /** How long all of them were open, from when they had come in, and the longest. */
  readonly heldMs: number
  readonly heldMostMs: number
}

export interface RelaysOfPeer {
  readonly since: TimestampMs
  /** Of what came from the peer. */
  readonly in: RelaysOneWay
  /** What came from it and did not go out. */
  readonly refused: number
  /** Of what went to the peer. */
  readonly out: RelaysOneWay
}

/** What has come from a peer and is not settled yet. */
interface UnderWay {
  readonly htlcs: number
  readonly amountMsat: Msat
}

export interface PeerRelaysOptions {
  readonly store: Pick<Store, 'submit' | 'scan'>
  readonly clock: Clock
  readonly channelDirectory: ChannelDirectory
  readonly onUnreadable: OnUnreadable
}

const PREFIX = utf8Encode('peer-relays/')
const ALL = { from: PREFIX, to: concat(PREFIX.slice(0, -1), Uint8Array.of(0x30)) }

const way = struct<RelaysOneWay>({
  settled: count,
  amountMsat: u64,
  feesMsat: u64,
  failed: count,
  heldMs: count,
  heldMostMs: count,
})
const row = versioned(struct<RelaysOfPeer>({ since: count, in: way, refused: count, out: way }))

const NOTHING: RelaysOneWay = { settled: 0, amountMsat: 0n, feesMsat: 0n, failed: 0, heldMs: 0, heldMostMs: 0 }
const NONE: UnderWay = { htlcs: 0, amountMsat: 0n }

/** What is in memory is written so long after the first change: a row for each peer, however much was relayed for it. */
const UNWRITTEN_MS = 10_000

/**
 * What relaying for each peer, and to it, has come to: what may be known of a peer before its next HTLC is judged. A relay writes nothing;
 * the sums are written now and then, so a crash loses the last ten seconds of them. Rows of peers that have no channel any more go.
 */
export class PeerRelays {
  readonly #options: PeerRelaysOptions
  readonly #peers: Map<string, RelaysOfPeer>
  readonly #unwritten = new Set<string>()
  readonly #underWay = new Map<string, UnderWay>()
  readonly #open = new Map<string, { readonly peer: string; readonly amountMsat: Msat }>()
  #timer: CancelTimer | undefined

  private constructor(options: PeerRelaysOptions, peers: Map<string, RelaysOfPeer>) {
    this.#options = options
    this.#peers = peers
  }

  static async open(options: PeerRelaysOptions): Promise<PeerRelays> {
    const peers = new Map<string, RelaysOfPeer>()
    for (const { key, value } of await options.store.scan(TABLE.meta, ALL)) {
      const read = readRowOfMany(TABLE.meta, key, decodeWith(row, value), options.onUnreadable)
      if (read !== undefined) peers.set(toHex(key.subarray(PREFIX.length)), read)
    }
    return new PeerRelays(options, peers)
  }

  /** What has come in by all channels with the peer of this one, and is under way. */
  underWay(channelId: ChannelId): UnderWay {
    const peer = this.#peerOf(channelId)
    return (peer === undefined ? undefined : this.#underWay.get(peer)) ?? NONE
  }

  /** Whether one more HTLC may come in from its peer, of which so much at most may be under way. */
  hasRoom({ channelId, amountMsat }: Pick<RelayedHtlc, 'channelId' | 'amountMsat'>, most: UnderWay): boolean {
    const underWay = this.underWay(channelId)
    return underWay.htlcs < most.htlcs && underWay.amountMsat + amountMsat <= most.amountMsat
  }

  /** Counts what came in as under way, by a name of its own. */
  begun(name: string, { channelId, amountMsat }: Pick<RelayedHtlc, 'channelId' | 'amountMsat'>): void {
    const peer = this.#peerOf(channelId)
    if (peer === undefined || this.#open.has(name)) return
    this.#open.set(name, { peer, amountMsat })
    const before = this.#underWay.get(peer) ?? NONE
    this.#underWay.set(peer, { htlcs: before.htlcs + 1, amountMsat: before.amountMsat + amountMsat })
  }

  ended(name: string): void {
    const open = this.#open.get(name)
    if (open === undefined) return
    this.#open.delete(name)
    const { htlcs, amountMsat } = this.#underWay.get(open.peer) ?? NONE
    if (htlcs > 1) this.#underWay.set(open.peer, { htlcs: htlcs - 1, amountMsat: amountMsat - open.amountMsat })
    else this.#underWay.delete(open.peer)
  }

  /** How a relay has ended, or that it was refused. */
  report(report: RelayReport): void {
    const { record } = report
    if (record === undefined) {
      this.refused(report.type === 'relay-failed' ? report.incoming : [])
      return
    }
    const feesMsat = report.type === 'relayed' ? report.feeMsat : undefined
    this.count('in', record.incoming, record.startedAt, feesMsat)
    this.count('out', record.outgoing, record.startedAt, feesMsat)
  }

  /** What came in and did not go out. */
  refused(htlcs: readonly Pick<RelayedHtlc, 'channelId'>[]): void {
    for (const { channelId } of htlcs) this.#change(channelId, (peer) => ({ ...peer, refused: peer.refused + 1 }))
  }

  /** HTLCs of one side of a relay that has ended. They share the fees by their amounts; without fees they have failed. */
  count(
    side: 'in' | 'out',
    htlcs: readonly Pick<RelayedHtlc, 'channelId' | 'amountMsat'>[],
    startedAt: TimestampMs,
    feesMsat: Msat | undefined,
  ): void {
    const heldMs = Math.max(0, this.#options.clock.now() - startedAt)
    let left = { feesMsat: feesMsat ?? 0n, amountMsat: htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n) }
    for (const { channelId, amountMsat } of htlcs) {
      const share = left.amountMsat === 0n ? 0n : (left.feesMsat * amountMsat) / left.amountMsat
      left = { feesMsat: left.feesMsat - share, amountMsat: left.amountMsat - amountMsat }
      const fees = feesMsat === undefined ? undefined : share
      this.#change(channelId, (peer) => ({ ...peer, [side]: added(peer[side], heldMs, amountMsat, fees) }))
    }
  }

  /** Of each peer with which anything was relayed, by node id. */
  all(): readonly (RelaysOfPeer & { readonly nodeId: string; readonly underWay: UnderWay })[] {
    const known = new Set([...this.#peers.keys(), ...this.#underWay.keys()])
    return [...known].sort().map((nodeId) => ({
      nodeId,
      ...(this.#peers.get(nodeId) ?? this.#none()),
      underWay: this.#underWay.get(nodeId) ?? NONE,
    }))
  }

  /** Writes what is not written yet. */
  stop(): void {
    this.#timer?.()
    this.#write()
  }

  #change(channelId: ChannelId, change: (peer: RelaysOfPeer) => RelaysOfPeer): void {
    const nodeId = this.#peerOf(channelId)
    if (nodeId === undefined) return
    this.#peers.set(nodeId, change(this.#peers.get(nodeId) ?? this.#none()))
    this.#unwritten.add(nodeId)
    this.#timer ??= this.#options.clock.setTimer(UNWRITTEN_MS, () => this.#write())
  }

  #none(): RelaysOfPeer {
    return { since: this.#options.clock.now(), in: NOTHING, refused: 0, out: NOTHING }
  }

  #write(): void {
    this.#timer = undefined
    const { store, channelDirectory } = this.#options
    const gone = [...this.#peers.keys()].filter((nodeId) => channelDirectory.countOfPeer(fromHex(nodeId)) === 0)
    for (const nodeId of gone) {
      this.#peers.delete(nodeId)
      this.#unwritten.add(nodeId)
    }
    const writes = [...this.#unwritten].map((nodeId): Write => {
      const peer = this.#peers.get(nodeId)
      return {
        table: TABLE.meta,
        key: concat(PREFIX, fromHex(nodeId)),
        value: peer === undefined ? undefined : encodeWith(row, peer),
      }
    })
    this.#unwritten.clear()
    if (writes.length > 0) store.submit(writes)
  }

  #peerOf(channelId: ChannelId): string | undefined {
    const entry = this.#options.channelDirectory.get(channelId)
    return entry === undefined ? undefined : toHex(entry.remoteNodeId)
  }
}

/** Without fees it has failed. */
const added = (way: RelaysOneWay, heldMs: number, amountMsat: Msat, feesMsat: Msat | undefined): RelaysOneWay => {
  const held = { heldMs: way.heldMs + heldMs, heldMostMs: Math.max(way.heldMostMs, heldMs) }
  if (feesMsat === undefined) return { ...way, ...held, failed: way.failed + 1 }
  return {
    ...way,
    ...held,
    settled: way.settled + 1,
    amountMsat: way.amountMsat + amountMsat,
    feesMsat: way.feesMsat + feesMsat,
  }
}
