import type { HtlcFault } from '../../channel/index.ts'
import type { BlockHeight, Msat } from '../../lib/units.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { InvalidHopPayload } from '../../onion/hop-payload.ts'
import { FIRST_CUSTOM_TYPE } from './custom-records.ts'

/** Of AMP payments: `amp` of the payload, not in BOLT 4. */
const AMP_TYPE = 14n

interface IncomingHtlc {
  /** We are the last node. */
  readonly isFinal: boolean
  readonly amountMsat: Msat
  readonly height: BlockHeight
}

/**
 * The failure for an HTLC whose payload cannot be read. If a record asks for a form of payment that we do not accept, the answer is the
 * same as for any payment that we did not ask for: the onion is intact, and a payer that hears of an invalid one counts the node as failed,
 * for other payments too.
 */
export const payloadFailure = ({ tlvType, offset }: InvalidHopPayload, htlc: IncomingHtlc): FailureMessage =>
  htlc.isFinal && (tlvType >= FIRST_CUSTOM_TYPE || tlvType === AMP_TYPE)
    ? notAskedFor(htlc)
    : { type: 'invalid_onion_payload', tlvType, offset }

/**
 * The failure for an HTLC that the channel gives back, through no fault of its payload. BOLT 4, failure messages: the last node tells of no
 * channel, which only a relay may. After a temporary failure LND counts the last node itself as failed, and would not find a way to it for
 * its next payment: so the answer refuses what the HTLC asks for instead, where it will never be taken.
 */
export const refusalFailure = (refusal: HtlcFault['code'], htlc: IncomingHtlc): FailureMessage => {
  if (!htlc.isFinal) return { type: 'temporary_channel_failure' }
  return refusal === 'unknown-records-in-htlc' ? notAskedFor(htlc) : { type: 'temporary_node_failure' }
}

const notAskedFor = ({ amountMsat, height }: IncomingHtlc): FailureMessage => ({
  type: 'incorrect_or_unknown_payment_details',
  htlcMsat: amountMsat,
  height,
})
