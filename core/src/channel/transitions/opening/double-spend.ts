import { txidOf } from '../../../bitcoin/transaction.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import type { OutPoint, TxId } from '../../../lib/ids.ts'
import { fundingOutputScript } from '../../commitments/build-commitment.ts'
import {
  commitmentFundedBy,
  fundingDeadSince,
  isFundingConfirmed,
  isFundingUndone,
  isSameOutPoint,
  latest,
} from '../../commitments/commitments.ts'
import { isFunded, update } from '../../state/channel-state.ts'
import type { Closing, Funded, FundingCoins } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { OutputSpent, TxConfirmed, TxUnconfirmed } from '../../state/inputs.ts'
import { IRREVOCABLE_DEPTH, isAsDeepAs } from '../common/depth.ts'
import { forceClose, forget } from '../common/fail-channel.ts'
import { publishLocalCommitment } from '../common/publications.ts'
import { settled } from '../common/settle.ts'
import { andThen, emit, type Live, type Step, stay, to } from '../common/step.ts'
import { publishFunding } from './opening.ts'

// A funding that is in no block comes into none any more once one of the coins that it spends is spent by another transaction, or is none: what
// made it, a payment to us or the change of another funding of ours, was double-spent itself. As long as that may be undone, the channel is
// kept: HTLCs in it are given back as deep as any other outcome on the chain, and nothing else is lost.

const MAX_COINS = 16

/** The coins that the funding spends, if they are known: the funder made it, and the fundee knows it once it has been in a block. */
const coinsOf = ({ fundingCoins, fundingTx }: Funded): readonly OutPoint[] =>
  fundingCoins?.outpoints ?? fundingTx?.inputs.map(({ outpoint }) => outpoint) ?? []

/** Whether a double spend of the funding can be recognised. */
export const knowsCoins = ({ fundingCoins, fundingTx }: Funded): boolean =>
  fundingCoins !== undefined || fundingTx !== undefined

const isCoin = (durable: Funded, outpoint: OutPoint): boolean =>
  coinsOf(durable).some((coin) => isSameOutPoint(coin, outpoint))

/** What tells that a funding which is in no block will never be in one. */
export const watchFundingCoins = (durable: Funded): readonly Effect[] => {
  if (isFundingConfirmed(durable)) return []
  const script = fundingOutputScript(latest(durable))
  const rival = durable.fundingCoins?.rival
  return [
    ...coinsOf(durable).map((outpoint): Effect => ({ type: 'watch-spent', outpoint, script })),
    ...(rival === undefined ? [] : [watchRival(rival.txid, script, rival.height)]),
  ]
}

const watchRival = (txid: TxId, script: Uint8Array, known?: number): Effect => ({
  type: 'watch-confirmed',
  txid,
  depth: 1,
  script,
  ...(known === undefined ? {} : { known }),
})

/** A coin of the funding is spent, by the funding or by another transaction; `undefined` if the output is none. */
export const coinSpent = ({ durable, session }: Live, spent: OutputSpent): Step | undefined => {
  const { outpoint, tx, inMempool } = spent
  if (!isCoin(durable, outpoint)) return undefined
  // Each replacement would add a watch, and most are never in a block. The block tells of the one that is.
  if (inMempool) return to(durable, session, [])
  const txid = txidOf(tx)
  const isFunding = commitmentFundedBy(durable, txid) !== undefined
  return to(durable, session, isFunding ? [] : [watchRival(txid, fundingOutputScript(latest(durable)))])
}

/** Another transaction than the funding spends one of its coins, and is in a block; `undefined` if it does not. */
export const rivalConfirmed = (
  { durable, session }: Live,
  { tx, txid, blockHeight: height }: TxConfirmed,
  env: ChannelEnv,
): Step | undefined => {
  if (!tx.inputs.some(({ outpoint }) => isCoin(durable, outpoint))) return undefined
  const next = update(durable, { fundingCoins: { outpoints: coinsOf(durable), rival: { txid, height } } })
  const live = session === undefined ? { durable: next } : { durable: next, session }
  return heedRival(live, env) ?? to(next, session, told(live, false))
}

/** In a channel that is used, no HTLC may be offered meanwhile. */
const told = ({ durable, session }: Live, usable: boolean): readonly Effect[] =>
  durable.phase === 'normal' && session?.reestablished === true ? [emit(durable, { type: 'usable', usable })] : []

