import { hooks } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { type Clock, systemClock } from '../lib/clock.ts'
import { testHost } from './testing/test-host.ts'

const HOUR = 3_600_000

// On a busy machine a handler that never ends could outlast the deadline of the question before it has used up its turn.
const WITHOUT_DEADLINES: Clock = {
  ...systemClock,
  setTimer: (delayMs, fire) =>
    Object.values(hooks).some(({ deadlineMs }) => delayMs === deadlineMs)
      ? () => {}
      : systemClock.setTimer(delayMs, fire),
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

const htlc = (amountMsat: bigint) => ({ feeMsat: 0n, outgoing: { amountMsat }, incoming: { amountMsat } }) as never

test('guards — a question goes to the plugins whose filter it matches alone, also where they do not run', async (t) => {
  const { node, install, line, close } = await testHost({
    restart: { firstMs: HOUR, maxMs: HOUR, maxFaults: 5, windowMs: HOUR },
    clock: WITHOUT_DEADLINES,
  })
  t.teardown(close)
  await install({
    name: 'small',
    code: `import { definePlugin } from '@fulgurite/plugin-sdk'
      export default definePlugin(({ hooks }) => {
        hooks.on('htlc.forward', ({ outgoing }) => {
          if (outgoing.amountMsat === 1n) for (;;);
          return { type: 'fail' }
        })
      })`,
    manifest: {
      permissions: {
        hooks: {
          'htlc.forward': {
            verdicts: ['fail'],
            filter: { 'outgoing.amountMsat': { max: '5000' } },
            onFailure: 'closed',
          },
        },
      },
      limits: { turnMs: 300 },
    },
  })
  const wants = (amountMsat: bigint) => node.wantsHook('htlc.forward', htlc(amountMsat))
  const answers = (amountMsat: bigint) => node.askHook('htlc.forward', htlc(amountMsat))
  t.deepEqual([wants(5_000n), wants(5_001n)], [true, false])
  t.deepEqual(await answers(5_000n), [{ type: 'verdict', plugin: 'small', verdict: { type: 'fail' } }])
  t.deepEqual(await answers(5_001n), [])
  // What its manifest declares goes with each answer that is none.
  t.deepEqual(await answers(1n), [{ type: 'no-verdict', plugin: 'small', code: 'faulted', onFailure: 'closed' }])
  await line('small', /started again/)
  t.deepEqual([wants(5_000n), wants(5_001n)], [true, false])
  t.deepEqual(await answers(5_000n), [
    { type: 'no-verdict', plugin: 'small', code: 'not-running', onFailure: 'closed' },
  ])
})

test('guards — so many questions wait, and one more gets no verdict', async (t) => {
  const { node, install, close } = await testHost({ clock: WITHOUT_DEADLINES })
  t.teardown(close)
  const { perPlugin, inAll } = hooks['htlc.forward'].mostWaiting
  const holding = (name: string) =>
    install({
      name,
      code: `import { definePlugin } from '@fulgurite/plugin-sdk'
        export default definePlugin(({ hooks }) => { hooks.on('htlc.forward', () => new Promise(() => {})) })`,
      manifest: {
        permissions: {
          hooks: { 'htlc.forward': { verdicts: ['continue'], filter: { 'incoming.peer': { oneOf: [name] } } } },
        },
      },
    })
  for (const name of ['a', 'b', 'c']) await holding(name)
  const ask = (peer: string) => node.askHook('htlc.forward', { incoming: { peer }, outgoing: {} } as never)
  const fill = (peer: string) => {
    for (let i = 0; i < perPlugin; i++) void ask(peer)
  }
  fill('a')
  t.deepEqual(await ask('a'), [{ type: 'no-verdict', plugin: 'a', code: 'overloaded' }])
  t.is(inAll, 2 * perPlugin)
  fill('b')
  t.deepEqual(await ask('c'), [{ type: 'no-verdict', plugin: 'c', code: 'overloaded' }])
})
