import test from 'ava'
import type { WalletTx } from '../../wallet/wallet-tx.ts'
import { byChannel, describeClosed } from './closed-channels.ts'

const ID = 'aa'.repeat(32)
const WAY = { relays: 0, amountMsat: 0n, feesMsat: 0n }

const old = {
  channelId: ID,
  peer: `02${'11'.repeat(32)}`,
  fundingIndex: 0,
  kind: 'local-force',
  txid: 'bb'.repeat(32),
  blockHeight: 900,
} as const

const told = {
  ...old,
  openedBy: 'local',
  closedBy: 'remote',
  capacitySat: 1_000_000n,
  fundingTxid: 'cc'.repeat(32),
  openedHeight: 100,
  finalMsat: 500_000_000n,
  returnedSat: 499_000n,
  closingFeeSat: 1_000n,
} as const

const waiting = (purpose: string, fee?: bigint): WalletTx => ({
  txid: new Uint8Array(32),
  tx: { version: 2, inputs: [], outputs: [], lockTime: 0 },
  received: 0n,
  spent: 0n,
  seenAt: 1,
  purpose,
  channelId: ID,
  ...(fee === undefined ? {} : { fee }),
})

const tx = (purpose: string, fee?: bigint): WalletTx => ({ ...waiting(purpose, fee), height: 890 })

const ledgers = (txs: readonly WalletTx[], since?: number) => ({
  books: { of: () => ({ in: WAY, out: WAY }), since },
  transactionsFor: byChannel(() => txs),
})

test('a channel that was closed by an earlier version — what nobody knows is left out, and is not zero', (t) => {
  const shown = describeClosed(old, 5_000, ledgers([], 6_000))
  for (const field of [
    'openingFeeSat',
    'claimFeesSat',
    'closingFeeSat',
    'earned',
    'returnedSat',
    'closedBy',
  ] as const) {
    t.false(field in shown, field)
  }
  // Where the log has lost nothing, a channel without relays has had none.
  t.deepEqual(describeClosed(old, 5_000, ledgers([])).earned, { in: WAY, out: WAY })
  // Counted from then on.
  t.deepEqual(describeClosed(old, 7_000, ledgers([], 6_000)).earned, { in: WAY, out: WAY, since: 6_000 })
})

test('fees on the chain are those of transactions in blocks, by what they were for', (t) => {
  const txs = [
    tx('channel-funding', 300n),
    tx('local-commitment', 1_000n),
    tx('anchor', 700n),
    tx('to-local', 200n),
    waiting('htlc-timeout', 90_000n),
  ]
  t.like(describeClosed(told, 5_000, ledgers(txs)), { openingFeeSat: 300n, claimFeesSat: 900n, closingFeeSat: 1_000n })
  t.like(describeClosed({ ...told, openedBy: 'remote' }, 5_000, ledgers([])), { openingFeeSat: 0n, claimFeesSat: 0n })
})

test('a fee that is not known makes the sum unknown', (t) => {
  const shown = describeClosed(told, 5_000, ledgers([tx('channel-funding'), tx('to-local')]))
  t.false('openingFeeSat' in shown)
  t.false('claimFeesSat' in shown)
})
