import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { seededRng } from '../lib/rng.ts'
import { createActorSystem } from './actor-system.ts'
import type { ActorRef, ActorReport, Behaviour, EndReason } from './types.ts'

type Log = {
  note: { request: { text: string }; reply: number }
  urgent: { request: { text: string }; reply: number }
  peer: { request: { text: string }; reply: number }
  fail: { request: { secret: string }; reply: number }
  later: { request: { value: number }; reply: number }
  failLater: { request: null; reply: number }
  never: { request: null; reply: null }
}

const setUp = () => {
  const clock = virtualClock()
  const system = createActorSystem<{ type: 'tick'; at: number }>({ clock, rng: seededRng(1) })
  const reports: ActorReport[] = []
  system.reports.subscribe((report) => void reports.push(report))
  const seen: string[] = []
  const note = ({ text }: { text: string }) => seen.push(text)
  const handlers: Behaviour<Log>['handlers'] = {
    note,
    urgent: note,
    peer: note,
    fail: ({ secret }) => {
      throw new Error(secret)
    },
    later: async ({ value }) => {
      await Promise.resolve()
      seen.push(`later ${value}`)
      return value
    },
    failLater: async () => {
      await Promise.resolve()
      throw new Error('late')
    },
    never: () => new Promise(() => {}),
  }
  const lanes = { urgent: 'priority', peer: 'peer' } as const
  return { clock, system, reports, seen, handlers, lanes }
}

test('ask — is answered with what the handler returns', async (t) => {
  const { system, handlers } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers }))
  t.is(log.path, '/log')
  t.deepEqual(await log.ask('note', { text: 'a' }), { ok: true, value: 1 })
  t.is(system.find('/log'), log as ActorRef<never>)
})

test('handler — that throws answers handler-failed without saying what, and the mailbox goes on', async (t) => {
  const { system, handlers, reports, seen } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers }))
  log.tell('fail', { secret: 'x' })
  const failed = log.ask('fail', { secret: 'the seed' })
  const noted = log.ask('note', { text: 'still here' })
  t.deepEqual(await failed, { ok: false, error: { code: 'handler-failed', path: '/log' } })
  t.deepEqual(await noted, { ok: true, value: 1 })
  t.deepEqual(seen, ['still here'])
  t.like(reports, [
    { type: 'actor-faulted', path: '/log', command: 'fail', decision: 'resume' },
    { type: 'actor-faulted' },
  ])
})

test('handler — whose promise rejects answers handler-failed and is reported', async (t) => {
  const { system, handlers, reports } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers }))
  t.deepEqual(await log.ask('failLater', null), { ok: false, error: { code: 'handler-failed', path: '/log' } })
  t.like(reports, [{ type: 'actor-faulted', command: 'failLater' }])
})

test('handler — that returns a promise does not hold the mailbox', async (t) => {
  const { system, handlers, seen } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers }))
  const later = log.ask('later', { value: 7 })
  log.tell('note', { text: 'next' })
  t.deepEqual(await later, { ok: true, value: 7 })
  t.deepEqual(seen, ['next', 'later 7'])
})

test('ask — of a command that the actor does not have is answered unknown-command, inherited names included', async (t) => {
  const { system, handlers, reports } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers })) as unknown as ActorRef<
    Record<string, { request: unknown; reply: unknown }>
  >
  for (const command of ['nothing', 'constructor', '__proto__']) {
    t.deepEqual(await log.ask(command, {}), { ok: false, error: { code: 'unknown-command', path: '/log', command } })
  }
  log.tell('toString', {})
  await system.settled()
  t.deepEqual(reports, [{ type: 'message-dropped', path: '/log', command: 'toString', cause: 'unknown-command' }])
})

test('ask — past its deadline is answered ask-timeout, after 30 s unless it says otherwise', async (t) => {
  const { system, handlers, clock } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers }))
  const asked = [log.ask('never', null), log.ask('never', null, { timeoutMs: 5 })]
  const ended: number[] = []
  asked.forEach((each, i) => void each.then(() => ended.push(i)))
  await clock.advance(5, system.settled)
  t.deepEqual(ended, [1])
  await clock.advance(29_995, system.settled)
  t.deepEqual(ended, [1, 0])
  t.deepEqual(await asked[0], { ok: false, error: { code: 'ask-timeout', path: '/log', timeoutMs: 30_000 } })
})

