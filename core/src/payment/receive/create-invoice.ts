import type { NetworkName } from '../../bitcoin/network.ts'
import type { RemoteRelayPolicy } from '../../channel/index.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { encodeInvoice, type SignInvoice } from '../../invoice/encode-invoice.ts'
import type { RouteHint, RouteHintHop } from '../../invoice/invoice.ts'
import type { NodeId, Preimage, ShortChannelId } from '../../lib/ids.ts'
import type { BlockDelta, Msat, TimestampMs } from '../../lib/units.ts'
import { formatFeatures, OUR_FEATURES } from '../../wire/features.ts'
import type { Bolt11Record } from './invoice-record.ts'

/**
 * No payee may ask for less than 18 (BOLT 11). But 18 blocks before its expiry an HTLC that we fulfil goes to the chain: the additional
 * blocks give the peer time to come back and take the fulfilment.
 */
const MIN_FINAL_CLTV_EXPIRY_DELTA = 30
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
}

export interface CreateInvoiceOptions {
  readonly network: NetworkName
  readonly amountMsat: Msat | undefined
  /** At most 639 bytes of UTF-8: one rule for what is asked for, signed, kept and read back. */
  readonly description: string
  readonly expirySeconds: number
  readonly minFinalCltvExpiryDelta: BlockDelta | undefined
  readonly channels: readonly HintChannel[]
  readonly now: TimestampMs
  /** Two fresh random values of 32 bytes. */
  readonly preimage: Preimage
  readonly paymentSecret: Uint8Array
  readonly sign: SignInvoice
}

/** Makes an invoice, with hints to our channels, and the row to keep. */
export const createInvoice = (options: CreateInvoiceOptions): Bolt11Record => {
  const { network, amountMsat, description, expirySeconds, preimage, paymentSecret } = options
  const { minFinalCltvExpiryDelta = MIN_FINAL_CLTV_EXPIRY_DELTA, sign } = options
  const timestamp = Math.floor(options.now / 1000)
  const paymentHash = sha256(preimage)
  const amount = amountMsat === undefined ? {} : { amountMsat }
  const invoice = encodeInvoice(
    {
      network,
      ...amount,
      timestamp,
      paymentHash,
      paymentSecret,
      description,
      expirySeconds,
      minFinalCltvExpiryDelta,
      features: formatFeatures(OUR_FEATURES, 'invoice'),
      routeHints: hintsFrom(options.channels, amountMsat),
      fallbackAddresses: [],
    },
    sign,
  )
  return {
    type: 'bolt11',
    paymentHash,
    preimage,
    paymentSecret,
    ...amount,
    description,
    invoice,
    minFinalCltvExpiryDelta,
    createdAt: options.now,
    expiresAt: (timestamp + expirySeconds) * 1000,
    state: { type: 'open' },
  }
}

/** The channels that can bring the whole amount come first, those with the most room before the others. */
const hintsFrom = (channels: readonly HintChannel[], amountMsat: Msat | undefined): readonly RouteHint[] => {
  const usable = channels.filter(({ policy, receivableMsat }) => !policy.disabled && receivableMsat > 0n)
  const sorted = usable.toSorted((a, b) => (a.receivableMsat > b.receivableMsat ? -1 : 1))
  const enough = sorted.filter(({ receivableMsat }) => receivableMsat >= (amountMsat ?? 0n))
  return (enough.length > 0 ? enough : sorted).slice(0, MAX_ROUTE_HINTS).map((channel) => [hintOf(channel)])
}

const hintOf = ({ remoteNodeId, shortChannelId, policy }: HintChannel): RouteHintHop => ({
  nodeId: remoteNodeId,
  shortChannelId,
  feeBaseMsat: Number(policy.feeBaseMsat),
  feeProportionalMillionths: policy.feeProportionalMillionths,
  cltvExpiryDelta: policy.cltvExpiryDelta,
})
