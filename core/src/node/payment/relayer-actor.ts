import type { ActorContext, Behaviour, BehaviourFactory } from '../../actor/types.ts'
import { isFunded } from '../../channel/state/channel-state.ts'
import type { Funded } from '../../channel/state/durable.ts'
import { concat, toHex, u64be } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ChannelId, ShortChannelId } from '../../lib/ids.ts'
import { formatShortChannelId } from '../../lib/ids.ts'
import { err } from '../../lib/result.ts'
import type { BlockHeight, Msat } from '../../lib/units.ts'
import { decodeRelayRecord, encodeRelayRecord } from '../../payment/relay/relay-codec.ts'
import { resumedRelay, startRelay, stepRelay } from '../../payment/relay/relay-machine.ts'
import type {
  RelayChannel,
  RelayEffect,
  RelayEnv,
  RelayedHtlc,
  RelayInput,
  RelayRecord,
  RelayRequest,
  RelayState,
} from '../../payment/relay/relay-protocol.ts'
import type { Step } from '../../payment/step.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'
import { balanceView } from '../channel/channel-balances.ts'
import type { ChannelDirectory, ChannelEntry } from '../channel/channel-directory.ts'
import type { SettledHtlc } from '../channel/channel-protocol.ts'
import { isUsable } from '../channel/channel-standing.ts'
import type { EventLog } from '../events/event-log.ts'
import type { PeerEvents } from '../events/peer-events.ts'
import { readRow } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import { ADD_TIMEOUT_MS, isNeverSigned } from './add-answer.ts'
import type { OwnChannelIndex } from './own-channels.ts'
import { htlcKey, type Upstream } from './upstream.ts'

export interface RelayerServices {
  readonly store: Store
  readonly clock: Clock
  readonly events: EventLog
  readonly peerEvents: PeerEvents
  readonly channelDirectory: ChannelDirectory
  readonly ownChannels: OwnChannelIndex
  readonly upstream: Upstream
  readonly minCltvExpiryDelta: number
  readonly maxCltvExpiryDelta: number
  /** The most that the operator has one HTLC carry. */
  readonly htlcMaximumMsat: Msat
  height(): BlockHeight
  /** Our signed update of a channel, calling it by this id. */
  channelUpdate(channel: Funded, shortChannelId: ShortChannelId): ChannelUpdate | undefined
}

/** What the relayer is told. */
export type RelayerProtocol = {
  /** `anew`: it is known that nothing is out for this HTLC, whatever rows there are. */
  relay: { readonly request: { readonly relay: RelayRequest; readonly anew: boolean }; readonly reply: void }
  added: {
    readonly request: { readonly incoming: string; readonly input: Extract<RelayInput, { type: 'added' }> }
    readonly reply: void
  }
  /** The outcome of an HTLC whose origin is `relay`. */
  settled: { readonly request: SettledHtlc; readonly reply: void }
}

export const RELAYER_LANES = { relay: 'priority', added: 'priority', settled: 'priority' } as const

/** Passes payments on: a shell around `payment/relay`, which decides. `records` are the relays under way in the store. */
export const relayerBehaviour =
  (services: RelayerServices, records: readonly RelayRecord[]): BehaviourFactory<RelayerProtocol> =>
  (context) =>
    new RelayerDriver(services, records, context).behaviour()

/** The rows of relays under way, at the start. */
export const readRelays = async (store: Store): Promise<readonly RelayRecord[]> =>
  (await store.scan(TABLE.relay)).map(({ key, value }) => readRow(TABLE.relay, key, decodeRelayRecord(value)))

class RelayerDriver {
  readonly #services: RelayerServices
  readonly #context: ActorContext<RelayerProtocol>
  /** By the incoming HTLC. */
  readonly #relays = new Map<string, RelayState>()
  /** Tells the incoming channel once more how its relay ended, for as long as it has not taken that. */
  readonly #ending = new Map<string, () => void>()

  constructor(services: RelayerServices, records: readonly RelayRecord[], context: ActorContext<RelayerProtocol>) {
    this.#services = services
    this.#context = context
    for (const record of records) this.#relays.set(htlcKey(record.incoming), resumedRelay(record))
  }

