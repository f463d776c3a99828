import test from 'ava'
import fc from 'fast-check'
import { addressToScript } from '../bitcoin/address.ts'
import { BARE_INPUT_WEIGHT, feerateOf, TX_OVERHEAD_WEIGHT } from '../bitcoin/fees.ts'
import { NETWORKS } from '../bitcoin/network.ts'
import { compileScript, OPS, p2wpkh, p2wsh } from '../bitcoin/script.ts'
import { SIGHASH_ALL, segwitV0Sighash } from '../bitcoin/sighash.ts'
import { type Tx, txidOf, txWeight, withWitness } from '../bitcoin/transaction.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { toDer } from '../crypto/signature-der.ts'
import { concat, EMPTY } from '../lib/bytes.ts'
import { walletRig } from './wallet-rig.ts'

const KEY = new Uint8Array(32).fill(5)
const THEIRS = p2wpkh(secp256k1.publicKey(KEY))
const FUNDING = p2wsh(compileScript([OPS.OP_1]))

const outpointsOf = (tx: Tx) => tx.inputs.map(({ outpoint }) => outpoint)

test('balance — counts what was received when it is in a block', (t) => {
  const { wallet, receive } = walletRig()
  t.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 0n, reserved: 0n, frozen: 0n, spendable: 0n })
  receive(100_000n, 50_000n)
  t.deepEqual(wallet.balance(), { confirmed: 150_000n, unconfirmed: 0n, reserved: 0n, frozen: 0n, spendable: 150_000n })
  t.is(wallet.coins().length, 2)
  t.like(wallet.transactions(), [{ received: 150_000n, spent: 0n, height: 151 }])
})

test('balance — what others pay is not spendable before it is in a block', (t) => {
  const { wallet, chain, mine } = walletRig()
  const funded = chain.fund([{ amount: 70_000n, script: wallet.newAddress().script }])
  if (!funded.ok) return t.fail()
  wallet.processTx(funded.value)
  t.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 70_000n, reserved: 0n, frozen: 0n, spendable: 0n })
  mine()
  t.is(wallet.balance().spendable, 70_000n)
  t.is(wallet.transactions().length, 1)
})

test('balance — a miner’s coins are spendable after a hundred blocks', (t) => {
  const { wallet, chain, follow, mine } = walletRig()
  chain.mine(1, wallet.newAddress().script)
  follow()
  const { confirmed } = wallet.balance()
  t.true(confirmed > 0n)
  mine(98)
  t.is(wallet.balance().spendable, 0n)
  mine(1)
  t.is(wallet.balance().spendable, confirmed)
  const sent = wallet.send({ outputs: [{ script: THEIRS, amount: 1_000n }], feeratePerKw: 253 })
  t.true(sent.ok && chain.submitTx(sent.value.tx).ok)
})

test('newAddress — never gives out the same address twice, also after a restart', (t) => {
  const { wallet, reopen } = walletRig()
  const given = [wallet.newAddress(), wallet.newAddress(), wallet.newAddress('p2wpkh'), reopen().newAddress()]
  t.is(new Set(given.map(({ address }) => address)).size, 4)
  for (const { address, script } of given) {
    t.deepEqual(addressToScript(address, NETWORKS.regtest), { ok: true, value: script })
  }
})

