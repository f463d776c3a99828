import test from 'ava'
import { feeForWeight, outputWeight, P2WPKH_INPUT_WEIGHT } from '../../core/src/bitcoin/fees.ts'
import { p2wpkh, p2wpkhScriptCode } from '../../core/src/bitcoin/script.ts'
import { SIGHASH_ALL, segwitV0Sighash } from '../../core/src/bitcoin/sighash.ts'
import { formatOutPoint, type Tx, txidOf, withWitness } from '../../core/src/bitcoin/transaction.ts'
import type { Devchain } from '../../core/src/chain/devchain/devchain.ts'
import { anchorClaim } from '../../core/src/channel/claims/anchor-claim.ts'
import { type Claim, claimTask, claimWitness } from '../../core/src/channel/claims/claim.ts'
import {
  type LocalCommitmentClose,
  localCommitmentClaims,
} from '../../core/src/channel/claims/local-commitment-claims.ts'
import type { ConfirmedSpend } from '../../core/src/channel/claims/on-chain-outcome.ts'
import { remoteCommitmentClaims } from '../../core/src/channel/claims/remote-commitment-claims.ts'
import { revokedCommitmentClaims } from '../../core/src/channel/claims/revoked-commitment-claims.ts'
import { buildClosing, closingFee } from '../../core/src/channel/commitment/closing-transaction.ts'
import type { SpecHtlc } from '../../core/src/channel/commitment/commitment-spec.ts'
import { signedSpend } from '../../core/src/channel/commitment/fixtures/signed-spend.ts'
import { witnessSignature } from '../../core/src/channel/commitment/formats/anchors/anchors-witnesses.ts'
import { hash160 } from '../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { EMPTY } from '../../core/src/lib/bytes.ts'
import {
  claimKey,
  committed,
  DELAY,
  FUNDING_SECRETS,
  fundedChannel,
  mined,
  perCommitmentSecret,
  point,
  preimage,
  remoteHtlcKey,
  secret,
  WALLET_SCRIPT,
} from '../support/channel-on-chain.ts'

const sign = (claim: Claim, tx: Tx, side: 'local' | 'remote' = 'local'): Tx =>
  withWitness(tx, 0, claimWitness(claim, secp256k1.sign(claimTask(claim, tx).digest, claimKey(side, claim))))

/** What the driver's wallet does: adds a coin and change for what the claim's transaction lacks. */
const complete = (chain: Devchain, claim: Claim): Tx => {
  if (claim.fee.type === 'included') return sign(claim, claim.tx)
  const funded = chain.fund([{ amount: 100_000n, script: WALLET_SCRIPT }])
  if (!funded.ok) throw new Error(funded.error.code)
  const coin = { txid: txidOf(funded.value), index: 0 }
  const added = P2WPKH_INPUT_WEIGHT + outputWeight(WALLET_SCRIPT)
  const fee = claim.fee.baseFee + feeForWeight(claim.fee.feeratePerKw, added)
  const left = claim.tx.outputs.reduce((sum, { amount }) => sum - amount, claim.amount + 100_000n - fee)
  const tx: Tx = {
    ...claim.tx,
    inputs: [...claim.tx.inputs, { outpoint: coin, sequence: 0xfffffffd, scriptSig: EMPTY, witness: [] }],
    outputs: [...claim.tx.outputs, { amount: left, script: WALLET_SCRIPT }],
  }
  const digest = segwitV0Sighash({
    tx,
    inputIndex: 1,
    scriptCode: p2wpkhScriptCode(hash160(point('wallet'))),
    amount: 100_000n,
    sighashType: SIGHASH_ALL,
  })
  const signature = witnessSignature(secp256k1.sign(digest, secret('wallet')), SIGHASH_ALL)
  return withWitness(sign(claim, tx), 1, [signature, point('wallet')])
}

