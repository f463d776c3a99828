import test from 'ava'
import { fromHex } from '../../lib/bytes.ts'
import { decodeHopPayload } from '../../onion/hop-payload.ts'
import { payloadFailure, refusalFailure } from './payload-failure.ts'

const failureOf = (payload: string, isFinal: boolean) => {
  const decoded = decodeHopPayload(fromHex(payload), isFinal)
  return decoded.ok ? undefined : payloadFailure(decoded.error, { isFinal, amountMsat: 7n, height: 500 })
}

const unknownDetails = { type: 'incorrect_or_unknown_payment_details', htlcMsat: 7n, height: 500 } as const
const invalid = (tlvType: bigint) => ({ type: 'invalid_onion_payload', tlvType, offset: 6 }) as const

test('the payee answers keysend, AMP and even custom records as a payment that it did not ask for', (t) => {
  // Keysend, 65536, and AMP.
  for (const record of ['ff0000000146c6616c0120', 'fe0001000000', '0e00']) {
    t.deepEqual(failureOf(`02010104010a${record}`, true), unknownDetails)
  }
  // An odd one is nobody's business.
  t.is(failureOf('02010104010afe0001000100', true), undefined)
})

test('what BOLT 4 defines and we do not read is an invalid payload, and so is every even record at a relay', (t) => {
  t.deepEqual(failureOf('02010104010a0a00', true), invalid(10n))
  t.deepEqual(failureOf('02010104010aff0000000146c6616c0120', false), invalid(5_482_373_484n))
  t.deepEqual(failureOf('04010a', true), { type: 'invalid_onion_payload', tlvType: 2n, offset: 0 })
})

test('the payee answers even records beside the onion as a payment that it did not ask for, and a relay that it cannot now', (t) => {
  const told = (
    isFinal: boolean,
    refusal: 'unknown-records-in-htlc' | 'exceeds-dust-exposure' = 'unknown-records-in-htlc',
  ) => refusalFailure(refusal, { isFinal, amountMsat: 7n, height: 500 })
  t.deepEqual(told(true), unknownDetails)
  t.deepEqual(told(true, 'exceeds-dust-exposure'), { type: 'temporary_node_failure' })
  for (const refusal of ['unknown-records-in-htlc', 'exceeds-dust-exposure'] as const) {
    t.deepEqual(told(false, refusal), { type: 'temporary_channel_failure' })
  }
})