test('fund — makes a transaction that the network takes, its id known before it is signed', (t) => {
  const { wallet, chain, receive, mine } = walletRig()
  receive(100_000n, 200_000n)
  const funded = wallet.fund({ outputs: [{ amount: 250_000n, script: FUNDING }], feeratePerKw: 2_000 })
  if (!funded.ok) return t.fail()
  const { tx, fee, changeOutput, prevouts } = funded.value
  t.deepEqual(tx.outputs[0], { amount: 250_000n, script: FUNDING })
  t.is(changeOutput, 1)
  t.is(300_000n - 250_000n - (tx.outputs[1]?.amount ?? 0n), fee)
  t.deepEqual(wallet.balance(), { confirmed: 300_000n, unconfirmed: 0n, reserved: 300_000n, frozen: 0n, spendable: 0n })

  const signed = wallet.sign({ tx, prevouts })
  t.deepEqual(txidOf(signed), txidOf(tx))
  t.true(chain.submitTx(signed).ok)
  const feerate = feerateOf(fee, txWeight(signed))
  t.true(feerate >= 2_000 && feerate <= 2_020, `${feerate}`)

  wallet.processTx(signed)
  t.is(wallet.balance().reserved, 0n)
  t.is(wallet.balance().unconfirmed, 50_000n - fee)
  t.is(wallet.balance().spendable, 50_000n - fee)
  mine()
  t.deepEqual(wallet.balance(), {
    confirmed: 50_000n - fee,
    unconfirmed: 0n,
    reserved: 0n,
    frozen: 0n,
    spendable: 50_000n - fee,
  })
})

test('fund — says how much is missing, and reserves nothing then', (t) => {
  const { wallet, receive } = walletRig()
  const outputs = [{ amount: 100_000n, script: FUNDING }]
  t.like(wallet.fund({ outputs, feeratePerKw: 253 }), {
    ok: false,
    error: { code: 'insufficient-funds', available: 0n },
  })
  receive(100_000n)
  const failed = wallet.fund({ outputs, feeratePerKw: 253 })
  t.like(failed, { ok: false, error: { code: 'insufficient-funds', available: 100_000n } })
  t.true(!failed.ok && failed.error.code === 'insufficient-funds' && failed.error.needed > 100_000n)
  t.is(wallet.balance().reserved, 0n)
})

test('fund, send — refuse to pay more than the most, and set nothing aside then', (t) => {
  const rig = walletRig()
  rig.receive(100_000n, 100_000n)
  const before = rig.wallet.balance()
  const request = { outputs: [{ amount: 50_000n, script: FUNDING }], feeratePerKw: 2_000 }
  const fee = rig.wallet.quote(request) as bigint
  const short = { ok: false, error: { code: 'fee-limit-exceeded', fee, limit: fee - 1n } }
  t.like(rig.wallet.fund({ ...request, maxFee: fee - 1n }), short)
  const { feeratePerKw } = request
  t.like(rig.wallet.send({ outputs: [{ script: FUNDING, amount: 50_000n }], feeratePerKw, maxFee: fee - 1n }), short)
  t.like(rig.wallet.sendAll({ script: FUNDING, feeratePerKw, maxFee: 1n }), { ok: false })
  t.deepEqual(rig.wallet.balance(), before)
  t.like(rig.wallet.fund({ ...request, maxFee: fee }), { ok: true, value: { fee } })
})

test('fund — pays with few coins where many that fit exactly would cost more than the most', (t) => {
  const rig = walletRig()
  // Ten small coins make the amount and their own fee to the satoshi, without change.
  const feeratePerKw = 1_000
  rig.receive(...Array.from({ length: 10 }, () => 10_000n), 1_000_000n)
  const request = { outputs: [{ amount: 97_000n, script: FUNDING }], feeratePerKw }
  const most = rig.wallet.quote(request) as bigint
  const funded = rig.wallet.fund({ ...request, maxFee: most })
  t.true(funded.ok)
  if (funded.ok) {
    t.true((funded.value.fee as bigint) <= most)
    t.is(funded.value.tx.inputs.length, 1)
  }
})

test('quote — says the fee with the fewest coins, and that there are not enough', (t) => {
  const rig = walletRig()
  rig.receive(30_000n, 60_000n, 100_000n)
  const quote = (amount: bigint) => rig.wallet.quote({ outputs: [{ amount, script: FUNDING }], feeratePerKw: 1_000 })
  t.true((quote(150_000n) as bigint) > (quote(50_000n) as bigint))
  t.is(quote(190_000n), undefined)
})

