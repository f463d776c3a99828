import test from 'ava'
import { Account, MEMORY_CAPS, MemoryPool, RunAccount } from './account.ts'

const MB = 1 << 20

test('an account takes no more of a kind than its cap, and what is given back can be taken again', (t) => {
  const account = new Account(new MemoryPool(512 * MB, 1))
  t.true(account.take('live', MEMORY_CAPS.live))
  t.false(account.take('live', 1))
  t.true(account.take('events', 1), 'another kind has a cap of its own')
  account.give('live', 10)
  t.true(account.take('live', 10))
  t.is(account.memoryBytes, MEMORY_CAPS.live + 1)
})

test('all accounts together hold no more than the pool, and each has what it is guaranteed, whatever the others hold', (t) => {
  const pool = new MemoryPool(16 * MB, 4)
  t.is(pool.guaranteed, 2 * MB)
  const [greedy, other, modest] = [new Account(pool), new Account(pool), new Account(pool)] as const
  t.true(greedy.take('events', 8 * MB))
  t.true(other.take('events', 4 * MB))
  t.false(other.take('live', MB), 'the pot is empty')
  t.true(modest.take('events', 2 * MB))
  t.false(modest.take('events', 1))
  greedy.give('events', 4 * MB)
  t.true(other.take('live', MB))
  t.true(greedy.memoryBytes + other.memoryBytes + modest.memoryBytes <= 16 * MB)
})

test('what must be held is held beyond the cap, and nothing more of its kind is then taken', (t) => {
  const account = new Account(new MemoryPool(512 * MB, 1))
  account.hold('events', MEMORY_CAPS.events + 5)
  t.false(account.take('events', 1))
  account.give('events', MEMORY_CAPS.events + 5)
  t.true(account.take('events', 1))
})

test('when a run is over all that it held is given back, and what comes late counts no more', (t) => {
  const pool = new MemoryPool(64 * MB, 2)
  const account = new Account(pool)
  const run = new RunAccount(account)
  account.hold('bundle', 7)
  run.take('events', 100)
  run.hold('writes', 50)
  t.is(account.memoryBytes, 157)
  run.close()
  t.is(account.memoryBytes, 7)
  run.give('writes', 50)
  run.close()
  t.is(account.memoryBytes, 7)
  t.false(run.take('events', 1))
})
