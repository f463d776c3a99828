import test from 'ava'
import { DurableSubscription, type RunContext } from './durable-events.ts'
import { takeOutbox } from './outgoing.ts'
import { setTurn } from './prelude.ts'
import { nextWake, runDueTimers } from './timers.ts'
import type { WireEvent } from './turn.ts'

const event = (cursor: string): WireEvent => ({
  cursor,
  at: 0,
  type: 'peer.connected',
  version: 1,
  payload: { cursor },
})

const settled = () => new Promise((resolve) => setImmediate(resolve))

test.serial(
  'an event that fails is tried five times with growing pauses, then set aside; the next follows',
  async (t) => {
    setTurn(0, 1)
    const attempts: number[] = []
    let now = 0
    const subscription = new DurableSubscription(
      'label',
      'peer.connected',
      undefined,
      async ({ cursor }: { cursor: string }, context: RunContext) => {
        if (cursor === '1') {
          attempts.push(now)
          await context.store.set('key', 'of the failed run')
          throw new Error(`no ${attempts.length}`)
        }
        await context.store.set('key', cursor)
      },
    )
    subscription.deliver([event('0'), event('1'), event('2')])
    for (let i = 0; i < 5; i++) {
      await settled()
      now = nextWake() ?? now
      setTurn(now, 1)
      runDueTimers()
    }
    await settled()
    subscription.report()
    const { acks = [], faults } = takeOutbox()
    t.deepEqual(attempts, [0, 1_000, 5_000, 21_000, 85_000])
    t.deepEqual(
      acks.map(([label, count, writes, error]) => [label, count, writes, error?.split('\n')[0]]),
      [
        ['label', 1, [['key', '"0"']], undefined],
        ['label', 1, [], 'Error: no 5'],
        ['label', 1, [['key', '"2"']], undefined],
      ],
    )
    t.is(faults?.length, 5)
  },
)

test.serial('handlers that return nothing are run in one go, and their success is told once', (t) => {
  const subscription = new DurableSubscription(
    'label',
    'peer.connected',
    ({ cursor }: { cursor: string }) => cursor !== '1',
    () => {},
  )
  subscription.deliver([event('0'), event('1'), event('2')])
  subscription.report()
  t.deepEqual(takeOutbox(), { acks: [['label', 3, []]] })
  subscription.report()
  t.deepEqual(takeOutbox(), {})
})
