import { encodeEvent, type ReplyOf } from '@fulgurite/plugin-sdk/contract'
import type { EncodedEvent } from '../../core/src/node/contract-gateway.ts'
import { type TestHost, testHost } from '../../core/src/plugins/testing/test-host.ts'

const LIMITS = { cpuShare: 1, asksPerSecond: 1_000_000, turnMs: 10_000 }
const BUDGET = { queries: 1_000_000_000 }

// About 400 bytes as text, five of its fields amounts.
const moved = (sequence: number): EncodedEvent => {
  const cursor = String(sequence)
  const at = 1_700_000_000_000 + sequence
  const capacitySat = 5_000_000n
  const localMsat = 2_000_000_000n + BigInt(sequence)
  const remoteMsat = capacitySat * 1_000n - localMsat
  const payload = {
    channelId: 'cd'.repeat(32),
    peer: `02${'ab'.repeat(32)}`,
    fundingIndex: 0,
    capacitySat,
    localMsat,
    remoteMsat,
    spendableMsat: localMsat - 50_000_000n,
    receivableMsat: remoteMsat - 50_000_000n,
  }
  const text = encodeEvent({ cursor, at, type: 'channel.balance-changed', payload })
  return { cursor, sequence, name: 'channel.balance-changed', version: 1, at, text }
}

const withHost = async (run: (host: TestHost) => Promise<number>): Promise<number> => {
  const host = await testHost()
  try {
    return await run(host)
  } finally {
    await host.close()
  }
}

/** Events a second, from an event that the core has encoded to a durable handler, acknowledged with its cursor stored. */
export const benchPluginEvents = (count = 200_000): Promise<number> =>
  withHost(async (host) => {
    await host.install({
      name: 'counter',
      code: `
        import { definePlugin } from '@fulgurite/plugin-sdk'
        export default definePlugin(({ events }) => {
          let sum = 0n
          events.each('moves', 'channel.balance-changed', (moved) => { sum += moved.localMsat - moved.remoteMsat })
        })`,
      manifest: { permissions: { events: { 'channel.balance-changed': {} } }, limits: LIMITS },
    })
    const all = Array.from({ length: count }, (_, index) => moved(index + 1))
    const warm = Math.floor(count / 4)
    const run = async (events: readonly EncodedEvent[]): Promise<number> => {
      const last = events.at(-1)?.cursor ?? '0'
      const begin = performance.now()
      const done = host.store.wait('cursor/counter/moves', last)
      host.node.append(events)
      await done
      return performance.now() - begin
    }
    await run(all.slice(0, warm))
    const milliseconds = await run(all.slice(warm))
    return ((count - warm) * 1_000) / milliseconds
  })

// Each ask is sent when the one before it is answered: the time between two is a whole round trip, guest to core and back.
const asking = (parallel: number): string => `
  import { definePlugin } from '@fulgurite/plugin-sdk'
  export default definePlugin(({ schedule, actors }) => {
    const loop = async () => { for (;;) await actors.channels.get({ channelId: '${'cd'.repeat(32)}' }) }
    schedule('go', 1_000_000, () => { for (let i = 0; i < ${parallel}; i++) void loop() })
  })`

const askTimes = (parallel: number, count: number): Promise<readonly number[]> =>
  new Promise((resolve, reject) => {
    void withHost(async (host) => {
      const times: number[] = []
      let finished: () => void = () => {}
      const enough = new Promise<void>((done) => {
        finished = done
      })
      const reply = { ok: true, value: { channel: channel(), asOf: '1' } } as const
      host.node.answers.set('channels.get', () => {
        times.push(performance.now())
        host.node.asked.length = 0
        if (times.length === count) finished()
        return reply
      })
      await host.install({
        name: 'asker',
        code: asking(parallel),
        manifest: { permissions: { queries: ['channels.get'] }, limits: LIMITS, budget: BUDGET },
      })
      const broken = host.line('asker', /plugin-threw/).then(({ text }) => Promise.reject(new Error(text)))
      await Promise.race([enough, broken])
      resolve(times)
      return 0
    }).catch(reject)
  })

const channel = (): ReplyOf<'channels', 'get'>['channel'] => ({
  channelId: 'cd'.repeat(32),
  peer: `02${'ab'.repeat(32)}`,
  state: 'usable',
  initiator: 'local',
  channelType: 'anchors',
  announced: false,
  fundings: [{ fundingIndex: 0, txid: 'ef'.repeat(32), outputIndex: 0, amountSat: 1_000_000n, status: 'confirmed' }],
  aliases: ['1x2x3'],
  capacitySat: 1_000_000n,
  localMsat: 500_000_000n,
  remoteMsat: 500_000_000n,
  spendableMsat: 490_000_000n,
  receivableMsat: 490_000_000n,
  htlcsInFlight: 0,
  waitsFor: [],
  waits: [],
  localPolicy: {
    feeBaseMsat: 1_000n,
    feeProportionalMillionths: 100,
    cltvExpiryDelta: 144,
    htlcMinimumMsat: 1n,
    htlcMaximumMsat: 1_000_000_000n,
  },
})

/** Microseconds from one ask to the next, one outstanding, plugin in its own cell, median. */
export const benchPluginAsk = async (count = 10_000): Promise<number> => {
  const times = await askTimes(1, count)
  const laps = times
    .slice(count / 5)
    .map((time, index) => time - (times[count / 5 + index - 1] ?? time))
    .sort((a, b) => a - b)
  return (laps[Math.floor(laps.length / 2)] ?? 0) * 1_000
}

/** Asks a second with 20 outstanding. */
export const benchPluginAsk20 = async (count = 100_000): Promise<number> => {
  const times = await askTimes(20, count)
  const from = Math.floor(count / 5)
  return ((count - from) * 1_000) / ((times.at(-1) ?? 0) - (times[from] ?? 0))
}

const STARTS = 11
/** A spare cell is ready by then. */
const SPARE_MS = 400

/** Milliseconds from the command to start an installed plugin to the end of its first turn, behind the walls that there are, median. */
export const benchPluginStart = async (spareCell: boolean): Promise<number> => {
  const host = await testHost({ spareCell })
  try {
    await host.install({
      name: 'starter',
      code: `
        import { definePlugin } from '@fulgurite/plugin-sdk'
        export default definePlugin(({ schedule, log }) => schedule('go', 1_000_000, () => log.info('here')))`,
    })
    const times: number[] = []
    for (let i = 0; i < STARTS; i++) {
      await new Promise((resolve) => setTimeout(resolve, SPARE_MS))
      const begin = performance.now()
      await host.host.restart('starter')
      times.push(performance.now() - begin)
    }
    return times.sort((a, b) => a - b)[STARTS >> 1] ?? 0
  } finally {
    await host.close()
  }
}