test('ask — answered in time leaves no timer behind', async (t) => {
  const { system, handlers, clock } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers }))
  await log.ask('note', { text: '' })
  t.is(clock.nextTimerAt(), undefined)
})

test('mailbox — a full command lane answers mailbox-full and reports the tells that it drops; other lanes take on', async (t) => {
  const { system, handlers, lanes, seen, reports } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers }), { lanes, commandCapacity: 2 })
  log.tell('note', { text: 'c1' })
  log.tell('note', { text: 'c2' })
  const refused = log.ask('note', { text: 'c3' })
  log.tell('note', { text: 'c4' })
  log.tell('urgent', { text: 'u' })
  log.tell('peer', { text: 'p' })
  t.deepEqual(await refused, { ok: false, error: { code: 'mailbox-full', path: '/log' } })
  await system.settled()
  t.deepEqual(seen, ['u', 'p', 'c1', 'c2'])
  t.deepEqual(reports, [{ type: 'message-dropped', path: '/log', command: 'note', cause: 'mailbox-full' }])
  t.true((await log.ask('note', { text: 'c5' })).ok)
})

test('mailbox — each lane is in order, priority comes first, and a waiting command gets its turn after 16 peer messages', async (t) => {
  const { system, handlers, lanes, seen } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers }), { lanes })
  for (let i = 0; i < 40; i++) log.tell('peer', { text: `p${i}` })
  for (let i = 0; i < 3; i++) log.tell('note', { text: `c${i}` })
  for (let i = 0; i < 3; i++) log.tell('urgent', { text: `u${i}` })
  await system.settled()
  const numbered = (prefix: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `${prefix}${from + i}`)
  t.deepEqual(seen, [
    ...numbered('u', 0, 3),
    ...numbered('p', 0, 16),
    'c0',
    ...numbered('p', 16, 32),
    'c1',
    ...numbered('p', 32, 40),
    'c2',
  ])
})

test('mailbox — reports pressure at the high-water mark of its peer lane, and its end at half of that', async (t) => {
  const { system, handlers, lanes, seen } = setUp()
  const pressure: string[] = []
  const log = system.spawn<Log>('log', () => ({ handlers }), {
    lanes,
    peerHighWater: 4,
    onPressure: (lane, full) => void pressure.push(`${lane} ${full} after ${seen.length}`),
  })
  for (let i = 0; i < 6; i++) log.tell('peer', { text: 'p' })
  t.deepEqual(pressure, ['peer true after 0'])
  await system.settled()
  t.deepEqual(pressure, ['peer true after 0', 'peer false after 3'])
  t.is(seen.length, 6)
})

test('drained — comes once after all that was queued, and not without messages', async (t) => {
  const { system, handlers, seen } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers, drained: () => void seen.push('drained') }))
  await system.settled()
  t.deepEqual(seen, [])
  for (let i = 0; i < 100; i++) log.tell('note', { text: 'n' })
  await system.settled()
  t.is(seen.length, 101)
  t.is(seen.indexOf('drained'), 100)
})

test('drained — waits for the actors whose turn came before, so that what they send is in the same batch', async (t) => {
  const { system, handlers, seen } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers, drained: () => void seen.push('drained') }))
  type Forward = { forward: { request: string; reply: null } }
  const forwarders = ['a', 'b', 'c'].map((name) =>
    system.spawn<Forward>(name, () => ({
      handlers: {
        forward: (text) => {
          log.tell('note', { text })
          return null
        },
      },
    })),
  )
  log.tell('note', { text: 'own' })
  for (const forwarder of forwarders) forwarder.tell('forward', forwarder.path)
  await system.settled()
  t.deepEqual(seen, ['own', '/a', '/b', '/c', 'drained'])
})

