import test from 'ava'
import { map } from 'rxjs'
import { EventStream } from './event-stream.ts'

type Event = { readonly type: 'paid'; readonly amount: bigint } | { readonly type: 'closed'; readonly id: string }

const aTimerTurn = () => new Promise((resolve) => setTimeout(resolve, 2))

test.serial('events — reach those who follow all and those who follow their type, in order', (t) => {
  const events = new EventStream<Event>(() => t.fail())
  const all: Event[] = []
  const amounts: bigint[] = []
  events.subscribe((event) => void all.push(event))
  events.of('paid').subscribe(({ amount }) => void amounts.push(amount))
  events.publish({ type: 'paid', amount: 1n })
  events.publish({ type: 'closed', id: 'x' })
  events.publish({ type: 'paid', amount: 2n })
  t.deepEqual(amounts, [1n, 2n])
  t.is(all.length, 3)
  events.complete()
})

test.serial('events — published by a subscriber come after the one in hand, for everyone', (t) => {
  const events = new EventStream<Event>(() => t.fail())
  const seen: string[] = []
  events.of('paid').subscribe(() => events.publish({ type: 'closed', id: 'x' }))
  events.subscribe(({ type }) => void seen.push(type))
  events.publish({ type: 'paid', amount: 1n })
  t.deepEqual(seen, ['paid', 'closed'])
  events.complete()
})

test.serial('events — a subscriber that throws, itself or in an operator, harms nobody and is reported', async (t) => {
  const errors: unknown[] = []
  const events = new EventStream<Event>((error) => void errors.push(error))
  let others = 0
  events.subscribe(() => {
    throw new Error('direct')
  })
  events
    .of('paid')
    .pipe(
      map(() => {
        throw new Error('operator')
      }),
    )
    .subscribe()
  events.subscribe(() => void others++)
  t.notThrows(() => events.publish({ type: 'paid', amount: 1n }))
  t.notThrows(() => events.publish({ type: 'paid', amount: 1n }))
  t.is(others, 2)
  await aTimerTurn()
  t.deepEqual(errors.map((error) => (error as Error).message).sort(), ['direct', 'direct', 'operator'])
  events.complete()
  await aTimerTurn()
})

test.serial('events — what the one who is told of errors throws does not come back to it for ever', async (t) => {
  const reports = new EventStream<Event>(() => {})
  let told = 0
  const events = new EventStream<Event>(() => {
    told += 1
    reports.publish({ type: 'closed', id: '' })
  })
  reports.subscribe(() => {
    throw new Error('in the reports')
  })
  events.subscribe(() => {
    throw new Error('in the events')
  })
  events.publish({ type: 'paid', amount: 1n })
  for (let i = 0; i < 4; i++) await aTimerTurn()
  t.is(told, 1)
  events.complete()
  reports.complete()
  await aTimerTurn()
})

test.serial('events — end for all when the stream completes, also for those who come late', (t) => {
  const events = new EventStream<Event>(() => t.fail())
  let ends = 0
  const complete = () => void ends++
  events.subscribe({ complete })
  events.of('paid').subscribe({ complete })
  events.complete()
  events.of('closed').subscribe({ complete })
  events.of('paid').subscribe({ complete })
  events.subscribe({ complete })
  t.is(ends, 5)
})
