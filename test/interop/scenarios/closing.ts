import { p2tr, p2wpkh, p2wsh, witnessProgram } from '../../../core/src/bitcoin/script.ts'
import { displayTxid, type Tx, txidOf } from '../../../core/src/bitcoin/transaction.ts'
import { channelIdOf } from '../../../core/src/channel/transitions/opening/opening.ts'
import { secp256k1 } from '../../../core/src/crypto/secp256k1.ts'
import { concat, equalBytes, fromHex, toHex } from '../../../core/src/lib/bytes.ts'
import { hasFeature } from '../../../core/src/wire/features.ts'
import type { TestNode } from '../../scenarios/support/world.ts'
import type { Ability, Peer } from '../drivers/driver.ts'
import { cutAt, holdFrom } from '../stage/message-tap.ts'
import { type Balances, ours, type Stage } from '../stage/stage.ts'
import { group, type Scenario } from './scenario.ts'

const CAPACITY_SAT = 1_000_000n
const PUSHED = 400_000_000n

interface Pair {
  readonly us: TestNode
  readonly peer: Peer
  readonly channelId: string
  readonly balances: Balances
}

const pair = async (stage: Stage, opener: 'peer' | 'us'): Promise<Pair> => {
  const { us, peer, channelId } = await stage.channel({ opener, pushMsat: PUSHED })
  // Not whole satoshis on either side.
  const { bolt11 } = await peer.createInvoice({ amountMsat: 12_345_678n })
  stage.t.is((await us.pay(bolt11)).status, 'settled')
  return { us, peer, channelId, balances: await stage.settled(us, peer, channelId) }
}

