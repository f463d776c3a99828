import test from 'ava'
import { scriptToAddress } from '../../bitcoin/address.ts'
import { NETWORKS } from '../../bitcoin/network.ts'
import { p2wpkh } from '../../bitcoin/script.ts'
import { displayTxid, type Tx, txidOf } from '../../bitcoin/transaction.ts'
import type { BitcoindWallet, TxOfBitcoind } from '../../chain/bitcoind/bitcoind-wallet.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import type { OutPoint } from '../../lib/ids.ts'
import { err, ok } from '../../lib/result.ts'
import { descriptorText } from '../../wallet/descriptors.ts'
import { KEY_CHAINS, type KeyPath, perChain } from '../../wallet/keys.ts'
import { walletRig } from '../../wallet/wallet-rig.ts'
import { silentLog } from '../node-log.ts'
import { SharedWallet } from './shared-wallet.ts'

const STRANGER = p2wpkh(new Uint8Array(33).fill(2))
const KEYPOOL = 1_000

/** A wallet of bitcoind as it would answer, in memory. */
const scriptedBitcoind = (expressionOf: (chain: Omit<KeyPath, 'index'>) => string) => {
  const next: Record<string, number> = {}
  const nameOf = ({ type, branch }: Omit<KeyPath, 'index'>): string => `${type} ${branch}`
  const known = new Map<string, TxOfBitcoind>()
  const locked = new Map<string, OutPoint>()
  const state = {
    isAway: false,
    refusal: { rpcCode: -18, message: 'not loaded' },
    unspent: [] as { txid: Uint8Array; index: number }[],
    known,
    locked,
    next,
    inUse: true,
  }
  const reply = <T>(value: T) =>
    Promise.resolve(state.isAway ? err({ code: 'bitcoind-error', method: 'x', ...state.refusal } as const) : ok(value))
  const wallet: BitcoindWallet = {
    name: 'own',
    open: () => Promise.reject(new Error('opened elsewhere')),
    descriptors: () =>
      reply(
        KEY_CHAINS.map((chain) => ({
          text: descriptorText(chain.type, expressionOf(chain)),
          use: state.inUse ? chain.branch : ('none' as const),
          next: next[nameOf(chain)] ?? 0,
          last: (next[nameOf(chain)] ?? 0) + KEYPOOL - 1,
        })),
      ),
    takeAddress(type, branch) {
      const name = nameOf({ type: type === 'bech32' ? 'p2wpkh' : 'p2tr', branch })
      next[name] = (next[name] ?? 0) + 1
      return reply({})
    },
    unspent: () => reply(state.unspent),
    unconfirmed: () =>
      reply([...known.values()].filter(({ block }) => block === undefined).map(({ tx }) => txidOf(tx))),
    transaction: (txid) => reply(known.get(displayTxid(txid))),
    setLocked(outpoint, isLocked) {
      if (isLocked) locked.set(outpointKey(outpoint), outpoint)
      else locked.delete(outpointKey(outpoint))
      return reply({})
    },
    locked: () => reply([...locked.values()]),
    close() {},
  }
  const put = (tx: Tx, of: Partial<TxOfBitcoind>): void =>
    void known.set(displayTxid(txidOf(tx)), { tx, isInMempool: false, isGone: false, ...of })
  return { wallet, state, put, nameOf }
}

const rigged = () => {
  const rig = walletRig(1, () => 0n, { areShared: true })
  const bitcoind = scriptedBitcoind((chain) => rig.keys.expression(chain))
  const shared = new SharedWallet({
    ...rig,
    onSaved() {},
    bitcoind: bitcoind.wallet,
    watcher: { watchBlocks: () => () => {}, position: () => rig.chain.tip },
    tip: () => rig.chain.tip,
    log: silentLog,
  })
  return { ...rig, ...bitcoind, wallet: rig.wallet, shared }
}

const sendFrom = ({ wallet }: Pick<ReturnType<typeof rigged>, 'wallet'>): Tx => {
  const sent = wallet.send({ outputs: [{ script: STRANGER, amount: 50_000n }], feeratePerKw: 1_000 })
  if (!sent.ok) throw new Error(sent.error.code)
  return sent.value.tx
}

test('shared wallet — each address that one of them gives out is taken by the other', async (t) => {
  const { wallet, shared, state } = rigged()
  for (let i = 0; i < 3; i++) wallet.newAddress('p2wpkh')
  state.next['p2tr receive'] = 7
  await shared.look()
  t.is(state.next['p2wpkh receive'], 3)
  t.is(state.next['p2tr receive'], 7)
  t.is(wallet.next().p2tr.receive, 7)
  await shared.look()
  t.is(state.next['p2wpkh receive'], 3)
})

test('shared wallet — while bitcoind has not loaded it no address is given out that it would not notice, and the operator is told', async (t) => {
  const { wallet, shared, state, keys } = rigged()
  await shared.look()
  t.is(keys.lastIndex({ type: 'p2tr', branch: 'receive' }), KEYPOOL - 1)
  state.isAway = true
  wallet.skipTo(perChain(() => KEYPOOL + 5))
  await shared.look()
  const last = keys.script({ type: 'p2tr', branch: 'receive', index: KEYPOOL - 1 })
  t.deepEqual(wallet.newAddress('p2tr').script, last)
  t.regex(shared.warnings()[0] ?? '', /own does not answer \(not loaded\).*loadwallet "own" true/)
  state.isAway = false
  await shared.look()
  await shared.look()
  t.deepEqual(shared.warnings(), [])
  t.is(state.next['p2tr receive'], wallet.next().p2tr.receive)
  t.notDeepEqual(wallet.newAddress('p2tr').script, last)
})

