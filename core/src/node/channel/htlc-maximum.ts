import type { ChainWatcher } from '../../chain/watcher.ts'
import { balanceView, type ChannelSettings, isFunded, remoteLimitsOf } from '../../channel/index.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import { MSAT_PER_SAT } from '../../lib/units.ts'
import type { ChannelDirectory, ChannelEntry } from './channel-directory.ts'
import { isUsable } from './channel-standing.ts'

/** The smallest step is this part of the capacity, so that a nearly empty channel looks the same as an empty one. */
const SMALLEST_STEP = 64n

/** After it can carry more than it says, a channel says so after this at the latest: payers leave it out until then. */
const RISES_AFTER_MS = 60_000

/**
 * Announces anew how much one HTLC may carry out of each channel (`htlc_maximum_msat`): less with each block, so that payers do not try what
 * must fail, and more within a minute, so that they do try what would arrive. The announcement is only a hint: an HTLC is refused by what the
 * channel can carry when it arrives. The answer ends it.
 */
export const updateHtlcMaximums = (options: {
  readonly watcher: Pick<ChainWatcher, 'watchHeight'>
  readonly channelDirectory: ChannelDirectory
  readonly settings: ChannelSettings
  readonly clock: Pick<Clock, 'setTimer'>
}): (() => void) => {
  const { watcher, channelDirectory, settings, clock } = options
  const look = (entry: ChannelEntry, mayFall: boolean): void => {
    const { durable } = entry.state
    if (!isFunded(durable) || !isUsable(entry)) return
    const { capacity, affordableMsat } = balanceView(durable)
    const remoteMaximum = remoteLimitsOf(durable).maxHtlcValueInFlightMsat
    const { htlcMinimumMsat, htlcMaximumMsat: saidMsat } = durable.relay.current
    const coarse = coarseMaximum(affordableMsat, saidMsat, capacity * MSAT_PER_SAT)
    const bounded = smaller(coarse, smaller(remoteMaximum, settings.relay.htlcMaximumMsat))
    const htlcMaximumMsat = larger(bounded, htlcMinimumMsat)
    if (htlcMaximumMsat > saidMsat || (mayFall && htlcMaximumMsat < saidMsat))
      entry.ref.tell('setHtlcMaximum', { htlcMaximumMsat })
  }
  const unwatch = watcher.watchHeight(() => {
    for (const entry of channelDirectory.all()) look(entry, true)
  })
  const changed = new Map<ChannelEntry['ref'], ChannelEntry>()
  channelDirectory.follow((channel, now) => {
    if (now === undefined) changed.delete(channel)
    else changed.set(channel, now)
  })
  let cancel: CancelTimer
  const rise = (): void => {
    for (const entry of changed.values()) look(entry, false)
    changed.clear()
    cancel = clock.setTimer(RISES_AFTER_MS, rise)
  }
  rise()
  return () => {
    unwatch()
    cancel()
  }
}

/**
 * The smallest of 1, 1/2, 1/4 … of the capacity that is not below what the channel can carry: this hides the exact balance. It falls only
 * when the next step covers it with room to spare, so that it does not move to and fro.
 */
export const coarseMaximum = (carriesMsat: bigint, saidMsat: bigint, capacityMsat: bigint): bigint => {
  const stepFor = (amount: bigint): bigint => {
    let step = capacityMsat
    while (step / 2n >= amount && step > capacityMsat / SMALLEST_STEP) step /= 2n
    return step
  }
  if (carriesMsat > saidMsat) return stepFor(carriesMsat)
  const lower = stepFor((carriesMsat * 4n) / 3n)
  return smaller(lower, saidMsat)
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)
