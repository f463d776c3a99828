import test from 'ava'
import fc from 'fast-check'
import { concat, fromHex, toHex } from '../lib/bytes.ts'
import { arbitraryMessage } from './fixtures/arbitrary-message.ts'
import { GOSSIP_TYPES } from './gossip-codecs.ts'
import { decodeMessage, encodeMessage, isRead } from './message-codecs.ts'
import type { Message } from './messages/message.ts'
import { evenTypes, type WithUnknownTlvs } from './tlv-record.ts'

test('every message survives encoding and decoding', (t) => {
  fc.assert(
    fc.property(arbitraryMessage, (message) => {
      t.deepEqual(decodeMessage(encodeMessage(message)), { ok: true, value: message })
    }),
    { seed: 3, numRuns: 2000 },
  )
})

test('mutated messages are decoded or refused, never thrown at; what is decoded is canonical', (t) => {
  const mutation = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.nat(), kind: fc.nat(2) })
  fc.assert(
    fc.property(arbitraryMessage, fc.array(mutation, { minLength: 1, maxLength: 4 }), (message, mutations) => {
      let bytes = encodeMessage(message)
      for (const { at, byte, cut, kind } of mutations) {
        if (kind === 0 && bytes.length > 0) bytes[at % bytes.length] = byte
        if (kind === 1) bytes = bytes.slice(0, cut % (bytes.length + 1))
        if (kind === 2) bytes = concat(bytes, Uint8Array.of(byte))
      }
      const result = decodeMessage(bytes)
      if (result.ok) t.is(toHex(encodeMessage(result.value)), toHex(bytes))
    }),
    { seed: 4, numRuns: 3000 },
  )
})

test('random bytes are decoded or refused, never thrown at', (t) => {
  const known = [1, 16, 17, 18, 19, 32, 33, 34, 35, 36, 38, 39, 128, 130, 131, 132, 133, 134, 135, 136, 258, 259]
  fc.assert(
    fc.property(fc.constantFrom(...known), fc.uint8Array({ maxLength: 600 }), (type, rest) => {
      const bytes = concat(Uint8Array.of(type >> 8, type & 0xff), rest)
      const result = decodeMessage(bytes)
      if (result.ok) t.is(toHex(encodeMessage(result.value)), toHex(bytes))
    }),
    { seed: 5, numRuns: 3000 },
  )
  t.pass()
})

test('a decoded message shares no memory with the bytes', (t) => {
  const bytes = Buffer.from(fromHex('00130003010203'))
  const result = decodeMessage(bytes)
  bytes.fill(0)
  t.deepEqual(result, { ok: true, value: { type: 'pong', ignored: Uint8Array.of(1, 2, 3) } })
})

// BOLT 1, appendix C: extensions of `init`.
const empty = { type: 'init', globalFeatures: new Uint8Array(0), features: new Uint8Array(0) }
for (const [bytes, expected] of [
  ['001000000000', { ok: true, value: empty }],
  [
    '001000000000c9012acb0104',
    {
      ok: true,
      value: {
        ...empty,
        unknownTlvs: [
          { type: 0xc9n, value: Uint8Array.of(0x2a) },
          { type: 0xcbn, value: Uint8Array.of(4) },
        ],
      },
    },
  ],
  ['00100000000001', { ok: false, error: { code: 'truncated', path: 'init.networks' } }],
  ['001000000000ca012a', { ok: false, error: { code: 'tlv-unknown-even', path: 'init.tlv[202]' } }],
  ['001000000000c90101c90102', { ok: false, error: { code: 'tlv-duplicate', path: 'init.tlv[201]' } }],
] as const) {
  test(`BOLT 1, messages — the extensions of appendix C are read or refused: ${bytes} is ${expected.ok ? 'read' : 'refused'}`, (t) => {
    t.deepEqual<unknown, unknown>(decodeMessage(fromHex(bytes)), expected)
  })
}

test('init — networks that are no whole number of hashes are refused', (t) => {
  t.deepEqual(decodeMessage(fromHex(`0010000000000121${'11'.repeat(33)}`)), {
    ok: false,
    error: { code: 'tlv-length-mismatch', path: 'init.networks.1' },
  })
})

test('a message cut short is refused with the field that it lacks', (t) => {
  t.deepEqual(decodeMessage(fromHex('00860101')), {
    ok: false,
    error: { code: 'truncated', path: 'update_fee.channelId' },
  })
  t.deepEqual(decodeMessage(fromHex('00')), { ok: false, error: { code: 'truncated', path: '' } })
})

test('an unknown odd message is handed on, an unknown even one only where somebody takes it', (t) => {
  t.deepEqual(decodeMessage(fromHex('80030102')), {
    ok: true,
    value: { type: 'unknown', messageType: 0x8003, payload: Uint8Array.of(1, 2) },
  })
  t.deepEqual(decodeMessage(fromHex('80020102')), { ok: false, error: { code: 'unknown-even-message', path: '32770' } })
  t.deepEqual(
    decodeMessage(fromHex('80020102'), (type) => type === 0x8002),
    { ok: true, value: { type: 'unknown', messageType: 0x8002, payload: Uint8Array.of(1, 2) } },
  )
  t.deepEqual(
    decodeMessage(fromHex('8002'), (type) => type !== 0x8002),
    {
      ok: false,
      error: { code: 'unknown-even-message', path: '32770' },
    },
  )
})

