import test from 'ava'
import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import type { Claim } from '../../channel/index.ts'
import { at, claims, commitmentOf, mine, seeClose, takenBy } from '../../channel/transitions/fixtures/closing.ts'
import { preimageOf, TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { type Order, owner, publisherRig } from './fixtures/publisher-rig.ts'
import type { Publisher } from './publisher.ts'

const EXPIRY = 1152

/** Alice's commitment is in a block, and holds an HTLC that she takes back by the claim. */
const timedOut = () => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  two.run(two.alice, { type: 'force-close' })
  seeClose(two.alice, commitmentOf(two.alice))
  const claim = claims(at(two.alice, EXPIRY)).find(({ kind }) => kind.type === 'htlc-timeout')
  if (claim === undefined) throw new Error('no claim')
  return { alice: two.alice, claim }
}

const timeoutClaim = (): Claim => timedOut().claim

/** The claim of Alice's anchor, and the commitment that it raises the fee of. */
const anchorClaim = () => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  const published = two
    .run(two.alice, { type: 'force-close' })
    .flatMap((effect) => (effect.type === 'publish' ? [effect.publication] : []))
  const [commitment, anchor] = published
  if (commitment?.type !== 'funding-spend' || anchor?.type !== 'claim') throw new Error('no anchor')
  const [funding] = commitment.tx.inputs
  if (funding === undefined) throw new Error('no funding')
  return { claim: anchor.claim, parent: commitment.tx, funding: funding.outpoint }
}

const rig = async (coins: readonly bigint[] = [100_000n], order: Order = { claim: timeoutClaim() }) => ({
  ...(await publisherRig({ coins, orders: [order], height: EXPIRY })),
  claim: order.claim,
})

test('a claim that is published — is raised with the estimate, one transaction in the place of the other', async (t) => {
  const { the, block, record, wallet, told } = await rig()
  const [first] = the()
  t.is(the().length, 1)
  await block(1_050)
  t.deepEqual(the(), [first])
  await block(2_000)
  t.is(the().length, 1)
  t.notDeepEqual(the(), [first])
  t.deepEqual(record(), ['waiting 1'])
  t.is(wallet.transactions().filter(({ height }) => height === undefined).length, 1)
  t.deepEqual(told, ['channel.transaction-published', 'channel.transaction-published'])
})

test('a claim whose output the peer has taken in a block — is over, its coins are free, and it is made again if that block is undone', async (t) => {
  const { the, claim, spent, unspent, block, record, wallet } = await rig()
  const { spendable } = wallet.balance()
  await spent(takenBy(preimageOf(1), claim))
  t.deepEqual([the(), record()], [[], ['lost 0']])
  t.true(wallet.balance().spendable > spendable)
  await block(5_000)
  t.deepEqual(the(), [])
  await unspent()
  await block(5_000)
  t.is(the().length, 1)
  t.regex(record()[0] ?? '', /^waiting/)
})

test('an HTLC that the peer takes by its preimage in the mempool — is not competed for, unless that transaction is gone', async (t) => {
  const { the, claim, seen, block } = await rig()
  const [ours] = the()
  await seen(takenBy(preimageOf(1), claim))
  t.deepEqual(the(), [])
  await block(9_000)
  t.deepEqual(the(), [])
  await seen(undefined)
  t.deepEqual(the(), [ours])
  await block(9_000)
  t.is(the().length, 1)
})

test('a spend in the mempool that shows no preimage — stops nothing: it may be an earlier one of ours', async (t) => {
  const { the, seen, block } = await rig()
  const [first] = the()
  await block(2_000)
  // Nodes have refused the replacement.
  await seen(first)
  const [second] = the()
  t.is(the().length, 1)
  await block(4_000)
  t.notDeepEqual(the(), [second])
})

test('a claim that the wallet cannot pay — is told until its output is taken, by whomever', async (t) => {
  const { publisher, told, claim, spent, seen, block } = await rig([])
  t.like(publisher.shortages()[0], { purpose: 'htlc-timeout', available: 0n, deadline: claim.stakes.deadline })
  t.deepEqual(told, ['channel.fees-short'])
  await seen(takenBy(preimageOf(1), claim))
  t.deepEqual(publisher.shortages(), [])
  await seen(undefined)
  await block(1_000)
  t.is(publisher.shortages().length, 1)
  await spent(takenBy(preimageOf(1), claim))
  t.deepEqual(publisher.shortages(), [])
})