test('fund — refuses an output that nodes would not relay', (t) => {
  const { wallet, receive } = walletRig()
  receive(100_000n)
  t.deepEqual(wallet.fund({ outputs: [{ amount: 329n, script: FUNDING }], feeratePerKw: 253 }), {
    ok: false,
    error: { code: 'amount-too-small', minimum: 330n },
  })
})

test('fund — never uses what is reserved; release makes it available again', (t) => {
  const { wallet, receive } = walletRig()
  receive(100_000n, 100_000n)
  const request = { outputs: [{ amount: 60_000n, script: FUNDING }], feeratePerKw: 253 }
  const [first, second] = [wallet.fund(request), wallet.fund(request)]
  if (!first.ok || !second.ok) return t.fail()
  t.notDeepEqual(outpointsOf(first.value.tx), outpointsOf(second.value.tx))
  t.like(wallet.fund(request), { ok: false, error: { code: 'insufficient-funds', available: 0n } })
  wallet.release(first.value.tx)
  const third = wallet.fund(request)
  t.true(third.ok)
  t.notDeepEqual(third.ok && third.value.tx.outputs[1], first.value.tx.outputs[1], 'a change key is used once')
})

test('release — frees no coin that is set aside for another transaction by now', (t) => {
  const { wallet, receive } = walletRig()
  receive(100_000n)
  const request = { outputs: [{ amount: 60_000n, script: FUNDING }], feeratePerKw: 253 }
  const first = wallet.fund(request)
  if (!first.ok) return t.fail()
  // Published, and dropped: its coin is free again before whoever made it hears of that.
  wallet.processTx(first.value.tx, { purpose: 'channel-funding' })
  wallet.forget(first.value.tx)
  const second = wallet.fund(request)
  if (!second.ok) return t.fail()
  t.true(wallet.isDisplaced(first.value.tx))
  t.false(wallet.isDisplaced(second.value.tx))
  wallet.release(first.value.tx)
  t.is(wallet.balance().reserved, 100_000n)
  wallet.release(second.value.tx)
  t.is(wallet.balance().reserved, 0n)
})

test('reservations — survive a restart', (t) => {
  const { wallet, receive, reopen } = walletRig()
  receive(100_000n)
  wallet.fund({ outputs: [{ amount: 60_000n, script: FUNDING }], feeratePerKw: 253 })
  t.is(reopen().balance().reserved, 100_000n)
  t.is(reopen().balance().spendable, 0n)
})

test('fund — the fee keeps to the rate, nothing is lost, and change is never dust, whatever coins there are', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt({ min: 1_000n, max: 3_000_000n }), { minLength: 1, maxLength: 12 }),
      fc.bigInt({ min: 330n, max: 4_000_000n }),
      fc.integer({ min: 253, max: 20_000 }),
      (amounts, amount, feeratePerKw) => {
        const { wallet, chain, receive } = walletRig()
        receive(...amounts)
        const total = amounts.reduce((sum, each) => sum + each, 0n)
        const funded = wallet.fund({ outputs: [{ amount, script: FUNDING }], feeratePerKw })
        if (!funded.ok) {
          // Refused only if the coins that are worth their own fee do not reach.
          const worth = amounts.map((each, i) => each - BigInt(Math.ceil((feeratePerKw * (i % 2 ? 272 : 230)) / 1000)))
          const useful = worth.filter((each) => each > 0n).reduce((sum, each) => sum + each, 0n)
          return useful < amount + BigInt(Math.ceil((feeratePerKw * (42 + 172)) / 1000)) + 2n
        }
        const { tx, fee, changeOutput } = funded.value
        const signed = wallet.sign(funded.value)
        const paid = tx.outputs.reduce((sum, output) => sum + output.amount, 0n)
        const spent = funded.value.prevouts.reduce((sum, output) => sum + output.amount, 0n)
        const weight = BigInt(txWeight(signed))
        const owed = (BigInt(feeratePerKw) * weight) / 1000n
        const change = changeOutput === undefined ? undefined : tx.outputs[changeOutput]?.amount
        return (
          chain.testTx(signed).ok &&
          spent <= total &&
          paid + fee === spent &&
          fee >= owed &&
          // Without change, what is too little for one goes to the fee; with it, signatures may be a byte or two short.
          fee - owed <=
            (change === undefined ? BigInt(Math.ceil(feeratePerKw * 0.172)) + 332n : BigInt(feeratePerKw) / 25n + 3n) &&
          (change === undefined || change >= 330n)
        )
      },
    ),
    { seed: 3, numRuns: 40 },
  )
  t.pass()
})

