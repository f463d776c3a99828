import type { BlockHeight } from '../../../lib/units.ts'
import { fundingOutputScript } from '../../commitments/build-commitment.ts'
import { latest } from '../../commitments/commitments.ts'
import type { FundingSearch } from '../../state/closing.ts'
import type { Closing } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { FundingSearched } from '../../state/inputs.ts'
import type { Session } from '../../state/session.ts'
import { IRREVOCABLE_DEPTH } from '../common/depth.ts'
import { forget } from '../common/fail-channel.ts'
import { type Step, stay, to } from '../common/step.ts'

// A channel from a static backup: nobody here knows whether its funding ever came into a block, nor what has spent it.

/** A day: after as many blocks it is looked again. */
const EVERY = 144

/** How far the blocks are looked through. A reorganisation may have put the funding below the height at which the channel was opened. */
export const searchOf = ({ closing, params }: Closing): FundingSearch =>
  closing.search ?? { lookedTo: Math.max(0, params.openedAt - IRREVOCABLE_DEPTH - 1) }

/** Until when a funding that is nowhere is waited for, if every block has been looked through by then. */
export const searchEnd = ({ closing: { startedAt } }: Closing, { height, settings }: ChannelEnv): BlockHeight =>
  startedAt + Math.ceil(Math.max(settings.fundingTimeout, height - startedAt + 1) / EVERY) * EVERY

/** Whether the blocks since the last look are all that is not looked through. */
export const isSearchedThrough = (durable: Closing, { height }: ChannelEnv): boolean =>
  searchOf(durable).lookedTo + 2 * EVERY > height

export const searchFunding = (durable: Closing): readonly Effect[] => {
  if (!durable.recovered) return []
  const commitment = latest(durable)
  const { fundingOutpoint: outpoint } = commitment.localParams
  const since = searchOf(durable).lookedTo + 1
  return [{ type: 'search-funding', outpoint, script: fundingOutputScript(commitment), since }]
}

/** Another block is handled, without an end of the channel. */
export const searchAgain = (durable: Closing, height: BlockHeight): readonly Effect[] =>
  (height - durable.closing.startedAt) % EVERY === 0 ? searchFunding(durable) : []

/**
 * What a search has come to. BOLT 2, channel_ready: who does not see the funding for two weeks may forget the channel. Here these run from
 * the restoring, and both the blocks and the backend must say that there is no such output.
 */
export const fundingSearched = (
  durable: Closing,
  session: Session | undefined,
  { lookedTo, fundedAt, isMissing }: FundingSearched,
  env: ChannelEnv,
): Step => {
  const state = session === undefined ? { durable } : { durable, session }
  const { closing } = durable
  if (!durable.recovered || closing.spends.length > 0) return stay(state)
  const before = searchOf(durable)
  if (isMissing && before.fundedAt !== undefined) {
    // The block that held it is undone, or the one that spends it is still to come: what was found counts no more.
    const { search: _, ...rest } = closing
    return to({ ...durable, closing: rest }, session, [])
  }
  const blocks = env.height - closing.startedAt
  if (isMissing && blocks >= env.settings.fundingTimeout)
    return forget(durable, session, { code: 'funding-not-seen', blocks }, [], env)
  const found = fundedAt ?? before.fundedAt
  const search = { lookedTo: lookedTo ?? before.lookedTo, ...(found === undefined ? {} : { fundedAt: found }) }
  return to({ ...durable, closing: { ...closing, search } }, session, [])
}
