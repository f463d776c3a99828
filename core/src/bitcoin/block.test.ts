import test from 'ava'
import { Block as TheirBlock } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import {
  type Block,
  blockHashOf,
  decodeBlock,
  decodeBlockHeader,
  displayBlockHash,
  encodeBlock,
  encodeBlockHeader,
  merkleRoot,
} from './block.ts'
import { arbitraryTx } from './fixtures/arbitrary.ts'
import { NETWORKS } from './network.ts'
import { displayTxid, txidOf } from './transaction.ts'

// The first block of mainnet.
const GENESIS =
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c0101000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000'

test('the genesis block — decodes, hashes and encodes back', (t) => {
  const block = decodeBlock(fromHex(GENESIS))
  if (!block.ok) return t.fail()
  t.deepEqual(blockHashOf(block.value.header), new Uint8Array(NETWORKS.mainnet.chainHash))
  t.is(displayTxid(block.value.header.merkleRoot), '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b')
  t.deepEqual(merkleRoot(block.value.txs.map(txidOf)), block.value.header.merkleRoot)
  t.is(toHex(encodeBlock(block.value)), GENESIS)
  t.deepEqual(decodeBlockHeader(encodeBlockHeader(block.value.header)), { ok: true, value: block.value.header })
})

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const arbitraryBlock: fc.Arbitrary<Block> = fc.record(
  {
    header: fc.record(
      {
        version: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
        previous: hash,
        merkleRoot: hash,
        time: u32,
        bits: u32,
        nonce: u32,
      },
      { noNullPrototype: true },
    ),
    txs: fc.array(arbitraryTx, { minLength: 1, maxLength: 7 }),
  },
  { noNullPrototype: true },
)

test('a block — is the same to bitcoinjs-lib: bytes, hash and merkle root', (t) => {
  fc.assert(
    fc.property(arbitraryBlock, (block) => {
      const encoded = encodeBlock(block)
      const theirs = TheirBlock.fromBuffer(encoded)
      t.is(toHex(theirs.toBuffer()), toHex(encoded))
      t.is(theirs.getId(), displayBlockHash(blockHashOf(block.header)))
      t.is(toHex(TheirBlock.calculateMerkleRoot(theirs.transactions ?? [])), toHex(merkleRoot(block.txs.map(txidOf))))
      t.deepEqual(decodeBlock(encoded), { ok: true, value: block })
    }),
    { seed: 23, numRuns: 60 },
  )
})

test('a malformed block — is truncated or has trailing bytes', (t) => {
  const bytes = fromHex(GENESIS)
  t.deepEqual(decodeBlock(bytes.subarray(0, 100)), {
    ok: false,
    error: { code: 'malformed-block', reason: 'truncated' },
  })
  t.deepEqual(decodeBlock(fromHex(`${GENESIS}00`)), {
    ok: false,
    error: { code: 'malformed-block', reason: 'trailing-bytes' },
  })
  t.false(decodeBlockHeader(bytes.subarray(0, 79)).ok)
})