test('send — pays an address, and its change can be spent before it confirms', (t) => {
  const { wallet, chain, receive, mine } = walletRig()
  receive(100_000n)
  const first = wallet.send({ outputs: [{ script: THEIRS, amount: 20_000n }], feeratePerKw: 500, label: 'rent' })
  if (!first.ok) return t.fail()
  const second = wallet.send({ outputs: [{ script: THEIRS, amount: 30_000n }], feeratePerKw: 500 })
  if (!second.ok) return t.fail()
  t.deepEqual(second.value.tx.inputs[0]?.outpoint.txid, txidOf(first.value.tx))
  t.deepEqual(wallet.pending(), [first.value.tx, second.value.tx])
  t.true(chain.submitTx(first.value.tx).ok)
  t.true(chain.submitTx(second.value.tx).ok)
  t.is(first.value.tx.lockTime, 151)
  mine()
  const fees = first.value.fee + second.value.fee
  t.is(wallet.balance().confirmed, 50_000n - fees)
  t.deepEqual(wallet.pending(), [])
  t.like(
    wallet.transactions().find(({ label }) => label === 'rent'),
    { height: 152, spent: 100_000n, fee: first.value.fee },
  )
})

test('send — of all empties the wallet to one output', (t) => {
  const { wallet, chain, receive, mine } = walletRig()
  receive(100_000n, 50_000n, 331n)
  const sent = wallet.sendAll({ script: THEIRS, feeratePerKw: 1_500 })
  if (!sent.ok) return t.fail()
  const { tx, fee } = sent.value
  // The smallest coin costs more than it is worth.
  t.deepEqual(tx.outputs, [{ amount: 150_000n - fee, script: THEIRS }])
  t.true(chain.submitTx(tx).ok)
  t.true(feerateOf(fee, txWeight(tx)) >= 1_500)
  mine()
  t.is(wallet.balance().confirmed, 331n)
  t.like(wallet.sendAll({ script: THEIRS, feeratePerKw: 1_500 }), {
    ok: false,
    error: { code: 'insufficient-funds' },
  })
})

test('reorganisation — what was in undone blocks is unconfirmed until it is in another', (t) => {
  const { wallet, chain, receive, follow, mine } = walletRig()
  receive(100_000n)
  const sent = wallet.send({ outputs: [{ script: THEIRS, amount: 20_000n }], feeratePerKw: 500 })
  if (!sent.ok) return t.fail()
  const { tx, fee } = sent.value
  chain.submitTx(tx)
  mine()
  t.is(wallet.balance().confirmed, 80_000n - fee)

  wallet.undoBlocks(151)
  t.deepEqual(wallet.balance(), {
    confirmed: 0n,
    unconfirmed: 80_000n - fee,
    reserved: 0n,
    frozen: 0n,
    // Its payer may replace what it was built on.
    spendable: 0n,
  })
  t.deepEqual(wallet.pending(), [tx])
  for (const height of [151, 152]) wallet.processBlock(chain.blockAt(height) as never)
  t.is(wallet.balance().confirmed, 80_000n - fee)

  chain.reorganise({ depth: 1, blocks: 2 })
  follow()
  t.is(wallet.balance().confirmed, 80_000n - fee)
  t.is(wallet.balance().unconfirmed, 0n)
})

