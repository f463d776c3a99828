import test from 'ava'
import { feerateOf } from '../bitcoin/fees.ts'
import { p2wpkh } from '../bitcoin/script.ts'
import { displayTxid, type Tx, txidOf, txWeight } from '../bitcoin/transaction.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { toHex } from '../lib/bytes.ts'
import type { Sat } from '../lib/units.ts'
import type { Wallet } from './wallet.ts'
import { walletRig } from './wallet-rig.ts'

const THEIRS = p2wpkh(secp256k1.publicKey(new Uint8Array(32).fill(5)))
const OTHERS = p2wpkh(secp256k1.publicKey(new Uint8Array(32).fill(6)))
const pay = (amount: Sat) => ({ outputs: [{ script: THEIRS, amount }], feeratePerKw: 500 })

const must = <T, E>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E },
): T => {
  if (!result.ok)
    throw new Error(JSON.stringify(result.error, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
  return result.value
}

const coinOf = (wallet: Wallet, amount: Sat) => {
  const coin = wallet.coins().find((each) => each.amount === amount)
  if (coin === undefined) throw new Error('no such coin')
  return coin.outpoint
}

const feerate = (fee: Sat, tx: Tx) => feerateOf(fee, txWeight(tx))

test('send — pays several outputs in one transaction, and the network takes it', (t) => {
  const { wallet, chain, receive } = walletRig()
  receive(100_000n)
  const outputs = [
    { script: THEIRS, amount: 10_000n },
    { script: OTHERS, amount: 20_000n },
  ]
  const { tx, fee } = must(wallet.send({ outputs, feeratePerKw: 500, label: 'rent', key: 'k' }))
  t.deepEqual(tx.outputs.slice(0, 2), outputs)
  t.true(chain.submitTx(tx).ok)
  t.like(wallet.transaction(txidOf(tx)), { purpose: 'send', label: 'rent', key: 'k', fee })
})

test('send — spends exactly the coins that were chosen', (t) => {
  const { wallet, chain, receive } = walletRig()
  receive(10_000n, 20_000n, 40_000n)
  const coins = [coinOf(wallet, 10_000n), coinOf(wallet, 20_000n)]
  const { tx } = must(wallet.send({ ...pay(5_000n), coins }))
  t.deepEqual(
    tx.inputs.map(({ outpoint }) => outpoint),
    coins,
  )
  t.true(chain.submitTx(tx).ok)
  t.like(wallet.send({ ...pay(5_000n), coins }), { error: { code: 'coin-unavailable', reason: 'spent' } })
  t.like(wallet.send({ ...pay(50_000n), coins: [coinOf(wallet, 40_000n)] }), { error: { code: 'insufficient-funds' } })
  const unknown = [{ txid: new Uint8Array(32), index: 0 }]
  t.like(wallet.send({ ...pay(5_000n), coins: unknown }), { error: { code: 'coin-unavailable', reason: 'unknown' } })
})

test('freeze — no send spends a frozen coin, also after a restart, until it is thawed', (t) => {
  const { wallet, receive, reopen } = walletRig()
  receive(50_000n)
  const coin = coinOf(wallet, 50_000n)
  t.true(wallet.setFrozen(coin, true, 'operator').ok)
  for (const each of [wallet, reopen()]) {
    t.like(each.balance(), { confirmed: 50_000n, frozen: 50_000n, spendable: 0n })
    t.like(each.send(pay(5_000n)), { error: { code: 'insufficient-funds' } })
    t.like(each.send({ ...pay(5_000n), coins: [coin] }), { error: { reason: 'frozen' } })
    t.like(each.sendAll({ script: THEIRS, feeratePerKw: 500 }), { ok: false })
  }
  t.true(wallet.setFrozen(coin, false, 'operator').ok)
  t.true(wallet.send(pay(5_000n)).ok)
  t.deepEqual(wallet.setFrozen(coin, true, 'operator'), { ok: false, error: { code: 'unknown' } })
})

const claim = { tx: { version: 2, inputs: [], outputs: [], lockTime: 0 }, prevouts: [], baseFee: 1n, feeratePerKw: 253 }

test('freeze — a claim takes a frozen coin where no other suffices, and what comes back of it is as frozen', (t) => {
  const { wallet, chain, mine, receive, reopen } = walletRig()
  receive(1_000n, 50_000n)
  t.true(wallet.setFrozen(coinOf(wallet, 50_000n), true, 'operator').ok)
  // There is another coin.
  const first = must(wallet.bump(claim))
  t.is(first.prevouts[0]?.amount, 1_000n)
  const second = must(wallet.bump({ ...claim, baseFee: 2_000n }))
  t.is(second.prevouts[0]?.amount, 50_000n)
  const tx = wallet.sign(second)
  t.true(chain.submitTx(tx).ok)
  wallet.processTx(tx, { purpose: 'anchor' })
  const change = second.tx.outputs[0]?.amount ?? 0n
  const isFrozen = (each: Wallet) => t.is(each.coins().find(({ amount }) => amount === change)?.frozen, 'operator')
  isFrozen(wallet)
  mine()
  isFrozen(wallet)
  isFrozen(reopen())
  t.like(wallet.setFrozen(coinOf(wallet, change), false, 'plugin'), { ok: false })
  t.true(wallet.setFrozen(coinOf(wallet, change), false, 'operator').ok)
})

test('freeze — a claim that is given up gives its frozen coin back as it was', (t) => {
  const { wallet, receive } = walletRig()
  receive(50_000n)
  const coin = coinOf(wallet, 50_000n)
  wallet.setFrozen(coin, true, 'plugin')
  const first = must(wallet.bump(claim))
  wallet.processTx(wallet.sign(first), { purpose: 'anchor' })
  wallet.forget(first.tx)
  t.like(wallet.balance(), { frozen: 50_000n, spendable: 0n })
  t.is(wallet.coins().length, 1)
})

test('freeze — the change of a payment stays frozen when the payment is replaced', (t) => {
  const { wallet, receive } = walletRig()
  receive(50_000n)
  const { tx } = must(wallet.send(pay(5_000n)))
  t.true(wallet.setFrozen({ txid: txidOf(tx), index: 1 }, true, 'operator').ok)
  const replaced = must(wallet.replace({ txid: txidOf(tx), feeratePerKw: 2_000 }))
  t.deepEqual(
    wallet.coins().map(({ outpoint, frozen }) => [outpoint, frozen]),
    [[{ txid: txidOf(replaced.tx), index: 1 }, 'operator']],
  )
})

test('freeze, label — what the operator did, a plugin does not undo; what a plugin did, both do', (t) => {
  const { wallet, receive, reopen } = walletRig()
  receive(50_000n)
  const coin = coinOf(wallet, 50_000n)
  const kept = { ok: false, error: { code: 'kept-by-operator' } } as const
  t.true(wallet.setFrozen(coin, true, 'plugin').ok)
  t.true(wallet.setFrozen(coin, false, 'plugin').ok)
  t.true(wallet.setFrozen(coin, true, 'plugin').ok)
  // From here on it is the operator's wish, and a plugin that freezes it again does not make it its own.
  t.true(wallet.setFrozen(coin, true, 'operator').ok)
  t.true(wallet.setFrozen(coin, true, 'plugin').ok)
  for (const each of [wallet, reopen()]) t.deepEqual(each.setFrozen(coin, false, 'plugin'), kept)
  t.true(wallet.setFrozen(coin, false, 'operator').ok)

  const { address } = wallet.newAddress('p2tr', 'mine')
  const other = wallet.newAddress('p2tr', 'a plugin’s', 'plugin').address
  const mine = must(wallet.send({ ...pay(5_000n), label: 'mine' })).tx
  const theirs = must(wallet.send({ ...pay(5_000n), label: 'a plugin’s', labelledBy: 'plugin' })).tx
  for (const each of [wallet, reopen()]) {
    for (const what of [address, txidOf(mine)]) {
      t.deepEqual(each.setLabel(what, 'x', 'plugin'), kept)
      t.deepEqual(each.setLabel(what, undefined, 'plugin'), kept)
    }
  }
  for (const what of [other, txidOf(theirs)]) {
    t.true(wallet.setLabel(what, 'y', 'plugin').ok)
    t.true(reopen().setLabel(what, 'z', 'plugin').ok)
    t.true(wallet.setLabel(what, 'now mine', 'operator').ok)
    t.deepEqual(wallet.setLabel(what, 'y', 'plugin'), kept)
    t.true(wallet.setLabel(what, undefined, 'operator').ok)
    t.true(wallet.setLabel(what, 'free', 'plugin').ok)
  }
})

test('label — of a payment stays whose it was when the payment is replaced', (t) => {
  const { wallet, receive } = walletRig()
  receive(50_000n)
  const { tx } = must(wallet.send({ ...pay(5_000n), label: 'a plugin’s', labelledBy: 'plugin' }))
  const replaced = must(wallet.replace({ txid: txidOf(tx), feeratePerKw: 2_000 }))
  t.true(wallet.setLabel(txidOf(replaced.tx), 'x', 'plugin').ok)
})

test('label — is kept for addresses and transactions, shown with their coins, and taken away again', (t) => {
  const { wallet, chain, receive, follow, reopen } = walletRig()
  receive(50_000n)
  const { address, script } = wallet.newAddress('p2wpkh', 'the shop')
  must(chain.fund([{ amount: 7_000n, script }]))
  chain.mine(1)
  follow()
  t.is(
    reopen()
      .coins()
      .find(({ amount }) => amount === 7_000n)?.label,
    'the shop',
  )
  t.true(wallet.setLabel(address, undefined, 'operator').ok)
  t.is(
    reopen()
      .addresses()
      .find((each) => each.address === address)?.label,
    undefined,
  )
  const { tx } = must(wallet.send(pay(5_000n)))
  t.true(wallet.setLabel(txidOf(tx), 'later', 'operator').ok)
  t.is(reopen().transaction(txidOf(tx))?.label, 'later')
  t.deepEqual(wallet.setLabel(new Uint8Array(32), 'x', 'operator'), { ok: false, error: { code: 'unknown' } })
})

test('balance — change of a payment made with coins of others in no block is not spendable: they may be replaced', (t) => {
  const { wallet, chain, mine } = walletRig()
  const incoming = must(chain.fund([{ amount: 70_000n, script: wallet.newAddress().script }]))
  wallet.processTx(incoming)
  const child = must(
    wallet.spendChild({ txid: txidOf(incoming), feeratePerKw: 2_000, parents: { fee: 200n, weight: 600 } }),
  )
  t.true(chain.submitTx(child.tx).ok)
  t.like(wallet.balance(), { unconfirmed: 70_000n - child.fee, spendable: 0n })
  mine()
  t.like(wallet.balance(), { spendable: 70_000n - child.fee })
})

test('replace — pays the same with the same coins and a higher fee, and tells what it replaced', (t) => {
  const { wallet, chain, receive, mine, dropped, reopen } = walletRig()
  receive(100_000n)
  const first = must(wallet.send({ ...pay(30_000n), label: 'rent' }))
  t.true(chain.submitTx(first.tx).ok)
  const txid = txidOf(first.tx)
  const low = wallet.replace({ txid, feeratePerKw: 501 })
  t.like(low, { error: { code: 'feerate-too-low' } })
  const minimum = !low.ok && low.error.code === 'feerate-too-low' ? low.error.minimum : 0
  t.like(wallet.replace({ txid, feeratePerKw: minimum, maxFee: 1n }), { error: { code: 'fee-limit-exceeded' } })
  t.is(dropped.length, 0)
  const second = must(wallet.replace({ txid, feeratePerKw: minimum }))
  t.deepEqual(second.tx.outputs[0], first.tx.outputs[0])
  t.deepEqual(
    second.tx.inputs.map(({ outpoint }) => outpoint),
    first.tx.inputs.map(({ outpoint }) => outpoint),
  )
  t.true(chain.submitTx(second.tx).ok, 'the least that the wallet asks for is what nodes take')
  t.like(reopen().transaction(txidOf(second.tx)), { purpose: 'send', label: 'rent', replaces: txid })
  t.is(wallet.transaction(txid), undefined)
  t.deepEqual(
    dropped.map(({ record, by }) => [toHex(record.txid), by]),
    [[toHex(txid), txidOf(second.tx)]],
  )
  mine()
  t.is(wallet.balance().confirmed, 70_000n - second.fee)
})

test('replace — brings in a confirmed coin where the change does not suffice, and drops change that is dust', (t) => {
  const { wallet, chain, receive } = walletRig()
  receive(30_000n)
  const first = must(wallet.send(pay(29_000n)))
  t.true(chain.submitTx(first.tx).ok)
  t.like(wallet.replace({ txid: txidOf(first.tx), feeratePerKw: 5_000 }), { error: { code: 'insufficient-funds' } })
  receive(50_000n)
  const second = walletRig()
  second.receive(30_000n)
  const stuck = must(second.wallet.send(pay(29_000n)))
  second.receive(50_000n)
  const higher = must(second.wallet.replace({ txid: txidOf(stuck.tx), feeratePerKw: 5_000 }))
  t.is(higher.tx.inputs.length, 2)
  t.true(second.chain.submitTx(higher.tx).ok)
})

test('replace — of all pays less, and keeps what is kept', (t) => {
  const { wallet, chain, receive } = walletRig(1, () => 10_000n)
  receive(60_000n, 40_000n)
  const first = must(wallet.sendAll({ script: THEIRS, feeratePerKw: 500 }))
  t.is(first.amount, 90_000n - first.fee)
  t.is(first.tx.outputs[1]?.amount, 10_000n)
  t.true(chain.submitTx(first.tx).ok)
  const second = must(wallet.replace({ txid: txidOf(first.tx), feeratePerKw: 2_000 }))
  t.is(second.tx.outputs[0]?.amount, 90_000n - second.fee)
  t.true(chain.submitTx(second.tx).ok)
})

test('replace — is refused for what is not the wallet’s alone, with the reason', (t) => {
  const { wallet, chain, receive, mine } = walletRig()
  receive(100_000n, 80_000n)
  const funded = must(wallet.fund({ outputs: [{ amount: 60_000n, script: THEIRS }], feeratePerKw: 500 }))
  const funding = wallet.sign(funded)
  wallet.processTx(funding, { purpose: 'channel-funding', channelId: 'ab'.repeat(32) })
  t.like(wallet.replace({ txid: txidOf(funding), feeratePerKw: 5_000 }), {
    error: { code: 'not-replaceable', reason: 'channel' },
  })
  t.true(chain.submitTx(funding).ok)
  const child = must(wallet.spendChild({ txid: txidOf(funding), feeratePerKw: 5_000 }))
  t.true(chain.submitTx(child.tx).ok)
  const incoming = must(chain.fund([{ amount: 5_000n, script: wallet.newAddress().script }]))
  wallet.processTx(incoming)
  t.like(wallet.replace({ txid: txidOf(incoming), feeratePerKw: 5_000 }), { error: { reason: 'foreign' } })
  const parent = must(wallet.send(pay(1_000n)))
  must(wallet.spendChild({ txid: txidOf(parent.tx), feeratePerKw: 1_000 }))
  t.like(wallet.replace({ txid: txidOf(parent.tx), feeratePerKw: 5_000 }), { error: { reason: 'spent-on' } })
  mine()
  t.like(wallet.replace({ txid: txidOf(child.tx), feeratePerKw: 5_000 }), { error: { code: 'transaction-confirmed' } })
  t.like(wallet.replace({ txid: new Uint8Array(32), feeratePerKw: 500 }), { error: { code: 'transaction-unknown' } })
})

test('spendChild — brings a transaction and those below it to the rate', (t) => {
  const { wallet, chain, receive } = walletRig()
  receive(100_000n)
  const grandparent = must(wallet.send({ outputs: [{ script: THEIRS, amount: 20_000n }], feeratePerKw: 253 }))
  const parent = must(wallet.send({ outputs: [{ script: THEIRS, amount: 20_000n }], feeratePerKw: 253 }))
  const child = must(wallet.spendChild({ txid: txidOf(parent.tx), feeratePerKw: 3_000 }))
  const all = [grandparent, parent, child]
  for (const { tx } of all) t.true(chain.submitTx(tx).ok, displayTxid(txidOf(tx)))
  const fees = all.reduce((sum, { fee }) => sum + fee, 0n)
  const rate = feerateOf(
    fees,
    all.reduce((sum, { tx }) => sum + txWeight(tx), 0),
  )
  t.true(rate >= 3_000 && rate <= 3_030, `${rate}`)
  t.true(feerate(child.fee, child.tx) > 3_000)
  const paid = { txid: txidOf(parent.tx), feeratePerKw: 253 }
  t.like(wallet.spendChild(paid), { error: { code: 'no-output-of-ours' } })
})

test('spendChild — knows what an incoming transaction pays from the mempool alone, and is refused without', (t) => {
  const { wallet, chain, receive } = walletRig()
  receive(100_000n)
  const incoming = must(chain.fund([{ amount: 1_000n, script: wallet.newAddress().script }]))
  const txid = txidOf(incoming)
  wallet.processTx(incoming)
  t.like(wallet.spendChild({ txid, feeratePerKw: 2_000 }), { error: { code: 'not-replaceable', reason: 'foreign' } })
  const parents = chain.mempoolPackage(txid)?.ancestors
  if (parents === undefined) return t.fail()
  const child = must(wallet.spendChild({ txid, feeratePerKw: 5_000, parents }))
  t.true(child.tx.inputs.length > 1, 'a coin of ours helps out')
  t.true(chain.submitTx(child.tx).ok)
  const rate = feerateOf(parents.fee + child.fee, parents.weight + txWeight(child.tx))
  t.true(rate >= 5_000 && rate <= 5_100, `${rate}`)
})

test('the anchors’ reserve — no send and no opening goes below it, and a bump may use it', (t) => {
  let channels = 2n
  const { wallet, chain, receive } = walletRig(1, (more) => (channels + BigInt(more)) * 10_000n)
  receive(100_000n)
  t.is(wallet.anchorReserve(), 20_000n)
  const most = 80_000n - (wallet.quote(pay(70_000n)) as bigint)
  t.like(wallet.send(pay(most + 1n)), { error: { code: 'anchor-reserve', reserve: 20_000n, left: 19_999n } })
  t.like(wallet.fund(pay(most + 1n)), { error: { code: 'anchor-reserve' } })
  t.like(wallet.checkFunds({ ...pay(most), moreChannels: 1 }), { code: 'anchor-reserve', reserve: 30_000n })
  t.is(wallet.checkFunds(pay(most)), undefined)
  t.is(wallet.balance().reserved, 0n)
  t.true(chain.submitTx(must(wallet.send(pay(most))).tx).ok)
  chain.mine(1)
  channels = 0n
  const tx = { version: 2, inputs: [], outputs: [], lockTime: 0 }
  t.true(walletRigWith(50_000n).bump({ tx, prevouts: [], baseFee: 40_000n, feeratePerKw: 253 }).ok)
})

/** All of it reserved for anchors. */
const walletRigWith = (amount: Sat) => {
  const { wallet, receive } = walletRig(2, () => amount)
  receive(amount)
  return wallet
}

test('the anchors’ reserve — holds for what raises a fee, too', (t) => {
  const { wallet, receive } = walletRig(1, () => 20_000n)
  receive(30_000n)
  const { tx } = must(wallet.send(pay(9_000n)))
  const higher = wallet.replace({ txid: txidOf(tx), feeratePerKw: 20_000 })
  t.like(higher, { error: { code: 'anchor-reserve', reserve: 20_000n } })
  t.truthy(wallet.transaction(txidOf(tx)))
  t.like(wallet.spendChild({ txid: txidOf(tx), feeratePerKw: 20_000 }), { error: { code: 'anchor-reserve' } })
  t.true(wallet.replace({ txid: txidOf(tx), feeratePerKw: 1_000 }).ok)
})

test('sendAll — leaves what the anchors need, and pays out no more than was counted', (t) => {
  const { wallet, receive } = walletRig(1, () => 30_000n)
  receive(50_000n, 60_000n)
  const quoted = wallet.quoteAll({ script: THEIRS, feeratePerKw: 500 })
  if (quoted === undefined) return t.fail()
  t.is(quoted.amount, 80_000n - quoted.fee)
  const all = { script: THEIRS, feeratePerKw: 500 }
  t.like(wallet.sendAll({ ...all, maxAmount: quoted.amount - 1n }), { error: { code: 'amount-limit-exceeded' } })
  // One coin is enough for the reserve: the other goes out whole.
  const one = must(wallet.sendAll({ ...all, coins: [coinOf(wallet, 50_000n)], maxAmount: quoted.amount }))
  t.is(one.tx.outputs.length, 1)
  t.is(one.amount, 50_000n - one.fee)
})

test('dropped — what a block has replaced is told with what replaced it, and so is what was built on it', (t) => {
  const { wallet, chain, receive, mine, dropped } = walletRig()
  receive(100_000n)
  const first = must(wallet.send(pay(30_000n)))
  const second = must(wallet.send(pay(10_000n)))
  const other = walletRig()
  other.receive(100_000n)
  const copy = must(other.wallet.send({ outputs: [{ script: OTHERS, amount: 20_000n }], feeratePerKw: 500 }))
  t.true(chain.submitTx(copy.tx).ok, 'another node with the same words')
  mine()
  t.deepEqual(
    dropped.map(({ record, by }) => [toHex(record.txid), by === undefined ? undefined : toHex(by)]).sort(),
    [
      [toHex(txidOf(first.tx)), toHex(txidOf(copy.tx))],
      [toHex(txidOf(second.tx)), undefined],
    ].sort(),
  )
  t.deepEqual(wallet.pending(), [])
})

test('transactions of channels — are listed with purpose, channel and fee, though they do not touch the wallet', (t) => {
  const { wallet, chain, mine, reopen, dropped } = walletRig()
  const theirs = must(chain.fund([{ amount: 5_000n, script: THEIRS }]))
  const origin = { purpose: 'local-commitment', channelId: 'ab'.repeat(32), fee: 321n }
  wallet.processTx(theirs, origin)
  t.like(reopen().transaction(txidOf(theirs)), { ...origin, received: 0n, spent: 0n })
  t.deepEqual(wallet.pending(), [], 'the channel publishes it')
  mine()
  t.truthy(reopen().transaction(txidOf(theirs))?.height)
  t.is(dropped.length, 0)
})
