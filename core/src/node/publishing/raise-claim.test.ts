import test from 'ava'
import fc from 'fast-check'
import { FEERATE_FLOOR } from '../../bitcoin/fees.ts'
import { NETWORKS } from '../../bitcoin/network.ts'
import { txWeight } from '../../bitcoin/transaction.ts'
import { isWorthItsFee } from '../../channel/claims/claim.ts'
import type { Claim, Effect } from '../../channel/index.ts'
import { at, claims, commitmentOf, seeClose } from '../../channel/transitions/fixtures/closing.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { walletRig } from '../../wallet/wallet-rig.ts'
import { keyTree } from '../keys/key-tree.ts'
import { localSigner } from '../keys/signer.ts'
import { type Raised, raiseClaim } from './raise-claim.ts'
import { mayReplace } from './replacement.ts'

/** Of another channel: what transactions weigh and pay is all that matters here. */
const signer = localSigner(keyTree(new Uint8Array(64).fill(1), NETWORKS.regtest)).channel(1)
const EXPIRY = 1200

const anchorsOf = (effects: readonly Effect[]): readonly Claim[] =>
  effects.flatMap((effect) =>
    effect.type === 'publish' && effect.purpose === 'anchor' && effect.publication.type === 'claim'
      ? [effect.publication.claim]
      : [],
  )

/** Alice's close with an HTLC that she offered: the claims of her anchor, of the HTLC, and of her balance. */
const closed = () => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  const htlc = two.alice.funded.htlcs.offered[0]?.add
  const [anchor] = anchorsOf(two.run(two.alice, { type: 'force-close' }))
  seeClose(two.alice, commitmentOf(two.alice))
  const due = claims(at(two.alice, EXPIRY))
  const named = (type: string) => due.find(({ kind }) => kind.type === type)
  const [timeout, balance] = [named('htlc-timeout'), named('to-local')]
  if (anchor === undefined || timeout === undefined || balance === undefined || htlc === undefined) {
    throw new Error('a claim is missing')
  }
  return { anchor, timeout, balance, cltvExpiry: htlc.cltvExpiry }
}

const { anchor, timeout, balance, cltvExpiry } = closed()

const paidBy = ({ made }: Raised) => {
  if (made === undefined) throw new Error('nothing was made')
  return { fee: made.fee, weight: made.weight, feeratePerKw: made.feeratePerKw }
}

const rich = () => {
  const rig = walletRig()
  rig.receive(1_000_000n, 1_000_000n, 1_000_000n)
  return rig
}

test('the stakes — a claim that only we can make has no deadline; one of an HTLC has, and its commitment an earlier one', (t) => {
  t.is(balance.stakes.deadline, undefined)
  t.is(timeout.stakes.deadline, cltvExpiry + 40)
  t.is(anchor.stakes.deadline, cltvExpiry + 34)
  t.is(timeout.stakes.budget, 25_000n)
  t.is(anchor.stakes.budget, 25_000n)
})

test('a claim that is raised — never pays more than its budget, replaces only what it may, and leaves no coin reserved that it does not use', (t) => {
  const step = fc.record({ blocks: fc.nat(20), estimate: fc.integer({ min: 1, max: 60_000 }) })
  const coins = fc.array(fc.bigInt(1_000n, 60_000n), { maxLength: 4 })
  fc.assert(
    fc.property(
      fc.constantFrom(anchor, timeout, balance),
      coins,
      fc.array(step, { maxLength: 8 }),
      (claim, amounts, steps) => {
        const { wallet, receive } = walletRig()
        if (amounts.length > 0) receive(...amounts)
        let height = cltvExpiry
        let last: ReturnType<typeof paidBy> | undefined
        for (const { blocks, estimate } of steps) {
          height += blocks
          const raised = raiseClaim({ claim, last, height, estimate: () => estimate, signer, wallet })
          const { made, shortage } = raised
          if (made !== undefined) {
            t.true(made.fee <= claim.stakes.budget, `${made.fee} of ${claim.stakes.budget}`)
            t.is(made.weight, txWeight(made.tx))
            t.true(made.feeratePerKw >= FEERATE_FLOOR - 1)
            if (last !== undefined) t.true(mayReplace(last, made))
            if (claim.fee.type === 'wallet') wallet.processTx(made.tx)
            last = paidBy(raised)
          }
          if (claim === balance) t.is(shortage, undefined)
          t.is(wallet.balance().reserved, 0n)
        }
      },
    ),
    { numRuns: 20 },
  )
})

