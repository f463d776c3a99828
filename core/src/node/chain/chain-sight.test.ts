import test from 'ava'
import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { FailureError } from '../../lib/errors.ts'
import { ChainSight } from './chain-sight.ts'

const SPENT = { txid: new Uint8Array(32).fill(1), index: 0 }
const UNSPENT = { txid: new Uint8Array(32).fill(2), index: 0 }

const setUp = ({
  handled = 100,
  tip = 110,
  getUtxo,
}: {
  handled?: number
  tip?: number
  getUtxo?: () => never
} = {}) => {
  const clock = virtualClock()
  let connect: (height: number) => void = () => {}
  const watcher: Pick<ChainWatcher, 'handled' | 'watchHeight'> = {
    handled: () => handled,
    watchHeight(handler) {
      connect = (height) => void handler(height)
      return () => {}
    },
  }
  const backend: Pick<ChainBackend, 'getUtxo' | 'tip'> = {
    tip: () => ({ height: tip, hash: new Uint8Array(32) }),
    getUtxo: async (outpoint) =>
      getUtxo?.() ??
      (outpoint === UNSPENT ? { amount: 1n, script: outpoint.txid, height: 5, isCoinbase: false } : undefined),
  }
  const sight = new ChainSight({ backend, watcher, clock })
  sight.start()
  return { clock, sight, connect: (height: number) => connect(height) }
}

/** Whether it has resolved, without time going by. */
const isOver = async (waiting: Promise<void> | undefined): Promise<boolean> => {
  let over = waiting === undefined
  void waiting?.then(() => {
    over = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  return over
}

test('with every block handled that the backend had at the start, nothing is waited for', (t) => {
  t.is(setUp({ handled: 110 }).sight.of(SPENT), undefined)
})

test('an output that is unspent at the tip waits for no block, and any other until the last is handled', async (t) => {
  const { sight, connect } = setUp()
  t.true(await isOver(sight.of(UNSPENT)))
  const waiting = sight.of(SPENT)
  for (let height = 101; height < 110; height++) connect(height)
  t.false(await isOver(waiting))
  connect(110)
  t.true(await isOver(waiting))
  t.is(sight.of(SPENT), undefined)
})

test('a backend that gives no answer is waited for as long as blocks come, and 20 s when none does', async (t) => {
  const down = (): never => {
    throw new FailureError({ code: 'bitcoind-unreachable' })
  }
  const { clock, sight, connect } = setUp({ getUtxo: down })
  const waiting = sight.of(UNSPENT)
  for (let height = 101; height < 105; height++) {
    await clock.advance(19_000)
    connect(height)
  }
  t.false(await isOver(waiting))
  await clock.advance(40_000)
  t.true(await isOver(waiting))
})

test('blocks before the cursor, which are looked at again, are progress too', async (t) => {
  const { clock, sight, connect } = setUp()
  const waiting = sight.of(SPENT)
  for (let height = 77; height <= 100; height++) {
    await clock.advance(2_000)
    connect(height)
  }
  t.false(await isOver(waiting))
  await clock.advance(40_000)
  t.true(await isOver(waiting))
})

test('a fault in one answer is told, and the next question is asked all the same', async (t) => {
  let faults = 1
  const { sight } = setUp({
    getUtxo: () => {
      if (faults-- > 0) throw new TypeError('a fault')
      return undefined as never
    },
  })
  await t.throwsAsync(sight.of(UNSPENT) as Promise<void>, { instanceOf: TypeError })
  t.true(await isOver(sight.of(UNSPENT)))
})
