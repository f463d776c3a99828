import test from 'ava'
import fc from 'fast-check'
import { isWorthReplacing, mayReplace } from './replacement.ts'

const paid = fc.record({ fee: fc.bigInt(1n, 1_000_000n), weight: fc.integer({ min: 400, max: 4_000 }) })

test('a replacement — BIP 125, rules 3 and 4: pays for what it evicts and for its own relay, at a higher rate', (t) => {
  fc.assert(
    fc.property(paid, paid, (old, next) => {
      const extra = next.fee - old.fee
      const allowed = mayReplace(old, next)
      if (!allowed) return
      t.true(extra * 4n >= BigInt(next.weight))
      t.true(next.fee * BigInt(old.weight) > old.fee * BigInt(next.weight))
      t.false(mayReplace(next, old))
    }),
  )
})

test('a replacement — one satoshi per vbyte more is enough, and one satoshi less than that is not', (t) => {
  const old = { fee: 1_000n, weight: 401 }
  t.true(mayReplace(old, { fee: 1_101n, weight: 401 }))
  t.false(mayReplace(old, { fee: 1_100n, weight: 401 }))
  // It pays more, but a block that holds it is worth less.
  t.false(mayReplace(old, { fee: 1_999n, weight: 802 }))
})

test('a replacement — comes with a tenth more, or with all that may be paid', (t) => {
  t.false(isWorthReplacing(1_000, 1_099, false))
  t.true(isWorthReplacing(1_000, 1_100, false))
  t.true(isWorthReplacing(1_000, 1_001, true))
  t.false(isWorthReplacing(1_000, 1_000, true))
})
