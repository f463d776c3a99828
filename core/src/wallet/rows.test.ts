import test from 'ava'
import type { Tx } from '../bitcoin/transaction.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { ok } from '../lib/result.ts'
import { Coins } from './coins.ts'
import { ROWS_V1 } from './fixtures/rows-v1.ts'
import { ROWS_V2 } from './fixtures/rows-v2.ts'
import { changedRows, StateReader, scriptRow } from './rows.ts'
import { restoreState } from './wallet-rig.ts'
import { EMPTY_WALLET, type WalletState } from './wallet-state.ts'
import { WalletTxs } from './wallet-txs.ts'

const txid = (fill: number) => new Uint8Array(32).fill(fill)

const tx: Tx = {
  version: 2,
  inputs: [
    {
      outpoint: { txid: txid(1), index: 7 },
      sequence: 0xfffffffd,
      scriptSig: new Uint8Array(0),
      witness: [Uint8Array.of(1, 2)],
    },
  ],
  outputs: [{ amount: 5_000_000_000n, script: fromHex(`0014${'ab'.repeat(20)}`) }],
  lockTime: 800_000,
}

const state: WalletState = {
  coins: Coins.of([
    {
      outpoint: { txid: txid(1), index: 7 },
      amount: 5_000_000_500n,
      path: { type: 'p2tr', branch: 'receive', index: 3 },
      height: 799_999,
      ours: false,
      coinbase: true,
      reserved: false,
      spentBy: txid(2),
    },
    {
      outpoint: { txid: txid(2), index: 0 },
      amount: 5_000_000_000n,
      path: { type: 'p2wpkh', branch: 'change', index: 0x01020304 },
      ours: true,
      coinbase: false,
      reserved: true,
    },
  ]),
  txs: WalletTxs.of([
    {
      txid: txid(2),
      tx,
      received: 5_000_000_000n,
      spent: 5_000_000_500n,
      fee: 500n,
      purpose: 'käse',
      seenAt: 1_704_067_200_123,
    },
    { txid: txid(3), tx, height: 12, received: 1n, spent: 0n, seenAt: 0 },
  ]),
  next: { p2wpkh: { receive: 1, change: 2 }, p2tr: { receive: 3, change: 0x01020305 } },
  addressLabels: new Map(),
  height: 800_001,
}

/** All that a state holds, in the open. */
const held = (read: ReturnType<typeof restoreState>) =>
  read.ok ? { ...read.value, coins: [...read.value.coins.values()], txs: [...read.value.txs.values()] } : read

const hexRows = (rows: ReturnType<typeof changedRows>) =>
  rows.map(({ key, value }) => [toHex(key), value === undefined ? undefined : toHex(value)])

/** What version 1 could not keep. */
const told: WalletState = {
  ...state,
  coins: Coins.of([...state.coins.values()].map((coin) => ({ ...coin, frozen: 'operator' }))),
  txs: WalletTxs.of(
    [...state.txs.values()].map((record, i) => ({
      ...record,
      ...(i === 0 ? { channelId: 'ab'.repeat(32), replaces: txid(9) } : { label: 'für dich', key: 'k-1' }),
    })),
  ),
  addressLabels: new Map([['p2wpkh receive 0', { text: 'the shop', by: 'operator' }]]),
}

test('rows — are written as they were released', (t) => {
  t.deepEqual(
    hexRows(changedRows(EMPTY_WALLET, told)),
    ROWS_V2.map((row) => [...row]),
  )
})

test('rows — are read as they were written, whatever is absent', (t) => {
  for (const each of [state, told]) {
    const rows = changedRows(EMPTY_WALLET, each).map(({ key, value }) => ({ key, value: value as Uint8Array }))
    t.deepEqual(held(restoreState(rows)), held(ok(each)))
  }
})

test('rows — of version 1 are read as they were released, in any order', (t) => {
  const rows = ROWS_V1.map(([key, value]) => ({ key: fromHex(key), value: fromHex(value) }))
  t.deepEqual(held(restoreState(rows)), held(ok(state)))
  t.deepEqual(held(restoreState(rows.toReversed())), held(ok(state)))
})

test('rows — tell what a plugin froze and labelled from what the operator did', (t) => {
  const byPlugin: WalletState = {
    ...told,
    coins: Coins.of([...told.coins.values()].map((coin) => ({ ...coin, frozen: 'plugin' }))),
    txs: WalletTxs.of(
      [...told.txs.values()].map((record) => ({ ...record, label: 'of a plugin', labelledBy: 'plugin' })),
    ),
    addressLabels: new Map([['p2wpkh receive 0', { text: 'of a plugin', by: 'plugin' }]]),
  }
  const rows = changedRows(EMPTY_WALLET, byPlugin)
  const read = restoreState(rows.flatMap(({ key, value }) => (value === undefined ? [] : [{ key, value }])))
  t.deepEqual(held(read), held(ok(byPlugin)))
})

test('rows — say only what changed, and delete what is gone', (t) => {
  t.deepEqual(changedRows(state, state), [])
  const [coin] = state.coins.values()
  if (coin === undefined) return t.fail()
  const after = { ...state, coins: Coins.of([{ ...coin, reserved: true }]) }
  t.deepEqual(
    hexRows(changedRows(state, after)).map(([rowKey, value]) => [rowKey, value === undefined]),
    [
      [ROWS_V1[0]?.[0], false],
      [ROWS_V1[1]?.[0], true],
    ],
  )
})

test('rows — that cannot be read are named', (t) => {
  const [first] = ROWS_V1
  if (first === undefined) return t.fail()
  const [key, value] = first
  const broken: [string, string][] = [
    [key, `03${value.slice(2)}`],
    [key, value.slice(0, -2)],
    [key, `${value}00`],
    [`78${key.slice(2)}`, value],
    [key, `${value.slice(0, 18)}09${value.slice(20)}`],
  ]
  for (const [rowKey, rowValue] of broken) {
    t.deepEqual(restoreState([{ key: fromHex(rowKey), value: fromHex(rowValue) }]), {
      ok: false,
      error: { code: 'wallet-row-unreadable', key: rowKey },
    })
  }
})

test('rows — a script is read back for keys in use, and for no other: a fresh address is derived', (t) => {
  const reader = new StateReader()
  const script = new Uint8Array(34).fill(5)
  const path = { type: 'p2tr', branch: 'receive', index: 2 } as const
  const fresh = { ...path, index: 3 }
  for (const each of [path, fresh]) {
    const { key, value } = scriptRow({ path: each, script })
    t.true(value !== undefined && reader.add({ key, value }).ok)
  }
  t.deepEqual(reader.scripts, [])
  for (const { key, value } of changedRows(EMPTY_WALLET, state)) if (value !== undefined) reader.add({ key, value })
  t.deepEqual(reader.scripts, [{ path, script }])
})
