import test from 'ava'
import { PROGRAM_MISSING, Restarts } from './restarts.ts'

const policy = { firstMs: 1_000, maxMs: 5_000, maxFaults: 3, windowMs: 60_000 }

test('a plugin that faults is started again later each time, and given up when it faults too often', (t) => {
  const restarts = new Restarts(policy)
  t.deepEqual(
    [0, 1, 2, 3].map((now) => restarts.after('cell-crashed', now)),
    [{ pauseMs: 1_000 }, { pauseMs: 2_000 }, { pauseMs: 4_000 }, { faults: 4 }],
  )
  // Faults of long ago do not count, nor those before somebody saw to it.
  t.deepEqual(restarts.after('cell-crashed', 60_002), { pauseMs: 2_000 })
  restarts.forget()
  t.deepEqual(restarts.after('cell-crashed', 60_003), { pauseMs: 1_000 })
})

test('a plugin is not given up because the node’s program is away, as while it is installed anew, however long', (t) => {
  const restarts = new Restarts(policy)
  t.deepEqual(restarts.after('cell-crashed', 0), { pauseMs: 1_000 })
  const pauses = Array.from({ length: 20 }, (_, now) => restarts.after(PROGRAM_MISSING, now))
  t.deepEqual(
    pauses.slice(0, 5),
    [1_000, 2_000, 4_000, 5_000, 5_000].map((pauseMs) => ({ pauseMs })),
  )
  t.deepEqual(pauses.at(-1), { pauseMs: 5_000 })
  t.deepEqual(restarts.after('cell-crashed', 30), { pauseMs: 2_000 })
  t.deepEqual(restarts.after(PROGRAM_MISSING, 31), { pauseMs: 1_000 })
})