test('BOLT 1, messages — we have none of an even type that no BOLT lists', (t) => {
  const listed = [...[16, 18, 32, 34, 36, 38, 40, 128, 130, 132, 134, 136], ...[256, 258, 262, 264]]
  const ours = Array.from({ length: 0x10000 }, (_, type) => type).filter((type) => isRead(type))
  for (const type of [...ours, ...GOSSIP_TYPES]) t.true(type % 2 === 1 || listed.includes(type), `${type}`)
})

test('a message beyond what the transport carries is a bug', (t) => {
  const pong = { type: 'pong', ignored: new Uint8Array(65532) } as const
  t.throws(() => encodeMessage(pong))
  t.is(encodeMessage({ type: 'pong', ignored: new Uint8Array(65531) }).length, 65535)
})

test('a value that does not fit its field is a bug, and leaves the encoder usable', (t) => {
  t.throws(() => encodeMessage({ type: 'update_fee', channelId: new Uint8Array(32), feeratePerKw: -1 }))
  t.throws(() => encodeMessage({ type: 'update_fee', channelId: new Uint8Array(31), feeratePerKw: 1 }))
  const bytes = encodeMessage({ type: 'update_fee', channelId: new Uint8Array(32), feeratePerKw: 253 })
  t.is(toHex(bytes), `0086${'00'.repeat(32)}000000fd`)
})

test('records that must be understood and are not — are kept where the message can be refused by itself, and fail elsewhere', (t) => {
  const codeWith = (type: Message['type'], record: string): string | undefined => {
    const [message] = fc.sample(
      arbitraryMessage.filter((each) => each.type === type),
      { seed: 5, numRuns: 1 },
    )
    if (message === undefined) throw new Error(type)
    const decoded = decodeMessage(concat(encodeMessage({ ...message, unknownTlvs: [] } as Message), fromHex(record)))
    if (!decoded.ok) return decoded.error.code
    t.deepEqual(evenTypes(decoded.value as WithUnknownTlvs).length, 1)
    return undefined
  }
  const [nonce, custom] = ['fdfffe0101', 'fe000100000101'] as const
  t.deepEqual([codeWith('open_channel', nonce), codeWith('open_channel', custom)], [undefined, undefined])
  t.deepEqual([codeWith('accept_channel', nonce), codeWith('accept_channel', custom)], [undefined, undefined])
  t.deepEqual(
    [codeWith('update_add_htlc', nonce), codeWith('update_add_htlc', custom)],
    ['tlv-unknown-even', undefined],
  )
  const lenient = ['open_channel', 'accept_channel', 'update_add_htlc']
  for (const type of CHANNEL_MESSAGES.filter((name) => !lenient.includes(name))) {
    t.deepEqual([codeWith(type, nonce), codeWith(type, custom)], ['tlv-unknown-even', 'tlv-unknown-even'], type)
  }
})

test('records that need not be understood — change no message of a channel', (t) => {
  for (const type of CHANNEL_MESSAGES) {
    const [message] = fc.sample(
      arbitraryMessage.filter((each) => each.type === type),
      { seed: 6, numRuns: 1 },
    )
    if (message === undefined) throw new Error(type)
    const plain = { ...message, unknownTlvs: [] } as Message
    for (const record of ['fdffff0101', 'fe000100010101', 'fdffff00fe0001000100']) {
      const decoded = decodeMessage(concat(encodeMessage(plain), fromHex(record)))
      if (!decoded.ok) return t.fail(`${type}: ${decoded.error.code}`)
      t.deepEqual({ ...decoded.value, unknownTlvs: [] } as Message, plain, type)
      t.deepEqual(evenTypes(decoded.value as WithUnknownTlvs), [], type)
    }
  }
})

const CHANNEL_MESSAGES: readonly Message['type'][] = [
  'open_channel',
  'accept_channel',
  'funding_created',
  'funding_signed',
  'channel_ready',
  'shutdown',
  'closing_signed',
  'closing_complete',
  'closing_sig',
  'update_add_htlc',
  'update_fulfill_htlc',
  'update_fail_htlc',
  'update_fail_malformed_htlc',
  'commitment_signed',
  'revoke_and_ack',
  'update_fee',
  'channel_reestablish',
]

test('update_fulfill_htlc, update_fail_htlc — attribution data of any length keep nobody from the preimage or the reason', (t) => {
  const [channelId, paymentPreimage] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const messages = [
    { type: 'update_fulfill_htlc', channelId, id: 5n, paymentPreimage },
    { type: 'update_fail_htlc', channelId, id: 5n, reason: new Uint8Array(256) },
  ] as const
  for (const message of messages) {
    for (const length of [0, 4, 919, 921]) {
      // Short lengths are one byte, others 0xfd and two.
      const size = length < 0xfd ? [length] : [0xfd, length >>> 8, length & 0xff]
      const bytes = Uint8Array.of(...encodeMessage(message), 1, ...size, ...new Uint8Array(length))
      t.like(decodeMessage(bytes), { ok: true, value: message }, `${message.type} ${length}`)
    }
  }
})