test('what a claim waits for — is what was published last, what it pays next and from when on, and what is missing; nothing once a block has it', async (t) => {
  const { publisher, claim, spent, block } = await rig()
  await block(2_000)
  const [progress, ...others] = publisher.claimsOf(owner.channelId)
  t.deepEqual(others, [])
  t.like(progress, { claim, published: { feeratePerKw: publisher.transactionsOf(owner.channelId)[0]?.feeratePerKw } })
  const { next } = progress ?? {}
  const deadline = claim.stakes.deadline ?? 0
  t.true(next !== undefined && next.height > EXPIRY && next.height <= deadline)
  // At that height it is raised to that rate, and not before.
  const paid = publisher.transactionsOf(owner.channelId)[0]?.feeratePerKw ?? 0
  await block(2_000, (next?.height ?? 0) - 1)
  t.is(publisher.transactionsOf(owner.channelId)[0]?.feeratePerKw, paid)
  await block(2_000, next?.height ?? 0)
  const raised = publisher.transactionsOf(owner.channelId)[0]?.feeratePerKw ?? 0
  // Whole vbytes are paid for.
  t.true(raised > paid && raised >= (next?.feeratePerKw ?? 0) && raised <= (next?.feeratePerKw ?? 0) * 1.05)
  await spent(takenBy(preimageOf(1), claim))
  t.deepEqual(publisher.claimsOf(owner.channelId), [])

  const poor = await rig([])
  t.like(poor.publisher.claimsOf(owner.channelId)[0], { shortage: { available: 0n } })
})

test('the operator raises a claim — at once, in the place of the last, and never beyond its budget; blocks that ask for less do not lower it', async (t) => {
  const { publisher, claim, the, block, wallet } = await rig()
  const [first] = the()
  const paid = () => publisher.transactionsOf(owner.channelId)[0]
  const before = paid()?.feeratePerKw ?? 0
  const { raised } = publisher.raiseTo(owner.channelId, before + 500)
  t.deepEqual(
    raised.map(({ why, replaced }) => [why, replaced]),
    [['operator', 1]],
  )
  t.true((paid()?.feeratePerKw ?? 0) >= before + 500)
  await block(500)
  t.is(paid()?.replaced, 1)
  t.notDeepEqual(the(), [first])
  // A rate that nothing is worth comes to the budget.
  publisher.raiseTo(owner.channelId, 9_000_000)
  t.is(paid()?.why, 'budget')
  t.true((paid()?.fee ?? 0n) <= claim.stakes.budget)
  t.deepEqual(publisher.raiseTo(owner.channelId, 9_000_000).raised, [])
  t.is(wallet.transactions().filter(({ height }) => height === undefined).length, 1)

  const poor = await rig([])
  t.like(poor.publisher.raiseTo(owner.channelId, 5_000), { raised: [], shortage: { available: 0n } })
  // Asked for and refused, it is not done later by itself.
  poor.receive(100_000n)
  await poor.block(1_000)
  t.is(poor.publisher.transactionsOf(owner.channelId)[0]?.why, 'estimate')
})

test('a miner who takes an earlier transaction of ours — has confirmed the claim', async (t) => {
  const { the, spent, block, record, publisher } = await rig()
  const [first] = the()
  if (first === undefined) return t.fail()
  await block(2_000)
  await spent(first)
  t.deepEqual(record(), ['confirmed 0'])
  t.deepEqual(
    publisher.transactionsOf(owner.channelId).map(({ tx }) => txidOf(tx)),
    [txidOf(first)],
  )
})

test('the record of a channel — is read again by the next life, and goes with the channel', async (t) => {
  const { open, block, publisher, store, wallet, the } = await rig()
  await block(2_000)
  const again = await open()
  t.deepEqual(again.transactionsOf(owner.channelId), publisher.transactionsOf(owner.channelId))
  const { reserved } = wallet.balance()
  t.is(reserved, 0n)
  publisher.forget(owner.channelId)
  await store.flush()
  t.deepEqual((await open()).transactionsOf(owner.channelId), [])
  t.deepEqual(the(), [])
  t.deepEqual(wallet.pending(), [])
})

test('a commitment that is mined without the child that raises its fee — the coin of the child comes back with the end of the channel', async (t) => {
  const { claim, parent, funding } = anchorClaim()
  const { wallet, watches, block, the, record, publisher, store } = await rig([500_000n], { claim, parents: [parent] })
  await block(5_000)
  t.is(the().length, 1)
  const mined = { type: 'spent', outpoint: funding, tx: parent, txid: txidOf(parent), height: EXPIRY + 1 } as const
  await watches.get(outpointKey(funding))?.handler(mined)
  await store.flush()
  t.deepEqual(record(), ['lost 0'])
  publisher.forget(owner.channelId)
  await store.flush()
  t.is(wallet.balance().spendable, 500_000n)
})

