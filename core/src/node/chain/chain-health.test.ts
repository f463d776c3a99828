import test from 'ava'
import type { BackendHealth } from '../../chain/chain-backend.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { silentLog } from '../node-log.ts'
import { ChainHealth, type ChainHealthOptions } from './chain-health.ts'

const setUp = () => {
  const clock = virtualClock()
  const told: string[] = []
  const state = { isStarted: true, isCurrent: true, tip: 100, handled: 100 }
  const hashOf = (height: number): Uint8Array => new Uint8Array(32).fill(height)
  const whenStarted = <T>(value: T): T => {
    if (!state.isStarted) throw new Error('the backend has not started')
    return value
  }
  const health = (): BackendHealth =>
    whenStarted({
      isCurrent: state.isCurrent,
      answeredAt: 0,
      silentMs: 0,
      headers: state.tip,
      isCatchingUp: false,
      estimates: { arePresent: true, madeAt: 0, ageMs: 0 },
    })
  const options = {
    clock,
    log: silentLog,
    needsEstimates: true,
    backend: { health, tip: () => whenStarted({ height: state.tip, hash: hashOf(state.tip) }) },
    watcher: {
      handled: () => state.handled,
      unseen: () => undefined,
      position: () => ({ height: state.handled, hash: hashOf(state.handled) }),
    },
    events: {
      append: (name: string, { problems }: { problems: { code: string }[] }) => told.push(codesOf(name, problems)),
    },
  }
  return { clock, state, told, chainHealth: new ChainHealth(options as unknown as ChainHealthOptions) }
}

const codesOf = (name: string, problems: readonly { readonly code: string }[]): string =>
  [name, ...problems.map(({ code }) => code)].join(' ')

test('before the chain is followed nothing is asked of the backend, and nothing is called wrong', (t) => {
  const { state, chainHealth } = setUp()
  state.isStarted = false
  t.is(chainHealth.blindness(), undefined)
  t.deepEqual(chainHealth.problems(), [])
  t.false(chainHealth.isSynced())
})

test('each change is told once, whatever time passes in between', async (t) => {
  const { clock, state, told, chainHealth } = setUp()
  chainHealth.start()
  await clock.advance(60_000)
  t.deepEqual(told, [])
  state.isCurrent = false
  await clock.advance(60_000)
  state.tip = 120
  await clock.advance(60_000)
  state.isCurrent = true
  state.handled = 120
  await clock.advance(60_000)
  const name = 'chain.health-changed'
  t.deepEqual(told, [`${name} backend-unreachable`, `${name} backend-unreachable node-catching-up`, name])
  chainHealth.stop()
  state.isCurrent = false
  await clock.advance(60_000)
  t.is(told.length, 3)
})

test('blocks that were missed while the node was off keep it from taking anything on at once, others after a while', async (t) => {
  const { clock, state, chainHealth } = setUp()
  state.tip = 200
  chainHealth.start()
  t.is(chainHealth.blindness()?.code, 'node-catching-up')
  state.handled = 200
  t.is(chainHealth.blindness(), undefined)
  await clock.advance(4_000)
  state.tip = 300
  await clock.advance(8_000)
  t.is(chainHealth.blindness(), undefined)
  await clock.advance(8_000)
  t.is(chainHealth.blindness()?.code, 'node-catching-up')
  chainHealth.stop()
})

test('synced only while the backend answers, and its very tip has been handled', (t) => {
  const { state, chainHealth } = setUp()
  chainHealth.start()
  t.true(chainHealth.isSynced())
  state.tip = 101
  t.false(chainHealth.isSynced())
  state.handled = 101
  t.true(chainHealth.isSynced())
  state.isCurrent = false
  t.false(chainHealth.isSynced())
  chainHealth.stop()
})
