import test from 'ava'
import { fromHex, toHex } from '../../lib/bytes.ts'
import type { WireErrorCode } from '../wire-error.ts'
import { type Codec, decodeWith, encodeWith } from './codec.ts'
import { mapped, oneOf, optional, restList, struct, u16List, union, versioned } from './combinators.ts'
import {
  bool,
  fixedBytes,
  point,
  tu16,
  tu32,
  tu64,
  u8,
  u16,
  u16Bytes,
  u16Text,
  u32,
  u32Bytes,
  u64,
} from './primitives.ts'

const survives = <T>(codec: Codec<T>, hex: string, value: T) => [codec as Codec<unknown>, hex, value] as const

for (const [row, [codec, hex, value]] of [
  survives(u8, 'ff', 255),
  survives(u16, 'fffe', 0xfffe),
  survives(u32, 'fffffffe', 0xfffffffe),
  survives(u64, 'fffffffffffffffe', 0xfffffffffffffffen),
  survives(tu16, '', 0),
  survives(tu16, 'ff', 255),
  survives(tu16, '0100', 256),
  survives(tu32, 'ffffffff', 0xffffffff),
  survives(tu64, 'ffffffffffffffff', 0xffffffffffffffffn),
  survives(bool, '01', true),
  survives(u16Bytes, '0002abcd', fromHex('abcd')),
  survives(u16Text, '0005c3a9e280a6', 'é…'),
  survives(u16List(u16), '0002000a000b', [10, 11]),
  survives(restList(u16), '000a000b', [10, 11]),
  survives(oneOf(['a', 'b']), '01', 'b'),
  survives(optional(u8), '00', undefined),
  survives(optional(u8), '0107', 7),
  survives(struct<{ a: number; b?: number }>({ a: u8, b: optional(u8) }), '0500', { a: 5 }),
  survives(struct<{ a: number; b?: number }>({ a: u8, b: optional(u8) }), '050106', { a: 5, b: 6 }),
  survives(u32Bytes, '00000002abcd', fromHex('abcd')),
  survives(versioned(u8, u16), '020007', 7),
].entries()) {
  test(`codecs, row ${row} — ${hex || 'nothing'} is ${String(value)}, and the other way round`, (t) => {
    t.deepEqual(decodeWith(codec, fromHex(hex)), { ok: true, value })
    t.is(toHex(encodeWith(codec, value)), hex)
  })
}

const refused = (codec: Codec<unknown>, hex: string, code: WireErrorCode, path = '') => ({ codec, hex, code, path })

type Shape = { readonly type: 'dot' } | { readonly type: 'line'; readonly length: number }
const shape = union<Shape, 'type'>('type', {
  dot: { number: 0, fields: {} },
  line: { number: 4, fields: { length: u16 } },
})

for (const [row, { codec, hex, code, path }] of [
  refused(u32, 'ffffff', 'truncated'),
  refused(u8, '0102', 'trailing-bytes'),
  refused(tu16, '0001', 'non-minimal-integer'),
  refused(tu16, '010000', 'trailing-bytes'),
  refused(tu32, '0100000000', 'trailing-bytes'),
  refused(bool, '02', 'invalid-value'),
  refused(point, `04${'11'.repeat(32)}`, 'invalid-point'),
  refused(point, '02', 'truncated'),
  refused(u16Bytes, '0003abcd', 'truncated'),
  refused(u16Text, '0001ff', 'invalid-value'),
  refused(u16List(u16), '0002000a', 'truncated', '1'),
  refused(restList(u16), '000a0b', 'truncated', '1'),
  refused(oneOf(['a', 'b']), '02', 'invalid-value'),
  refused(struct({ outer: struct({ inner: u16 }) }), '01', 'truncated', 'outer.inner'),
  refused(shape, '0401', 'truncated', 'line.length'),
  refused(shape, '02', 'invalid-value'),
  refused(versioned(u8), '0007', 'invalid-value'),
  refused(versioned(u8), '0207', 'invalid-value'),
].entries()) {
  test(`codecs, row ${row} — ${hex.slice(0, 20)} (${hex.length / 2} bytes) is refused: ${code} at "${path}"`, (t) => {
    t.deepEqual(decodeWith(codec, fromHex(hex)), { ok: false, error: { code, path } })
  })
}

test('a union is written by its number', (t) => {
  t.is(toHex(encodeWith(shape, { type: 'line', length: 258 })), '040102')
  t.deepEqual(decodeWith(shape, fromHex('00')), { ok: true, value: { type: 'dot' } })
})

test('values that do not fit are bugs', (t) => {
  t.throws(() => encodeWith(u8, 256))
  t.throws(() => encodeWith(u16, 0.5))
  t.throws(() => encodeWith(u32, -1))
  t.throws(() => encodeWith(u64, 1n << 64n))
  t.throws(() => encodeWith(tu16, 0x10000))
  t.throws(() => encodeWith(tu64, -1n))
  t.throws(() => encodeWith(fixedBytes(2), fromHex('01')))
  t.throws(() => encodeWith(oneOf(['a']), 'b' as 'a'))
})

test('an encoding inside an encoding does not disturb it', (t) => {
  const framed = mapped(
    u16Bytes,
    (bytes) => bytes,
    (bytes: Uint8Array) => encodeWith(u16Bytes, bytes),
  )
  t.is(toHex(encodeWith(struct({ a: u8, b: framed, c: u8 }), { a: 1, b: fromHex('ee'), c: 2 })), '0100030001ee02')
})