test('a claim — pays the estimate while there is time, and all that it may in the last block in time', (t) => {
  const { wallet } = rich()
  const deadline = timeout.stakes.deadline ?? 0
  const early = raiseClaim({
    claim: timeout,
    last: undefined,
    height: deadline - 30,
    estimate: () => 2_000,
    signer,
    wallet,
  })
  t.is(early.made?.why, 'estimate')
  t.true(Math.abs((early.made?.feeratePerKw ?? 0) - 2_000) < 20)
  if (early.made !== undefined) wallet.processTx(early.made.tx)
  const late = raiseClaim({
    claim: timeout,
    last: paidBy(early),
    height: deadline - 1,
    estimate: () => 2_000,
    signer,
    wallet,
  })
  t.is(late.made?.why, 'budget')
  t.true((late.made?.fee ?? 0n) > 24_000n && (late.made?.fee ?? 0n) <= 25_000n)
  // It spends the same output and the same coin: the wallet has one transaction under way.
  if (late.made !== undefined) wallet.processTx(late.made.tx)
  t.is(wallet.pending().length, 1)
})

test('a commitment — in the last block in time, its child pays all that it may beside what the commitment pays itself', (t) => {
  const { wallet } = rich()
  const { deadline = 0, budget } = anchor.stakes
  const late = raiseClaim({
    claim: anchor,
    last: undefined,
    height: deadline - 1,
    estimate: () => 2_000,
    signer,
    wallet,
  })
  t.is(late.made?.why, 'budget')
  const fee = late.made?.fee ?? 0n
  t.true(fee <= budget && fee > budget - budget / 50n, `${fee} of ${budget}`)
})

test('a claim that is worth its fee — is made, whatever its budget and of whichever kind the coin of the wallet is', (t) => {
  for (const kind of ['p2tr', 'p2wpkh'] as const) {
    const withBudget = (budget: bigint) => ({ ...timeout, stakes: { ...timeout.stakes, budget } })
    let least = 200n
    while (!isWorthItsFee(withBudget(least))) least++
    t.true(least < 300n, `${least}`)
    for (let budget = least; budget < least + 10n; budget++) {
      const claim = withBudget(budget)
      const { wallet, chain, mine } = walletRig()
      chain.fund([{ amount: 100_000n, script: wallet.newAddress(kind).script }])
      mine()
      const raised = raiseClaim({ claim, last: undefined, height: cltvExpiry, estimate: () => 1_000, signer, wallet })
      t.not(raised.made, undefined, `${budget} sat of budget, a coin of ${kind}`)
    }
  }
})

test('a claim that is worth its fee — takes a larger coin where what the smallest leaves over is too small for change', (t) => {
  const budget = 300n
  const claim = { ...timeout, stakes: { ...timeout.stakes, budget } }
  t.true(isWorthItsFee(claim))
  for (let small = 340n; small < 700n; small += 20n) {
    const { wallet, receive } = walletRig()
    receive(small, 100_000n)
    const raised = raiseClaim({ claim, last: undefined, height: cltvExpiry, estimate: () => 1_000, signer, wallet })
    t.true((raised.made?.fee ?? 1_000n) <= budget, `a coin of ${small} sat`)
  }
})

test('a commitment — is left alone while it pays enough by itself, and lifted when fees rise', (t) => {
  const { wallet } = rich()
  const parent = anchor.parent
  if (parent === undefined) return t.fail('an anchor brings its commitment along')
  const own = Number((parent.fee * 1000n) / BigInt(parent.weight))
  const height = cltvExpiry - 100
  t.deepEqual(raiseClaim({ claim: anchor, last: undefined, height, estimate: () => own, signer, wallet }), {})
  const { made } = raiseClaim({ claim: anchor, last: undefined, height, estimate: () => 3 * own, signer, wallet })
  t.true(Math.abs((made?.feeratePerKw ?? 0) - 3 * own) < 30)
})

test('a wallet that cannot pay the right rate — pays what it can, says what is missing, and pays the rest when it has it', (t) => {
  const { wallet, receive } = walletRig()
  const ask = (last: ReturnType<typeof paidBy> | undefined) =>
    raiseClaim({ claim: timeout, last, height: cltvExpiry, estimate: () => 10_000, signer, wallet })
  const empty = ask(undefined)
  t.is(empty.made, undefined)
  t.is(empty.shortage?.available, 0n)
  t.true((empty.shortage?.needed ?? 0n) > 6_000n)

  receive(5_000n)
  const some = ask(undefined)
  t.is(some.made?.why, 'wallet')
  t.is(some.shortage?.available, 5_000n)
  if (some.made === undefined) return
  t.true(some.made.fee <= 5_000n)
  wallet.processTx(some.made.tx)

  // The same again is worth nothing.
  t.is(ask(paidBy(some)).made, undefined)
  t.is(wallet.balance().reserved, 0n)
  receive(50_000n)
  const all = ask(paidBy(some))
  t.is(all.shortage, undefined)
  t.is(all.made?.why, 'estimate')
})

test('what is not worth the lowest fee that relays — is not paid for', (t) => {
  const { wallet } = rich()
  const tiny: Claim = { ...timeout, stakes: { ...timeout.stakes, budget: 200n } }
  const last = (tiny.stakes.deadline ?? 0) - 1
  t.deepEqual(raiseClaim({ claim: tiny, last: undefined, height: last, estimate: () => 5_000, signer, wallet }), {})
  t.is(wallet.balance().reserved, 0n)
})
