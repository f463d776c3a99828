import test from 'ava'
import fc from 'fast-check'
import { fromHex, toHex } from '../../lib/bytes.ts'
import {
  badOrderInN1,
  badOrderInN2,
  ignoredInAny,
  invalidInAny,
  invalidInN1,
  type N1,
  validInN1,
} from '../fixtures/tlv-streams.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'
import { decodeWith, encodeWith } from './codec.ts'
import { struct } from './combinators.ts'
import { point, restBytes, tu32, tu64, u16, u64 } from './primitives.ts'
import { tlv, tlvStream } from './tlv-stream.ts'

interface N2 extends WithUnknownTlvs {
  readonly tlv1?: bigint
  readonly tlv2?: number
}

const n1 = tlvStream<N1>({
  tlv1: tlv(1, tu64),
  tlv2: tlv(2, u64),
  tlv3: tlv(3, struct({ nodeId: point, amountMsat1: u64, amountMsat2: u64 })),
  tlv4: tlv(254, u16),
})
const n2 = tlvStream<N2>({ tlv1: tlv(0, tu64), tlv2: tlv(11, tu32) })
const valid = [...validInN1.map(({ stream }) => stream), ...ignoredInAny]

const codeOf = (codec: typeof n1 | typeof n2, stream: string): string | undefined => {
  const result = decodeWith<object>(codec, fromHex(stream))
  return result.ok ? undefined : result.error.code
}

const title = (stream: string): string =>
  stream.length > 40 ? `${stream.slice(0, 40)}…` : stream || 'the empty stream'

for (const { stream, code } of invalidInAny) {
  test(`BOLT 1, type-length-value format — the invalid streams of appendix B are refused: ${title(stream)} (${stream.length / 2} bytes) is ${code} in any namespace`, (t) => {
    t.is(codeOf(n1, stream), code)
    t.is(codeOf(n2, stream), code)
  })
}

for (const { stream, code } of [...invalidInN1, ...badOrderInN1]) {
  test(`BOLT 1, type-length-value format — the invalid streams of appendix B are refused: ${title(stream)} (${stream.length / 2} bytes) is ${code} in n1`, (t) => {
    t.is(codeOf(n1, stream), code)
  })
}

for (const { stream, code } of badOrderInN2) {
  test(`BOLT 1, type-length-value format — the invalid streams of appendix B are refused: ${title(stream)} is ${code} in n2`, (t) => {
    t.is(codeOf(n2, stream), code)
  })
}

for (const stream of ignoredInAny) {
  test(`BOLT 1, type-length-value format — the valid streams of appendix B are read, and written again: ${title(stream)} in any namespace`, (t) => {
    for (const codec of [n1, n2]) {
      const result = decodeWith<WithUnknownTlvs>(codec, fromHex(stream))
      t.true(result.ok)
      if (!result.ok) continue
      t.is(result.value.unknownTlvs?.length ?? 0, stream === '' ? 0 : 1)
      t.is(toHex(encodeWith<WithUnknownTlvs>(codec, result.value)), stream)
    }
  })
}

for (const { stream, value } of validInN1) {
  test(`BOLT 1, type-length-value format — the valid streams of appendix B are read, and written again: ${title(stream)} (${stream.length / 2} bytes) in n1`, (t) => {
    t.deepEqual(decodeWith(n1, fromHex(stream)), { ok: true, value })
    t.is(toHex(encodeWith(n1, value)), stream)
  })
}

test('BOLT 1, type-length-value format — the invalid streams of appendix B are refused: each after a valid one', (t) => {
  for (const first of valid) {
    for (const { stream } of [...invalidInAny, ...invalidInN1])
      t.not(codeOf(n1, first + stream), undefined, first + stream)
  }
})

test('BOLT 1, type-length-value format — a higher record after a lower one is read, and in no other order', (t) => {
  const typeOf = (stream: string): bigint => {
    const result = decodeWith(tlvStream<WithUnknownTlvs>({}), fromHex(stream))
    if (result.ok) return result.value.unknownTlvs?.[0]?.type ?? -1n
    return BigInt(`0x${stream.slice(0, 2) === 'fd' ? stream.slice(2, 6) : stream.slice(0, 2)}`)
  }
  for (const first of valid) {
    for (const second of valid) {
      if (first === '' || second === '') t.is(codeOf(n1, first + second), undefined)
      else if (typeOf(first) < typeOf(second)) t.is(codeOf(n1, first + second), undefined)
      else if (typeOf(first) === typeOf(second)) t.is(codeOf(n1, first + second), 'tlv-duplicate')
      else t.is(codeOf(n1, first + second), 'tlv-out-of-order')
    }
  }
})

test('TLV — a failure names its field', (t) => {
  const result = decodeWith(
    n1,
    fromHex('0331043da092f6980e58d2c037173180e9a465476026ee50f96695963e8efe436f54eb00000000000000010000000000000002'),
  )
  t.deepEqual(result, { ok: false, error: { code: 'invalid-point', path: 'tlv3.nodeId' } })
})

test('BOLT 1, type-length-value format — records are written in order, each type once, with types and lengths as short as can be: long values', (t) => {
  const codec = tlvStream<{ value?: Uint8Array } & WithUnknownTlvs>({ value: tlv(2, restBytes) })
  for (const [length, prefix] of [
    [0xfc, '02fc'],
    [0xfd, '02fd00fd'],
    [0xffff, '02fdffff'],
    [0x10000, '02fe00010000'],
  ] as const) {
    const value = new Uint8Array(length).fill(7)
    const bytes = encodeWith(codec, { value })
    t.is(toHex(bytes.subarray(0, prefix.length / 2)), prefix)
    t.is(bytes.length, prefix.length / 2 + length)
    t.deepEqual(decodeWith(codec, bytes), { ok: true, value: { value } })
  }
})

test('BOLT 1, type-length-value format — records are written in order, each type once, with types and lengths as short as can be: unknown ones among the known', (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }), { maxLength: 6 }),
      fc.option(fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }), { nil: undefined }),
      (types, tlv1) => {
        const odd = [...new Set(types.map((type) => type | 1n))].filter((type) => type !== 1n && type !== 3n)
        const unknownTlvs = odd.sort((a, b) => (a < b ? -1 : 1)).map((type) => ({ type, value: Uint8Array.of(1, 2) }))
        const value = { ...(tlv1 === undefined ? {} : { tlv1 }), ...(odd.length === 0 ? {} : { unknownTlvs }) }
        t.deepEqual(decodeWith(n1, encodeWith(n1, value)), { ok: true, value })
      },
    ),
    { seed: 2 },
  )
})
