import { equalBytes, toHex } from '../lib/bytes.ts'
import type { ShortChannelId } from '../lib/ids.ts'
import { type Announcement, decodeGossip, typeOf } from '../wire/gossip-codecs.ts'
import type { ChannelAnnouncement, ChannelUpdate, NodeAnnouncement } from '../wire/messages/gossip.ts'
import type { AnnouncedGraph, Heard } from './announced-graph.ts'
import { type Candidate, Candidates } from './candidates.ts'
import { type FundingOutput, judgeChannelAnnouncement, judgeFunding } from './rules/channel-announcement.ts'
import { directionOf, judgeChannelUpdate, updateChecksum } from './rules/channel-update.ts'
import type { GossipEnv, KnownChannel } from './rules/known.ts'
import { judgeNodeAnnouncement } from './rules/node-announcement.ts'
import type { SignatureCheck } from './rules/signature-checks.ts'
import { type GossipFault, type IgnoreReason, ignore, refuse, type Verdict } from './rules/verdict.ts'

/** Messages of one peer whose signatures are to be checked. */
export interface Batch {
  readonly peer: string
  /** All of the batch's signatures, in the order in which `settle` wants the answers. */
  readonly checks: readonly SignatureCheck[]
  readonly items: readonly Item[]
  /** What was found before any signature. */
  readonly faults: readonly PeerFault[]
  readonly ignored: ReadonlyMap<IgnoreReason, number>
}

/** What a peer should not have passed on. */
export interface PeerFault {
  readonly fault: GossipFault
  /** The message's type, as a number. */
  readonly messageType: number
}

/** What became of messages whose signatures were checked, or whose funding was looked up. */
export interface Outcome {
  readonly faults: readonly PeerFault[]
  /** They are in the graph now, and may be passed on. */
  readonly added: readonly Heard[]
  /** Channels whose funding is to be looked up: `funded` wants the answer, whenever it comes. */
  readonly lookups: readonly ShortChannelId[]
}

/** A message, how many signatures it has, and what they are for. */
type Item = { readonly signatures: number } & (
  | { readonly type: 'channel'; readonly candidate: Candidate }
  | { readonly type: 'update'; readonly heard: Heard<ChannelUpdate>; readonly candidate?: Candidate }
  | { readonly type: 'node'; readonly heard: Heard<NodeAnnouncement> }
)

/** Who our own announcements come from: no peer has this name. */
export const OWN = ''
/** Whatever an announcement is longer than that by is no use to anybody, and could be kept many thousand times. */
const MAX_LENGTH = 4_096
/** How often a day a direction of a channel, or a node, may be updated: more is flooding, and is not passed on. */
const UPDATES_PER_DAY = 48
const DAY = 24 * 3_600

/**
 * Takes in what peers say of the network: `hear` reads it and says which signatures are to be checked, `settle` goes on with the answers, and
 * `funded` with what the chain says. A channel whose funding cannot be looked up yet waits, with what is said of it, and holds up nothing
 * else. Whatever waits is bounded, for each peer and in all.
 */
export class Intake {
  readonly #graph: AnnouncedGraph
  readonly #candidates = new Candidates()
  #day = 0
  readonly #updatesOfDay = new Map<bigint | string, number>()

  constructor(graph: AnnouncedGraph) {
    this.#graph = graph
  }

  /** How many channels wait for an answer of the chain. */
  get waiting(): number {
    return this.#candidates.size
  }

  /** How many channels that the peer named wait for an answer of the chain. */
  waitingOf(peer: string): number {
    return this.#candidates.ofPeer(peer)
  }

  waitsFor(id: ShortChannelId): boolean {
    return this.#candidates.of(id).length > 0
  }