  behaviour(): Behaviour<RelayerProtocol> {
    return {
      handlers: {
        relay: ({ relay, anew }) => {
          const key = htlcKey(relay.incoming)
          // A channel that was reloaded hands on again what it has no outcome for. What is out must not go out twice; what
          // the channel was told while it was away is told again.
          if (!anew && this.#relays.has(key)) this.#ending.get(key)?.()
          else this.#apply(key, relay, startRelay(relay, this.#env()))
        },
        added: ({ incoming, input }) => this.#input(incoming, input),
        settled: (settled) => this.#settled(settled),
      },
    }
  }

  #settled({ effect, applied }: SettledHtlc): void {
    if (effect.origin.type !== 'relay') return
    const [upstream] = effect.origin.upstream
    const relay = upstream === undefined ? undefined : this.#relays.get(htlcKey(upstream))
    // Settled before: the outcome was told twice.
    if (upstream === undefined || relay === undefined) applied()
    else this.#input(htlcKey(upstream), { type: 'settled', outcome: effect.outcome }, applied)
  }

  #input(key: string, input: RelayInput, applied?: () => void): void {
    const relay = this.#relays.get(key)
    if (relay === undefined) return
    this.#apply(key, relay.record.incoming, stepRelay(relay, input, this.#env()), applied)
  }

  #apply(
    key: string,
    incoming: RelayRequest | RelayedHtlc,
    { state, effects }: Step<RelayState | undefined, RelayEffect>,
    applied?: () => void,
  ): void {
    const { store } = this.#services
    const rowKey = relayKey('incoming' in incoming ? incoming.incoming : incoming)
    if (state !== undefined) {
      this.#relays.set(key, state)
      store.submit([{ table: TABLE.relay, key: rowKey, value: encodeRelayRecord(state.record) }])
    }
    const reports = effects.filter((effect) => effect.type === 'relayed' || effect.type === 'relay-failed')
    // All that ends the relay belongs in the commit in which the incoming channel takes the outcome.
    let isTaken = false
    const alongside = (): void => {
      if (isTaken) return
      isTaken = true
      if (state === undefined) {
        this.#relays.delete(key)
        this.#ending.delete(key)
        store.submit([{ table: TABLE.relay, key: rowKey, value: undefined }])
      }
      for (const report of reports) this.#report(report)
      applied?.()
    }
    const { upstream } = this.#services
    let tell: (() => void) | undefined
    for (const effect of effects) {
      switch (effect.type) {
        case 'add-htlc':
          void this.#offer(key, effect)
          break
        case 'fulfil':
          tell = () => upstream.fulfil(effect.htlc, effect.preimage, alongside)
          break
        case 'fail':
          tell = () => upstream.fail(effect.htlc, effect.failure, alongside)
          break
        case 'relayed':
        case 'relay-failed':
          break
      }
    }
    if (tell === undefined) applied?.()
    else {
      if (this.#relays.has(key)) this.#ending.set(key, tell)
      tell()
    }
  }

  async #offer(key: string, effect: Extract<RelayEffect, { type: 'add-htlc' }>): Promise<void> {
    const { channelId, amountMsat, cltvExpiry, paymentHash, onion, upstream } = effect
    const channel = this.#services.channelDirectory.get(channelId)
    const origin = { type: 'relay', upstream: [upstream] } as const
    const add = { amountMsat, cltvExpiry, paymentHash, onion, origin }
    const answer = await channel?.ref.ask('addHtlc', add, { timeoutMs: ADD_TIMEOUT_MS })
    if (answer === undefined) {
      this.#context.self.tell('added', {
        incoming: key,
        input: { type: 'added', result: err({ code: 'channel-gone' }) },
      })
      return
    }
    if (answer.ok) {
      const { value } = answer
      if (value.ok && value.value.type !== 'htlc-added') return
      const result = value.ok && value.value.type === 'htlc-added' ? { ok: true as const, value: value.value } : value
      if (!result.ok || 'htlcId' in result.value) {
        this.#context.self.tell('added', {
          incoming: key,
          input: { type: 'added', result: result as Extract<RelayInput, { type: 'added' }>['result'] },
        })
      }
      return
    }
    if (isNeverSigned(answer.error)) {
      this.#context.self.tell('added', { incoming: key, input: { type: 'added', result: err(answer.error) } })
    }
  }

  #env(): RelayEnv {
    const { clock, channelDirectory, ownChannels, minCltvExpiryDelta, maxCltvExpiryDelta, htlcMaximumMsat } =
      this.#services
    return {
      now: clock.now(),
      height: this.#services.height(),
      named: (shortChannelId) => {
        const entry = channelDirectory.byShortChannelId(shortChannelId)
        return entry === undefined ? undefined : relayChannel(entry, htlcMaximumMsat)
      },
      byRoom: (peer) => usableChannels(ownChannels.entriesByRoom(peer), htlcMaximumMsat),
      channelUpdate: (channelId, id) => this.#channelUpdate(channelId, id),
      canClaim: this.#services.upstream.canClaim,
      minCltvExpiryDelta,
      maxCltvExpiryDelta,
    }
  }

  #channelUpdate(channelId: ChannelId, shortChannelId: ShortChannelId): ChannelUpdate | undefined {
    const durable = this.#services.channelDirectory.get(channelId)?.state.durable
    return durable !== undefined && isFunded(durable)
      ? this.#services.channelUpdate(durable, shortChannelId)
      : undefined
  }

  #report(effect: Extract<RelayEffect, { type: 'relayed' | 'relay-failed' }>): void {
    const { events, peerEvents, channelDirectory, clock } = this.#services
    if (effect.type === 'relayed') {
      const { record, feeMsat } = effect
      events.append('payment.relayed', {
        paymentHash: toHex(record.paymentHash),
        feeMsat: feeMsat,
        incoming: [this.#describe(record.incoming)],
        outgoing: [this.#describe(record.outgoing)],
        startedAt: record.startedAt,
        settledAt: clock.now(),
      })
      return
    }
    const { paymentHash, incoming, record, requested, source, code } = effect
    const sender = channelDirectory.get(incoming.channelId)?.remoteNodeId ?? new Uint8Array(33)
    peerEvents.report(sender, 'payment.relay-failed', {
      paymentHash: toHex(paymentHash),
      incoming: [this.#describe(incoming)],
      outgoing: record === undefined ? [] : [this.#describe(record.outgoing)],
      requested: {
        shortChannelId: formatShortChannelId(requested.shortChannelId),
        amountMsat: requested.amountMsat,
        cltvExpiry: requested.cltvExpiry,
      },
      source: source === 'us' ? 'local' : 'remote',
      code: (code ?? 'unreadable').replaceAll('_', '-'),
    })
  }

  #describe({ channelId, htlcId, amountMsat, cltvExpiry }: RelayRecord['outgoing']) {
    const channel = this.#services.channelDirectory.get(channelId)
    const durable = channel?.state.durable
    const scid = durable !== undefined && isFunded(durable) ? durable.shortIds.real : undefined
    return {
      channelId: toHex(channelId),
      peer: toHex(channel?.remoteNodeId ?? new Uint8Array(33)),
      ...(scid === undefined ? {} : { shortChannelId: formatShortChannelId(scid) }),
      htlcId: Number(htlcId ?? 0n),
      amountMsat: amountMsat,
      cltvExpiry: cltvExpiry,
    }
  }
}

const relayKey = ({ channelId, htlcId }: { readonly channelId: ChannelId; readonly htlcId: bigint }): Uint8Array =>
  concat(channelId, u64be(htlcId))

function* usableChannels(entries: Iterable<ChannelEntry>, htlcMaximumMsat: Msat): Generator<RelayChannel> {
  for (const entry of entries) {
    const channel = relayChannel(entry, htlcMaximumMsat)
    if (channel !== undefined) yield channel
  }
}

const relayChannel = (entry: ChannelEntry, htlcMaximumMsat: Msat): RelayChannel | undefined => {
  const { durable, session } = entry.state
  if (!isFunded(durable)) return undefined
  const spendable = balanceView(durable, session).spendableMsat
  const closing = durable.phase === 'closing' || durable.phase === 'negotiating' || durable.phase === 'shutdown'
  return {
    channelId: durable.params.channelId,
    remoteNodeId: entry.remoteNodeId,
    shortIds: durable.shortIds,
    aliasOnly: durable.params.channelType.scidAlias,
    policies: durable.relay,
    status: isUsable(entry) ? 'usable' : closing ? 'closing' : 'offline',
    spendableMsat: spendable < htlcMaximumMsat ? spendable : htlcMaximumMsat,
  }
}
