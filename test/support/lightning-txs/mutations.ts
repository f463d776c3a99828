import { p2wpkh } from '../../../core/src/bitcoin/script.ts'
import { type Tx, type TxOutput, txVsize, withWitness } from '../../../core/src/bitcoin/transaction.ts'
import type { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import type { ScriptFault } from '../../../core/src/chain/devchain/script-fault.ts'
import type { TxRejectionCode } from '../../../core/src/chain/devchain/tx-rejection.ts'
import type { TestCoin } from '../../../core/src/chain/fixtures/signing.ts'
import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../../core/src/crypto/secp256k1.ts'
import { toDer } from '../../../core/src/crypto/signature-der.ts'
import { concat, EMPTY } from '../../../core/src/lib/bytes.ts'
import { point, preimage, secret } from '../channel-on-chain.ts'
import { feeOf, SCRIPT_FORMS, walletCoins } from './kinds.ts'
import { inputOf, type Subject, signed, WALLET, walletInput } from './subject.ts'

export type Verdict = 'valid' | TxRejectionCode | ScriptFault

/** What mutations need of the chain beside the transaction. */
export interface Surroundings {
  /** Of the tip. */
  readonly height: number
  /** A coin of the wallet in a block. */
  readonly coin: TestCoin
  /** One that a block has spent. */
  readonly spent: TestCoin
  /** A miner's reward, too young to be spent. */
  readonly reward: TestCoin
}

/** One thing that is done to a transaction of any kind. */
export interface Mutation {
  readonly title: string
  /** The transaction, signed; `undefined` where there is nothing of what it breaks. */
  readonly apply: (subject: Subject, around: Surroundings) => Tx | undefined
  /** What a chain may say to it. */
  readonly expected: readonly Verdict[]
}

export const surroundings = (chain: Devchain): Surroundings => {
  const [coin, spent] = walletCoins(chain, 2) as [TestCoin, TestCoin]
  const tx = signed({
    tx: { version: 2, inputs: [inputOf(spent)], outputs: [{ amount: 50_000n, script: WALLET.p2tr }], lockTime: 0 },
    inputs: [walletInput(spent)],
  })
  const taken = chain.submitTx(tx)
  if (!taken.ok) throw new Error(taken.error.code)
  const [block] = chain.mine(1, WALLET.p2wpkh)
  const [output] = block?.txs[0]?.outputs ?? []
  if (block === undefined || output === undefined) throw new Error('a block pays its miner')
  const reward = { ...output, outpoint: { txid: block.txids[0] as Uint8Array, index: 0 } }
  return { height: chain.tip.height, coin, spent, reward }
}

/** Changes the transaction before it is signed. */
const unsigned =
  (change: (tx: Tx, around: Surroundings, subject: Subject) => Tx | undefined): Mutation['apply'] =>
  (subject, around) => {
    const tx = change(subject.tx, around, subject)
    return tx && signed({ ...subject, tx })
  }

/** Changes the witness of the first input after everything was signed. */
const witness =
  (change: (items: readonly Uint8Array[]) => readonly Uint8Array[] | undefined): Mutation['apply'] =>
  (subject) => {
    const tx = signed(subject)
    const items = change(tx.inputs[0]?.witness ?? [])
    return items && withWitness(tx, 0, items)
  }

const isEcdsa = (item: Uint8Array): boolean => item[0] === 0x30 && item.length >= 68 && item.length <= 73
const isSchnorr = (item: Uint8Array): boolean => item.length === 64

/** Each signature by its place, the last of them if there are two: the one of our own side. */
const lastSignature =
  (change: (signature: Uint8Array) => Uint8Array): Mutation['apply'] =>
  (subject, around) =>
    witness((items) => {
      const at = items.findLastIndex((item) => isEcdsa(item) || isSchnorr(item))
      return items.map((item, index) => (index === at ? change(item) : item))
    })(subject, around)

const firstSequence = (tx: Tx, sequence: number): Tx => ({
  ...tx,
  inputs: tx.inputs.map((input, index) => (index === 0 ? { ...input, sequence } : input)),
})

const withOutputs = (tx: Tx, ...outputs: readonly TxOutput[]): Tx => ({ ...tx, outputs: [...tx.outputs, ...outputs] })

const withInput = (subject: Subject, coin: TestCoin): Tx =>
  signed({
    tx: { ...subject.tx, inputs: [...subject.tx.inputs, inputOf(coin)] },
    inputs: [...subject.inputs, walletInput(coin)],
  })

/** The last output takes what the fee has more than it should, or gives what it lacks. */
const payingFee = (subject: Subject, fee: bigint): Tx => {
  const more = feeOf(subject) - fee
  const last = subject.tx.outputs.length - 1
  return {
    ...subject.tx,
    outputs: subject.tx.outputs.map((output, index) =>
      index === last ? { ...output, amount: output.amount + more } : output,
    ),
  }
}

/** Pays so much more or less than a satoshi for each vbyte: signatures of another length move it. */
const atRelayFee =
  (more: bigint): Mutation['apply'] =>
  (subject) => {
    let fee = 0n
    for (let attempt = 0; attempt < 20; attempt++) {
      const tx = signed({ ...subject, tx: payingFee(subject, fee) })
      const wanted = BigInt(txVsize(tx)) + more
      if (fee === wanted) return tx
      fee = wanted
    }
    return undefined
  }

/** Whether the first input asks for an age in blocks. */
const isDelayed = ({ inputs: [first] }: Tx): boolean =>
  first !== undefined && first.sequence > 0 && first.sequence < 0x10000

const OTHER_KEY = secret('a stranger')

const WITNESS_MUTATIONS: readonly Mutation[] = [
  {
    title: 'a signature by another key',
    apply: lastSignature((signature) => {
      const digest = sha256(signature)
      const other = secp256k1.sign(digest, OTHER_KEY)
      return isSchnorr(signature) ? other : concat(toDer(other), signature.subarray(-1))
    }),
    expected: ['null-fail', 'schnorr-signature'],
  },
  {
    title: 'a sighash type that was not signed',
    apply: lastSignature((signature) =>
      isSchnorr(signature)
        ? concat(signature, Uint8Array.of(0x02))
        : concat(signature.subarray(0, -1), Uint8Array.of(0x02)),
    ),
    expected: ['null-fail', 'schnorr-signature'],
  },
  {
    title: 'a sighash type that does not exist',
    apply: lastSignature((signature) =>
      concat(isSchnorr(signature) ? signature : signature.subarray(0, -1), Uint8Array.of(0x05)),
    ),
    expected: ['sig-hashtype', 'schnorr-hashtype'],
  },
  {
    title: 'an empty signature',
    apply: lastSignature(() => EMPTY),
    expected: ['eval-false', 'null-fail', 'checksig-verify', 'schnorr-size', 'unsatisfied-locktime'],
  },
  {
    title: 'another witness script',
    apply: witness((items) => {
      const script = items.at(-1)
      return items.length > 1 && script !== undefined && script.length > 33
        ? [...items.slice(0, -1), concat(script, Uint8Array.of(0x61))]
        : undefined
    }),
    expected: ['witness-mismatch'],
  },
  {
    title: 'an item too many in the witness',
    apply: witness((items) => [Uint8Array.of(1), ...items]),
    expected: ['clean-stack', 'witness-mismatch', 'taproot-control-size'],
  },
  {
    title: 'an item too few in the witness',
    apply: witness((items) => items.slice(1)),
    expected: ['invalid-stack-operation', 'witness-mismatch', 'witness-empty', 'eval-false', 'null-fail', 'sig-der'],
  },
  { title: 'no witness', apply: witness(() => []), expected: ['witness-empty', 'witness-mismatch'] },
  ...[31, 33].map(
    (length): Mutation => ({
      title: `a preimage of ${length} bytes`,
      apply: withPreimage(() => new Uint8Array(length).fill(1)),
      // BOLT 3: what has another length is taken for the way without a preimage.
      expected: [
        'null-fail',
        'invalid-stack-operation',
        'eval-false',
        'sig-der',
        'unsatisfied-locktime',
        'pubkey-type',
        'null-dummy',
      ],
    }),
  ),
  {
    title: 'another preimage',
    apply: withPreimage((real) => sha256(real)),
    expected: ['equal-verify'],
  },
]

function withPreimage(change: (real: Uint8Array) => Uint8Array): Mutation['apply'] {
  const known = [1, 2, 3, 4].map((id) => preimage(id))
  return witness((items) => {
    const at = items.findIndex((item) =>
      known.some((each) => each.every((byte, i) => byte === item[i]) && item.length === 32),
    )
    return at < 0 ? undefined : items.map((item, index) => (index === at ? change(item) : item))
  })
}

const TIME_MUTATIONS: readonly Mutation[] = [
  {
    title: 'a locktime past the next block',
    apply: unsigned((tx, { height }) => ({
      ...firstSequence(tx, Math.min(tx.inputs[0]?.sequence ?? 0, 0xfffffffd)),
      lockTime: height + 1,
    })),
    expected: ['non-final'],
  },
  {
    title: 'a locktime in seconds, far ahead',
    apply: unsigned((tx) => ({
      ...firstSequence(tx, Math.min(tx.inputs[0]?.sequence ?? 0, 0xfffffffd)),
      lockTime: 4_000_000_000,
    })),
    expected: ['non-final'],
  },
  {
    title: 'a locktime below what the script asks for',
    apply: (subject, around) =>
      subject.tx.lockTime > 0 && subject.tx.lockTime < 500_000_000 && isDelayed(subject.tx)
        ? unsigned((tx) => ({ ...tx, lockTime: tx.lockTime - 1 }))(subject, around)
        : undefined,
    // Only the other side's signature holds an HTLC-timeout transaction to its locktime: here that is given anew.
    expected: ['unsatisfied-locktime', 'valid'],
  },
  {
    title: 'an age in blocks that its coin has not',
    apply: unsigned((tx) => firstSequence(tx, 1_000)),
    expected: ['non-bip68-final'],
  },
  {
    title: 'an age in seconds that its coin has not',
    apply: unsigned((tx) => firstSequence(tx, 0x00400000 + 0xffff)),
    expected: ['non-bip68-final'],
  },
  {
    title: 'an age one block below what the script asks for',
    apply: unsigned((tx) => (isDelayed(tx) ? firstSequence(tx, (tx.inputs[0]?.sequence ?? 1) - 1) : undefined)),
    expected: ['unsatisfied-locktime'],
  },
  {
    title: 'no age at all, where the script asks for one',
    apply: unsigned((tx) => (isDelayed(tx) ? firstSequence(tx, 0x80000000) : undefined)),
    expected: ['unsatisfied-locktime'],
  },
  {
    title: 'version 1, in which an age means nothing',
    apply: unsigned((tx) => ({ ...tx, version: 1 })),
    expected: ['unsatisfied-locktime', 'valid'],
  },
  { title: 'a version that nobody relays', apply: unsigned((tx) => ({ ...tx, version: 4 })), expected: ['version'] },
]

const AMOUNT_MUTATIONS: readonly Mutation[] = [
  { title: 'no fee', apply: unsigned((_, __, subject) => payingFee(subject, 0n)), expected: ['min-relay-fee'] },
  { title: 'one satoshi short of the relay fee', apply: atRelayFee(-1n), expected: ['min-relay-fee'] },
  { title: 'the relay fee', apply: atRelayFee(0n), expected: ['valid'] },
  {
    title: 'more out than in',
    apply: unsigned((_, __, subject) => payingFee(subject, -1n)),
    expected: ['outputs-exceed-inputs'],
  },
  {
    title: 'more money than there is',
    apply: unsigned((tx) => withOutputs(tx, { amount: 2_100_000_000_000_001n, script: WALLET.p2tr })),
    expected: ['output-too-large'],
  },
  { title: 'no outputs', apply: (subject) => ({ ...signed(subject), outputs: [] }), expected: ['outputs-empty'] },
  ...Object.entries(SCRIPT_FORMS).map(
    ([form, script]): Mutation => ({
      title: `an output of 200 sat to ${form}`,
      apply: unsigned((tx) => withOutputs(tx, { amount: 200n, script })),
      expected: ['dust'],
    }),
  ),
  {
    title: 'an output to a script of no known form',
    apply: unsigned((tx) => withOutputs(tx, { amount: 1_000n, script: Uint8Array.of(0x51) })),
    expected: ['script-pubkey'],
  },
  {
    title: 'two outputs of data',
    apply: unsigned((tx) => withOutputs(tx, ...[1, 2].map(() => ({ amount: 0n, script: Uint8Array.of(0x6a, 1, 0) })))),
    expected: ['multi-op-return'],
  },
  {
    title: 'more data than is relayed',
    apply: unsigned((tx) =>
      withOutputs(tx, { amount: 0n, script: concat(Uint8Array.of(0x6a, 76, 82), new Uint8Array(82)) }),
    ),
    expected: ['script-pubkey'],
  },
  {
    title: 'more outputs than a transaction holds',
    apply: unsigned((tx) =>
      withOutputs(tx, ...Array.from({ length: 3_300 }, () => ({ amount: 1_000n, script: p2wpkh(point('many')) }))),
    ),
    expected: ['tx-size'],
  },
]

const INPUT_MUTATIONS: readonly Mutation[] = [
  {
    title: 'an input twice',
    apply: (subject) => {
      const { tx, inputs } = subject
      return signed({ tx: { ...tx, inputs: [...tx.inputs, ...tx.inputs] }, inputs: [...inputs, ...inputs] })
    },
    expected: ['inputs-duplicate'],
  },
  {
    title: 'a coin that a block has spent',
    apply: (subject, { spent }) => withInput(subject, spent),
    expected: ['missing-inputs'],
  },
  {
    title: 'a coin that was never there',
    apply: (subject, { coin }) => withInput(subject, { ...coin, outpoint: { ...coin.outpoint, index: 9_999 } }),
    expected: ['missing-inputs'],
  },
  {
    title: 'a miner’s reward that is too young',
    apply: (subject, { reward }) => withInput(subject, reward),
    expected: ['coinbase-immature'],
  },
  { title: 'another coin of the wallet', apply: (subject, { coin }) => withInput(subject, coin), expected: ['valid'] },
  {
    title: 'something in the script signature',
    apply: (subject) => {
      const tx = signed(subject)
      return {
        ...tx,
        inputs: tx.inputs.map((input, index) => (index === 0 ? { ...input, scriptSig: Uint8Array.of(0) } : input)),
      }
    },
    expected: ['witness-malleated'],
  },
]

/** Every way in which a transaction of ours could be wrong, and a few in which it is not. */
export const MUTATIONS: readonly Mutation[] = [
  ...WITNESS_MUTATIONS,
  ...TIME_MUTATIONS,
  ...AMOUNT_MUTATIONS,
  ...INPUT_MUTATIONS,
]
