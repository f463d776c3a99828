import test from 'ava'
import { script as theirs } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { fromHex } from '../../lib/bytes.ts'
import { isTrue, numberItem, readNumber } from './script-stack.ts'

test('readNumber — reads what bitcoinjs-lib reads, of up to five bytes, and nothing else', (t) => {
  const attempt = (item: Uint8Array): number | undefined => {
    try {
      return theirs.number.decode(item, 5, true)
    } catch {
      return undefined
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6 }), (item) => t.is(readNumber(item, 5), attempt(item))),
    { seed: 31, numRuns: 1_000 },
  )
})

test('numbers — come back from their items', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: -0x7fffffff, max: 0x7fffffff }), (value) =>
      t.is(readNumber(numberItem(value), 4), value),
    ),
    { seed: 37 },
  )
})

test('isTrue — zeros and a lone sign bit are false', (t) => {
  for (const hex of ['', '00', '80', '0000', '0080']) t.false(isTrue(fromHex(hex)), hex)
  for (const hex of ['01', '81', '8000', '0001', '000080ff']) t.true(isTrue(fromHex(hex)), hex)
})