test('BOLT 5, general nomenclature — every output of our commitment that concerns us is resolved on the chain, each at the height that it waits for', (t) => {
  const { chain, params } = fundedChannel()
  const expiry = chain.tip.height + 30
  const channel = committed(params, expiry, 1000)
  mined(chain.submitTx(channel.signed))
  chain.mine(1)
  const confirmedAt = chain.tip.height

  const spends: ConfirmedSpend[] = []
  const resolution = () => {
    const close: LocalCommitmentClose = {
      params,
      keys: channel.keys,
      commitment: channel.commitment,
      htlcs: channel.htlcs,
      remoteHtlcSignatures: channel.remoteHtlcSignatures,
      confirmedAt,
      blockHeight: chain.tip.height,
      spends,
      preimageOf: ({ id }) => (id === 2n ? preimage(2) : undefined),
      destination: WALLET_SCRIPT,
      feeratePerKw: 500,
    }
    return localCommitmentClaims(close)
  }

  // The peer takes HTLC 3 with its preimage, a block after the commitment.
  const third = channel.commitment.htlcTransactions.find(({ htlc }) => htlc.id === 3n)
  if (third === undefined) return t.fail()
  const peerTx: Tx = {
    version: 2,
    inputs: [
      {
        outpoint: { txid: channel.commitment.txid, index: third.outputIndex },
        sequence: 1,
        scriptSig: EMPTY,
        witness: [],
      },
    ],
    outputs: [{ amount: 39_000n, script: WALLET_SCRIPT }],
    lockTime: 0,
  }
  const peerDigest = segwitV0Sighash({
    tx: peerTx,
    inputIndex: 0,
    scriptCode: third.lock.witnessScript,
    amount: third.amount,
    sighashType: SIGHASH_ALL,
  })
  const peerSignature = witnessSignature(secp256k1.sign(peerDigest, remoteHtlcKey), SIGHASH_ALL)
  mined(chain.submitTx(withWitness(peerTx, 0, [peerSignature, preimage(3), third.lock.witnessScript])))

  const published = new Set<string>()
  const taken: string[] = []
  while (resolution().resolvedAt === undefined) {
    for (const claim of resolution().claims) {
      const name = claim.kind.type + ('htlc' in claim.kind ? ` ${claim.kind.htlc.id}` : '')
      if (published.has(name)) continue
      if (claim.publishableFrom === chain.tip.height + 1) {
        const early = chain.testTx(complete(chain, claim))
        t.true(!early.ok && /final/.test(early.error.code), `${name}: ${early.ok ? 'taken' : early.error.code}`)
      }
      if (claim.publishableFrom > chain.tip.height) continue
      mined(chain.submitTx(complete(chain, claim)))
      published.add(name)
      taken.push(`${name} at ${chain.tip.height - confirmedAt}`)
    }
    const [block] = chain.mine(1)
    block?.txs.forEach((tx, position) => {
      const txid = block.txids[position]
      if (txid !== undefined) spends.push({ tx, txid, height: block.height })
    })
    if (chain.tip.height > confirmedAt + 100) return t.fail('it takes too long')
  }
  const untilExpiry = expiry - confirmedAt
  t.deepEqual(taken, [
    'htlc-success 2 at 0',
    `to-local at ${DELAY - 1}`,
    `htlc-output 2 at ${DELAY}`,
    `htlc-timeout 1 at ${untilExpiry}`,
    `htlc-output 1 at ${untilExpiry + DELAY}`,
  ])
  t.deepEqual(
    resolution().outcomes.map(({ htlc, outcome }) => [htlc.id, outcome.type]),
    [
      [1n, 'timed-out-by-us'],
      [2n, 'fulfilled-by-us'],
      [3n, 'fulfilled-by-peer'],
      [4n, 'pending'],
    ],
  )
})

