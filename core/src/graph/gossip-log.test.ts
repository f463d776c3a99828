import test from 'ava'
import { concat, fromHex } from '../lib/bytes.ts'
import { CHAIN_HASH } from './fixtures/signed-gossip.ts'
import { decodeLogRecord, encodeLogRecord, type LogPlace, type LogRecord, logHeader, readLog } from './gossip-log.ts'

const RECORDS: readonly LogRecord[] = [
  {
    type: 'channel',
    capacitySat: 21_000_000n * 100_000_000n,
    txid: new Uint8Array(32).fill(9),
    since: 1_800_000_000,
    raw: fromHex('0100aabb'),
  },
  { type: 'update', raw: fromHex('0102') },
  { type: 'node', raw: fromHex('0101') },
  { type: 'spent', shortChannelId: 5n, height: 800_000 },
  { type: 'removed', shortChannelId: 5n },
]
const framed = RECORDS.map(encodeLogRecord)
const file = concat(logHeader(CHAIN_HASH), ...framed)

const readAll = (bytes: Uint8Array) => {
  const records: LogRecord[] = []
  const places: LogPlace[] = []
  const result = readLog(bytes, CHAIN_HASH, (record, place) => {
    records.push(record)
    places.push(place)
  })
  return { result, records, places }
}

test('gossip log — every record is read as it was written, and can be read again at its place', (t) => {
  const { result, records, places } = readAll(file)
  t.deepEqual(result, { ok: true, value: file.length })
  t.deepEqual(records, [...RECORDS])
  t.deepEqual(
    places.map(({ offset, length }) => decodeLogRecord(file.subarray(offset, offset + length))),
    [...RECORDS],
  )
  t.deepEqual(readAll(logHeader(CHAIN_HASH)).records, [])
})

test('gossip log — a write that was cut off at any byte is left out, and all before it is read', (t) => {
  const start = file.length - (framed.at(-1) as Uint8Array).length
  for (let end = start; end < file.length; end++) {
    const { result, records } = readAll(file.subarray(0, end))
    t.deepEqual([result, records.length], [{ ok: true, value: start }, RECORDS.length - 1])
  }
})

test('gossip log — a file that grew without its last bytes being written ends where they are missing', (t) => {
  const { result, records } = readAll(concat(file, new Uint8Array(4_096)))
  t.deepEqual([result, records.length], [{ ok: true, value: file.length }, RECORDS.length])
  const last = file.slice()
  last.fill(0, file.length - 3)
  t.is(readAll(last).records.length, RECORDS.length - 1)
})

test('gossip log — a wrong byte in the middle is damage', (t) => {
  const header = logHeader(CHAIN_HASH).length
  for (let at = header; at < file.length - (framed.at(-1) as Uint8Array).length; at++) {
    const spoilt = file.slice()
    spoilt[at] = (spoilt[at] as number) ^ 0x40
    const { result, records } = readAll(spoilt)
    // A wrong length may lead to the end of the file: what follows is lost then, but nothing wrong is read.
    t.true(records.every((record, i) => Buffer.compare(encodeLogRecord(record), framed[i] as Uint8Array) === 0))
    if (!result.ok) t.is(result.error, 'damaged')
  }
  const second = file.slice()
  second[header + (framed[0] as Uint8Array).length - 1] = 0
  t.deepEqual(readAll(second).result, { ok: false, error: 'damaged' })
})

test('gossip log — another file, version or chain is refused by name', (t) => {
  t.deepEqual(readAll(new Uint8Array(0)).result, { ok: false, error: 'no-gossip-log' })
  t.deepEqual(readAll(fromHex('00'.repeat(100))).result, { ok: false, error: 'no-gossip-log' })
  const newer = file.slice()
  newer[16] = 2
  t.deepEqual(readAll(newer).result, { ok: false, error: 'unknown-version' })
  const other = concat(logHeader(new Uint8Array(32)), ...framed)
  t.deepEqual(readAll(other).result, { ok: false, error: 'other-chain' })
})