test('reorganisation — a payment that is lost in it is forgotten when told so, and its coins are free again', (t) => {
  const { wallet, chain, receive, follow, mine } = walletRig()
  receive(100_000n)
  mine(3)
  const first = wallet.send({ outputs: [{ script: THEIRS, amount: 20_000n }], feeratePerKw: 500 })
  const second = wallet.send({ outputs: [{ script: THEIRS, amount: 20_000n }], feeratePerKw: 500 })
  if (!first.ok || !second.ok) return t.fail()
  chain.submitTx(first.value.tx)
  mine()
  wallet.forget(first.value.tx)
  t.is(wallet.transactions().length, 3, 'what is in a block is not forgotten')
  chain.reorganise({ depth: 1, blocks: 2, dropTransactions: true })
  follow()
  t.deepEqual(wallet.pending(), [first.value.tx, second.value.tx])
  wallet.forget(first.value.tx)
  t.deepEqual(wallet.pending(), [])
  t.deepEqual(wallet.balance(), { confirmed: 100_000n, unconfirmed: 0n, reserved: 0n, frozen: 0n, spendable: 100_000n })
})

test('reorganisation — undone coins of a miner are gone', (t) => {
  const { wallet, chain, follow } = walletRig()
  chain.mine(1, wallet.newAddress().script)
  follow()
  chain.reorganise({ depth: 1 })
  follow()
  t.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 0n, reserved: 0n, frozen: 0n, spendable: 0n })
  t.deepEqual(wallet.transactions(), [])
})

test('rows — give back the same wallet, whatever has happened', (t) => {
  const { wallet, chain, receive, mine, reopen, stored } = walletRig()
  receive(100_000n, 40_000n)
  const sent = wallet.send({ outputs: [{ script: THEIRS, amount: 20_000n }], feeratePerKw: 500, label: 'café' })
  if (!sent.ok) return t.fail()
  wallet.fund({ outputs: [{ amount: 10_000n, script: FUNDING }], feeratePerKw: 500 })
  const look = (seen: typeof wallet) => [seen.balance(), sortedCoins(seen), sortedTxs(seen), seen.pending()]
  t.deepEqual(look(reopen()), look(wallet))
  chain.submitTx(sent.value.tx)
  mine()
  t.deepEqual(look(reopen()), look(wallet))
  mine(1_200)
  t.deepEqual(look(reopen()), look(wallet))
  t.is(stored().coins.size, wallet.coins().length, 'coins that were spent long ago are not kept')
})

const sortedCoins = (wallet: ReturnType<typeof walletRig>['wallet']) =>
  [...wallet.coins()].sort((a, b) => (a.address < b.address ? -1 : 1))
const sortedTxs = (wallet: ReturnType<typeof walletRig>['wallet']) =>
  [...wallet.transactions()].sort((a, b) => (a.received < b.received ? -1 : 1))

// An anchor of BOLT 3 in the shape that matters here: a small output that one key, not the wallet's, can spend.
const anchorScript = compileScript([secp256k1.publicKey(KEY), OPS.OP_CHECKSIG])
const ANCHOR = { amount: 330n, script: p2wsh(anchorScript) }

const withAnchorWitness = (tx: Tx): Tx => {
  const digest = segwitV0Sighash({
    tx,
    inputIndex: 0,
    scriptCode: anchorScript,
    amount: ANCHOR.amount,
    sighashType: SIGHASH_ALL,
  })
  const signature = concat(toDer(secp256k1.sign(digest, KEY)), Uint8Array.of(SIGHASH_ALL))
  return withWitness(tx, 0, [signature, anchorScript])
}

