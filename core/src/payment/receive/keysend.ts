import { sha256 } from '../../crypto/hashes.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { KeysendRecord } from './invoice-record.ts'
import { MPP_TIMEOUT_MS } from './receive-machine.ts'
import type { FinalHtlc } from './receive-protocol.ts'

/**
 * No payee tells the payer what it wants. BOLT 11 has 18 blocks where an invoice says nothing, and 18 blocks before its expiry an HTLC that
 * we fulfil goes to the chain: two more are for the block that is found meanwhile, and for the peer to take the fulfilment.
 */
const MIN_FINAL_CLTV_EXPIRY_DELTA = 20

/** What an HTLC begins that pays without an invoice. `undefined` if it has no preimage of its own, or not that of its hash (bLIP 3). */
export const keysendPayment = (
  paymentHash: PaymentHash,
  { payload }: FinalHtlc,
  now: TimestampMs,
): KeysendRecord | undefined => {
  if (payload.type !== 'final') return undefined
  const { keysendPreimage: preimage, paymentData } = payload
  if (preimage === undefined || !equalBytes(sha256(preimage), paymentHash)) return undefined
  return {
    type: 'keysend',
    paymentHash,
    preimage,
    ...(paymentData === undefined ? {} : { paymentSecret: paymentData.paymentSecret }),
    minFinalCltvExpiryDelta: MIN_FINAL_CLTV_EXPIRY_DELTA,
    createdAt: now,
    expiresAt: now + MPP_TIMEOUT_MS,
    state: { type: 'open' },
  }
}