  hear(peer: string, messages: readonly Uint8Array[], env: GossipEnv): Batch {
    const checks: SignatureCheck[] = []
    const items: Item[] = []
    const faults: PeerFault[] = []
    const ignored = new Map<IgnoreReason, number>()
    const note = (raw: Uint8Array, verdict: Verdict): verdict is Extract<Verdict, { readonly type: 'check' }> => {
      if (verdict.type === 'refuse') faults.push({ fault: verdict.fault, messageType: typeOf(raw) })
      if (verdict.type === 'ignore') ignored.set(verdict.reason, (ignored.get(verdict.reason) ?? 0) + 1)
      if (verdict.type === 'check') checks.push(...verdict.checks)
      return verdict.type === 'check'
    }
    for (const raw of messages) {
      if (raw.length > MAX_LENGTH) {
        note(raw, ignore('too-long'))
        continue
      }
      const message = announcementIn(raw)
      switch (message?.type) {
        case 'channel_announcement': {
          const { verdict, candidate } = this.#candidate(peer, { raw, message }, env)
          if (note(raw, verdict) && candidate !== undefined) items.push({ type: 'channel', candidate, signatures: 4 })
          break
        }
        case 'channel_update':
          for (const { candidate, verdict } of this.#updates(peer, { raw, message }, env)) {
            if (note(raw, verdict)) items.push({ type: 'update', heard: { raw, message }, signatures: 1, ...candidate })
          }
          break
        case 'node_announcement': {
          const node = this.#graph.node(message.nodeId) ?? this.#candidates.node(message.nodeId)
          const judged = judgeNodeAnnouncement(raw, message, node)
          const isFlood = judged.type === 'check' && this.#isTooOften(toHex(message.nodeId), peer, env)
          if (note(raw, isFlood ? ignore('too-often') : judged)) {
            items.push({ type: 'node', heard: { raw, message }, signatures: 1 })
          }
          break
        }
        default:
          note(raw, refuse('unreadable'))
      }
    }
    return { peer, checks, items, faults, ignored }
  }

  /** `valid` says of each of the batch's checks whether the signature is valid: 1 or 0. */
  settle({ peer, items }: Batch, valid: Uint8Array, env: GossipEnv): Outcome {
    const faults: PeerFault[] = []
    const added: Heard[] = []
    const lookups: ShortChannelId[] = []
    let at = 0
    for (const item of items) {
      const isValid = valid.subarray(at, at + item.signatures).every((each) => each === 1)
      at += item.signatures
      if (item.type === 'channel') {
        if (isValid && item.candidate.state === 'checking') {
          item.candidate.state = 'waiting'
          lookups.push(item.candidate.known.shortChannelId)
        } else if (!isValid) this.#candidates.drop(item.candidate)
      } else if (isValid && item.type === 'update') this.#settleUpdate(item.heard, item.candidate, peer, env, added)
      else if (isValid && item.type === 'node') this.#settleNode(item.heard, peer, env, added)
      // Who the nodes of a candidate are is only said: an update that is not theirs may be of another candidate.
      const isCertain = item.type !== 'update' || item.candidate === undefined
      if (!isValid && isCertain) faults.push({ fault: 'invalid-signature', messageType: typeOf(rawOf(item)) })
    }
    return { faults, added, lookups }
  }