test('BOLT 5, general nomenclature — every output of the peer’s commitment that concerns us is resolved on the chain, each at the height that it waits for', (t) => {
  const { chain, params } = fundedChannel()
  const expiry = chain.tip.height + 30
  // Its owner is "local": we are the other side.
  const channel = committed(params, expiry, 1000)
  mined(chain.submitTx(channel.signed))
  chain.mine(1)
  const confirmedAt = chain.tip.height
  const spends: ConfirmedSpend[] = []
  const resolution = () =>
    remoteCommitmentClaims({
      params,
      keys: channel.keys,
      commitment: channel.commitment,
      htlcs: channel.htlcs,
      confirmedAt,
      blockHeight: chain.tip.height,
      spends,
      // Of the two that its owner offered, we can take the first.
      preimageOf: ({ id }) => (id === 1n ? preimage(1) : undefined),
      destination: WALLET_SCRIPT,
      feeratePerKw: 500,
    })
  // The owner takes the second that we offered, with its preimage.
  const position = channel.commitment.htlcTransactions.findIndex(({ htlc }) => htlc.id === 4n)
  const success = localCommitmentClaims({
    params,
    keys: channel.keys,
    commitment: channel.commitment,
    htlcs: channel.htlcs,
    remoteHtlcSignatures: channel.remoteHtlcSignatures,
    confirmedAt,
    blockHeight: confirmedAt,
    spends: [],
    preimageOf: ({ id }) => (id === 4n ? preimage(4) : undefined),
    destination: WALLET_SCRIPT,
    feeratePerKw: 500,
  }).claims.find(({ kind }) => kind.type === 'htlc-success')
  if (success === undefined || position < 0) return t.fail()
  mined(chain.submitTx(complete(chain, success)))

  const published = new Set<string>()
  const taken: string[] = []
  while (resolution().resolvedAt === undefined) {
    for (const claim of resolution().claims) {
      const name = claim.kind.type + ('htlc' in claim.kind ? ` ${claim.kind.htlc.id}` : '')
      if (published.has(name)) continue
      const tx = sign(claim, claim.tx, 'remote')
      if (claim.publishableFrom === chain.tip.height + 1) {
        const early = chain.testTx(tx)
        t.true(!early.ok && /final/.test(early.error.code), `${name}: ${early.ok ? 'taken' : early.error.code}`)
      }
      // The one that its owner has taken conflicts until it is in a block.
      if (claim.publishableFrom > chain.tip.height || claim.publishableFrom > expiry) continue
      mined(chain.submitTx(tx))
      published.add(name)
      taken.push(`${name} at ${chain.tip.height - confirmedAt}`)
    }
    const [block] = chain.mine(1)
    block?.txs.forEach((tx, at) => {
      const txid = block.txids[at]
      if (txid !== undefined) spends.push({ tx, txid, height: block.height })
    })
    if (chain.tip.height > confirmedAt + 100) return t.fail('it takes too long')
  }
  t.deepEqual(taken, ['to-remote at 0', 'received-htlc 1 at 0', `offered-htlc 2 at ${expiry - confirmedAt}`])
  t.deepEqual(
    resolution().outcomes.map(({ htlc, outcome }) => [htlc.id, htlc.direction, outcome.type]),
    [
      [1n, 'received', 'fulfilled-by-us'],
      [2n, 'offered', 'timed-out-by-us'],
      [3n, 'received', 'pending'],
      [4n, 'offered', 'fulfilled-by-peer'],
    ],
  )
})

