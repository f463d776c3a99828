import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { createActorSystem } from './actor-system.ts'
import type { ActorReport, Supervision } from './types.ts'

type Worker = {
  work: { request: null; reply: number }
  crash: { request: string; reply: null }
}

const restart: Supervision = { type: 'restart', minBackoffMs: 100, maxBackoffMs: 350, resetAfterMs: 10_000 }

const setUp = () => {
  const clock = virtualClock(0)
  const system = createActorSystem({ clock })
  const reports: ActorReport[] = []
  system.reports.subscribe((report) => void reports.push(report))
  const advance = (ms: number) => clock.advance(ms, system.settled)
  const crash = (why: string): never => {
    throw new Error(why)
  }
  return { clock, system, reports, advance, crash }
}

test('restart — makes a new behaviour after a pause that doubles up to its cap and is short again after healthy time', async (t) => {
  const { system, advance, clock, crash } = setUp()
  const starts: number[] = []
  const worker = system.spawn<Worker>(
    'worker',
    ({ restarts }) => {
      starts.push(clock.now())
      return { handlers: { work: () => restarts, crash } }
    },
    { supervision: restart },
  )
  for (let i = 0; i < 4; i++) {
    worker.tell('crash', 'again')
    await advance(1000)
  }
  t.deepEqual(starts, [0, 100, 1200, 2350, 3350])
  await advance(10_000)
  const at = clock.now()
  worker.tell('crash', 'much later')
  await advance(1000)
  t.is(starts.at(-1), at + 100)
  t.deepEqual(await worker.ask('work', null), { ok: true, value: 5 })
})

test('restart — queued messages wait for the new behaviour, which knows why it was made', async (t) => {
  const { system, advance, crash } = setUp()
  const failures: unknown[] = []
  const worker = system.spawn<Worker>(
    'worker',
    ({ restarts, lastFailure }) => {
      failures.push(lastFailure)
      return { handlers: { work: () => restarts, crash } }
    },
    { supervision: restart },
  )
  const crashed = worker.ask('crash', 'boom')
  const worked = worker.ask('work', null)
  t.like(await crashed, { ok: false, error: { code: 'handler-failed' } })
  await advance(100)
  t.deepEqual(await worked, { ok: true, value: 1 })
  t.like(failures, [undefined, { message: 'boom' }])
})

test('restart — waits for the old behaviour to finish what it has begun, and drops its timers', async (t) => {
  const { system, advance, clock, crash } = setUp()
  const starts: number[] = []
  let work = 0
  const flushed = Promise.withResolvers<void>()
  const worker = system.spawn<Worker>(
    'worker',
    ({ schedule }) => {
      starts.push(clock.now())
      if (starts.length === 1) schedule(500, 'work', null)
      return { handlers: { work: () => ++work, crash }, restarting: () => flushed.promise }
    },
    { supervision: restart },
  )
  worker.tell('crash', '')
  await advance(1000)
  t.deepEqual(starts, [0])
  flushed.resolve()
  await advance(100)
  t.deepEqual(starts, [0, 1100])
  t.is(work, 0)
})

test('restart — a factory that throws is tried again, and an actor that never started can be stopped', async (t) => {
  const { system, advance, crash } = setUp()
  let tries = 0
  const worker = system.spawn<Worker>(
    'worker',
    () => {
      tries += 1
      if (tries < 3) throw new Error('not yet')
      return { handlers: { work: () => tries, crash } }
    },
    { supervision: restart },
  )
  const asked = worker.ask('work', null)
  await advance(300)
  t.deepEqual(await asked, { ok: true, value: 3 })
  tries = -1000
  worker.tell('crash', '')
  await advance(2000)
  await system.stopActor('/worker')
  t.like(await worker.ask('work', null), { ok: false, error: { code: 'actor-stopped' } })
})