test('drained — waits for an actor that sends more than it handles in one turn', async (t) => {
  const { system, handlers, seen } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers, drained: () => void seen.push('drained') }))
  type Forward = { forward: { request: null; reply: null } }
  const forwarder = system.spawn<Forward>('forwarder', () => ({
    handlers: {
      forward: () => {
        log.tell('note', { text: 'n' })
        return null
      },
    },
  }))
  log.tell('note', { text: 'own' })
  for (let i = 0; i < 100; i++) forwarder.tell('forward', null)
  await system.settled()
  t.is(seen.indexOf('drained'), 101)
  t.is(seen.length, 102)
})

test('drained — comes even when two actors keep each other busy', async (t) => {
  const { system } = setUp()
  type Ball = { hit: { request: { left: number }; reply: null } }
  let drains = 0
  const player = (other: string) => () => ({
    handlers: {
      hit: ({ left }: { left: number }) => {
        if (left > 0) system.find<Ball>(other)?.tell('hit', { left: left - 1 })
        return null
      },
    },
    drained: () => void drains++,
  })
  const ping = system.spawn<Ball>('ping', player('/pong'))
  system.spawn<Ball>('pong', player('/ping'))
  ping.tell('hit', { left: 100 })
  await system.settled()
  t.true(drains > 20)
})

test('drained — that throws is a fault of the actor, which goes on', async (t) => {
  const { system, handlers, reports } = setUp()
  const log = system.spawn<Log>('log', () => ({
    handlers,
    drained: () => {
      throw new Error('no')
    },
  }))
  t.true((await log.ask('note', { text: '' })).ok)
  await system.settled()
  t.true((await log.ask('note', { text: '' })).ok)
  t.like(reports, [{ type: 'actor-faulted', path: '/log', decision: 'resume' }])
})

test('dispatcher — lets I/O have its turn while actors and asks never pause', async (t) => {
  const system = createActorSystem()
  type Loop = { spin: { request: null; reply: null } }
  let spins = 0
  let stopped = false
  const loop = system.spawn<Loop>('loop', ({ self }) => ({
    handlers: {
      spin: () => {
        spins += 1
        if (!stopped) self.tell('spin', null)
        return null
      },
    },
  }))
  loop.tell('spin', null)
  const askForEver = async () => {
    while (!stopped) await loop.ask('spin', null)
  }
  const asking = askForEver()
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  stopped = true
  await asking
  t.true(spins > 3)
  await system.stop()
})

test('dead actor — answers actor-stopped, to what was queued too, and reports the tells', async (t) => {
  const { system, handlers, reports, seen } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers, stopped: () => void seen.push('stopped') }))
  const inFlight = log.ask('never', null)
  await system.settled()
  const queued = log.ask('note', { text: 'q' })
  log.tell('note', { text: 'q' })
  await system.stopActor('/log')
  const stopped = { ok: false, error: { code: 'actor-stopped', path: '/log' } } as const
  t.deepEqual(await inFlight, stopped)
  t.deepEqual(await queued, stopped)
  t.deepEqual(await log.ask('note', { text: 'x' }), stopped)
  log.tell('note', { text: 'x' })
  const dropped = { type: 'message-dropped', path: '/log', command: 'note', cause: 'actor-stopped' } as const
  t.deepEqual(reports, [dropped, dropped])
  t.deepEqual(seen, ['stopped'])
  t.is(system.find('/log'), undefined)
  t.notThrows(() => system.spawn<Log>('log', () => ({ handlers })))
})

test('watch — fires once when the actor ends, at once if it has ended, not at all if given up', async (t) => {
  const { system, handlers, reports } = setUp()
  const log = system.spawn<Log>('log', () => ({ handlers }))
  const ends: string[] = []
  const end = (name: string) => (reason: EndReason) => void ends.push(`${name} ${reason.code}`)
  log.watch(() => {
    throw new Error('a careless watcher')
  })
  log.watch(end('a'))
  log.watch(end('b'))()
  await system.stopActor('/log')
  t.deepEqual(ends, ['a stopped'])
  log.watch(end('c'))
  t.deepEqual(ends, ['a stopped', 'c stopped'])
  t.like(reports, [{ type: 'callback-threw', callback: 'watch', path: '/log' }])
})

