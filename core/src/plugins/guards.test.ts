import { hooks } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { type Clock, systemClock } from '../lib/clock.ts'
import { testHost } from './testing/test-host.ts'

const HOUR = 3_600_000

// On a busy machine a handler that never ends could outlast the deadline of the question before it has used up its turn.
const WITHOUT_DEADLINES: Clock = {
  ...systemClock,
  setTimer: (delayMs, fire) =>
    delayMs === hooks['channel.accept'].deadlineMs ? () => {} : systemClock.setTimer(delayMs, fire),
}

const question = {
  fundingSat: 1n,
  pushMsat: 1n,
  dustLimitSat: 1n,
  channelReserveSat: 1n,
  htlcMinimumMsat: 1n,
  maxHtlcValueInFlightMsat: 1n,
} as never

test('guards — all are asked at once, answers come in the order of install, and one that does not run counts', async (t) => {
  const { node, host, install, line, close } = await testHost({
    restart: { firstMs: HOUR, maxMs: HOUR, maxFaults: 5, windowMs: HOUR },
    clock: WITHOUT_DEADLINES,
  })
  t.teardown(close)
  const holder = (name: string, handler: string) =>
    install({
      name,
      code: `import { definePlugin } from '@fulgurite/plugin-sdk'
        export default definePlugin(({ hooks }) => { hooks.on('channel.accept', ${handler}) })`,
      manifest: {
        permissions: { hooks: { 'channel.accept': { verdicts: ['accept', 'reject'] } } },
        limits: { turnMs: 300 },
      },
    })
  await holder('first', "async () => ({ type: 'accept', minimumDepth: 2 })")
  await holder('second', "() => ({ type: 'maybe' })")
  await holder('third', "() => { throw new Error('no') }")
  await holder('fourth', '() => { for (;;); }')
  t.deepEqual(await node.askHook('channel.accept', question), [
    { type: 'verdict', plugin: 'first', verdict: { type: 'accept', minimumDepth: 2 } },
    { type: 'no-verdict', plugin: 'second', code: 'invalid' },
    { type: 'no-verdict', plugin: 'third', code: 'faulted' },
    { type: 'no-verdict', plugin: 'fourth', code: 'faulted' },
  ])
  await line('fourth', /started again/)
  await host.remove('second')
  await host.remove('third')
  t.like(await node.askHook('channel.accept', question), [
    { plugin: 'first', type: 'verdict' },
    { plugin: 'fourth', code: 'not-running' },
  ])
  await host.remove('first')
  await host.remove('fourth')
  t.deepEqual(await node.askHook('channel.accept', question), [])
})
