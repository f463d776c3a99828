/** What the operator sets. */
export interface FeeConfig {
  /** Charged where nearly everything is on our side. */
  readonly minPpm: number
  /** Charged where nearly nothing is left on our side. */
  readonly maxPpm: number
  readonly baseMsat: number
  /** How long the smoothed share takes to cover half the way to a new one. */
  readonly halfLifeSeconds: number
  /** A change smaller than this part of the present fee, in percent, is not made. */
  readonly minChangePercent: number
  /** The shortest time between two changes of one channel's fee. */
  readonly minIntervalSeconds: number
  /** How often every channel is looked at, whether or not anything moved. */
  readonly reviewSeconds: number
}

/** What is known of one channel. `share` is our part of its balance, smoothed, from 0 to 1. */
export interface ChannelView {
  readonly share: number
  readonly observedAt: number
  readonly changedAt?: number
}

export type Decision =
  | { readonly type: 'hold'; readonly because: 'close-enough' | 'too-soon' }
  | { readonly type: 'change'; readonly ppm: number; readonly reason: { readonly code: string; readonly text: string } }

/** Our part of a channel's balance; one half for a channel with nothing in it. */
export const outboundShare = (localMsat: bigint, remoteMsat: bigint): number => {
  const total = localMsat + remoteMsat
  return total === 0n ? 0.5 : Number((localMsat * 1_000_000n) / total) / 1_000_000
}

/** Takes in a new observation. What is older than the last one changes nothing. */
export const observe = (
  view: ChannelView | undefined,
  share: number,
  at: number,
  { halfLifeSeconds }: FeeConfig,
): ChannelView => {
  if (view === undefined) return { share, observedAt: at }
  const elapsedMs = at - view.observedAt
  if (elapsedMs < 0) return view
  const kept = halfLifeSeconds === 0 ? 0 : 0.5 ** (elapsedMs / (halfLifeSeconds * 1000))
  return { ...view, share: share + (view.share - share) * kept, observedAt: at }
}

/** The fee for a share: each tenth that leaves our side raises it by the same factor. */
export const targetPpm = (share: number, { minPpm, maxPpm }: FeeConfig): number => {
  const [low, high] = [Math.min(minPpm, maxPpm), Math.max(minPpm, maxPpm)]
  const gone = 1 - Math.min(Math.max(share, 0), 1)
  // A factor needs something above nothing to work on.
  const floor = Math.max(low, 1)
  const ppm = Math.round(floor * (Math.max(high, 1) / floor) ** gone)
  return low === 0 && gone === 0 ? 0 : Math.min(Math.max(ppm, low), high)
}

/** Whether to change a channel's fee now, and why. `currentPpm` is what it charges at present. */
export const decide = (view: ChannelView, currentPpm: number, now: number, config: FeeConfig): Decision => {
  const ppm = targetPpm(view.share, config)
  const outside = currentPpm < config.minPpm || currentPpm > config.maxPpm
  const least = Math.max(1, (currentPpm * config.minChangePercent) / 100)
  if (ppm === currentPpm || (!outside && Math.abs(ppm - currentPpm) < least)) {
    return { type: 'hold', because: 'close-enough' }
  }
  if (view.changedAt !== undefined && now - view.changedAt < config.minIntervalSeconds * 1000) {
    return { type: 'hold', because: 'too-soon' }
  }
  const percent = Math.round(view.share * 100)
  const move = `${currentPpm} to ${ppm} ppm`
  return {
    type: 'change',
    ppm,
    reason:
      ppm > currentPpm
        ? { code: 'outbound-scarce', text: `outbound share is ${percent} %: ${move} to slow what drains it` }
        : { code: 'outbound-plentiful', text: `outbound share is ${percent} %: ${move} to invite relays` },
  }
}
