import type { Actors, ChannelSummary, CommandOptions, PluginLog } from '@fulgurite/plugin-sdk'
import test from 'ava'
import { feeManager } from './fee-manager.ts'
import type { FeeConfig } from './policy.ts'

const config: FeeConfig = {
  minPpm: 10,
  maxPpm: 1_000,
  baseMsat: 0,
  halfLifeSeconds: 0,
  minChangePercent: 10,
  minIntervalSeconds: 300,
  reviewSeconds: 60,
}

interface Scripted {
  state: ChannelSummary['state']
  local: bigint
  ppm: number
  failure?: string
}

const capacity = 1_000_000n

const node = (channels: Record<string, Scripted>) => {
  const changes: { channelId: string; ppm: number; reason: CommandOptions['reason'] }[] = []
  const lines: string[] = []
  let asks = 0
  const summary = (channelId: string): ChannelSummary => {
    const { state, local, ppm } = channels[channelId] as Scripted
    const localPolicy = { feeBaseMsat: 0n, feeProportionalMillionths: ppm }
    return { channelId, state, localMsat: local, remoteMsat: capacity - local, localPolicy } as ChannelSummary
  }
  const fail = (code: string) => Promise.reject(Object.assign(new Error(code), { code }))
  const actors = {
    channels: {
      get({ channelId }: { channelId: string }) {
        asks += 1
        return channelId in channels ? Promise.resolve({ channel: summary(channelId) }) : fail('channel-not-found')
      },
      // A page holds one channel, so that paging is exercised.
      list({ page }: { page: { after?: string } }) {
        const ids = Object.keys(channels)
        const at = page.after === undefined ? 0 : Number(page.after)
        const items = ids.slice(at, at + 1).map(summary)
        return Promise.resolve({ items, ...(at + 1 < ids.length ? { next: `${at + 1}` } : {}), asOf: 'c' })
      },
      setRelayFees(
        { channelId, feeProportionalMillionths: ppm }: { channelId: string; feeProportionalMillionths: number },
        { reason }: CommandOptions,
      ) {
        const channel = channels[channelId] as Scripted
        if (channel.failure !== undefined) return fail(channel.failure)
        channel.ppm = ppm
        changes.push({ channelId, ppm, reason })
        return Promise.resolve({ channelId })
      },
    },
  } as unknown as Actors
  const write = (...parts: readonly unknown[]): void => void lines.push(parts.join(' '))
  const log: PluginLog = { debug: write, info: write, warn: write, error: write }
  return { actors, changes, lines, log, asks: () => asks }
}

test('a review prices every usable channel on every page, and leaves the others alone', async (t) => {
  const { actors, changes, log } = node({
    full: { state: 'usable', local: capacity, ppm: 100 },
    empty: { state: 'offline', local: 0n, ppm: 100 },
    even: { state: 'usable', local: capacity / 2n, ppm: 100 },
    closing: { state: 'closing', local: 0n, ppm: 100 },
  })
  await feeManager(config, log, () => 0).review(actors)
  t.deepEqual(
    changes.map(({ channelId, ppm, reason }) => [channelId, ppm, reason.code]),
    [
      ['full', 10, 'outbound-plentiful'],
      ['empty', 1_000, 'outbound-scarce'],
    ],
  )
})

test('a relay reprices its channel once, and again only after the shortest interval', async (t) => {
  const channels: Record<string, Scripted> = { a: { state: 'usable', local: capacity / 4n, ppm: 100 } }
  const { actors, changes, log, asks } = node(channels)
  let now = 0
  const manager = feeManager(config, log, () => now)
  await manager.reprice('a', actors)
  t.is(changes.length, 1)
  channels.a = { state: 'usable', local: 0n, ppm: 316 }
  now = 299_999
  await manager.reprice('a', actors)
  t.is(changes.length, 1)
  t.is(asks(), 1, 'within the interval the node is not even asked')
  now = 300_000
  await manager.reprice('a', actors)
  t.deepEqual(
    changes.map(({ ppm }) => ppm),
    [316, 1_000],
  )
})

test('two relays at once make one decision', async (t) => {
  const { actors, changes, log } = node({ a: { state: 'usable', local: 0n, ppm: 100 } })
  const manager = feeManager(config, log, () => 0)
  await Promise.all([manager.reprice('a', actors), manager.reprice('a', actors)])
  t.is(changes.length, 1)
})

test('a channel that is gone is passed over, a refusal is told, anything else is tried again by the host', async (t) => {
  const channels: Record<string, Scripted> = {
    bounded: { state: 'usable', local: 0n, ppm: 100, failure: 'out-of-bounds' },
    slow: { state: 'usable', local: 0n, ppm: 100, failure: 'timed-out' },
  }
  const { actors, lines, log } = node(channels)
  const manager = feeManager(config, log, () => 0)
  await t.notThrowsAsync(manager.reprice('gone', actors))
  await manager.reprice('bounded', actors)
  t.deepEqual(lines, ['bounded: refused: out-of-bounds'])
  await t.throwsAsync(manager.reprice('slow', actors), { message: 'timed-out' })
})

test('a smoothed share moves on from what was noted', async (t) => {
  const { actors, changes, log } = node({ a: { state: 'usable', local: 0n, ppm: 10 } })
  let now = 0
  const manager = feeManager({ ...config, halfLifeSeconds: 60 }, log, () => now)
  manager.note({ channelId: 'a', localMsat: capacity, remoteMsat: 0n }, 0)
  now = 60_000
  await manager.reprice('a', actors)
  t.deepEqual(
    changes.map(({ ppm }) => ppm),
    [100],
  )
})