  /** What the chain says of a channel's funding; `undefined`: it cannot say, and the channel is not waited for any longer. */
  funded(shortChannelId: ShortChannelId, output: FundingOutput | undefined, env: GossipEnv): Outcome {
    const added: Heard[] = []
    for (const candidate of this.#candidates.of(shortChannelId)) {
      // Its signatures are being checked: it is looked up when they are valid.
      if (candidate.state === 'checking') continue
      const { peer, announcement, updates, known } = candidate
      const nodes = known.nodeIds.map((nodeId) => this.#candidates.nodeAnnouncement(nodeId))
      this.#candidates.drop(candidate)
      const verdict = output && judgeFunding(announcement.message, output)
      if (verdict?.type !== 'funded' || this.#graph.channel(shortChannelId) !== undefined) continue
      candidate.state = 'added'
      this.#graph.addChannel(announcement, verdict.funding, env.now)
      added.push(announcement)
      for (const update of updates) if (update !== undefined) this.#addUpdate(update, peer, env, added)
      for (const node of nodes) if (node !== undefined) this.#settleNode(node, peer, env, added)
    }
    return { faults: [], added, lookups: [] }
  }

  #candidate(
    peer: string,
    heard: Heard<ChannelAnnouncement>,
    env: GossipEnv,
  ): { readonly verdict: Verdict; readonly candidate?: Candidate } {
    const { raw, message } = heard
    const { shortChannelId } = message
    const verdict = judgeChannelAnnouncement(raw, message, env, this.#graph.channel(shortChannelId))
    if (verdict.type !== 'check') return { verdict }
    if (this.#candidates.of(shortChannelId).some(({ announcement }) => equalBytes(announcement.raw, raw))) {
      return { verdict: ignore('already-known') }
    }
    const candidate = this.#candidates.add(peer, heard, env.now)
    return candidate === undefined ? { verdict: ignore('too-many-waiting') } : { verdict, candidate }
  }

  /** An update is of the channel that is known, or may be of any that is said to be there. */
  #updates(
    peer: string,
    { raw, message }: Heard<ChannelUpdate>,
    env: GossipEnv,
  ): readonly { readonly verdict: Verdict; readonly candidate?: { readonly candidate: Candidate } }[] {
    const judged = (channel: KnownChannel | undefined): Verdict => judgeChannelUpdate(raw, message, env, channel)
    const candidates = this.#candidates.of(message.shortChannelId)
    const known = this.#graph.channel(message.shortChannelId)
    if (known === undefined && candidates.length > 0) {
      return candidates.map((candidate) => ({ verdict: judged(candidate.known), candidate: { candidate } }))
    }
    const verdict = judged(known)
    const isFlood = verdict.type === 'check' && this.#isTooOften(directionKey(message), peer, env)
    return [{ verdict: isFlood ? ignore('too-often') : verdict }]
  }

  #settleUpdate(
    heard: Heard<ChannelUpdate>,
    candidate: Candidate | undefined,
    peer: string,
    env: GossipEnv,
    added: Heard[],
  ): void {
    const { raw, message } = heard
    if (candidate === undefined || candidate.state === 'added') {
      this.#addUpdate(heard, peer, env, added)
      return
    }
    const direction = directionOf(message)
    const { timestamp } = message
    if (timestamp <= (candidate.known.updates[direction]?.timestamp ?? 0)) return
    candidate.known.updates[direction] = { timestamp, checksum: updateChecksum(raw) }
    candidate.updates[direction] = heard
  }

  /** Its signature is valid. Meanwhile a newer one may have come, or the channel may have gone. */
  #addUpdate(heard: Heard<ChannelUpdate>, peer: string, env: GossipEnv, added: Heard[]): void {
    const { raw, message } = heard
    const channel = this.#graph.channel(message.shortChannelId)
    if (judgeChannelUpdate(raw, message, env, channel).type !== 'check') return
    if (!this.#counts(directionKey(message), peer, env)) return
    this.#graph.addUpdate(heard)
    added.push(heard)
  }

  #settleNode(heard: Heard<NodeAnnouncement>, peer: string, env: GossipEnv, added: Heard[]): void {
    const { nodeId, timestamp } = heard.message
    const node = this.#graph.node(nodeId)
    if (node === undefined) this.#candidates.keepNode(heard)
    else if (timestamp > (node.timestamp ?? -1) && this.#counts(toHex(nodeId), peer, env)) {
      this.#graph.addNode(heard)
      added.push(heard)
    }
  }

  /** Looked at before a signature is checked, and again when the update is taken: others may have been under way at the same time. */
  #isTooOften(key: bigint | string, peer: string, { now }: GossipEnv): boolean {
    const day = Math.floor(now / DAY)
    if (day !== this.#day) {
      this.#day = day
      this.#updatesOfDay.clear()
    }
    return peer !== OWN && (this.#updatesOfDay.get(key) ?? 0) >= UPDATES_PER_DAY
  }

  /** Counts an update, unless it is one too many. */
  #counts(key: bigint | string, peer: string, env: GossipEnv): boolean {
    if (this.#isTooOften(key, peer, env)) return false
    this.#updatesOfDay.set(key, (this.#updatesOfDay.get(key) ?? 0) + 1)
    return true
  }
}

const directionKey = (message: ChannelUpdate): bigint => message.shortChannelId * 2n + BigInt(directionOf(message))

const rawOf = (item: Item): Uint8Array => (item.type === 'channel' ? item.candidate.announcement.raw : item.heard.raw)

const announcementIn = (raw: Uint8Array): Announcement | undefined => {
  const decoded = decodeGossip(raw)
  if (!decoded.ok) return undefined
  const { value } = decoded
  return 'signature' in value || 'nodeSignature1' in value ? value : undefined
}
