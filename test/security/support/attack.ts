import type { RequestOf } from '@fulgurite/plugin-sdk/contract'
import type { ExecutionContext } from 'ava'
import type { HeardLine, TestHost } from '../../../core/src/plugins/testing/test-host.ts'
import { testHost } from '../../../core/src/plugins/testing/test-host.ts'

const HOUR = 3_600_000

/** What every attacker gets: tight limits, so that the suite is quick. */
const LIMITS = { turnMs: 100, memoryMb: 16, cpuShare: 1, outboxBytes: 1 << 18 }

/** What the core asks in these tests. */
export const QUESTION = {
  temporaryChannelId: 'ab'.repeat(32),
  peer: `02${'cd'.repeat(32)}`,
  initiator: 'remote',
  fundingSat: 1_000_000n,
  pushMsat: 0n,
  feerate: 1_000,
  channelType: 'anchors',
  announce: false,
  zeroConf: false,
  dustLimitSat: 354n,
  channelReserveSat: 10_000n,
  htlcMinimumMsat: 1n,
  maxHtlcValueInFlightMsat: 1_000_000_000n,
  maxAcceptedHtlcs: 483,
  toSelfDelay: 144,
} as const

/** A host with an innocent plugin in it, which answers questions and must go on doing so. */
export const hostWithNeighbour = async (): Promise<TestHost> => {
  // A plugin that was ended stays so: a test looks at one ending.
  const host = await testHost({ restart: { firstMs: HOUR, maxMs: HOUR, maxFaults: 5, windowMs: HOUR } })
  host.node.spending.set('channels.open', (request: RequestOf<'channels', 'open'>) => ({
    request: { pushMsat: 0n, feerate: 1_000, feeBaseMsat: 0n, feeProportionalMillionths: 0, ...request },
    cost: { locksSat: request.fundingSat, feesMsat: 1_000n },
  }))
  await host.install({
    name: 'neighbour',
    code: `
      import { definePlugin } from '@fulgurite/plugin-sdk'
      export default definePlugin(({ hooks }) => hooks.on('channel.accept', ({ fundingSat }) =>
        fundingSat === 1_000_000n ? { type: 'accept', minimumDepth: 6 } : { type: 'reject', reason: 'not as sent' }))`,
    manifest: { permissions: { hooks: { 'channel.accept': { verdicts: ['accept', 'reject'] } } } },
  })
  return host
}

/** Fails unless the innocent plugin, in its own cell, still answers. */
export const neighbourAnswers = async (t: ExecutionContext<unknown>, host: TestHost): Promise<void> => {
  const answers = await host.node.askHook('channel.accept', QUESTION)
  t.deepEqual(
    answers.filter(({ plugin }) => plugin === 'neighbour'),
    [{ type: 'verdict', plugin: 'neighbour', verdict: { type: 'accept', minimumDepth: 6 } }],
  )
}

let attackers = 0

/** Installs a plugin that runs `body` once it has started; the body may use `actors`, `log`, `store` and the list `held`. Returns its name. */
export const unleash = async (
  host: TestHost,
  body: string,
  manifest: { readonly limits?: object; readonly permissions?: object; readonly budget?: object } = {},
): Promise<string> => {
  attackers += 1
  const name = `attacker-${attackers}`
  await host.install({
    name,
    code: `
      import { definePlugin } from '@fulgurite/plugin-sdk'
      // Its promises are held: one that is rejected and that V8 has collected before the turn's end is told to nobody.
      const held = []
      export default definePlugin(({ schedule, actors, log, store, events }) => {
        schedule('attack', 1_000_000, () => { held.push(attack()) })
        const attack = async () => { ${body} }
      })`,
    manifest: { ...manifest, limits: { ...LIMITS, ...manifest.limits } },
  })
  return name
}

/** Unleashes a plugin and sees that it is ended for one of these reasons, said in the log, while its neighbour goes on. */
export const isEnded = async (
  t: ExecutionContext<unknown>,
  host: TestHost,
  body: string,
  reason: RegExp,
): Promise<HeardLine> => {
  const name = await unleash(host, body)
  const line = await host.line(name, /started again in/)
  t.is(line.source, 'host')
  t.is(line.level, 'error')
  t.true(line.text.includes(`: ${name}: `), 'it is named')
  t.regex(line.text.replace(`: ${name}: `, ': '), reason)
  t.is(host.host.list().find((plugin) => plugin.name === name)?.state, 'backing-off')
  await neighbourAnswers(t, host)
  return line
}
