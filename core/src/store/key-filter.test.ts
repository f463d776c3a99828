import test from 'ava'
import { sha256 } from '../crypto/hashes.ts'
import { u32be } from '../lib/bytes.ts'
import { KeyFilter } from './key-filter.ts'

const keyOf = (at: number): Uint8Array => sha256(u32be(at))

test('a key that was added may be there, and of those that were not hardly one', (t) => {
  const filter = new KeyFilter()
  const added = 20_000
  for (let at = 0; at < added; at++) filter.add(keyOf(at))
  let missed = 0
  let taken = 0
  for (let at = 0; at < added; at++) {
    if (!filter.mayHave(keyOf(at))) missed += 1
    if (filter.mayHave(keyOf(added + at))) taken += 1
  }
  t.is(missed, 0)
  t.true(taken < added / 200)
})

test('keys that look alike, or all are the same byte, are told from one that was not added', (t) => {
  const filter = new KeyFilter()
  const alike = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
  filter.add(alike(0))
  filter.add(alike(0xff))
  t.true(filter.mayHave(alike(0)) && filter.mayHave(alike(0xff)))
  t.false(filter.mayHave(alike(0x55)))
})
