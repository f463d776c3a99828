import { equalBytes } from '../lib/bytes.ts'
import { fundingOutputScript } from './commitments/build-commitment.ts'
import { commitmentSpentBy } from './commitments/commitments.ts'
import { type ChannelState, isFunded } from './state/channel-state.ts'
import type { Closing, Funded } from './state/durable.ts'
import type { Effect } from './state/effects.ts'
import type { ChannelEnv } from './state/environment.ts'
import { confirmedSpend, recallFor } from './transitions/closing/close-resolution.ts'
import { searchFunding } from './transitions/closing/funding-search.ts'
import { publishClosing, watchOutputs } from './transitions/closing/on-chain.ts'
import { settled } from './transitions/common/settle.ts'
import { watchFundingCoins } from './transitions/opening/double-spend.ts'
import { publishFunding, watchFunding } from './transitions/opening/opening.ts'
import { watchConfirmedFundings } from './transitions/opening/ready.ts'
import { undecided } from './transitions/operating/commit.ts'

/**
 * What a state that was read back from the store still owes: every watch and publication, every received HTLC that waits for a decision,
 * and every preimage that an origin may not have received. The driver keeps the failures of HTLCs that are gone (its rows of settlements).
 * Messages are not owed: they follow from `channel_reestablish`.
 */
export const resume = ({ durable }: Pick<ChannelState, 'durable'>, env: ChannelEnv): readonly Effect[] => {
  if (!isFunded(durable)) return []
  return [...watches(durable, env), ...publications(durable, env), ...undecided(durable, env), ...settlements(durable)]
}

/** Of what the state has from a block, only its undoing is told (`known`); a funding that cannot be undone any more is not watched. */
const watches = (durable: Funded, env: ChannelEnv): readonly Effect[] => {
  const spend = durable.phase === 'closing' ? confirmedSpend(durable) : undefined
  return [
    ...watchFunding(durable).map((effect): Effect => {
      if (effect.type !== 'watch-spent') return effect
      if (spend?.confirmedAt === undefined) return effect
      const isSpentBy = equalBytes(
        commitmentSpentBy(durable, spend.tx).localParams.fundingOutpoint.txid,
        effect.outpoint.txid,
      )
      return isSpentBy ? { ...effect, known: { txid: spend.txid, height: spend.confirmedAt } } : effect
    }),
    ...watchConfirmedFundings(durable, env),
    ...watchFundingCoins(durable),
    ...(durable.phase === 'closing' ? watchCloses(durable) : []),
    ...(durable.phase === 'closing' && spend === undefined ? searchFunding(durable) : []),
  ]
}

/** Closes that were seen, of which none may have been told as confirmed: the watch on the funding tells of it only once. */
const watchCloses = (durable: Closing): readonly Effect[] =>
  durable.closing.spends
    .filter(({ confirmedAt }) => confirmedAt === undefined)
    .map(({ tx, txid }): Effect => {
      const script = fundingOutputScript(commitmentSpentBy(durable, tx))
      return { type: 'watch-confirmed', txid, depth: 1, script }
    })

const publications = (durable: Funded, env: ChannelEnv): readonly Effect[] => {
  if (durable.phase !== 'closing') return publishFunding(durable)
  return [
    ...publishFunding(durable),
    ...durable.closing.spends.flatMap((spend) => recallFor(durable, spend)),
    ...watchOutputs(durable, env),
    ...publishClosing(durable, env),
  ]
}

const settlements = (durable: Funded): readonly Effect[] => {
  const onChain = durable.phase === 'closing'
  return durable.htlcs.offered.flatMap((record) =>
    record.preimage === undefined
      ? []
      : settled(durable, record, { type: 'fulfilled', preimage: record.preimage, onChain }),
  )
}
