import test from 'ava'
import fc from 'fast-check'
import { concat, fromHex, toHex, u16be } from '../lib/bytes.ts'
import { encodeMessage } from '../wire/message-codecs.ts'
import type { ChannelUpdate } from '../wire/messages/gossip.ts'
import {
  decodeFailure,
  encodeFailure,
  type FailureMessage,
  failureCodeOf,
  failureFlags,
  failureOfMalformed,
} from './failure-message.ts'

const channelUpdate: ChannelUpdate = {
  type: 'channel_update',
  signature: new Uint8Array(64).fill(1),
  chainHash: new Uint8Array(32).fill(2),
  shortChannelId: 0x0102030405060708n,
  timestamp: 1_700_000_000,
  messageFlags: 1,
  channelFlags: 0,
  cltvExpiryDelta: 144,
  htlcMinimumMsat: 1n,
  feeBaseMsat: 1000,
  feeProportionalMillionths: 100,
  htlcMaximumMsat: 1_000_000n,
}
const update = encodeMessage(channelUpdate)
const sha256OfOnion = new Uint8Array(32).fill(9)
const hash = '09'.repeat(32)
const enclosed = toHex(concat(u16be(update.length), update))

// BOLT 4, failure messages: every code with its data.
const FAILURES: readonly (readonly [FailureMessage, string])[] = [
  [{ type: 'temporary_node_failure' }, '2002'],
  [{ type: 'permanent_node_failure' }, '6002'],
  [{ type: 'required_node_feature_missing' }, '6003'],
  [{ type: 'invalid_onion_version', sha256OfOnion }, `c004${hash}`],
  [{ type: 'invalid_onion_hmac', sha256OfOnion }, `c005${hash}`],
  [{ type: 'invalid_onion_key', sha256OfOnion }, `c006${hash}`],
  [{ type: 'temporary_channel_failure', channelUpdate }, `1007${enclosed}`],
  [{ type: 'temporary_channel_failure' }, '10070000'],
  [{ type: 'permanent_channel_failure' }, '4008'],
  [{ type: 'required_channel_feature_missing' }, '4009'],
  [{ type: 'unknown_next_peer' }, '400a'],
  [{ type: 'amount_below_minimum', htlcMsat: 7n, channelUpdate }, `100b0000000000000007${enclosed}`],
  [{ type: 'fee_insufficient', htlcMsat: 8n, channelUpdate }, `100c0000000000000008${enclosed}`],
  [{ type: 'incorrect_cltv_expiry', cltvExpiry: 800_000, channelUpdate }, `100d000c3500${enclosed}`],
  [{ type: 'expiry_too_soon', channelUpdate }, `100e${enclosed}`],
  [{ type: 'incorrect_or_unknown_payment_details', htlcMsat: 100n, height: 800_000 }, '400f0000000000000064000c3500'],
  [{ type: 'final_incorrect_cltv_expiry', cltvExpiry: 5 }, '001200000005'],
  [{ type: 'final_incorrect_htlc_amount', incomingHtlcAmt: 6n }, '00130000000000000006'],
  [{ type: 'channel_disabled', disabledFlags: 0, channelUpdate }, `10140000${enclosed}`],
  [{ type: 'expiry_too_far' }, '0015'],
  [{ type: 'invalid_onion_payload', tlvType: 0x10000n, offset: 3 }, '4016fe000100000003'],
  [{ type: 'mpp_timeout' }, '0017'],
  [{ type: 'invalid_onion_blinding', sha256OfOnion }, `c018${hash}`],
]

for (const [failure, hex] of FAILURES) {
  test(`BOLT 4, failure messages — each has its code and the data that belong to it: ${failure.type} (${hex.length / 2} bytes)`, (t) => {
    t.is(toHex(encodeFailure(failure)), hex)
    t.deepEqual(decodeFailure(fromHex(hex)), failure)
    t.is(failureCodeOf(failure), Number.parseInt(hex.slice(0, 4), 16))
    // BOLT 4: the origin ignores extra bytes.
    t.deepEqual(decodeFailure(fromHex(`${hex}c9012a`)), failure)
  })
}

test('flags are read from the code', (t) => {
  t.deepEqual(failureFlags({ type: 'permanent_node_failure' }), {
    badOnion: false,
    permanent: true,
    node: true,
    update: false,
  })
  t.deepEqual(failureFlags({ type: 'expiry_too_soon', channelUpdate: undefined }), {
    badOnion: false,
    permanent: false,
    node: false,
    update: true,
  })
  t.true(failureFlags({ type: 'invalid_onion_key', sha256OfOnion }).badOnion)
})

test('an enclosed channel_update without its message type is read too', (t) => {
  const bare = update.subarray(2)
  t.deepEqual(decodeFailure(concat(fromHex('1007'), u16be(bare.length), bare)), {
    type: 'temporary_channel_failure',
    channelUpdate,
  })
})

test('an enclosed channel_update that cannot be read is taken as none', (t) => {
  t.deepEqual(decodeFailure(fromHex('10070003010203')), { type: 'temporary_channel_failure' })
})

test('unknown codes, and known ones without all their data, are kept as unknown', (t) => {
  t.deepEqual(decodeFailure(fromHex('4010aabb')), {
    type: 'unknown',
    failureCode: 0x4010,
    data: Uint8Array.of(0xaa, 0xbb),
  })
  t.deepEqual(decodeFailure(fromHex('400f00')), { type: 'unknown', failureCode: 0x400f, data: Uint8Array.of(0) })
  t.is(decodeFailure(fromHex('40')), undefined)
  t.is(decodeFailure(new Uint8Array(0)), undefined)
})

test('any bytes are read or refused, never thrown at', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...FAILURES.map(([failure]) => failureCodeOf(failure))),
      fc.uint8Array(),
      (code, data) => {
        const failure = decodeFailure(concat(u16be(code), data))
        if (failure?.type === 'unknown') t.deepEqual(failure.data, data)
      },
    ),
    { numRuns: 1000, seed: 8 },
  )
  t.pass()
})

test('update_fail_malformed_htlc — becomes the failure of its code with the hash of the onion', (t) => {
  t.deepEqual(failureOfMalformed(0xc005, sha256OfOnion), { type: 'invalid_onion_hmac', sha256OfOnion })
  t.deepEqual(failureOfMalformed(0xc018, sha256OfOnion), { type: 'invalid_onion_blinding', sha256OfOnion })
  t.deepEqual(failureOfMalformed(0x8001, sha256OfOnion), {
    type: 'unknown',
    failureCode: 0x8001,
    data: sha256OfOnion,
  })
})

test('update_fail_malformed_htlc — a code without BADONION gives none', (t) => {
  t.is(failureOfMalformed(0x4005, sha256OfOnion), undefined)
})