test('shared wallet — what bitcoind refuses for another reason is told in its words, and no loading is advised', async (t) => {
  const { shared, state } = rigged()
  state.isAway = true
  state.refusal = { rpcCode: -4, message: 'Wallet is currently rescanning' }
  await shared.look()
  t.regex(shared.warnings()[0] ?? '', /own does not answer \(Wallet is currently rescanning\).*To do: see to bitcoind$/)
})

test('shared wallet — of keys that bitcoind gives out no more none is taken, and its range is kept to', async (t) => {
  const { wallet, shared, state, keys } = rigged()
  state.inUse = false
  wallet.newAddress('p2tr')
  await shared.look()
  t.deepEqual(state.next, {})
  t.is(keys.lastIndex({ type: 'p2tr', branch: 'receive' }), KEYPOOL - 1)
})

test('shared wallet — coins from before are found once, each with its block', async (t) => {
  const { wallet, shared, state, put, keys, chain } = rigged()
  const script = keys.script({ type: 'p2wpkh', branch: 'receive', index: 2 })
  const funded = chain.fund([{ script, amount: 70_000n }])
  chain.mine(1)
  const tx = funded.ok ? funded.value : undefined
  if (tx === undefined) throw new Error('the faucet has enough')
  const index = tx.outputs.findIndex(({ amount }) => amount === 70_000n)
  state.unspent.push({ txid: txidOf(tx), index })
  put(tx, { block: { height: chain.tip.height, time: 1_700_000_000 } })
  // Of a block that the node has not handled yet: it comes with it.
  const later = { ...tx, outputs: [{ script, amount: 80_000n }] }
  state.unspent.push({ txid: txidOf(later), index: 0 })
  put(later, { block: { height: chain.tip.height + 1, time: 1_700_000_000 } })
  await shared.look()
  t.is(wallet.coins().length, 1)
  t.like(wallet.coins()[0], { amount: 70_000n, height: chain.tip.height, path: { type: 'p2wpkh', index: 2 } })
  t.is(wallet.transactions()[0]?.seenAt, 1_700_000_000_000)
  t.is(scriptToAddress(script, NETWORKS.regtest), wallet.coins()[0]?.address)
})

test('shared wallet — coins that are set aside are locked in bitcoind, and unlocked when they come free', async (t) => {
  const rig = rigged()
  const { wallet, shared, state } = rig
  rig.receive(100_000n)
  await shared.look()
  const funded = wallet.fund({ outputs: [{ script: STRANGER, amount: 50_000n }], feeratePerKw: 1_000 })
  if (!funded.ok) throw new Error('there are coins')
  await shared.look()
  const [input] = funded.value.tx.inputs
  t.deepEqual([...state.locked.keys()], [outpointKey(input?.outpoint ?? never())])
  wallet.release(funded.value.tx)
  await shared.look()
  t.is(state.locked.size, 0)
})

test('shared wallet — what somebody else has locked in bitcoind is left alone, but for claims', async (t) => {
  const rig = rigged()
  const { wallet, shared, state } = rig
  rig.receive(100_000n, 100_000n)
  const [coin] = wallet.coins()
  if (coin === undefined) throw new Error('it has two')
  state.locked.set(outpointKey(coin.outpoint), coin.outpoint)
  await shared.look()
  t.like(wallet.balance(), { spendable: 100_000n, frozen: 100_000n })
  t.true(wallet.coins()[0]?.isKept)
  t.deepEqual(wallet.setFrozen(coin.outpoint, false, 'operator'), err({ code: 'kept-elsewhere' }))
  const outputs = [{ script: STRANGER, amount: 120_000n }]
  t.is(wallet.checkFunds({ outputs, feeratePerKw: 500 })?.code, 'insufficient-funds')
  const claim = { version: 2, inputs: [], outputs, lockTime: 0 }
  const bumped = wallet.bump({ tx: claim, prevouts: [], baseFee: 500n, feeratePerKw: 500 })
  t.true(bumped.ok)
  state.locked.clear()
  if (bumped.ok) wallet.release(bumped.value.tx)
  await shared.look()
  t.is(wallet.balance().spendable, 200_000n)
})

test('shared wallet — what is spent elsewhere takes its coins at once, and gives them back when it is given up', async (t) => {
  const rig = rigged()
  const { wallet, shared, put } = rig
  rig.receive(100_000n)
  const tx = sendFrom({ wallet: rig.reopen() })
  // Replaced, or never handed in: it is listed by bitcoind, and takes nothing.
  put(tx, {})
  await shared.look()
  t.is(wallet.transaction(txidOf(tx)), undefined)
  put(tx, { isInMempool: true })
  await shared.look()
  t.is(wallet.balance().spendable, 0n)
  // It has left the mempool: bitcoind hands it in again, unless its user gives it up.
  put(tx, {})
  await shared.look()
  t.is(wallet.balance().spendable, 0n)
  put(tx, { isGone: true })
  await shared.look()
  t.is(wallet.balance().spendable, 100_000n)
})

const never = (): never => {
  throw new Error('it has inputs')
}
