import type { Actors, PluginLog } from '@fulgurite/plugin-sdk'
import { type ChannelView, decide, type FeeConfig, observe, outboundShare } from './policy.ts'

/** The part of a channel that the policy looks at. */
interface Balance {
  readonly channelId: string
  readonly localMsat: bigint
  readonly remoteMsat: bigint
}

export interface FeeManager {
  /** Takes note of a balance. */
  note(balance: Balance, at: number): void
  /** Changes the channel's fee if it is due. */
  reprice(channelId: string, actors: Actors): Promise<void>
  /** Looks at every channel. */
  review(actors: Actors): Promise<void>
}

const isCode = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes((error as { code?: string } | undefined)?.code ?? '')

/** Keeps a view of each channel in memory: after a restart the first review builds it anew. */
export const feeManager = (config: FeeConfig, log: PluginLog, now: () => number): FeeManager => {
  const views = new Map<string, ChannelView>()
  const underWay = new Set<string>()

  const note = ({ channelId, localMsat, remoteMsat }: Balance, at: number): void => {
    views.set(channelId, observe(views.get(channelId), outboundShare(localMsat, remoteMsat), at, config))
  }

  const isTooSoon = (channelId: string): boolean => {
    const changedAt = views.get(channelId)?.changedAt
    return changedAt !== undefined && now() - changedAt < config.minIntervalSeconds * 1000
  }

  const settle = async (
    channelId: string,
    currentPpm: number,
    currentBaseMsat: bigint,
    actors: Actors,
  ): Promise<void> => {
    const view = views.get(channelId)
    if (view === undefined) return
    const decision = decide(view, currentPpm, now(), config)
    if (decision.type === 'hold') return
    const feeBaseMsat = BigInt(config.baseMsat)
    await actors.channels.setRelayFees(
      { channelId, feeBaseMsat, feeProportionalMillionths: decision.ppm },
      { reason: decision.reason },
    )
    views.set(channelId, { ...view, changedAt: now() })
    const base = feeBaseMsat === currentBaseMsat ? '' : `, base ${currentBaseMsat} to ${feeBaseMsat} msat`
    log.info(`${channelId.slice(0, 8)}: ${decision.reason.text}${base}`)
  }

  /** One decision a channel at a time; a channel that is gone is forgotten, a refusal is told and not tried again. */
  const guarded = async (channelId: string, work: () => Promise<void>): Promise<void> => {
    if (underWay.has(channelId)) return
    underWay.add(channelId)
    try {
      await work()
    } catch (error) {
      if (isCode(error, 'channel-not-found', 'already-closing')) views.delete(channelId)
      else if (isCode(error, 'out-of-bounds', 'fee-out-of-bounds', 'not-granted')) {
        log.error(`${channelId.slice(0, 8)}: refused: ${error instanceof Error ? error.message : String(error)}`)
      } else throw error
    } finally {
      underWay.delete(channelId)
    }
  }

  return {
    note,
    reprice: (channelId, actors) =>
      guarded(channelId, async () => {
        if (isTooSoon(channelId)) return
        const { channel } = await actors.channels.get({ channelId })
        if (channel.state !== 'usable' && channel.state !== 'offline') return
        note(channel, now())
        const { feeProportionalMillionths, feeBaseMsat } = channel.localPolicy
        await settle(channelId, feeProportionalMillionths, feeBaseMsat, actors)
      }),
    async review(actors) {
      const seen = new Set<string>()
      let after: string | undefined
      do {
        const page = await actors.channels.list({ page: after === undefined ? {} : { after } })
        for (const channel of page.items) {
          if (channel.state !== 'usable' && channel.state !== 'offline') continue
          const { channelId, localPolicy } = channel
          seen.add(channelId)
          note(channel, now())
          await guarded(channelId, () =>
            settle(channelId, localPolicy.feeProportionalMillionths, localPolicy.feeBaseMsat, actors),
          )
        }
        after = page.next
      } while (after !== undefined)
      for (const channelId of views.keys()) if (!seen.has(channelId)) views.delete(channelId)
    },
  }
}