const anchored = () => {
  const rig = walletRig()
  const { wallet, chain, receive } = rig
  receive(100_000n, 100_000n, 100_000n)
  const parent = wallet.fund({ outputs: [ANCHOR], feeratePerKw: 253 })
  invariantOk(parent)
  const parentTx = wallet.sign(parent.value)
  chain.submitTx(parentTx)
  const target = 5_000
  const outpoint = { txid: txidOf(parentTx), index: 0 }
  const childWeight = TX_OVERHEAD_WEIGHT + BARE_INPUT_WEIGHT + 1 + 73 + 1 + anchorScript.length + 1
  const request = (feeratePerKw: number) => ({
    tx: {
      version: 2,
      inputs: [{ outpoint, sequence: 0xfffffffd, scriptSig: EMPTY, witness: [] }],
      outputs: [],
      lockTime: 0,
    },
    prevouts: [ANCHOR],
    baseFee: BigInt(Math.ceil((feeratePerKw * (txWeight(parentTx) + childWeight)) / 1000)) - parent.value.fee,
    feeratePerKw,
  })
  return { ...rig, parentTx, parentFee: parent.value.fee, request, target }
}

function invariantOk<T>(result: { ok: boolean; value?: T }): asserts result is { ok: true; value: T } {
  if (!result.ok) throw new Error('expected a success')
}

test('bump — a child that spends an anchor and coins of ours brings parent and child to the rate', (t) => {
  const { wallet, chain, parentTx, parentFee, request, target, mine } = anchored()
  const bumped = wallet.bump(request(target))
  invariantOk(bumped)
  const { tx, fee, changeOutput, prevouts } = bumped.value
  t.is(changeOutput, 0)
  t.deepEqual(prevouts[0], ANCHOR)
  const child = withAnchorWitness(wallet.sign(bumped.value))
  t.deepEqual(txidOf(child), txidOf(tx))
  t.true(chain.submitTx(child).ok)
  const together = feerateOf(fee + parentFee, txWeight(child) + txWeight(parentTx))
  t.true(together >= target && together < target * 1.02, `${together}`)
  wallet.processTx(child)
  mine()
  t.is(wallet.pending().length, 0)
  t.is(wallet.balance().reserved, 0n)
})

test('bump — again with a higher rate may use the coins of the bump that it replaces', (t) => {
  const { wallet, chain, request, target, mine } = anchored()
  for (const feerate of [target, target * 2]) {
    const bumped = wallet.bump(request(feerate))
    invariantOk(bumped)
    const child = withAnchorWitness(wallet.sign(bumped.value))
    const submitted = chain.submitTx(child)
    t.true(
      submitted.ok,
      JSON.stringify(submitted, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    )
    wallet.processTx(child)
    t.deepEqual(wallet.pending(), [child])
  }
  mine()
  t.deepEqual(wallet.pending(), [])
})

test('bump — coins come free when somebody else takes the output that it was made for', (t) => {
  const { wallet, chain, receive, request, target, mine } = anchored()
  receive(1_000n)
  const bumped = wallet.bump(request(target))
  invariantOk(bumped)
  const before = wallet.balance()
  wallet.processTx(withAnchorWitness(wallet.sign(bumped.value)))
  const { tx } = request(target)
  const stolen = withAnchorWitness({ ...tx, outputs: [{ amount: 0n, script: compileScript([OPS.OP_RETURN, KEY]) }] })
  t.true(chain.submitTx(stolen).ok)
  mine()
  t.deepEqual(wallet.pending(), [])
  t.is(wallet.balance().confirmed, before.confirmed)
})

test('bump — leaves alone what pays enough by itself', (t) => {
  const { wallet } = walletRig()
  const tx: Tx = {
    version: 2,
    inputs: [{ outpoint: { txid: new Uint8Array(32), index: 0 }, sequence: 0, scriptSig: EMPTY, witness: [] }],
    outputs: [{ amount: 900n, script: THEIRS }],
    lockTime: 0,
  }
  t.deepEqual(wallet.bump({ tx, prevouts: [{ amount: 1_000n, script: FUNDING }], baseFee: 100n, feeratePerKw: 253 }), {
    ok: true,
    value: { tx, prevouts: [{ amount: 1_000n, script: FUNDING }], fee: 100n },
  })
})
