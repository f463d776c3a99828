import { HARDENED_OFFSET, HDKey } from '@scure/bip32'
import test from 'ava'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import { masterKey } from './hardened-key.ts'

// BIP 32, test vector 1: m and m/0'.
test('the master key and its first hardened child are those of BIP 32', (t) => {
  const master = masterKey(fromHex('000102030405060708090a0b0c0d0e0f'))
  t.is(toHex(master.privateKey), 'e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35')
  t.is(toHex(master.child(0).privateKey), 'edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea')
})

test('every path of hardened children leads to the key that the wallet library finds', (t) => {
  const seeds = fc.uint8Array({ minLength: 16, maxLength: 64 })
  const paths = fc.array(fc.nat({ max: HARDENED_OFFSET - 1 }), { maxLength: 4 })
  fc.assert(
    fc.property(seeds, paths, (seed, path) => {
      const ours = path.reduce((key, index) => key.child(index), masterKey(seed))
      const theirs = path.reduce((key, index) => key.deriveChild(HARDENED_OFFSET + index), HDKey.fromMasterSeed(seed))
      t.deepEqual(ours.privateKey, Uint8Array.from(theirs.privateKey ?? []))
    }),
    { seed: 1, numRuns: 30 },
  )
})

test('an index that is not a hardened child is refused', (t) => {
  for (const index of [-1, 0.5, HARDENED_OFFSET]) {
    t.throws(() => masterKey(new Uint8Array(32)).child(index), { instanceOf: RangeError })
  }
})
