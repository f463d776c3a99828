import type { ChainWatcher } from '../../chain/watcher.ts'
import { commitmentFeerate, isFunded } from '../../channel/index.ts'
import type { FeeratePerKw } from '../../lib/units.ts'
import type { ChannelDirectory } from './channel-directory.ts'
import { isUsable } from './channel-standing.ts'

/** A commitment's fee rate stays as it is while it is this close to the right one. */
const TOLERANCE = 0.2

/** With each block, brings the commitments that we pay for to today's fee rate (BOLT 2, update_fee). */
export const updateCommitmentFees = (options: {
  readonly watcher: ChainWatcher
  readonly channelDirectory: ChannelDirectory
  /** Of a commitment today; `undefined` while nobody knows what a block takes. */
  readonly feerate: () => FeeratePerKw | undefined
}): void => {
  options.watcher.watchHeight(() => {
    const wanted = options.feerate()
    if (wanted === undefined) return
    for (const entry of options.channelDirectory.all()) {
      const { durable } = entry.state
      if (!isFunded(durable) || !isUsable(entry) || !durable.params.localIsOpener) continue
      const current = commitmentFeerate(durable)
      // A refusal changes nothing; the next block asks again.
      if (Math.abs(wanted - current) > current * TOLERANCE) entry.ref.tell('updateFee', { feeratePerKw: wanted })
    }
  })
}
