import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { mnemonicToSeedSync } from '@scure/bip39'
import test from 'ava'
import { NETWORKS } from '../../bitcoin/network.ts'
import { derivePublicKey } from '../../crypto/commitment-keys.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { shachainGenerator } from '../../crypto/shachain.ts'
import { toHex } from '../../lib/bytes.ts'
import { seededRng } from '../../lib/rng.ts'
import { type NodeOptions, withoutSeed } from '../node-options.ts'
import { keyTree } from './key-tree.ts'
import { loadOrCreateSeed } from './seed-file.ts'
import { localSigner } from './signer.ts'

const withFolder = (run: (folder: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-seed-'))
  try {
    run(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a new seed is written as 24 words for the owner only, and read back as the same seed', (t) =>
  withFolder((folder) => {
    const path = join(folder, 'seed')
    const made = loadOrCreateSeed(path, seededRng(1))
    t.is(statSync(path).mode & 0o777, 0o600)
    t.is(readFileSync(path, 'utf8').trim().split(' ').length, 24)
    t.deepEqual(made.ok && made.value, mnemonicToSeedSync(readFileSync(path, 'utf8').trim()))
    t.deepEqual(loadOrCreateSeed(path, seededRng(2)), made)
  }))

test('a seed file that others can read, or that holds no mnemonic, is refused', (t) =>
  withFolder((folder) => {
    const path = join(folder, 'seed')
    loadOrCreateSeed(path, seededRng(1))
    chmodSync(path, 0o644)
    t.deepEqual(loadOrCreateSeed(path, seededRng(1)), {
      ok: false,
      error: { code: 'seed-readable-by-others', path, mode: '644' },
    })
    writeFileSync(path, 'abandon abandon abandon')
    chmodSync(path, 0o600)
    t.deepEqual(loadOrCreateSeed(path, seededRng(1)), { ok: false, error: { code: 'seed-not-a-mnemonic', path } })
  }))

test('every channel has keys of its own, the same whenever they are derived, and other ones on another network', (t) => {
  const seed = new Uint8Array(64).fill(7)
  const signer = localSigner(keyTree(seed, NETWORKS.regtest))
  const keysOf = (index: number): string[] => {
    const { fundingKey, basepoints } = localSigner(keyTree(seed, NETWORKS.regtest)).channel(index).publicKeys
    return [fundingKey, ...Object.values(basepoints)].map(toHex)
  }
  t.deepEqual(keysOf(1), keysOf(1))
  t.is(new Set([...keysOf(1), ...keysOf(2), toHex(signer.nodeId)]).size, 11)
  t.notDeepEqual(signer.nodeId, localSigner(keyTree(seed, NETWORKS.mainnet)).nodeId)
})

test('HTLC signatures verify with the key derived from the HTLC basepoint, and secrets belong to their points', (t) => {
  const channel = localSigner(keyTree(new Uint8Array(64).fill(9), NETWORKS.regtest)).channel(3)
  const point = secp256k1.publicKey(new Uint8Array(32).fill(5))
  const digest = new Uint8Array(32).fill(1)
  const answer = channel.answer({
    type: 'commitment-signatures',
    fundingTask: { scheme: 'ecdsa', digest },
    htlcTasks: [{ scheme: 'ecdsa', digest }],
    perCommitmentPoint: point,
  })
  if (answer.type !== 'commitment-signatures') return t.fail()
  t.true(secp256k1.verify(answer.signature.signature, digest, channel.publicKeys.fundingKey))
  const htlcKey = derivePublicKey(channel.publicKeys.basepoints.htlc, point)
  t.true(secp256k1.verify(answer.htlcSignatures[0] as Uint8Array, digest, htlcKey))
  for (const index of [0, 1, 41]) {
    const revealed = channel.answer({ type: 'per-commitment-secret', index })
    if (revealed.type !== 'per-commitment-secret') return t.fail()
    t.deepEqual(secp256k1.publicKey(revealed.secret), channel.commitmentPoint(index))
  }
})

test('whoever has a signer, or the options that are handed on, has no private key and no seed', (t) => {
  const seed = new Uint8Array(64).fill(7)
  const signer = localSigner(keyTree(seed, NETWORKS.regtest))
  const isKey = (value: unknown): boolean => value instanceof Uint8Array
  t.deepEqual(Object.values(signer).filter(isKey), [signer.nodeId])
  t.deepEqual(Object.values(withoutSeed({ version: '1', seed } as NodeOptions)), ['1'])
})

test('BOLT 3, per-commitment secret requirements — each channel has a seed of its own, which 256 bits of the node’s seed stand behind', (t) => {
  const seedOf = (seed: number, keyIndex: number): string =>
    toHex(keyTree(new Uint8Array(64).fill(seed), NETWORKS.regtest).channelSecrets(keyIndex).commitmentSeed)
  const seeds = [1, 2].flatMap((seed) => [0, 1, 2, 1_000_000].map((keyIndex) => seedOf(seed, keyIndex)))
  t.is(new Set(seeds).size, seeds.length)
  t.true(seeds.every((seed) => seed.length === 64))
})

test('BOLT 3, per-commitment secret requirements — the seed stays with the signer, and the first secret is that of the highest index', (t) => {
  const tree = keyTree(new Uint8Array(64).fill(3), NETWORKS.regtest)
  const { commitmentSeed } = tree.channelSecrets(5)
  const signer = localSigner(tree).channel(5)
  const secretOf = (index: number): Uint8Array => {
    const answer = signer.answer({ type: 'per-commitment-secret', index })
    if (answer.type !== 'per-commitment-secret') throw new Error('no secret')
    return answer.secret
  }
  const generate = shachainGenerator(commitmentSeed)
  for (const number of [0, 1, 1_000]) {
    t.deepEqual(secretOf(number), generate(281_474_976_710_655 - number))
    t.deepEqual(signer.commitmentPoint(number), secp256k1.publicKey(secretOf(number)))
  }
  // Who has it has all secrets: nothing that a signer shows is or holds it.
  const shown = inspect(signer, { depth: null, getters: true, showHidden: true })
  t.false(shown.includes(toHex(commitmentSeed)) || shown.includes(inspect(commitmentSeed).slice(16, 60)))
})
