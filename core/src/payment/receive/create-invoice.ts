import type { NetworkName } from '../../bitcoin/network.ts'
import type { RemoteRelayPolicy } from '../../channel/index.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { encodeInvoice, type SignInvoice } from '../../invoice/encode-invoice.ts'
import type { FallbackAddress, RouteHint, RouteHintHop } from '../../invoice/invoice.ts'
import type { NodeId, PaymentHash, Preimage, ShortChannelId } from '../../lib/ids.ts'
import type { BlockDelta, Msat, TimestampMs } from '../../lib/units.ts'
import { formatFeatures, OUR_FEATURES, TRAMPOLINE_FEATURES } from '../../wire/features.ts'
import type { Bolt11Record, HoldRecord } from './invoice-record.ts'

/**
 * No payee may ask for less than 18 (BOLT 11). But 18 blocks before its expiry an HTLC that we fulfil goes to the chain: the additional
 * blocks give the peer time to come back and take the fulfilment.
 */
export const MIN_FINAL_CLTV_EXPIRY_DELTA = 30
/** Hints are long, and a few suffice. */
const MAX_ROUTE_HINTS = 4

/** An own channel over which the invoice may be paid. */
export interface HintChannel {
  readonly remoteNodeId: NodeId
  /** The peer's name for the channel: its own alias for it, else the real id. */
  readonly shortChannelId: ShortChannelId
  /** What the peer asks to relay to us. */
  readonly policy: Pick<RemoteRelayPolicy, 'feeBaseMsat' | 'feeProportionalMillionths' | 'cltvExpiryDelta' | 'disabled'>
  /** The most that the peer can send us. */
  readonly receivableMsat: Msat
  /** Both sides have signed for it that the network learns of the channel. */
  readonly announced: boolean
  /** The network has heard of the peer, so that payers find a way to it. */
  readonly isPeerKnown: boolean
}

/** What an invoice says, whatever becomes of its payment. */
interface InvoiceTerms {
  readonly network: NetworkName
  readonly amountMsat: Msat | undefined
  /** At most 639 bytes of UTF-8: one rule for what is asked for, signed, kept and read back. Empty if there is its hash instead. */
  readonly description: string
  /** SHA-256 of what is paid for: the invoice has it instead of the description, and the row has neither. */
  readonly descriptionHash?: Uint8Array | undefined
  /** The preferred ones first. */
  readonly fallbackAddresses?: readonly FallbackAddress[]
  readonly expirySeconds: number
  readonly channels: readonly HintChannel[]
  readonly now: TimestampMs
  /** 32 fresh random bytes. */
  readonly paymentSecret: Uint8Array
  readonly sign: SignInvoice
}

export interface CreateInvoiceOptions extends InvoiceTerms {
  readonly minFinalCltvExpiryDelta: BlockDelta | undefined
  /** 32 fresh random bytes. */
  readonly preimage: Preimage
}

export interface CreateHoldInvoiceOptions extends InvoiceTerms {
  readonly minFinalCltvExpiryDelta: BlockDelta
  /** Of a preimage that somebody else knows. */
  readonly paymentHash: PaymentHash
  /** The plugin that decides about it; the operator if undefined. */
  readonly owner: string | undefined
}

/** Makes an invoice, with hints to our channels, and the row to keep. */
export const createInvoice = (options: CreateInvoiceOptions): Bolt11Record => {
  const { preimage, minFinalCltvExpiryDelta = MIN_FINAL_CLTV_EXPIRY_DELTA } = options
  return { type: 'bolt11', preimage, ...signed(options, sha256(preimage), minFinalCltvExpiryDelta) }
}

/** The same of an invoice whose payment is held until somebody tells its preimage. */
export const createHoldInvoice = (options: CreateHoldInvoiceOptions): HoldRecord => {
  const { paymentHash, minFinalCltvExpiryDelta, owner } = options
  const record = signed(options, paymentHash, minFinalCltvExpiryDelta)
  return { type: 'hold', ...record, ...(owner === undefined ? {} : { owner }) }
}

const signed = (options: InvoiceTerms, paymentHash: PaymentHash, minFinalCltvExpiryDelta: BlockDelta) => {
  const { network, amountMsat, description, descriptionHash, expirySeconds, paymentSecret, sign } = options
  const timestamp = Math.floor(options.now / 1000)
  const amount = amountMsat === undefined ? {} : { amountMsat }
  const invoice = encodeInvoice(
    {
      network,
      ...amount,
      timestamp,
      paymentHash,
      paymentSecret,
      ...(descriptionHash === undefined ? { description } : { descriptionHash }),
      expirySeconds,
      minFinalCltvExpiryDelta,
      features: formatFeatures({ ...OUR_FEATURES, ...TRAMPOLINE_FEATURES }, 'invoice'),
      routeHints: hintsFrom(options.channels, amountMsat),
      fallbackAddresses: options.fallbackAddresses ?? [],
    },
    sign,
  )
  return {
    paymentHash,
    paymentSecret,
    ...amount,
    description,
    invoice,
    minFinalCltvExpiryDelta,
    createdAt: options.now,
    expiresAt: (timestamp + expirySeconds) * 1000,
    state: { type: 'open' },
  } as const
}

/**
 * The channels that can bring the whole amount come first, those with the most room before the others. Payers find the announced ones by
 * themselves, so these are hints only where there are no others, for a payer who has not heard of them yet. A peer that the network has not
 * heard of is a dead end for most: it is named where there is room left, since the payer may have a channel with it, or have heard of it.
 */
const hintsFrom = (channels: readonly HintChannel[], amountMsat: Msat | undefined): readonly RouteHint[] => {
  const usable = channels.filter(({ policy, receivableMsat }) => !policy.disabled && receivableMsat > 0n)
  const unannounced = usable.filter(({ announced }) => !announced)
  const sorted = (unannounced.length > 0 ? unannounced : usable).toSorted((a, b) =>
    a.receivableMsat > b.receivableMsat ? -1 : 1,
  )
  const best = (channels: readonly HintChannel[]): readonly HintChannel[] => {
    const enough = channels.filter(({ receivableMsat }) => receivableMsat >= (amountMsat ?? 0n))
    return enough.length > 0 ? enough : channels
  }
  const chosen = [true, false].flatMap((known) => best(sorted.filter(({ isPeerKnown }) => isPeerKnown === known)))
  return chosen.slice(0, MAX_ROUTE_HINTS).map((channel) => [hintOf(channel)])
}

const hintOf = ({ remoteNodeId, shortChannelId, policy }: HintChannel): RouteHintHop => ({
  nodeId: remoteNodeId,
  shortChannelId,
  feeBaseMsat: Number(policy.feeBaseMsat),
  feeProportionalMillionths: policy.feeProportionalMillionths,
  cltvExpiryDelta: policy.cltvExpiryDelta,
})
