import { fundingOutputScript } from './commitments/build-commitment.ts'
import { commitmentSpentBy } from './commitments/commitments.ts'
import { type ChannelState, isFunded } from './state/channel-state.ts'
import type { Funded } from './state/durable.ts'
import type { Effect } from './state/effects.ts'
import type { ChannelEnv } from './state/environment.ts'
import { recallFor } from './transitions/closing/close-resolution.ts'
import { publishClosing, watchOutputs } from './transitions/closing/on-chain.ts'
import { publishMutualClose } from './transitions/common/publications.ts'
import { settled } from './transitions/common/settle.ts'
import { mutualCloses } from './transitions/common/simple-close.ts'
import { publishFunding, watchFunding } from './transitions/opening/opening.ts'
import { undecided } from './transitions/operating/commit.ts'

/**
 * What a state that was read back from the store still owes: every watch and publication, every received HTLC that waits for a decision,
 * and every preimage that an origin may not have received. The driver keeps the failures of HTLCs that are gone (its rows of settlements).
 * Messages are not owed: they follow from `channel_reestablish`.
 */
export const resume = ({ durable }: Pick<ChannelState, 'durable'>, env: ChannelEnv): readonly Effect[] => {
  if (!isFunded(durable)) return []
  return [...watchFunding(durable), ...publications(durable, env), ...undecided(durable, env), ...settlements(durable)]
}

const publications = (durable: Funded, env: ChannelEnv): readonly Effect[] => {
  if (durable.phase !== 'closing') return publishFunding(durable)
  const { spends } = durable.closing
  return [
    ...publishFunding(durable),
    ...mutualCloses(durable).map((close) => publishMutualClose(durable, close)),
    ...spends
      .filter(({ confirmedAt }) => confirmedAt === undefined)
      .map(({ tx, txid }): Effect => {
        const script = fundingOutputScript(commitmentSpentBy(durable, tx))
        return { type: 'watch-confirmed', txid, depth: 1, script }
      }),
    ...spends.flatMap((spend) => recallFor(durable, spend)),
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
