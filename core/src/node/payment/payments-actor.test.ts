import test from 'ava'
import { createActorSystem } from '../../actor/actor-system.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import type { PaymentRequest } from '../../payment/send/payment.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { ChannelDirectory } from '../channel/channel-directory.ts'
import { EventLog } from '../events/event-log.ts'
import { EVENTS_KEPT } from '../settings.ts'
import { MIGRATIONS } from '../storage/tables.ts'
import { ArchivedPayments } from './archived-payments.ts'
import { OwnChannelIndex } from './own-channels.ts'
import { PAYMENTS_LANES, paymentsBehaviour } from './payments-actor.ts'

const requestOf = (key: string): PaymentRequest => ({
  target: {
    destination: new Uint8Array(33).fill(2),
    paymentHash: new Uint8Array(32).fill(1),
    amountMsat: 1_000n,
    paymentSecret: new Uint8Array(32).fill(3),
    minFinalCltvExpiryDelta: 18,
    routeHints: [],
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
  const services = {
    store,
    clock,
    rng,
    events,
    channelDirectory,
    ownChannels,
    archived: new ArchivedPayments(store),
    height: () => 100,
  }
  const payments = system.spawn('payments', paymentsBehaviour(services), { lanes: PAYMENTS_LANES })

  const [first, second] = await Promise.all(['first', 'second'].map((key) => payments.ask('pay', requestOf(key))))
  t.like(first, { ok: true, value: { ok: true, value: { key: 'first', status: 'failed' } } })
  t.like(second, { ok: true, value: { ok: true, value: { key: 'second', status: 'failed' } } })
})
