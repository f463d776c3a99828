import test from 'ava'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import { GENERATION, STORAGE } from './fixtures/shachain-vectors.ts'
import {
  decodeShachainStore,
  EMPTY_SHACHAIN_STORE,
  encodeShachainStore,
  FIRST_SECRET_INDEX,
  findSecret,
  insertSecret,
  type ShachainStore,
  shachainGenerator,
  shachainSecret,
} from './shachain.ts'

const SEED = new Uint8Array(32).fill(0xff)

const storeAfter = (count: number): ShachainStore => {
  const generate = shachainGenerator(SEED)
  let store = EMPTY_SHACHAIN_STORE
  for (let i = 0; i < count; i++) {
    const inserted = insertSecret(store, generate(FIRST_SECRET_INDEX - i))
    if (!inserted.ok) throw new Error(inserted.error.code)
    store = inserted.value
  }
  return store
}

for (const { name, seed, index, secret } of GENERATION) {
  test(`BOLT 3, appendix D — secrets are generated as published: ${name}`, (t) => {
    t.is(toHex(shachainSecret(fromHex(seed), index)), secret)
    t.is(toHex(shachainGenerator(fromHex(seed))(index)), secret)
  })
}

for (const { name, accepted, secrets } of STORAGE) {
  test(`BOLT 3, appendix D — secrets are stored, and wrong ones refused, as published: ${name}`, (t) => {
    let store = EMPTY_SHACHAIN_STORE
    for (const [i, secret] of secrets.entries()) {
      const inserted = insertSecret(store, fromHex(secret))
      t.is(inserted.ok, accepted || i < secrets.length - 1)
      if (inserted.ok) store = inserted.value
      else t.deepEqual(inserted.error, { code: 'secret-not-of-chain', index: FIRST_SECRET_INDEX - i })
    }
  })
}

test('BOLT 3, per-commitment secret requirements — the secret of an index is the same, in whatever order they are asked for', (t) => {
  const generate = shachainGenerator(SEED)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: FIRST_SECRET_INDEX }), (index) => {
      t.deepEqual(generate(index), shachainSecret(SEED, index))
    }),
    { numRuns: 200, seed: 1 },
  )
})

test('BOLT 3, efficient per-commitment secret storage — every secret that was stored is given back, and none that was not', (t) => {
  const store = storeAfter(1000)
  for (let i = 0; i < 1000; i++) {
    const index = FIRST_SECRET_INDEX - i
    t.deepEqual(findSecret(store, index), shachainSecret(SEED, index))
  }
  t.is(findSecret(store, FIRST_SECRET_INDEX - 1000), undefined)
  t.is(findSecret(store, FIRST_SECRET_INDEX + 1), undefined)
  t.is(findSecret(EMPTY_SHACHAIN_STORE, FIRST_SECRET_INDEX), undefined)
})

test('inserting leaves the store that was given as it was', (t) => {
  const store = storeAfter(5)
  const before = encodeShachainStore(store)
  insertSecret(store, shachainSecret(SEED, store.nextIndex))
  t.deepEqual(encodeShachainStore(store), before)
})

test('the encoded store decodes to itself after any number of insertions', (t) => {
  for (const count of [0, 1, 2, 3, 4, 7, 8, 9, 255, 256, 1000]) {
    const store = storeAfter(count)
    t.deepEqual(decodeShachainStore(encodeShachainStore(store)), { ok: true, value: store })
  }
  t.is(encodeShachainStore(storeAfter(1000)).length, 6 + 10 * 32)
})

test('the last secret, of index 0, fills the 49th slot', (t) => {
  // The same slots as after 2^48 - 1 insertions: each holds the secret whose only bit set is the slot's.
  const secrets = Array.from({ length: 48 }, (_, slot) => shachainSecret(SEED, 2 ** slot))
  const inserted = insertSecret({ nextIndex: 0, secrets }, shachainSecret(SEED, 0))
  t.true(inserted.ok)
  if (!inserted.ok) return
  t.is(inserted.value.nextIndex, -1)
  t.is(inserted.value.secrets.length, 49)
  t.deepEqual(findSecret(inserted.value, 0xaaaaaaaaaaaa), shachainSecret(SEED, 0xaaaaaaaaaaaa))
  t.deepEqual(decodeShachainStore(encodeShachainStore(inserted.value)), { ok: true, value: inserted.value })
})

test('decoding refuses bytes that no store encodes to', (t) => {
  const good = encodeShachainStore(storeAfter(8))
  const bad = [
    new Uint8Array(0),
    good.subarray(0, good.length - 1),
    good.subarray(0, good.length - 32),
    Uint8Array.of(...good, ...new Uint8Array(32)),
    Uint8Array.of(0, 0, 0, 0, 0, 1),
  ]
  for (const bytes of bad) {
    t.deepEqual(decodeShachainStore(bytes), { ok: false, error: { code: 'malformed-shachain-store' } })
  }
})
