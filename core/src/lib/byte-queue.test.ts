import test from 'ava'
import { ByteQueue } from './byte-queue.ts'
import { concat } from './bytes.ts'
import { seededRng } from './rng.ts'

test('bytes come out as they went in, whatever the pieces', (t) => {
  const rng = seededRng(7)
  const queue = new ByteQueue()
  let expected: Uint8Array = new Uint8Array(0)
  for (let i = 0; i < 2_000; i++) {
    const piece = rng.bytes(rng.below(40))
    queue.push(piece)
    expected = concat(expected, piece)
    const wanted = rng.below(60)
    const taken = queue.take(wanted)
    t.is(taken === undefined, expected.length < wanted)
    if (taken !== undefined) {
      t.deepEqual(new Uint8Array(taken), expected.slice(0, wanted))
      expected = expected.slice(wanted)
    }
    t.is(queue.length, expected.length)
  }
})

test('what was taken is not written over by what comes later', (t) => {
  const queue = new ByteQueue()
  for (const byte of [1, 2, 3]) queue.push(Uint8Array.of(byte))
  const taken = queue.take(2)
  for (const byte of [4, 5, 6, 7]) queue.push(Uint8Array.of(byte))
  t.deepEqual(taken, Uint8Array.of(1, 2))
  t.deepEqual(queue.take(5), Uint8Array.of(3, 4, 5, 6, 7))
})

test('a message in pieces of one byte is put together with few copies', (t) => {
  const queue = new ByteQueue()
  const copied: number[] = []
  const original = Uint8Array.prototype.set
  Uint8Array.prototype.set = function set(this: Uint8Array, source: ArrayLike<number>, offset?: number) {
    copied.push(source.length)
    original.call(this, source, offset)
  }
  try {
    for (let i = 0; i < 65_535; i++) queue.push(Uint8Array.of(i & 0xff))
  } finally {
    Uint8Array.prototype.set = original
  }
  t.is(queue.length, 65_535)
  t.true(copied.reduce((sum, length) => sum + length, 0) < 4 * 65_535)
})