test('BOLT 5, revoked transaction close — the chain takes every penalty at once, also of what its owner has taken by an HTLC transaction', (t) => {
  const { chain, params } = fundedChannel()
  const expiry = chain.tip.height + 30
  const channel = committed(params, expiry, 1000)
  const { keys, commitment, htlcs, remoteHtlcSignatures } = channel
  mined(chain.submitTx(channel.signed))
  chain.mine(1)
  const confirmedAt = chain.tip.height
  const terms = { params, destination: WALLET_SCRIPT, feeratePerKw: 500 }
  const spends: ConfirmedSpend[] = []
  const mine = () => {
    const [block] = chain.mine(1)
    block?.txs.forEach((tx, at) => {
      const txid = block.txids[at]
      if (txid !== undefined) spends.push({ tx, txid, height: block.height })
    })
  }
  // We still know the first HTLC and the last, in our view; the others have ended since.
  const known = htlcs
    .filter(({ id }) => id === 1n || id === 4n)
    .map((htlc): SpecHtlc => ({ ...htlc, direction: htlc.direction === 'offered' ? 'received' : 'offered' }))
  const resolution = () =>
    revokedCommitmentClaims({
      ...terms,
      keys,
      perCommitmentSecret,
      tx: commitment.tx,
      confirmedAt,
      blockHeight: chain.tip.height,
      spends,
      htlcs: known,
    })
  const taken: string[] = []
  const punish = () => {
    for (const claim of resolution().claims) {
      mined(chain.submitTx(sign(claim, claim.tx, 'remote')))
      taken.push(claim.kind.type + ('htlc' in claim.kind ? ` ${claim.kind.htlc.id}` : ''))
    }
  }

  // Before we act, the cheater takes the second with its preimage.
  const success = localCommitmentClaims({
    ...terms,
    keys,
    commitment,
    htlcs,
    remoteHtlcSignatures,
    confirmedAt,
    blockHeight: confirmedAt,
    spends: [],
    preimageOf: ({ id }) => (id === 2n ? preimage(2) : undefined),
  }).claims.find(({ kind }) => kind.type === 'htlc-success')
  if (success === undefined) return t.fail()
  mined(chain.submitTx(complete(chain, success)))
  punish()
  mine()
  punish()
  mine()
  t.deepEqual(taken.toSorted(), ['htlc-penalty 1', 'htlc-penalty 4', 'penalty', 'penalty', 'to-remote'])
  const { claims, outputs, outcomes, resolvedAt } = resolution()
  t.deepEqual(claims, [])
  // Of the whole channel the third HTLC is left: nobody has taken it yet.
  t.is(resolvedAt, undefined)
  const open = outputs.filter(({ outpoint }) =>
    spends.every(({ tx }) => tx.inputs.every((input) => formatOutPoint(input.outpoint) !== formatOutPoint(outpoint))),
  )
  t.deepEqual(
    open.map(({ outpoint }) => commitment.tx.outputs[outpoint.index]?.amount),
    [40_000n],
  )
  t.deepEqual(
    outcomes.map(({ htlc, outcome }) => [htlc.id, outcome.type]),
    [[4n, 'timed-out-by-us']],
  )
})

test('BOLT 5, failing a channel — the spend of our anchor lifts the commitment to the rate that was asked for, on the chain', (t) => {
  const { chain, params } = fundedChannel()
  const { commitment, keys, signed } = committed(params, chain.tip.height + 30, 253)
  const blockHeight = chain.tip.height
  const claim = anchorClaim({ params, keys, commitment, feeratePerKw: 2500, blockHeight, preimageOf: () => undefined })
  if (claim === undefined) return t.fail()
  const child = complete(chain, claim)
  chain.mine(1)
  for (const verdict of chain.submitPackage([signed, child])) mined(verdict)
  const [parent, anchor] = [commitment.txid, txidOf(child)].map((txid) => chain.mempoolEntry(txid))
  const paid = (parent?.fee ?? 0n) + (anchor?.fee ?? 0n)
  const weight = 4 * ((parent?.vsize ?? 0) + (anchor?.vsize ?? 0))
  const feerate = Number((paid * 1000n) / BigInt(weight))
  t.true(feerate >= 2450 && feerate <= 2560, `${feerate}`)
})

test('a closing transaction — is taken by the chain and pays the rate that it was made for', (t) => {
  const { chain, params } = fundedChannel()
  const [localScript, remoteScript] = [p2wpkh(point('a')), p2wpkh(point('b'))] as const
  const closing = buildClosing({
    format: params.format,
    funding: params,
    localIsOpener: params.localIsOpener,
    localScript,
    remoteScript,
    toLocalMsat: 600_000_000n,
    toRemoteMsat: 400_000_000n,
    fee: closingFee(params.format, 1000, localScript, remoteScript),
    localDustLimit: 354n,
    remoteDustLimit: 354n,
  })
  if (!closing.ok) return t.fail(closing.error.code)
  const entry = chain.submitTx(signedSpend(params, closing.value.tx, FUNDING_SECRETS))
  if (!entry.ok) return t.fail(entry.error.code)
  const feerate = Number((entry.value.fee * 1000n) / BigInt(entry.value.vsize * 4))
  t.true(feerate >= 995 && feerate <= 1015, `${feerate}`)
})
