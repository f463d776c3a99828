import type { HtlcOrigin, HtlcOutcome, HtlcRef, PaymentReference } from '../../channel/index.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { Offer } from '../offer.ts'
import type { RelayRecord } from './relay-protocol.ts'

/** An HTLC that we offered, as its channel's record has it. */
export interface OfferedHtlc extends HtlcRef {
  readonly origin: HtlcOrigin
}

/** An outbox row: the outcome of an HTLC that we offered, which its consumer has not applied yet. */
export interface OutboxSettlement extends OfferedHtlc {
  readonly outcome: HtlcOutcome
}

/** What an HTLC that we received is waiting for. */
type IncomingMatch<H extends HtlcRef> =
  /** It was never sent on, or came back unsent: it is taken for relaying, or receiving, anew. */
  | { readonly type: 'evaluate'; readonly incoming: H; readonly applied?: OutboxSettlement }
  /** It is out; its outcome is still to come. */
  | { readonly type: 'wait'; readonly incoming: H; readonly outgoing: OfferedHtlc }
  /** Its relay was begun, and nothing tells of an outgoing HTLC: only if none was ever offered, it is evaluated (`OfferTrace`). */
  | { readonly type: 'trace'; readonly incoming: H; readonly offers: readonly Offer[] }
  /** Its outcome is known and is to be applied now. */
  | { readonly type: 'settle'; readonly incoming: H; readonly settlement: OutboxSettlement }

export interface RestartMatches<H extends HtlcRef> {
  readonly incoming: readonly IncomingMatch<H>[]
  /** Outcomes whose received HTLC is settled already, or gone: their rows may be deleted. */
  readonly obsolete: readonly OutboxSettlement[]
  /** HTLCs that are out for received ones that are settled already, or gone: nothing depends on them any more. */
  readonly orphans: readonly OfferedHtlc[]
  /** HTLCs and outcomes of our own payments. */
  readonly payments: {
    readonly held: readonly PaymentReference[]
    readonly settlements: readonly { readonly reference: PaymentReference; readonly settlement: OutboxSettlement }[]
  }
}

/**
 * Matches relays in every stage again, before any peer is connected. `incoming` are the received HTLCs that are irrevocably committed and
 * not settled by us; `outgoing` the offered ones that some commitment still holds; `settlements` the outbox; `relays` the relays under way.
 * An outcome takes precedence over a live HTLC: it is kept until it is applied, even while the HTLC is still being removed. A relay that was
 * begun counts as offered until its outcome, or the channel that it was to go out of, says otherwise.
 */
export const matchAfterRestart = <H extends HtlcRef>(
  incoming: readonly H[],
  outgoing: readonly OfferedHtlc[],
  settlements: readonly OutboxSettlement[],
  relays: readonly RelayRecord[],
): RestartMatches<H> => {
  const unsettled = new Set(incoming.map(keyOf))
  const live = byUpstream(outgoing)
  const known = byUpstream(settlements)
  const begun = new Map(relays.flatMap((record) => record.incoming.map((htlc) => [keyOf(htlc), record])))
  const hasUpstream = ({ origin }: OfferedHtlc): boolean =>
    origin.type === 'relay' && origin.upstream.some((ref) => unsettled.has(keyOf(ref)))

  return {
    incoming: incoming.map((htlc) => {
      const key = keyOf(htlc)
      return matchOf(htlc, live.get(key), known.get(key), begun.get(key))
    }),
    obsolete: settlements.filter((settlement) => settlement.origin.type === 'relay' && !hasUpstream(settlement)),
    orphans: outgoing.filter((htlc) => htlc.origin.type === 'relay' && !hasUpstream(htlc)),
    payments: {
      held: [...outgoing, ...settlements].flatMap(({ origin }) => (origin.type === 'local' ? [origin.payment] : [])),
      settlements: settlements.flatMap((settlement) =>
        settlement.origin.type === 'local' ? [{ reference: settlement.origin.payment, settlement }] : [],
      ),
    },
  }
}

const matchOf = <H extends HtlcRef>(
  htlc: H,
  outgoing: readonly OfferedHtlc[] = [],
  settlements: readonly OutboxSettlement[] = [],
  begun: RelayRecord | undefined,
): IncomingMatch<H> => {
  // A relay that was offered elsewhere after it came back unsent may have left several rows: the one that decides counts.
  const decisive =
    settlements.find(({ outcome }) => outcome.type === 'fulfilled') ??
    settlements.find(({ outcome }) => outcome.type !== 'not-sent')
  if (decisive?.outcome.type === 'fulfilled') return { type: 'settle', incoming: htlc, settlement: decisive }
  const elsewhere = outgoing.find((out) => !settlements.some((settled) => keyOf(settled) === keyOf(out)))
  if (elsewhere !== undefined) return { type: 'wait', incoming: htlc, outgoing: elsewhere }
  if (decisive !== undefined) return { type: 'settle', incoming: htlc, settlement: decisive }
  const untold =
    begun === undefined
      ? []
      : offersOf(begun).filter(
          ({ channelId }) => !settlements.some((settled) => equalBytes(settled.channelId, channelId)),
        )
  if (untold.length > 0) return { type: 'trace', incoming: htlc, offers: untold }
  const [unsent] = settlements
  return { type: 'evaluate', incoming: htlc, ...(unsent === undefined ? {} : { applied: unsent }) }
}

const offersOf = ({ paymentHash, outgoing }: RelayRecord): readonly Offer[] =>
  outgoing.map((htlc) => ({ paymentHash, ...htlc }))

const byUpstream = <O extends OfferedHtlc>(htlcs: readonly O[]): ReadonlyMap<string, readonly O[]> => {
  const found = new Map<string, O[]>()
  for (const htlc of htlcs) {
    if (htlc.origin.type !== 'relay') continue
    for (const ref of htlc.origin.upstream) {
      const key = keyOf(ref)
      found.set(key, [...(found.get(key) ?? []), htlc])
    }
  }
  return found
}

const keyOf = ({ channelId, htlcId }: HtlcRef): string => `${toHex(channelId)}:${htlcId}`
