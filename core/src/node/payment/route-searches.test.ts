import test, { type ExecutionContext } from 'ava'
import { createActorSystem } from '../../actor/actor-system.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { toHex } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { ok } from '../../lib/result.ts'
import { seededRng } from '../../lib/rng.ts'
import { testNode } from '../../payment/fixtures/nodes.ts'
import type { PaymentRequest, Route } from '../../payment/send/payment.ts'
import { decodeSentPayment } from '../../payment/send/payment-codec.ts'
import { paymentReference } from '../../payment/send/payment-reference.ts'
import type { FoundRoutes, RouteQuestion } from '../../payment/send/route-question.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store, Write } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { EventLog } from '../events/event-log.ts'
import { type LogFields, silentLog } from '../node-log.ts'
import { EVENTS_KEPT } from '../settings.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { PAYMENTS_LANES, paymentsBehaviour } from './payments-actor.ts'
import { ROUTE_SEARCH_MS, type RouteFinder } from './route-searches.ts'

const payee = testNode('payee')
const CHANNEL = new Uint8Array(32).fill(7)
const HASH = new Uint8Array(32).fill(1)

const request: PaymentRequest = {
  target: {
    recipient: {
      type: 'node',
      nodeId: payee.nodeId,
      paymentSecret: new Uint8Array(32).fill(3),
      minFinalCltvExpiryDelta: 18,
      routeHints: [],
    },
    paymentHash: HASH,
    amountMsat: 1_000n,
    multiPart: true,
  },
  maxFeeMsat: 0n,
  key: '',
}

const route = (amountMsat = 1_000n): FoundRoutes => {
  const over: Route = { channelId: CHANNEL, hops: [{ nodeId: payee.nodeId, amountMsat, cltvExpiry: 121 }] }
  return ok([over])
}

/** A finder whose answers are given by hand. */
const byHand = () => {
  const asked: { readonly question: RouteQuestion; readonly answer: (found: FoundRoutes) => void }[] = []
  const finder: RouteFinder = (question) => new Promise((answer) => asked.push({ question, answer }))
  return { asked, finder }
}

/** A node's payments over one channel with the payee, which takes every HTLC. */
const begin = async (t: ExecutionContext, routeFinder: RouteFinder, stored?: Store) => {
  const clock = virtualClock()
  const rng = seededRng(1)
  const store =
    stored ??
    (await openSqliteStore({ path: ':memory:', migrations: MIGRATIONS, onFatal: (error) => t.fail(`${error}`) }))
  const events = await EventLog.open({ store, clock, keep: EVENTS_KEPT })
  const system = createActorSystem({ clock, rng })
  const htlcs: unknown[] = []
  const logged: string[] = []
  const written: Write[] = []
  const submit = store.submit.bind(store)
  const counting: Store['submit'] = (writes, then) => {
    written.push(...writes.filter(({ table }) => table === TABLE.payment))
    submit(writes, then)
  }
  Object.assign(store, { submit: counting })
  const ask = async (_: string, add: unknown) => {
    htlcs.push(add)
    return ok(ok({ htlcId: 0n }))
  }
  const { state } = new TwoParties().ready().alice
  const channelDirectory = {
    get: () => ({ remoteNodeId: payee.nodeId, state, ref: { ask } }),
  } as unknown as ChannelDirectory
  const log = {
    ...silentLog,
    error: (event: string, fields: LogFields = {}) => void logged.push(`${event} ${Object.keys(fields)}`),
  }
  const services = {
    store,
    clock,
    rng,
    events,
    channelDirectory,
    routeFinder,
    attempted: () => {},
    log,
    height: () => 100,
    begun: () => [],
  }
  const payments = system.spawn('payments', paymentsBehaviour(services), { lanes: PAYMENTS_LANES })
  /** All that is under way in memory, and on its way to the disk and back, has happened. */
  const idle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      await store.get(TABLE.payment, HASH)
      await store.flush()
      await new Promise(setImmediate)
    }
  }
  const row = async () => {
    const bytes = await store.get(TABLE.payment, HASH)
    return bytes === undefined ? undefined : decodeSentPayment(bytes)
  }
  t.teardown(() => system.stop())
  if (stored === undefined) t.teardown(() => store.close())
  return { clock, store, system, payments, htlcs, logged, written, idle, row }
}

