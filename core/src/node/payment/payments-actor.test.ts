import test from 'ava'
import { createActorSystem } from '../../actor/actor-system.ts'
import type { ActorRef } from '../../actor/types.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import { chooseRoutes } from '../../payment/send/choose-routes.ts'
import type { PaymentRequest, SentPayment } from '../../payment/send/payment.ts'
import { decodeSentPayment, encodeSentPayment } from '../../payment/send/payment-codec.ts'
import type { RouteQuestion } from '../../payment/send/route-question.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { ChannelDirectory } from '../channel/channel-directory.ts'
import { EventLog } from '../events/event-log.ts'
import { silentLog } from '../node-log.ts'
import { EVENTS_KEPT } from '../settings.ts'
import { commandPlace, commandRowKey } from '../storage/command-key.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { OwnChannelIndex } from './own-channels.ts'
import { mendedIndex, paymentIndexWrites } from './payment-index.ts'
import { PAYMENTS_LANES, type PaymentsProtocol, paymentsBehaviour } from './payments-actor.ts'

const requestOf = (key: string): PaymentRequest => ({
  target: {
    recipient: {
      type: 'node',
      nodeId: new Uint8Array(33).fill(2),
      paymentSecret: new Uint8Array(32).fill(3),
      minFinalCltvExpiryDelta: 18,
      routeHints: [],
    },
    paymentHash: new Uint8Array(32).fill(1),
    amountMsat: 1_000n,
    multiPart: false,
  },
  maxFeeMsat: 0n,
  key,
})

test('a second try of a hash, asked for while the end of the first is not on the disk yet, gets an outcome of its own', async (t) => {
  const clock = virtualClock()
  const rng = seededRng(1)
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => t.fail(`${error}`),
  })
  const events = await EventLog.open({ store, clock, keep: EVENTS_KEPT })
  const system = createActorSystem({ clock, rng })
  t.teardown(async () => {
    await system.stop()
    await store.close()
  })
  const channelDirectory = new ChannelDirectory()
  const ownChannels = new OwnChannelIndex(channelDirectory)
  const routeFinder = (question: RouteQuestion) => chooseRoutes(question, ownChannels)
  const services = {
    store,
    clock,
    rng,
    events,
    channelDirectory,
    routeFinder,
    attempted: () => {},
    log: silentLog,
    height: () => 100,
    begun: () => [],
  }
  const payments = system.spawn('payments', paymentsBehaviour(services), { lanes: PAYMENTS_LANES })

  const [first, second] = await Promise.all(['first', 'second'].map((key) => payments.ask('pay', requestOf(key))))
  t.like(first, { ok: true, value: { ok: true, value: { key: 'first', status: 'failed' } } })
  t.like(second, { ok: true, value: { ok: true, value: { key: 'second', status: 'failed' } } })
})

test('of a payment that was tried twice before a crash only the second try is under way at the next start', async (t) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => t.fail(`${error}`),
  })
  t.teardown(() => store.close())
  const { target } = requestOf('first')
  const tried = (startedAt: number, status: SentPayment['status']): SentPayment => ({
    target,
    maxFeeMsat: 0n,
    key: 'first',
    attempts: [],
    nextAttemptId: 0,
    status,
    startedAt,
  })
  const [first, second] = [tried(1, 'in-flight'), tried(2, 'in-flight')]
  store.submit(paymentIndexWrites(undefined, first))
  await store.flush()
  const left = await store.scan(TABLE.paymentByStatus)
  store.submit(paymentIndexWrites(first, tried(1, 'failed')))
  store.submit(paymentIndexWrites(tried(1, 'failed'), second))
  await store.flush()
  // As the crash leaves it: the first try's place was still to be taken away.
  store.submit(left.map(({ key, value }) => ({ table: TABLE.paymentByStatus, key, value })))
  await store.flush()
  const rows = await store.scan(TABLE.paymentByStatus)
  t.is(rows.length, 2)
  store.submit(rows.flatMap(({ key }) => mendedIndex(key, second)))
  await store.flush()
  const mended = await store.scan(TABLE.paymentByStatus)
  t.is(mended.length, 1)
  t.deepEqual(
    mended.map(({ key }) => mendedIndex(key, second)),
    [[]],
  )
})

test('a command goes with the first row of its payment, and is listed when that fails, also where another life fails it', async (t) => {
  const clock = virtualClock(1_000)
  const rng = seededRng(1)
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => t.fail(`${error}`),
  })
  t.teardown(() => store.close())
  const channelDirectory = new ChannelDirectory()
  const ownChannels = new OwnChannelIndex(channelDirectory)
  const routeFinder = (question: RouteQuestion) => chooseRoutes(question, ownChannels)
  const events = await EventLog.open({ store, clock, keep: EVENTS_KEPT })
  const begun = (key: string) => [{ table: TABLE.command, key: commandRowKey(key), value: Uint8Array.of(0) }]
  const live = async (work: (payments: ActorRef<PaymentsProtocol>) => Promise<unknown>): Promise<void> => {
    const system = createActorSystem({ clock, rng })
    const services = {
      store,
      clock,
      rng,
      events,
      channelDirectory,
      routeFinder,
      attempted: () => {},
      log: silentLog,
      height: () => 100,
      begun,
    }
    await work(system.spawn('payments', paymentsBehaviour(services), { lanes: PAYMENTS_LANES }))
    await store.flush()
    await system.stop()
  }
  const listed = async () => (await store.sizes(TABLE.commandByTime)).map(({ key }) => Uint8Array.from(key))

  await live((payments) => payments.ask('pay', requestOf('at once')))
  t.truthy(await store.get(TABLE.command, commandRowKey('at once')))
  const atOnce = commandPlace(clock.now(), commandRowKey('at once'))
  t.deepEqual(await listed(), [atOnce])

  // The node stopped while this one was under way.
  const { target } = requestOf('')
  const other = { ...target, paymentHash: new Uint8Array(32).fill(9) }
  const cutOff: SentPayment = {
    target: other,
    maxFeeMsat: 0n,
    key: 'cut off',
    attempts: [],
    nextAttemptId: 0,
    status: 'in-flight',
    startedAt: 1,
  }
  store.submit([
    { table: TABLE.payment, key: other.paymentHash, value: encodeSentPayment(cutOff) },
    ...paymentIndexWrites(undefined, cutOff),
  ])
  await store.flush()
  await clock.advance(5)
  await live((payments) => payments.ask('resume', { held: {}, unsure: [] }))
  t.like(decodeSentPayment((await store.get(TABLE.payment, other.paymentHash)) as Uint8Array), {
    ok: true,
    value: { status: 'failed' },
  })
  t.deepEqual(await listed(), [atOnce, commandPlace(clock.now(), commandRowKey('cut off'))])
  // No row of a command that this life did not begin is written over.
  t.is(await store.get(TABLE.command, commandRowKey('cut off')), undefined)
})
