import test from 'ava'
import { Follower } from './follower.ts'
import { err, ok } from './result.ts'

interface Event {
  readonly sequence: number
  readonly cursor: number
}

/** A log of numbers; `capacity` is how many are taken before there is no room, until `makeRoom`. */
const setUp = (options: { readonly capacity?: number; readonly page?: number; readonly goesOnFrom?: number } = {}) => {
  const { capacity = Number.POSITIVE_INFINITY, page = 2 } = options
  const log: Event[] = []
  const had: number[] = []
  const reads: number[] = []
  let oldest = 0
  let room = capacity
  const follower = new Follower<Event, number, 'expired'>({
    cursor: 0,
    async read(cursor) {
      reads.push(cursor ?? -1)
      const from = cursor ?? oldest
      if (from < oldest) return err('expired')
      const events = log.filter(({ sequence }) => sequence > from).slice(0, page)
      // What happens while the disk is read.
      await undefined
      return ok({ events, next: events.at(-1)?.cursor ?? from })
    },
    take({ sequence }) {
      if (room === 0) return false
      room -= 1
      had.push(sequence)
      return true
    },
    failed: () => ({ from: options.goesOnFrom }),
    threw: (thrown) => {
      throw thrown
    },
  })
  const append = (sequence = log.length + 1): void => {
    const event = { sequence, cursor: sequence }
    if (sequence > 0) log.push(event)
    follower.heard(event)
  }
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await undefined
  }
  return {
    follower,
    log,
    append,
    settled,
    had,
    reads,
    makeRoom: () => {
      room = capacity
      follower.readOn()
    },
    forgetBefore: (sequence: number) => {
      oldest = sequence
    },
  }
}

test('what is stored comes first, then what happens, without a gap and nothing twice', async (t) => {
  const { follower, append, settled, had, reads } = setUp()
  for (let i = 0; i < 3; i++) append()
  follower.readOn()
  append()
  await settled()
  t.true(follower.live)
  const before = reads.length
  append()
  append(0)
  append()
  t.deepEqual(had, [1, 2, 3, 4, 5, 0, 6])
  t.is(reads.length, before)
})

test('what comes while the log is found empty is read before anything is taken live', async (t) => {
  const { follower, append, settled, had } = setUp()
  follower.readOn()
  // The empty page is on its way.
  append()
  t.false(follower.live)
  await settled()
  append()
  t.deepEqual(had, [1, 2])
})

test('what was read from the log before it is told of is had once', async (t) => {
  const { follower, log, append, settled, had } = setUp()
  const early = { sequence: 1, cursor: 1 }
  log.push(early)
  follower.readOn()
  await settled()
  follower.heard(early)
  append()
  t.deepEqual(had, [1, 2])
})

test('who has no room leaves events in the log, and has them when there is room again', async (t) => {
  const { follower, append, settled, had, makeRoom } = setUp({ capacity: 2 })
  follower.readOn()
  await settled()
  for (let i = 0; i < 5; i++) append()
  t.false(follower.live)
  await settled()
  t.deepEqual(had, [1, 2])
  makeRoom()
  await settled()
  t.deepEqual(had, [1, 2, 3, 4])
  makeRoom()
  await settled()
  t.deepEqual(had, [1, 2, 3, 4, 5])
  t.true(follower.live)
})

test('what is no longer kept is passed over where the follower says so', async (t) => {
  const { follower, append, settled, had, forgetBefore } = setUp()
  for (let i = 0; i < 4; i++) append()
  forgetBefore(2)
  follower.readOn()
  await settled()
  t.deepEqual(had, [3, 4])
})

test('what is no longer kept is passed over up to where the log says, and not further back', async (t) => {
  const { follower, append, settled, had, forgetBefore } = setUp({ goesOnFrom: 3 })
  for (let i = 0; i < 4; i++) append()
  forgetBefore(2)
  follower.readOn()
  await settled()
  t.deepEqual(had, [4])
})

test('one that is stopped takes nothing more', async (t) => {
  const { follower, append, settled, had } = setUp()
  append()
  follower.readOn()
  follower.stop()
  await settled()
  append()
  t.deepEqual(had, [])
})
