import test from 'ava'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import { addressToScript, scriptToAddress } from './address.ts'
import { BIP350_INVALID, BIP350_VALID } from './fixtures/bip350.ts'
import { NETWORKS } from './network.ts'
import { compileScript, OPS, p2tr, p2wpkhOfHash, p2wsh } from './script.ts'

for (const [address, script, network] of BIP350_VALID) {
  test(`BIP 350 — ${address} stands for its script`, (t) => {
    const read = addressToScript(address, NETWORKS[network])
    t.true(read.ok && toHex(read.value) === script)
    t.is(scriptToAddress(fromHex(script), NETWORKS[network]), address.toLowerCase())
  })
}

for (const [address, why] of BIP350_INVALID) {
  test(`BIP 350 — ${why} is an invalid address`, (t) => {
    for (const network of Object.values(NETWORKS)) {
      t.deepEqual(addressToScript(address, network), { ok: false, error: { code: 'invalid-address', address } })
    }
  })
}

test('an address of another network — is told from a malformed one', (t) => {
  const address = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'
  t.deepEqual(addressToScript(address, NETWORKS.regtest), {
    ok: false,
    error: { code: 'wrong-network', address, expected: 'regtest', actual: ['mainnet'] },
  })
  const base58 = '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'
  t.deepEqual(addressToScript(base58, NETWORKS.signet), {
    ok: false,
    error: { code: 'wrong-network', address: base58, expected: 'signet', actual: ['mainnet'] },
  })
})

test('testnet and signet — share the form of their segwit addresses', (t) => {
  const address = 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx'
  t.true(addressToScript(address, NETWORKS.testnet).ok)
  t.true(addressToScript(address, NETWORKS.signet).ok)
  t.false(addressToScript(address, NETWORKS.regtest).ok)
})

test('addresses — every script that has one comes back from it, on every network', (t) => {
  const hash = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const script = fc.oneof(
    hash(20).map(p2wpkhOfHash),
    hash(32).map(p2wsh),
    hash(32).map(p2tr),
    hash(20).map((h) => compileScript([OPS.OP_HASH160, h, OPS.OP_EQUAL])),
    hash(20).map((h) => compileScript([OPS.OP_DUP, OPS.OP_HASH160, h, OPS.OP_EQUALVERIFY, OPS.OP_CHECKSIG])),
  )
  fc.assert(
    fc.property(script, fc.constantFrom(...Object.values(NETWORKS)), (bytes, network) => {
      const address = scriptToAddress(bytes, network)
      const read = addressToScript(address ?? '', network)
      t.true(read.ok && toHex(read.value) === toHex(bytes))
    }),
    { seed: 3, numRuns: 200 },
  )
})

test('addresses — arbitrary text is a typed error', (t) => {
  fc.assert(
    fc.property(fc.string(), (address) =>
      t.deepEqual(addressToScript(address, NETWORKS.mainnet), {
        ok: false,
        error: { code: 'invalid-address', address },
      }),
    ),
    { seed: 5, numRuns: 200 },
  )
})

test('scripts without an address — have none', (t) => {
  t.is(scriptToAddress(compileScript([OPS.OP_RETURN, Uint8Array.of(1)]), NETWORKS.mainnet), undefined)
  t.is(scriptToAddress(Uint8Array.of(0, 2, 1, 2), NETWORKS.mainnet), undefined)
  t.is(scriptToAddress(new Uint8Array(0), NETWORKS.mainnet), undefined)
})