test('resume — keeps the state; a factory that throws leaves none, and the actor ends', async (t) => {
  const { system, crash } = setUp()
  let made = 0
  const worker = system.spawn<Worker>('worker', () => {
    made += 1
    return { handlers: { work: () => made, crash } }
  })
  worker.tell('crash', '')
  t.deepEqual(await worker.ask('work', null), { ok: true, value: 1 })
  const stillborn = system.spawn<Worker>('stillborn', () => crash('at birth'))
  t.like(await stillborn.ask('work', null), { ok: false, error: { code: 'actor-stopped' } })
})

test('stop — ends the actor as failed, with its children', async (t) => {
  const { system, crash } = setUp()
  const ends: string[] = []
  const worker = system.spawn<Worker>(
    'worker',
    ({ spawn }) => {
      const child = spawn<Worker>('child', () => ({ handlers: { work: () => 0, crash } }))
      child.watch(({ code }) => void ends.push(`child ${code}`))
      return { handlers: { work: () => 0, crash } }
    },
    { supervision: { type: 'stop' } },
  )
  worker.watch(({ code }) => void ends.push(`worker ${code}`))
  worker.tell('crash', '')
  await system.settled()
  t.deepEqual(ends, ['child stopped', 'worker failed'])
  t.deepEqual(system.paths(), [])
})

test('supervision — a function decides case by case, and one that throws stops the actor', async (t) => {
  const { system, crash, reports } = setUp()
  const worker = system.spawn<Worker>('worker', () => ({ handlers: { work: () => 1, crash } }), {
    supervision: ({ error }) => {
      if ((error as Error).message === 'harmless') return { type: 'resume' }
      throw new Error('undecided')
    },
  })
  worker.tell('crash', 'harmless')
  t.true((await worker.ask('work', null)).ok)
  worker.tell('crash', 'grave')
  t.like(await worker.ask('work', null), { ok: false, error: { code: 'actor-stopped' } })
  t.deepEqual(
    reports.map((report) => report.type),
    ['actor-faulted', 'callback-threw', 'actor-faulted'],
  )
})

test('escalate — the parent decides: resume leaves the child as it is', async (t) => {
  const { system, crash } = setUp()
  let made = 0
  system.spawn<Worker>('parent', ({ spawn }) => {
    spawn<Worker>(
      'child',
      () => {
        made += 1
        return { handlers: { work: () => made, crash } }
      },
      { supervision: { type: 'escalate' } },
    )
    return { handlers: { work: () => 0, crash } }
  })
  const child = system.find<Worker>('/parent/child')
  child?.tell('crash', '')
  t.deepEqual(await child?.ask('work', null), { ok: true, value: 1 })
})

test('escalate — the parent decides: restart makes parent and children anew, once for two that escalate', async (t) => {
  const { system, crash, advance } = setUp()
  let parents = 0
  system.spawn<Worker>(
    'parent',
    ({ spawn }) => {
      parents += 1
      for (const name of ['a', 'b']) {
        spawn<Worker>(name, () => ({ handlers: { work: () => parents, crash } }), { supervision: { type: 'escalate' } })
      }
      return { handlers: { work: () => 0, crash } }
    },
    { supervision: restart },
  )
  system.find<Worker>('/parent/a')?.tell('crash', '')
  system.find<Worker>('/parent/b')?.tell('crash', '')
  await advance(100)
  t.is(parents, 2)
  t.deepEqual(system.paths(), ['/parent', '/parent/a', '/parent/b'])
  t.deepEqual(await system.find<Worker>('/parent/b')?.ask('work', null), { ok: true, value: 2 })
})

test('escalate — from the root stops the system', async (t) => {
  const { system, crash } = setUp()
  const worker = system.spawn<Worker>('worker', () => ({ handlers: { work: () => 0, crash } }), {
    supervision: { type: 'escalate' },
  })
  worker.tell('crash', '')
  await system.settled()
  t.deepEqual(system.paths(), [])
  t.throws(() => system.spawn<Worker>('x', () => crash('')))
})
