import { compileScript, OPS, p2tr, p2wpkh, p2wsh } from '../../../core/src/bitcoin/script.ts'
import { type Tx, type TxOutput, txidOf } from '../../../core/src/bitcoin/transaction.ts'
import type { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import type { TestCoin } from '../../../core/src/chain/fixtures/signing.ts'
import { anchorClaim } from '../../../core/src/channel/claims/anchor-claim.ts'
import type { Claim } from '../../../core/src/channel/claims/claim.ts'
import { localCommitmentClaims } from '../../../core/src/channel/claims/local-commitment-claims.ts'
import type { ConfirmedSpend } from '../../../core/src/channel/claims/on-chain-outcome.ts'
import { remoteCommitmentClaims } from '../../../core/src/channel/claims/remote-commitment-claims.ts'
import { revokedCommitmentClaims } from '../../../core/src/channel/claims/revoked-commitment-claims.ts'
import { buildClosing, closingFee } from '../../../core/src/channel/commitment/closing-transaction.ts'
import type { SpecHtlc } from '../../../core/src/channel/commitment/commitment-spec.ts'
import { buildSimpleClose, CLOSE_VARIANTS } from '../../../core/src/channel/commitment/simple-close-transaction.ts'
import { concat } from '../../../core/src/lib/bytes.ts'
import { committed, fundedChannel, mined, perCommitmentSecret, point, preimage } from '../channel-on-chain.ts'
import {
  claimSubject,
  fundingSubject,
  inputOf,
  jointSubject,
  type Subject,
  signed,
  WALLET,
  walletInput,
} from './subject.ts'

/** A kind of transaction that a Lightning node makes. */
export interface Kind {
  readonly title: string
  readonly subject: Subject
}

const COIN = 100_000n
const FEE = 3_000n
/** Of HTLCs, in blocks from the commitment on. */
const EXPIRY = 20
/** Until every kind can be in the next block: the last HTLC expires ten blocks after the others. */
export const BLOCKS_UNTIL_ALL = EXPIRY + 11

const NO_SCRIPT = compileScript([OPS.OP_1])

/** Every form of script that a peer may ask to be paid to (BOLT 2, shutdown), and that people do. */
export const SCRIPT_FORMS: Readonly<Record<string, Uint8Array>> = {
  p2wpkh: p2wpkh(point('somebody')),
  p2wsh: p2wsh(NO_SCRIPT),
  p2tr: p2tr(point('somebody').subarray(1)),
  p2pkh: compileScript([OPS.OP_DUP, OPS.OP_HASH160, new Uint8Array(20), OPS.OP_EQUALVERIFY, OPS.OP_CHECKSIG]),
  p2sh: compileScript([OPS.OP_HASH160, new Uint8Array(20), OPS.OP_EQUAL]),
  'the shortest program of a later segwit': compileScript([OPS.OP_2, new Uint8Array(2).fill(7)]),
  'the longest program of a later segwit': compileScript([OPS.OP_16, new Uint8Array(40).fill(7)]),
}

const OP_PUSHDATA1 = 76
const DATA: Readonly<Record<string, Uint8Array>> = {
  '6 bytes of data': concat(Uint8Array.of(OPS.OP_RETURN, 6), new Uint8Array(6)),
  '75 bytes of data': concat(Uint8Array.of(OPS.OP_RETURN, 75), new Uint8Array(75)),
  '80 bytes of data': concat(Uint8Array.of(OPS.OP_RETURN, OP_PUSHDATA1, 80), new Uint8Array(80)),
}

/** Coins of the wallet in a block, of both kinds in turn. */
export const walletCoins = (chain: Devchain, count: number, amount = COIN): readonly TestCoin[] => {
  const outputs = Array.from({ length: count }, (_, i) => ({ amount, script: i % 2 ? WALLET.p2tr : WALLET.p2wpkh }))
  const paid = chain.fund(outputs)
  if (!paid.ok) throw new Error(paid.error.code)
  chain.mine(1)
  return outputs.map((output, index) => ({ ...output, outpoint: { txid: txidOf(paid.value), index } }))
}

/** Spends coins of the wallet: what the outputs leave, less the fee, comes back. */
export const paying = (
  coins: readonly TestCoin[],
  outputs: readonly TxOutput[],
  fee = FEE,
  sequence?: number,
): Subject => {
  const left =
    coins.reduce((sum, { amount }) => sum + amount, -fee) - outputs.reduce((sum, { amount }) => sum + amount, 0n)
  return {
    tx: {
      version: 2,
      inputs: coins.map((coin) => inputOf(coin, sequence)),
      outputs: [...outputs, { amount: left, script: WALLET.p2tr }],
      lockTime: 0,
    },
    inputs: coins.map(walletInput),
  }
}

const walletKinds = (chain: Devchain): readonly Kind[] => {
  const { params } = fundedChannel(chain)
  const funding = { amount: COIN / 2n, script: params.format.fundingLock(params).outputScript }
  const coins = walletCoins(chain, 16)
  const [hashed, taproot] = coins as [TestCoin, TestCoin]
  const everyone = Object.values(SCRIPT_FORMS).map((script) => ({ amount: 1_000n, script }))
  return [
    { title: 'funding from p2wpkh', subject: paying([hashed], [funding]) },
    { title: 'funding from p2tr', subject: paying([taproot], [funding]) },
    { title: 'funding from both', subject: paying(coins.slice(0, 4), [{ ...funding, amount: 3n * COIN }]) },
    { title: 'payment', subject: paying([taproot], [{ amount: 20_000n, script: WALLET.p2wpkh }]) },
    { title: 'batch of payments to every form', subject: paying(coins.slice(2, 4), [...everyone, ...everyone]) },
    { title: 'sweep of the wallet', subject: paying(coins, []) },
  ]
}

const closingKinds = (chain: Devchain): readonly Kind[] => {
  const { params } = fundedChannel(chain)
  const { format } = params
  const ours = p2tr(point('ours').subarray(1))
  const legacy = Object.entries(SCRIPT_FORMS).map(([form, remoteScript]): Kind => {
    const closing = buildClosing({
      format,
      funding: params,
      localIsOpener: true,
      localScript: ours,
      remoteScript,
      toLocalMsat: 600_000_000n,
      toRemoteMsat: 400_000_000n,
      fee: closingFee(format, 1_000, ours, remoteScript),
      localDustLimit: 354n,
      remoteDustLimit: 354n,
    })
    if (!closing.ok) throw new Error(closing.error.code)
    return { title: `mutual close to ${form}`, subject: fundingSubject(params, closing.value.tx) }
  })
  const simple = Object.entries({ ...SCRIPT_FORMS, ...DATA }).flatMap(([form, script]) =>
    CLOSE_VARIANTS.flatMap((variant): readonly Kind[] => {
      const close = {
        format,
        funding: params,
        closer: { script: ours, balanceMsat: 600_000_000n },
        closee: { script, balanceMsat: 400_000_000n },
        fee: FEE,
        locktime: chain.tip.height,
      }
      const { tx } = buildSimpleClose(close, variant)
      // 64 bytes without the witness are one too few to be relayed.
      if (variant === 'closeeOutputOnly' && script.length < 5) return []
      return [{ title: `simple close to ${form}, ${variant}`, subject: fundingSubject(params, tx) }]
    }),
  )
  return [...legacy, ...simple]
}

const commitmentKinds = (chain: Devchain): readonly Kind[] => {
  const { params } = fundedChannel(chain)
  const { commitment } = committed(params, chain.tip.height + EXPIRY, 1_000)
  return [{ title: 'commitment', subject: fundingSubject(params, commitment.tx) }]
}

const TERMS = { destination: WALLET.p2tr, feeratePerKw: 1_000 }

/** A channel whose commitment is in a block: what each side can take of it. */
const published = (chain: Devchain) => {
  const { params } = fundedChannel(chain)
  const expiry = chain.tip.height + 1 + EXPIRY
  return { params, expiry, ...committed(params, expiry, 1_000) }
}

type Published = ReturnType<typeof published>

interface Seen {
  readonly confirmedAt: number
  readonly blockHeight: number
  readonly spends: readonly ConfirmedSpend[]
}

const ofOwner = (channel: Published, seen: Seen): readonly Claim[] =>
  localCommitmentClaims({ ...TERMS, ...channel, ...seen, preimageOf: ({ id }) => preimage(Number(id)) }).claims

const ofOther = (channel: Published, seen: Seen): readonly Claim[] =>
  remoteCommitmentClaims({ ...TERMS, ...channel, ...seen, preimageOf: ({ id }) => preimage(Number(id)) }).claims

const ofCheated = (channel: Published, seen: Seen): readonly Claim[] => {
  const htlcs = channel.htlcs.map(
    (htlc): SpecHtlc => ({ ...htlc, direction: htlc.direction === 'offered' ? 'received' : 'offered' }),
  )
  return revokedCommitmentClaims({
    ...TERMS,
    ...channel,
    ...seen,
    perCommitmentSecret,
    tx: channel.commitment.tx,
    htlcs,
  }).claims
}

const titleOf = (whose: string, { kind }: Claim): string =>
  `${kind.type}${'htlc' in kind ? ` ${kind.htlc.id}` : ''} ${whose}`

/** Publishes commitments and HTLC transactions on the chain; gives every claim on them, old enough or not. */
const claimKinds = (chain: Devchain): readonly Kind[] => {
  const [own, peers, revoked] = [published(chain), published(chain), published(chain)] as const
  for (const { signed: tx } of [own, peers, revoked]) mined(chain.submitTx(tx))
  chain.mine(1)
  const confirmedAt = chain.tip.height
  const seen = (spends: readonly ConfirmedSpend[] = []): Seen => ({
    confirmedAt,
    blockHeight: chain.tip.height,
    spends,
  })
  const coins = [...walletCoins(chain, 16)]
  const completed = (claim: Claim, side: 'local' | 'remote'): Subject =>
    claim.fee.type === 'included'
      ? claimSubject(claim, side)
      : claimSubject(claim, side, { coin: coins.pop() as TestCoin, fee: FEE })
  // Each owner takes its second HTLC: their second stage is then on the chain.
  const secondStage = [own, revoked].map((channel) => {
    const success = ofOwner(channel, seen()).find(({ kind }) => kind.type === 'htlc-success' && kind.htlc.id === 2n)
    if (success === undefined) throw new Error('the second HTLC can be taken')
    const tx = signed(completed(success, 'local'))
    mined(chain.submitTx(tx))
    return tx
  })
  chain.mine(1)
  const { height } = chain.tip
  const spends = secondStage.map((tx) => ({ tx, txid: txidOf(tx), height }))
  const kindsOf = (whose: string, claims: readonly Claim[], side: 'local' | 'remote'): readonly Kind[] =>
    claims.map((claim) => ({ title: titleOf(whose, claim), subject: completed(claim, side) }))
  const jointly = (whose: string, claims: readonly Claim[], side: 'local' | 'remote'): readonly Kind[] => {
    const [first, ...others] = claims.filter(({ fee }) => fee.type === 'included')
    return first === undefined
      ? []
      : [{ title: `joint claims ${whose}`, subject: jointSubject([first, ...others], side) }]
  }
  const anchor = anchorClaim({ ...own, feeratePerKw: 1_000, blockHeight: height, preimageOf: () => undefined })
  return [
    ...kindsOf('of our commitment', ofOwner(own, seen(spends)), 'local'),
    ...kindsOf('of the peer’s commitment', ofOther(peers, seen()), 'remote'),
    ...kindsOf('of a revoked commitment', ofCheated(revoked, seen(spends)), 'remote'),
    ...jointly('of our commitment', ofOwner(own, seen(spends)), 'local'),
    ...jointly('of the peer’s commitment', ofOther(peers, seen()), 'remote'),
    ...jointly('of a revoked commitment', ofCheated(revoked, seen(spends)), 'remote'),
    ...(anchor === undefined ? [] : kindsOf('of our commitment', [anchor], 'local')),
  ]
}

/** Plays what comes before on the chain; gives a transaction of every kind, which waits for its block. */
export const lightningKinds = (chain: Devchain): readonly Kind[] => [
  ...claimKinds(chain),
  ...walletKinds(chain),
  ...closingKinds(chain),
  ...commitmentKinds(chain),
]

export const feeOf = ({ tx, inputs }: { readonly tx: Tx; readonly inputs: Subject['inputs'] }): bigint =>
  inputs.reduce((sum, { coin }) => sum + coin.amount, 0n) - tx.outputs.reduce((sum, { amount }) => sum + amount, 0n)
