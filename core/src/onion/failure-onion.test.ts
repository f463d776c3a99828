import test from 'ava'
import fc from 'fast-check'
import { chacha20Xor } from '../crypto/chacha20.ts'
import { hmacSha256 } from '../crypto/hashes.ts'
import { concat, fromHex, toHex } from '../lib/bytes.ts'
import { decodeFailure, encodeFailure } from './failure-message.ts'
import { createFailureOnion, decryptFailureOnion, wrapFailureOnion } from './failure-onion.ts'
import { AMMAG_KEYS, SHARED_SECRETS, SIMPLE, TRACE, UM_KEY_OF_LAST } from './fixtures/failure-vectors.ts'
import { onionKey } from './onion-keys.ts'

const secrets = SHARED_SECRETS.map(fromHex)
const last = secrets[4] as Uint8Array

test('BOLT 4, returning errors — each packet of the trace, and its failure with unknown records: the keys of every hop', (t) => {
  t.deepEqual(
    secrets.map((secret) => toHex(onionKey('ammag', secret))),
    [...AMMAG_KEYS],
  )
  t.is(toHex(onionKey('um', last)), UM_KEY_OF_LAST)
})

test('BOLT 4, returning errors — each packet of the trace, and its failure with unknown records: as it reaches the origin, who reads it', (t) => {
  const failure = decodeFailure(fromHex(SIMPLE.failure))
  t.deepEqual(failure, { type: 'temporary_node_failure' })
  if (failure === undefined) return
  let packet = createFailureOnion(last, failure)
  for (const secret of secrets.slice(0, -1).reverse()) packet = wrapFailureOnion(secret, packet)
  t.is(toHex(packet), SIMPLE.packet)
  t.deepEqual(decryptFailureOnion(secrets, packet), { ok: true, value: { originIndex: 4, failure } })
})

test('BOLT 4, returning errors — each packet of the trace, and its failure with unknown records', (t) => {
  // The trace's failure carries a TLV record and more padding than ours ever do: it is encrypted here step by step.
  const content = fromHex(TRACE.content)
  let packet = concat(hmacSha256(onionKey('um', last), content), content)
  const packets = secrets.toReversed().map((secret) => {
    packet = wrapFailureOnion(secret, packet)
    return toHex(packet)
  })
  t.deepEqual(packets, [...TRACE.packets])
  t.deepEqual(decryptFailureOnion(secrets, packet), {
    ok: true,
    value: {
      originIndex: 4,
      failure: { type: 'incorrect_or_unknown_payment_details', htlcMsat: 100n, height: 800_000 },
    },
  })
})

test('BOLT 4, returning errors — the origin finds which hop failed, on routes of any length', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 27 }),
      fc.nat(),
      (sharedSecrets, at) => {
        const originIndex = at % sharedSecrets.length
        const failure = { type: 'final_incorrect_cltv_expiry', cltvExpiry: at >>> 0 } as const
        let packet = createFailureOnion(sharedSecrets[originIndex] as Uint8Array, failure)
        t.is(packet.length, 292)
        for (const secret of sharedSecrets.slice(0, originIndex).reverse()) packet = wrapFailureOnion(secret, packet)
        t.deepEqual(decryptFailureOnion(sharedSecrets, packet), { ok: true, value: { originIndex, failure } })
      },
    ),
    { numRuns: 50, seed: 7 },
  )
})

test('BOLT 4, returning errors — a failure that was changed on its way, or is not for this route, is unreadable', (t) => {
  const packet = createFailureOnion(last, { type: 'mpp_timeout' })
  const other = Uint8Array.from(packet)
  other[100] = (other[100] as number) ^ 1
  for (const bytes of [other, new Uint8Array(0), new Uint8Array(10), new Uint8Array(292), packet.subarray(1)]) {
    t.deepEqual(decryptFailureOnion([last], bytes), { ok: false, error: { code: 'unreadable-failure' } })
  }
  t.deepEqual(decryptFailureOnion(secrets.slice(0, 4), packet), { ok: false, error: { code: 'unreadable-failure' } })
})

test('authentic bytes without a whole failure in them are malformed, and say whose they are', (t) => {
  for (const content of [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0, 1, 5), Uint8Array.of(1, 0, 5, 5)]) {
    const raw = concat(hmacSha256(onionKey('um', last), content), content)
    t.deepEqual(decryptFailureOnion([last], chacha20Xor(onionKey('ammag', last), raw)), {
      ok: false,
      error: { code: 'malformed-failure', originIndex: 0 },
    })
  }
})

test('BOLT 4, returning errors — a failure and its padding have 256 bytes, or as many as the failure has', (t) => {
  for (const length of [0, 1, 100, 253, 254, 255]) {
    const failure = { type: 'unknown', failureCode: 0x1234, data: new Uint8Array(length).fill(3) } as const
    const packet = chacha20Xor(onionKey('ammag', last), createFailureOnion(last, failure))
    const view = new DataView(packet.buffer, packet.byteOffset)
    const failureLength = view.getUint16(32)
    const padLength = view.getUint16(32 + 2 + failureLength)
    t.is(failureLength, length + 2)
    t.is(failureLength + padLength, Math.max(256, length + 2))
    t.is(packet.length, 32 + 2 + failureLength + 2 + padLength)
  }
})

test('BOLT 4, returning errors — a failure and its padding have 256 bytes, or as many as the failure has: longer', (t) => {
  const failure = { type: 'unknown', failureCode: 0x1234, data: new Uint8Array(400).fill(3) } as const
  const packet = createFailureOnion(last, failure)
  t.is(packet.length, 32 + 2 + encodeFailure(failure).length + 2)
  t.deepEqual(decryptFailureOnion([last], packet), { ok: true, value: { originIndex: 0, failure } })
})