test('stop — ends the youngest first, children before their parents, and waits for each', async (t) => {
  const { system } = setUp()
  const order: string[] = []
  type Nothing = Record<never, never>
  const leaf = (name: string) => () => ({
    handlers: {},
    stopped: async () => {
      order.push(`${name} stops`)
      await Promise.resolve()
      order.push(`${name} stopped`)
    },
  })
  system.spawn<Nothing>('first', leaf('first'))
  system.spawn<Nothing>('second', ({ spawn }) => {
    spawn<Nothing>('a', leaf('a'))
    spawn<Nothing>('b', leaf('b'))
    return leaf('second')()
  })
  t.deepEqual(system.paths(), ['/first', '/second', '/second/a', '/second/b'])
  await system.stop()
  t.deepEqual(
    order,
    ['b', 'a', 'second', 'first'].flatMap((name) => [`${name} stops`, `${name} stopped`]),
  )
  t.deepEqual(system.paths(), [])
  t.throws(() => system.spawn<Nothing>('late', leaf('late')), { message: /stopped/ })
})

test('stop — does not wait for ever for an actor that will not end', async (t) => {
  const { system, clock, reports } = setUp()
  system.spawn<Record<never, never>>('stuck', () => ({ handlers: {}, stopped: () => new Promise(() => {}) }))
  const stopped = system.stop()
  await clock.advance(10_000, system.settled)
  await stopped
  t.like(reports, [{ type: 'callback-threw', callback: 'stopped', path: '/stuck' }])
})

test('schedule — tells the actor on time and is cancelled when the actor ends', async (t) => {
  const { system, clock, handlers, seen } = setUp()
  system.spawn<Log>('log', ({ schedule }) => {
    schedule(10, 'note', { text: 'ten' })
    schedule(5, 'note', { text: 'five' })
    schedule(6, 'note', { text: 'six' })()
    schedule(20, 'note', { text: 'twenty' })
    return { handlers }
  })
  await clock.advance(15, system.settled)
  t.deepEqual(seen, ['five', 'ten'])
  await system.stopActor('/log')
  t.is(clock.nextTimerAt(), undefined)
})

test('meta — reaches the handler', async (t) => {
  const { system } = setUp()
  type Echo = { meta: { request: null; reply: unknown } }
  const echo = system.spawn<Echo>('echo', () => ({ handlers: { meta: (_, { meta }) => meta } }))
  const meta = { reason: { code: 'why', text: 'because' }, causes: ['1'], key: 'k' }
  t.deepEqual(await echo.ask('meta', null, { meta }), { ok: true, value: meta })
  t.deepEqual(await echo.ask('meta', null), { ok: true, value: {} })
})

test('system — runs the same from the same seed', async (t) => {
  const run = async (seed: number) => {
    const clock = virtualClock()
    const system = createActorSystem<{ type: 'tick'; at: number }>({ clock, rng: seededRng(seed) })
    const trace: string[] = []
    type Node = { work: { request: { hops: number }; reply: null } }
    const names = Array.from({ length: 8 }, (_, i) => `n${i}`)
    for (const name of names) {
      system.spawn<Node>(name, ({ rng, schedule }) => ({
        handlers: {
          work: ({ hops }) => {
            trace.push(`${clock.now()} ${name} ${hops}`)
            if (hops === 0) return null
            const next = system.find<Node>(`/${names[rng.below(names.length)]}`)
            if (rng.below(2) === 0) next?.tell('work', { hops: hops - 1 })
            else schedule(rng.below(50), 'work', { hops: hops - 1 })
            return null
          },
        },
        drained: () => void trace.push(`${name} drained`),
      }))
    }
    for (const name of names) system.find<Node>(`/${name}`)?.tell('work', { hops: 50 })
    await clock.advance(10_000, system.settled)
    return trace
  }
  const trace = await run(42)
  t.true(trace.length > 400)
  t.deepEqual(await run(42), trace)
  t.notDeepEqual(await run(43), trace)
})
