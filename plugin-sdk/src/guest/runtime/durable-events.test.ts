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
    setTurn({ now: 0, uptime: 0, seed: 1 })
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
      setTurn({ now, uptime: now, seed: 1 })
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

/** Turns of a guest with one subscription, and a core that keeps what `keeps` says. */
const withCore = (subscription: DurableSubscription, keeps: (writes: readonly (readonly unknown[])[]) => boolean) => {
  const kept: unknown[] = []
  let now = 0
  let unkept: { code: string; message: string } | undefined
  const turn = async (): Promise<void> => {
    setTurn({ now, uptime: now, seed: 1 })
    subscription.answered(unkept)
    unkept = undefined
    runDueTimers()
    await settled()
    subscription.report()
    for (const [, count, writes, error] of takeOutbox().acks ?? []) {
      if (unkept !== undefined) continue
      if (error === undefined && !keeps(writes)) unkept = { code: 'storage-full', message: 'no' }
      else kept.push(error === undefined ? [count, writes] : [count, error.split('\n')[0]])
    }
    now = nextWake() ?? now
  }
  return { kept, turn }
}

test.serial(
  'what the core cannot keep fails the handler that stored it, and no other: tried again, then set aside',
  async (t) => {
    setTurn({ now: 0, uptime: 0, seed: 1 })
    const runs: string[] = []
    const subscription = new DurableSubscription(
      'label',
      'peer.connected',
      undefined,
      async ({ cursor }: { cursor: string }, { store }: RunContext) => {
        runs.push(cursor)
        await store.set(cursor, 'x')
      },
    )
    const { kept, turn } = withCore(subscription, (writes) => !writes.some(([key]) => key === 'b'))
    subscription.deliver([event('a'), event('b'), event('c')])
    for (let i = 0; i < 16; i++) await turn()
    t.deepEqual(kept, [
      [1, [['a', '"x"']]],
      [1, 'ActorError: storage-full: no'],
      [1, [['c', '"x"']]],
    ])
    // All three at first; then one by one, and the one that is at fault five times.
    t.deepEqual(runs, ['a', 'b', 'c', 'a', 'b', 'b', 'b', 'b', 'b', 'c'])
  },
)

test.serial(
  'a handler that still runs when its subscription has to go back is let run out, and counts for nothing',
  async (t) => {
    setTurn({ now: 0, uptime: 0, seed: 1 })
    const runs: string[] = []
    let release: () => void = () => {}
    let room = false
    const subscription = new DurableSubscription(
      'label',
      'peer.connected',
      undefined,
      ({ cursor }: { cursor: string }, { store }: RunContext) => {
        runs.push(cursor)
        void store.set(cursor, 'x')
        if (cursor !== 'b' || runs.length > 2) return undefined
        return new Promise<void>((resolve) => {
          release = resolve
        })
      },
    )
    const { kept, turn } = withCore(subscription, () => room)
    subscription.deliver([event('a'), event('b')])
    await turn()
    room = true
    await turn()
    t.deepEqual(runs, ['a', 'b'], 'one at a time')
    release()
    for (let i = 0; i < 5; i++) await turn()
    t.deepEqual(runs, ['a', 'b', 'a', 'b'])
    t.deepEqual(kept, [
      [1, [['a', '"x"']]],
      [1, [['b', '"x"']]],
    ])
  },
)
