import test from 'ava'
import fc from 'fast-check'
import { concat, fromHex, toHex } from '../lib/bytes.ts'
import type { Result } from '../lib/result.ts'
import {
  readQueryFlags,
  readShortIds,
  readTimestamps,
  writeQueryFlags,
  writeShortIds,
  writeTimestamps,
} from './encoded-array.ts'
import { arbitraryGossip } from './fixtures/arbitrary-gossip.ts'
import { QUERY_VECTORS } from './fixtures/extended-queries.ts'
import { decodeGossip, encodeGossip, GOSSIP_TYPES, type GossipQuery } from './gossip-codecs.ts'

for (const [row, { hex, message, shortIds, queryFlags, timestamps }] of QUERY_VECTORS.entries()) {
  test(`extended queries, row ${row} — ${message.type} is read, and stays as it came`, (t) => {
    const decoded = decodeGossip(fromHex(hex))
    if (!decoded.ok) return t.fail(decoded.error.code)
    t.like(decoded.value as GossipQuery, message)
    t.is(toHex(encodeGossip(decoded.value)), hex)
    const { encodedShortIds = NONE, ...more } = decoded.value as Partial<
      Extract<GossipQuery, { readonly encodedShortIds: Uint8Array }>
    >
    if (shortIds !== undefined) t.deepEqual(read(readShortIds(encodedShortIds)), shortIds)
    const flags = 'queryFlags' in more ? more.queryFlags : undefined
    const times = 'timestamps' in more ? more.timestamps : undefined
    t.deepEqual(flags && read(readQueryFlags(flags)), queryFlags)
    t.deepEqual(times && read(readTimestamps(times)), timestamps)
    // What is not packed is written as the vector has it.
    if (typeof shortIds === 'object') t.deepEqual(writeShortIds(shortIds), encodedShortIds)
    if (typeof timestamps === 'object') t.deepEqual(writeTimestamps(timestamps), times)
    return t.pass()
  })
}

const NONE = new Uint8Array(0)

const read = <T>(result: Result<T, string>): T | string => (result.ok ? result.value : result.error)

test('every message of gossip survives encoding and decoding, its unread end included', (t) => {
  fc.assert(
    fc.property(arbitraryGossip, (message) => {
      t.deepEqual(decodeGossip(encodeGossip(message)), { ok: true, value: message })
    }),
    { seed: 11, numRuns: 1500 },
  )
})

test('mutated gossip is decoded or refused, never thrown at; what is decoded is the same bytes again', (t) => {
  const mutation = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.nat(), kind: fc.nat(2) })
  fc.assert(
    fc.property(arbitraryGossip, fc.array(mutation, { minLength: 1, maxLength: 4 }), (message, mutations) => {
      let bytes = encodeGossip(message)
      for (const { at, byte, cut, kind } of mutations) {
        if (kind === 0 && bytes.length > 0) bytes[at % bytes.length] = byte
        if (kind === 1) bytes = bytes.slice(0, cut % (bytes.length + 1))
        if (kind === 2) bytes = concat(bytes, Uint8Array.of(byte))
      }
      const result = decodeGossip(bytes)
      if (result.ok) t.is(toHex(encodeGossip(result.value)), toHex(bytes))
    }),
    { seed: 12, numRuns: 2000 },
  )
})

test('a message that is no gossip is refused, and so is one without a type', (t) => {
  t.deepEqual([...GOSSIP_TYPES], [256, 257, 258, 261, 262, 263, 264, 265])
  t.deepEqual(decodeGossip(fromHex('0012')), { ok: false, error: { code: 'invalid-value', path: '' } })
  t.deepEqual(decodeGossip(NONE), { ok: false, error: { code: 'truncated', path: '' } })
  t.deepEqual(decodeGossip(fromHex('010900')), {
    ok: false,
    error: { code: 'truncated', path: 'gossip_timestamp_filter.chainHash' },
  })
})

test('BOLT 7, query messages — the encoding of zlib is neither written nor read', (t) => {
  const arrays = [writeShortIds([1n]), writeQueryFlags([1n]), writeTimestamps([{ node1: 1, node2: 2 }])]
  for (const [encoding] of arrays) t.is(encoding, 0)
  for (const read of [readShortIds, readQueryFlags, readTimestamps]) {
    t.deepEqual(read(fromHex('01789c')) as unknown, { ok: false, error: 'unknown-encoding' })
  }
})

test('arrays — no byte at all is an array of nothing, part of an element and a wrong order are faults', (t) => {
  t.deepEqual(readShortIds(NONE), { ok: true, value: [] })
  t.deepEqual(readShortIds(fromHex('00')), { ok: true, value: [] })
  t.deepEqual(readShortIds(fromHex('000000000000000001ff')), { ok: false, error: 'not-whole' })
  t.deepEqual(readShortIds(writeShortIds([2n, 1n])), { ok: false, error: 'not-ascending' })
  t.deepEqual(readShortIds(writeShortIds([2n, 2n])), { ok: false, error: 'not-ascending' })
  t.deepEqual(readQueryFlags(writeQueryFlags([1n, 31n, 300n])), { ok: true, value: [1n, 31n, 300n] })
  t.deepEqual(readQueryFlags(fromHex('00fd0001')), { ok: false, error: 'not-whole' })
  t.deepEqual(readTimestamps(fromHex('02')), { ok: false, error: 'unknown-encoding' })
})