test('a claim that spends a coin whose block is undone — has what made the coin handed in with it, and what that was built on before it', async (t) => {
  const claim = timeoutClaim()
  const { the, ask, wallet } = await publisherRig({ coins: [100_000n], orders: [], height: EXPIRY })
  // Each leaves no change.
  const made = [99_100n, 98_300n].flatMap((amount, at) => {
    const outputs = [{ script: wallet.newAddress().script, amount }]
    const sent = wallet.send({ outputs, feeratePerKw: 1_000 })
    if (!sent.ok) return []
    const { tx } = sent.value
    wallet.processBlock({ height: EXPIRY + at, txs: [tx], txids: [txidOf(tx)] })
    return [tx]
  })
  t.is(made.length, 2)
  await ask([{ claim }])
  const [ours] = the()
  await ask([{ claim }])
  t.deepEqual(the(), [ours])
  wallet.undoBlocks(EXPIRY)
  await ask([{ claim }])
  t.deepEqual(the(), [ours, ...made])
})

test('a claim of the output of an HTLC transaction that is undone — does not hand that in: the peer may have taken the HTLC since', async (t) => {
  const { alice, claim } = timedOut()
  const { the, ask, wallet, seen } = await rig([100_000n], { claim })
  const [htlc] = the()
  if (htlc === undefined) return t.fail()
  wallet.processBlock({ height: EXPIRY + 1, txs: [htlc], txids: [txidOf(htlc)] })
  mine(alice, claim, EXPIRY + 1, htlc)
  const output = claims(at(alice, EXPIRY + 2016)).find(({ kind }) => kind.type === 'htlc-output')
  if (output === undefined) return t.fail()
  wallet.undoBlocks(EXPIRY + 1)
  await seen(takenBy(preimageOf(1), claim))
  await ask([{ claim: output }])
  await ask([{ claim: output }])
  t.deepEqual(
    the().map(({ inputs }) => inputs[0]?.outpoint),
    [output.outpoint],
  )
})

test('a commitment that is withdrawn — is handed in no more, and what paid for it comes back', async (t) => {
  const { claim, parent } = anchorClaim()
  const { wallet, block, the, publisher } = await rig([500_000n], { claim, parents: [parent] })
  await block(5_000)
  t.is(the().length, 1)
  publisher.withdrawCommitment(owner.channelId)
  await block(50_000)
  t.deepEqual(the(), [])
  t.is(wallet.balance().spendable, 500_000n)
})

/** A close that both have signed, and that pays so much. */
const close = (fee: bigint) => {
  const { parent, funding } = anchorClaim()
  const [output] = parent.outputs
  if (output === undefined) throw new Error('no output')
  const tx: Tx = {
    ...parent,
    inputs: [{ outpoint: funding, sequence: 0xfffffffd, scriptSig: new Uint8Array(0), witness: [] }],
    outputs: [{ ...output, amount: 1_000_000n - fee }],
  }
  return { ...owner, purpose: 'mutual-close', tx, fee } as const
}

test('closes that a peer proposes again and again — leave a few rows: those that the channel asked for last, over restarts too', async (t) => {
  const { publisher, open, store, waiting, wallet, block, told } = await rig()
  const fees = (published: Publisher) =>
    published
      .transactionsOf(owner.channelId)
      .filter(({ purpose }) => purpose === 'mutual-close')
      .map(({ fee }) => Number(fee))
      .toSorted((a, b) => a - b)
  const first = close(500n)
  for (let fee = 501; fee <= 540; fee++) {
    publisher.publishAgreed(first)
    publisher.publishAgreed(close(BigInt(fee)))
    await store.flush()
  }
  const kept = [500, ...Array.from({ length: 11 }, (_, at) => 530 + at)]
  t.deepEqual(fees(publisher), kept)
  t.is([...waiting.values()].filter(({ outputs }) => outputs.length === 1).length, 12)
  t.is(wallet.transactions().filter(({ purpose }) => purpose === 'mutual-close').length <= 12, true)
  // The claim of the rig, the first close, and each of the others once.
  t.is(told.length, 1 + 1 + 40)
  await block(1_000)
  const again = await open()
  t.deepEqual(fees(again), kept)
  again.publishAgreed(close(600n))
  again.publishAgreed(first)
  await store.flush()
  t.deepEqual(fees(again).length, 12)
  t.true(fees(again).includes(500) && fees(again).includes(600))
})
