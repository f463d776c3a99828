import { HARDENED_OFFSET, HDKey } from '@scure/bip32'
import test from 'ava'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import { masterKey } from './hd-key.ts'

// BIP 32, test vector 1: m, m/0', m/0'/1.
test('the master key and its first children are those of BIP 32', (t) => {
  const master = masterKey(fromHex('000102030405060708090a0b0c0d0e0f'))
  t.is(toHex(master.privateKey), 'e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35')
  t.is(toHex(master.publicKey), '0339a36013301597daef41fbe593a02cc513d0b55527ec2df1050e2e8ff49c85c2')
  const first = master.hardenedChild(0)
  t.is(toHex(first.privateKey), 'edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea')
  t.is(toHex(first.child(1).privateKey), '3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368')
})

test('every path leads to the keys that another implementation finds', (t) => {
  const seeds = fc.uint8Array({ minLength: 16, maxLength: 64 })
  const index = fc.nat({ max: HARDENED_OFFSET - 1 })
  const paths = fc.array(fc.record({ index, hardened: fc.boolean() }), { maxLength: 4 })
  fc.assert(
    fc.property(seeds, paths, (seed, path) => {
      const ours = path.reduce(
        (key, step) => (step.hardened ? key.hardenedChild(step.index) : key.child(step.index)),
        masterKey(seed),
      )
      const theirs = path.reduce(
        (key, step) => key.deriveChild(step.index + (step.hardened ? HARDENED_OFFSET : 0)),
        HDKey.fromMasterSeed(seed),
      )
      t.deepEqual(ours.privateKey, Uint8Array.from(theirs.privateKey ?? []))
      t.deepEqual(ours.publicKey, Uint8Array.from(theirs.publicKey ?? []))
    }),
    { seed: 1, numRuns: 30 },
  )
})

test('an index out of range is refused', (t) => {
  for (const index of [-1, 0.5, HARDENED_OFFSET]) {
    t.throws(() => masterKey(new Uint8Array(32)).child(index), { instanceOf: RangeError })
    t.throws(() => masterKey(new Uint8Array(32)).hardenedChild(index), { instanceOf: RangeError })
  }
})