test('routes that are found at once are part of the payment’s first row', async (t) => {
  const { payments, htlcs, written, idle } = await begin(t, () => route())
  void payments.ask('pay', request)
  await idle()
  t.is(htlcs.length, 1)
  t.is(written.length, 1)
  t.like(decodeSentPayment(written[0]?.value as Uint8Array), { ok: true, value: { attempts: [{ id: 0 }] } })
})

test('routes that come late are gone then; meanwhile the row says that the payment is under way', async (t) => {
  const { asked, finder } = byHand()
  const { payments, htlcs, idle, row, clock } = await begin(t, finder)
  void payments.ask('pay', request)
  await idle()
  t.is(asked.length, 1)
  t.deepEqual(htlcs, [])
  t.like(await row(), { ok: true, value: { status: 'in-flight', attempts: [] } })
  await clock.advance(ROUTE_SEARCH_MS - 100)
  asked[0]?.answer(route())
  await idle()
  t.is(htlcs.length, 1)
  // It waits for its HTLC as long as that takes.
  await clock.advance(10 * ROUTE_SEARCH_MS)
  await idle()
  t.like(await row(), { ok: true, value: { status: 'in-flight', attempts: [{ status: 'pending' }] } })
})

test('routes that never come end the payment, and the next one of the hash has questions of its own', async (t) => {
  const { asked, finder } = byHand()
  const { payments, htlcs, idle, clock } = await begin(t, finder)
  const first = payments.ask('pay', request, { timeoutMs: 10 * ROUTE_SEARCH_MS })
  await idle()
  await clock.advance(ROUTE_SEARCH_MS)
  await idle()
  const failed = {
    ok: true,
    value: { ok: true, value: { status: 'failed', failure: { code: 'route-search-failed' } } },
  }
  t.like(await first, failed)

  void payments.ask('pay', request)
  await idle()
  t.is(asked.length, 2)
  asked[0]?.answer(route())
  await idle()
  t.deepEqual(htlcs, [])
  asked[1]?.answer(route())
  await idle()
  t.is(htlcs.length, 1)
})

test('a search that throws, at once or late, and an answer that is none end the payment, and the log says so', async (t) => {
  const bug = new Error('a bug')
  const finders: readonly (readonly [string, RouteFinder])[] = [
    [
      'payment.route-search-failed error',
      () => {
        throw bug
      },
    ],
    ['payment.route-search-failed error', () => Promise.reject(bug)],
    ['payment.routes-wrong payment,problem', () => route(1_001n)],
    ['payment.routes-wrong payment,problem', async () => route(999n)],
  ]
  for (const [said, finder] of finders) {
    const { payments, htlcs, idle, logged } = await begin(t, finder)
    const paid = payments.ask('pay', request)
    await idle()
    const failed = { status: 'failed', failure: { code: 'route-search-failed' } }
    t.like(await paid, { ok: true, value: { ok: true, value: failed } })
    t.deepEqual(logged, [said])
    t.deepEqual(htlcs, [])
  }
})

test('a node that stops while a question is out asks again at its next start', async (t) => {
  const first = byHand()
  const before = await begin(t, first.finder)
  void before.payments.ask('pay', request)
  await before.idle()
  await before.system.stop()

  const second = byHand()
  const { payments, htlcs, idle, row } = await begin(t, second.finder, before.store)
  void payments.ask('resume', { held: {}, unsure: [] })
  await idle()
  t.is(second.asked.length, 1)
  first.asked[0]?.answer(route())
  await idle()
  t.deepEqual(htlcs, [])
  second.asked[0]?.answer(route())
  await idle()
  t.is(htlcs.length, 1)
  t.like(await row(), { ok: true, value: { status: 'in-flight', attempts: [{ id: 0 }] } })
})

test('what was under way when the database was put back asks for no routes until it is certain', async (t) => {
  const before = await begin(t, () => route())
  void before.payments.ask('pay', request)
  await before.idle()
  await before.system.stop()

  const { asked, finder } = byHand()
  const { payments, idle, row } = await begin(t, finder, before.store)
  const hash = toHex(HASH)
  void payments.ask('resume', { held: { [hash]: [0] }, unsure: [hash] })
  await idle()
  const origin = { type: 'local', payment: paymentReference(HASH, 0) } as const
  const outcome = { type: 'timed-out-on-chain' } as const
  void payments.ask('settled', { type: 'settle', channelId: CHANNEL, htlcId: 0n, origin, outcome })
  await idle()
  t.is(asked.length, 0)
  t.like(await row(), { ok: true, value: { status: 'in-flight', attempts: [{ status: 'failed' }] } })
  void payments.ask('cleared', {})
  await idle()
  t.is(asked.length, 1)
})
