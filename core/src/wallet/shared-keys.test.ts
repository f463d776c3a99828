import test from 'ava'
import { p2wpkh } from '../bitcoin/script.ts'
import { txidOf } from '../bitcoin/transaction.ts'
import { perChain } from './keys.ts'
import { walletRig } from './wallet-rig.ts'

const STRANGER = p2wpkh(new Uint8Array(33).fill(2))
const FUNDING = { outputs: [{ script: STRANGER, amount: 50_000n }], feeratePerKw: 1_000 }

/** The node's wallet and that of somebody who has the same keys, on one chain. */
const sharing = () => {
  const rig = walletRig(1, () => 0n, { areShared: true })
  rig.receive(100_000n, 100_000n)
  return rig
}

/** What somebody else makes with the same keys, as the wallet meets it in the mempool. */
const madeElsewhere = (rig: ReturnType<typeof sharing>) => {
  const other = rig.reopen()
  const sent = other.send(FUNDING)
  if (!sent.ok) throw new Error('there are coins')
  return sent.value.tx
}

test('shared keys — no address is given out at or above what the other looks for, nor below what it has given out', (t) => {
  const { wallet, keys } = sharing()
  keys.limit(perChain(() => 4))
  wallet.skipTo(perChain(() => 4))
  const last = keys.script({ type: 'p2tr', branch: 'receive', index: 4 })
  t.deepEqual(wallet.newAddress('p2tr').script, last)
  t.deepEqual(wallet.newAddress('p2tr').script, last)
  keys.limit(perChain(() => 9))
  t.deepEqual(wallet.newAddress('p2tr').script, keys.script({ type: 'p2tr', branch: 'receive', index: 5 }))
  wallet.skipTo(perChain(() => 2))
  t.is(wallet.next().p2tr.receive, 6)
})

test('shared keys — what the other has made is not handed in, and its change is not spent before it is in a block', (t) => {
  const rig = sharing()
  const { wallet } = rig
  const tx = madeElsewhere(rig)
  wallet.processTx(tx)
  t.deepEqual(wallet.pending(), [])
  t.is(wallet.balance().spendable, 100_000n)
  t.true(wallet.balance().unconfirmed > 0n)
  t.deepEqual(wallet.spokenFor(), [])
  const sent = wallet.send(FUNDING)
  t.true(sent.ok)
  t.is(wallet.pending().length, 1)
})

test('shared keys — a spend of the other takes the place of ours, and is told', (t) => {
  const rig = sharing()
  const { wallet, dropped } = rig
  const sent = wallet.sendAll({ script: STRANGER, feeratePerKw: 1_000 })
  t.true(sent.ok)
  t.is(wallet.spokenFor().length, 2)
  wallet.forget(sent.ok ? sent.value.tx : never())
  const tx = madeElsewhere(rig)
  const again = wallet.sendAll({ script: STRANGER, feeratePerKw: 2_000 })
  wallet.processTx(tx)
  t.deepEqual(dropped.at(-1)?.by, txidOf(tx))
  t.deepEqual(dropped.at(-1)?.record.txid, again.ok ? txidOf(again.value.tx) : never())
})

test('shared keys — an opening does not offer to be replaced; with keys of its own the wallet raises fees by children, too', (t) => {
  const sequences = (rig: ReturnType<typeof walletRig>) => {
    const funded = rig.wallet.fund(FUNDING)
    return funded.ok ? funded.value.tx.inputs.map(({ sequence }) => sequence) : []
  }
  t.deepEqual(sequences(sharing()), [0xfffffffe])
  const alone = walletRig()
  alone.receive(100_000n)
  t.deepEqual(sequences(alone), [0xfffffffd])
})

const never = (): never => {
  throw new Error('it was sent')
}