/** Its block is undone: the funding may come after all. */
export const rivalUndone = ({ durable, session }: Live, { txid }: TxUnconfirmed, env: ChannelEnv): Step | undefined => {
  const { fundingCoins } = durable
  if (fundingCoins?.rival === undefined || !equalBytes(fundingCoins.rival.txid, txid)) return undefined
  return revived(withoutRival(durable), session, env)
}

/**
 * The wallet has the coins of our funding, or has dropped one because what made it can no longer happen; `undefined` if that is nothing new.
 * It is looked at with each block, and after a restart, so that no telling can be lost.
 */
export const heedCoins = ({ durable, session }: Live, env: ChannelEnv): Step | undefined => {
  const isGone = env.areCoinsGone === true && durable.fundingTx !== undefined && !isFundingConfirmed(durable)
  if (isGone === (durable.coinsGoneSince !== undefined)) return undefined
  if (isGone) {
    const next = update(durable, { coinsGoneSince: env.height })
    const live = session === undefined ? { durable: next } : { durable: next, session }
    return to(next, session, isFundingUndone(durable) ? [] : told(live, false))
  }
  return revived(withCoins(durable), session, env)
}

const withCoins = <D extends Funded>(durable: D): D => {
  const { coinsGoneSince, ...rest } = durable
  return coinsGoneSince === undefined ? durable : (rest as D)
}

/** What kept the funding from ever being in a block is undone. */
const revived = (durable: Funded, session: Live['session'], env: ChannelEnv): Step => {
  const isOurs = durable.phase === 'closing' && durable.closing.publishLocal
  const live = session === undefined ? { durable } : { durable, session }
  return to(durable, session, [
    ...(isFundingUndone(durable) ? [] : told(live, true)),
    ...publishFunding(durable),
    ...(isOurs ? publishLocalCommitment(durable, env) : []),
  ])
}

const withoutRival = <D extends Funded>(durable: D): D => {
  const { fundingCoins } = durable
  if (fundingCoins?.rival === undefined) return durable
  const { rival: _, ...coins } = fundingCoins
  return update(durable, { fundingCoins: coins satisfies FundingCoins })
}

/**
 * What a double spend of the funding, or of what it descends from, means by now; `undefined` if nothing yet, or nothing new. Buried, it fails
 * the channel, of which nothing is published, and its HTLCs go back to whom they came from. Irrevocable, it ends the channel: the wallet,
 * whose other coins are free from the first block on, is told to forget the funding.
 */
export const heedRival = ({ durable, session }: Live, env: ChannelEnv): Step | undefined => {
  const since = fundingDeadSince(durable)
  if (since === undefined) return undefined
  const rival = durable.fundingCoins?.rival
  const error =
    rival === undefined
      ? ({ code: 'funding-coin-gone' } as const)
      : ({ code: 'funding-double-spent', txid: rival.txid } as const)
  if (isAsDeepAs(IRREVOCABLE_DEPTH, since, env)) {
    const { fundingTx: tx } = durable
    return forget(durable, session, error, tx === undefined ? [] : [{ type: 'abandon-funding', tx }], env)
  }
  if (!isAsDeepAs(env.settings.claimDepth, since, env)) return undefined
  if (durable.phase === 'closing') return giveBack(durable, session)
  return andThen(forceClose(durable, session, { cause: 'protocol-error', error }, env), (failed) =>
    isFunded(failed.durable) && failed.durable.phase === 'closing'
      ? (giveBack(failed.durable, failed.session) ?? stay(failed))
      : stay(failed),
  )
}

/** HTLCs that we offered can be taken by nobody. */
const giveBack = (durable: Closing, session: Live['session']): Step | undefined => {
  const { closing, htlcs } = durable
  const open = htlcs.offered.filter(({ add, preimage }) => preimage === undefined && !closing.settled.includes(add.id))
  if (open.length === 0) return undefined
  const next = { ...durable, closing: { ...closing, settled: [...closing.settled, ...open.map(({ add }) => add.id)] } }
  return to(
    next,
    session,
    open.flatMap((record) => settled(next, record, { type: 'timed-out-on-chain' })),
  )
}

/**
 * A peer's funding is in a block: what it spends is known from now on. A peer may spend a thousand coins, which would be in every row of the
 * channel: the first few are known, and the others are left to the time after which a fundee forgets.
 */
export const learnCoins = <D extends Funded>(durable: D, { tx }: TxConfirmed): D =>
  durable.fundingTx === undefined
    ? update(durable, { fundingCoins: { outpoints: tx.inputs.slice(0, MAX_COINS).map(({ outpoint }) => outpoint) } })
    : withCoins(withoutRival(durable))