/** Whether the two close by `closing_complete`: we always offer it. */
const closesSimply = (us: TestNode, peer: Peer): boolean => {
  const connected = us.payloads('peer.connected').findLast(({ nodeId }) => nodeId === peer.nodeId)
  return connected !== undefined && hasFeature(fromHex(String(connected.features)), 'option_simple_close')
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * The closing transaction that both have signed, in the mempool. Where the peer's last signature was lost, it may be the
 * peer alone that has it: eclair publishes it, and says nothing more about that channel.
 */
const closingTx = async (stage: Stage, channelId: string): Promise<Tx> => {
  const spends = ({ inputs }: Tx): boolean => inputs.some(({ outpoint }) => toHex(channelIdOf(outpoint)) === channelId)
  let found: Tx | undefined
  await stage.until('the closing transaction is in the mempool', async () => {
    found = (await stage.mempool()).find(spends)
    return found !== undefined
  })
  return found as Tx
}

const feeOf = ({ outputs }: Tx): bigint => CAPACITY_SAT - outputs.reduce((sum, { amount }) => sum + amount, 0n)

/** The lowest fee rate that travels, and the same for twice the weight: fees are agreed on between both sides. */
const LOW = { least: 150n, most: 400n }

/** Mines the closing transaction, and checks all that it left, to the satoshi. */
const checkOutcome = async (
  stage: Stage,
  { us, peer, channelId, balances }: Pair,
  opener: 'peer' | 'us',
  feeBounds: { readonly least: bigint; readonly most: bigint },
  isCut = false,
): Promise<Tx> => {
  const { t } = stage
  const before = (await us.ask('wallet', 'balance', {})).confirmedSat
  const tx = await closingTx(stage, channelId)
  const amounts = tx.outputs.map(({ amount }) => amount)
  t.is(amounts.length, 2)
  const fee = feeOf(tx)
  t.true(fee >= feeBounds.least && fee <= feeBounds.most, `fee ${fee}`)
  // BOLT 3, closing transaction: rounded down to whole satoshis, and the opener pays the fee.
  const oursSat = balances.oursMsat / 1000n
  const theirsSat = balances.theirsMsat / 1000n
  const lost = CAPACITY_SAT - oursSat - theirsSat
  const paid = fee - lost
  // With option_simple_close each side has a close of its own, for which it pays, and one of the two confirms.
  const payer = !closesSimply(us, peer) ? opener : amounts.includes(theirsSat) ? 'us' : 'peer'
  const [ourOutput, theirOutput] = payer === 'us' ? [oursSat - paid, theirsSat] : [oursSat, theirsSat - paid]
  t.deepEqual([...amounts].sort(ascending), [ourOutput, theirOutput].sort(ascending))

  await stage.mine(6)
  await us.until(async () => us.payloads('channel.closed').length === 1)
  t.like(us.payloads('channel.closed')[0], { channelId, kind: 'mutual' })
  t.is(us.payloads('channel.closing').length, 1)
  const signed = us.payloads('channel.close-signed').map(({ txid }) => txid)
  // Whose answer to ours was lost may publish that one.
  if (closesSimply(us, peer)) t.true(isCut || signed.includes(displayTxid(txidOf(tx))))
  else for (const txid of signed) t.is(txid, displayTxid(txidOf(tx)))
  await us.until(async () => (await us.ask('wallet', 'balance', {})).confirmedSat === before + ourOutput)
  t.is((await us.ask('channels', 'list', {})).items.length, 0)
  await stage.until('the peer forgets the channel', async () =>
    (await peer.channels()).every((each) => each.channelId !== channelId),
  )
  // LDK says goodbye with an error when it sees the transaction in a block, and by then nothing is left to be failed. Core
  // Lightning, which has offered its fee, warns of a commitment_signed that was on its way.
  for (const { text } of us.payloads('channel.errored')) {
    t.regex(String(text), /transaction was confirmed on chain|^Expected closing_signed: 0084/)
  }
  return tx
}

const HASH = fromHex('17'.repeat(20))
const KEY = secp256k1.publicKey(fromHex('18'.repeat(32)))

/** Every form of script that BOLT 2 lets a side close to, and those of old that deployed peers send and take. */
const SCRIPTS: readonly { readonly form: string; readonly script: Uint8Array; readonly needs?: Ability }[] = [
  { form: 'p2wpkh', script: p2wpkh(KEY) },
  { form: 'p2wsh', script: p2wsh(fromHex('51')) },
  { form: 'p2tr', script: p2tr(KEY.subarray(1)) },
  {
    form: 'a future witness version',
    script: witnessProgram(5, fromHex('19'.repeat(24))),
    needs: 'close-to-future-script',
  },
  { form: 'p2pkh', script: concat(fromHex('76a914'), HASH, fromHex('88ac')), needs: 'close-to-legacy-script' },
  { form: 'p2sh', script: concat(fromHex('a914'), HASH, fromHex('87')), needs: 'close-to-legacy-script' },
]

const byTurns: Omit<Scenario, 'group'>[] = (['us', 'peer'] as const).flatMap((opener) => {
  const openedBy = opener === 'us' ? 'we' : 'the peer'
  return [
    {
      title: `we close a channel that ${openedBy} opened — both have theirs on the chain`,
      role: 'we' as const,
      async run(stage: Stage) {
        const all = await pair(stage, opener)
        await all.us.ask('channels', 'close', { channelId: all.channelId })
        stage.t.like(all.us.payloads('channel.closing')[0], { initiator: 'local', kind: 'mutual' })
        await checkOutcome(stage, all, opener, LOW)
      },
    },
    {
      title: `the peer closes a channel that ${openedBy} opened — both have theirs on the chain`,
      role: 'peer' as const,
      async run(stage: Stage) {
        const all = await pair(stage, opener)
        await all.peer.closeChannel(all.channelId)
        await all.us.until(async () => all.us.payloads('channel.closing').length > 0)
        stage.t.like(all.us.payloads('channel.closing')[0], { initiator: 'remote', kind: 'mutual' })
        await checkOutcome(stage, all, opener, LOW)
      },
    },
  ]
})

export const closing = group('Closes', [
  ...byTurns,
  {
    title: 'we close at a fee rate of our own, as the opener — the peer agrees',
    role: 'we',
    async run(stage) {
      const all = await pair(stage, 'us')
      await all.us.ask('channels', 'close', { channelId: all.channelId, feerate: 1_000 })
      await checkOutcome(stage, all, 'us', { least: 150n, most: 1_500n })
    },
  },
  {
    title: 'the peer closes at a higher fee rate than ours, as the opener — we agree',
    role: 'peer',
    needs: ['close-feerate', 'push'],
    async run(stage) {
      const all = await pair(stage, 'peer')
      await all.peer.closeChannel(all.channelId, { feeratePerKw: 2_000 })
      await checkOutcome(stage, all, 'peer', { least: 600n, most: 4_000n })
    },
  },
  {
    title: 'the peer, the opener, closes at a maximum fee rate of its own — the closing transaction pays no more',
    role: 'peer',
    needs: ['close-max-feerate', 'push'],
    async run(stage) {
      const all = await pair(stage, 'peer')
      await all.peer.closeChannel(all.channelId, { maxFeeratePerKw: 500 })
      await checkOutcome(stage, all, 'peer', LOW)
    },
  },
  {
    title: 'we close while a fee rate of the peer, the opener, is on its way — the close comes to its end together',
    role: 'we',
    needs: ['commitment-feerate', 'push'],
    async run(stage) {
      const { t } = stage
      const all = await pair(stage, 'peer')
      const { us, peer, channelId } = all
      // Our shutdown leaves between its update_fee and our signature for that.
      const held = holdFrom(peer.nodeId, 'commitment_signed')
      const changing = peer.setFeerate(1_000)
      const { letGo } = await held
      await us.ask('channels', 'close', { channelId })
      letGo()
      await changing
      await checkOutcome(stage, all, 'peer', { least: 150n, most: 1_500n })
      for (const { kind } of us.payloads('channel.closing')) t.is(kind, 'mutual')
    },
  },
  {
    title:
      'the peer wants a fee a hundred times ours of us, the opener — we never pay more than our maximum, until told',
    role: 'peer',
    needs: ['close-feerate', 'stays-on-fee-dispute'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId, balances } = await pair(stage, 'us')
      const other = await stage.openTo(peer, us, { pushMsat: 200_000_000n })
      await peer.closeChannel(channelId, { feeratePerKw: 50_000 })
      await us.until(async () => us.payloads('channel.closing').length > 0)
      const isSigned = () => us.payloads('channel.close-signed').length > 0
      // Whether the peer comes down to us or insists, the other channel does not notice.
      for (let i = 0; i < 5; i++)
        t.is((await us.pay((await peer.createInvoice({ amountMsat: 1_000_000n })).bolt11)).status, 'settled')
      if (!isSigned()) {
        t.is((await ours(us, channelId)).state, 'closing')
        await us.ask('channels', 'close', { channelId, feerate: 100_000 })
        await us.until(async () => isSigned())
        t.log('it insisted, and we were told to pay')
      } else {
        const tx = await closingTx(stage, channelId)
        // By closing_complete it pays what it wants, and all of it from its own share.
        const isTheirs = closesSimply(us, peer) && tx.outputs.some(({ amount }) => amount === balances.oursMsat / 1000n)
        t.log(`${isTheirs ? 'it pays' : 'it came down to'} ${feeOf(tx)} sat`)
        t.true(isTheirs || feeOf(tx) <= 10_000n)
      }
      await stage.mine(6)
      await us.until(async () => us.payloads('channel.closed').length === 1)
      await us.until(() => us.isUsable(other))
    },
  },
  ...SCRIPTS.map(({ form, script, needs = 'close-to-script' }) => ({
    title: `the peer closes to ${form} — that is what the closing transaction pays`,
    role: 'peer' as const,
    needs: [needs],
    async run(stage: Stage) {
      const all = await pair(stage, 'us')
      const drops = all.us.payloads('peer.disconnected').length
      await all.peer.closeChannel(all.channelId, { script })
      const tx = await closingTx(stage, all.channelId)
      stage.t.is(all.us.payloads('peer.disconnected').length, drops)
      await checkOutcome(stage, all, 'us', LOW)
      stage.t.true(tx.outputs.some((output) => equalBytes(output.script, script)))
    },
  })),
  ...(['we', 'peer'] as const).map((closer) => ({
    title: `${closer === 'we' ? 'we close' : 'the peer closes'} with a payment in flight — it settles first, then the channel closes`,
    role: closer,
    needs: closer === 'we' ? (['hold'] as const) : (['hold', 'close-with-htlcs'] as const),
    async run(stage: Stage) {
      const { t } = stage
      const all = await pair(stage, 'us')
      const { us, peer, channelId, balances } = all
      const { bolt11, paymentHash } = await peer.createInvoice({ amountMsat: 50_000_000n, hold: true })
      const paying = us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })
      await stage.until('the peer holds it', () => peer.isHeld(paymentHash))
      if (closer === 'we') await us.ask('channels', 'close', { channelId })
      else await peer.closeChannel(channelId)
      await us.until(async () => (await ours(us, channelId)).state === 'closing')
      const more = await peer.createInvoice({ amountMsat: 1_000n })
      t.like(await us.tryAsk('payments', 'payInvoice', { invoice: more.bolt11 }), { ok: false })
      t.is(us.payloads('channel.close-signed').length, 0)
      await peer.settleHeld(paymentHash)
      t.true((await paying).ok)
      const { oursMsat, theirsMsat } = balances
      const now = { oursMsat: oursMsat - 50_000_000n, theirsMsat: theirsMsat + 50_000_000n }
      await checkOutcome(stage, { ...all, balances: now }, 'us', LOW)
    },
  })),
  ...(['we', 'peer'] as const).map((payer) => ({
    title: `${payer === 'we' ? 'we pay' : 'the peer pays'} more for a close, and more again — each is signed by both, and the last confirms`,
    role: payer,
    needs: payer === 'we' ? (['replacements-at-once'] as const) : (['simple-close'] as const),
    async run(stage: Stage) {
      const { t } = stage
      const all = await pair(stage, 'us')
      const { us, peer, channelId } = all
      const fees: bigint[] = []
      // Above what the other side pays for its own.
      for (const feerate of [5_000, 10_000, 20_000]) {
        if (payer === 'we') await us.ask('channels', 'close', { channelId, minFeerate: feerate })
        else await peer.closeChannel(channelId, { feeratePerKw: feerate })
        const least = fees.at(-1) ?? 0n
        await stage.until(
          'one that pays more is in the mempool',
          async () => feeOf(await closingTx(stage, channelId)) > least,
        )
        fees.push(feeOf(await closingTx(stage, channelId)))
      }
      t.log(`fees ${fees.join(', ')} sat`)
      const last = await checkOutcome(stage, all, 'us', { least: 10_000n, most: 20_000n })
      t.is(feeOf(last), fees.at(-1) ?? 0n)
    },
  })),
  ...(['shutdown', 'closing_signed'] as const).flatMap((type) =>
    (['in', 'out'] as const).map((direction) => ({
      title: `the connection is cut at the ${type} ${direction === 'in' ? 'of the peer' : 'of ours'} — the close goes on after the reconnection`,
      role: 'we' as const,
      async run(stage: Stage) {
        const all = await pair(stage, 'us')
        // What stands in the place of closing_signed where both have option_simple_close.
        const simply = direction === 'out' ? 'closing_complete' : 'closing_sig'
        const isSimple = type === 'closing_signed' && closesSimply(all.us, all.peer)
        const cut = cutAt(all.peer.nodeId, { direction, type: isSimple ? simply : type })
        await all.us.ask('channels', 'close', { channelId: all.channelId })
        await cut
        await checkOutcome(stage, all, 'us', LOW, true)
      },
    })),
  ),
])
