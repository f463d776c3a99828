import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { htlcKey } from '../../channel/persistence/channel-codec.ts'
import type { Closed, Durable } from '../../channel/state/durable.ts'
import { hashOf as hashInChannel, TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { toHex, utf8Encode } from '../../lib/bytes.ts'
import type { ChannelEntry } from '../channel/channel-directory.ts'
import { channelWrites, readChannels } from '../channel/channel-rows.ts'
import { keyIndexes, readKeyIndexFloor } from '../channel/key-indexes.ts'
import { forgetPastHtlcs } from '../channel/past-htlcs.ts'
import { endOfClass, rowKey } from '../events/event-row.ts'
import { readPayment } from '../payment/payments-actor.ts'
import { EVENTS_KEPT } from '../settings.ts'
import { encodeOfferPayment, offerPaymentOfHash, offerPaymentOfKey } from '../storage/offer-payment-row.ts'
import { TABLE } from '../storage/tables.ts'
import type { ArchiveDisk } from './archive.ts'
import { DAY_MS, hashOf, RetentionRig } from './fixtures/retention-rig.ts'
import { RETENTION_TIMES } from './retention.ts'

const HOUR_MS = 3_600_000
const GRACE_MS = RETENTION_TIMES.graceMs
/** Past the grace, and past the look after it. */
const PAST_GRACE_MS = GRACE_MS + 2 * HOUR_MS
const KEPT = {
  'settled-payments': 90 * DAY_MS,
  'failed-payments': 30 * DAY_MS,
  'paid-invoices': 90 * DAY_MS,
  'expired-invoices': 30 * DAY_MS,
}

/** Two of each: one that is older than what is kept, and one that is not. */
const fill = async (rig: RetentionRig): Promise<void> => {
  await rig.payment(1, 'settled', 100)
  await rig.payment(2, 'settled', 50)
  await rig.payment(3, 'failed', 40)
  await rig.payment(4, 'failed', 20)
  await rig.payment(5, 'in-flight', 400)
  await rig.invoice(6, 'settled', 100)
  await rig.invoice(7, 'settled', 50)
  await rig.invoice(8, 'open', 40)
  await rig.invoice(9, 'open', 20)
  await rig.invoice(10, 'open', -400)
}

test('without a word of the operator nothing is removed, however old it is', async (t) => {
  const rig = await RetentionRig.start(t)
  await fill(rig)
  await rig.pass(400 * DAY_MS)
  t.is(await rig.count(TABLE.payment), 5)
  t.is(await rig.count(TABLE.invoice), 5)
  t.deepEqual(rig.files(), [])
})

test('what is older than it is kept goes to the archive and out of rows and lists, and all else stays', async (t) => {
  const rig = await RetentionRig.start(t, { kept: KEPT })
  await fill(rig)
  await rig.pass(PAST_GRACE_MS)
  const left = async (table: string): Promise<readonly string[]> =>
    (await rig.store.sizes(table)).map(({ key }) => toHex(key)).sort()
  t.deepEqual(await left(TABLE.payment), [2, 4, 5].map((n) => toHex(hashOf(n))).sort())
  t.deepEqual(await left(TABLE.invoice), [7, 9, 10].map((n) => toHex(hashOf(n))).sort())
  t.is(await rig.count(TABLE.paymentByStatus), 3)
  // The one that is open stands there by its expiry as well.
  t.is(await rig.count(TABLE.invoiceByStatus), 4)
  t.deepEqual(
    rig.lines().map(({ class: kind, record }) => [kind, record.paymentHash, record.status]),
    [
      ['settled-payments', toHex(hashOf(1)), 'settled'],
      ['failed-payments', toHex(hashOf(3)), 'failed'],
      ['paid-invoices', toHex(hashOf(6)), 'paid'],
      ['expired-invoices', toHex(hashOf(8)), 'expired'],
    ],
  )
  const [told, ...more] = await rig.told('node.rows-removed')
  t.deepEqual(more, [])
  t.like(told, { archive: rig.archive })
  const removed = told?.removed as readonly { readonly class: string; readonly rows: number }[] | undefined
  t.deepEqual(
    removed?.map(({ class: kind, rows }) => [kind, rows]),
    Object.keys(KEPT).map((kind) => [kind, 1]),
  )
})

test('the age of a payment counts from its end, however long it took', async (t) => {
  const rig = await RetentionRig.start(t, { kept: KEPT })
  await rig.payment(1, 'settled', 60, 60 * DAY_MS)
  await rig.pass(PAST_GRACE_MS)
  t.is(await rig.count(TABLE.payment), 1)
  await rig.pass(31 * DAY_MS)
  t.is(await rig.count(TABLE.payment), 0)
})

test('the archive is its owner’s alone, and has the proof that something was paid and no secret beside it', async (t) => {
  const rig = await RetentionRig.start(t, { kept: KEPT })
  await fill(rig)
  await rig.pass(PAST_GRACE_MS)
  t.deepEqual(rig.files(), ['2024-01.jsonl'])
  t.is(statSync(rig.archive).mode & 0o777, 0o700)
  t.is(statSync(join(rig.archive, '2024-01.jsonl')).mode & 0o777, 0o600)
  for (const { class: kind, record } of rig.lines()) {
    const isPaid = kind === 'settled-payments' || kind === 'paid-invoices'
    t.is(record.preimage, isPaid ? 'f1'.repeat(32) : undefined, kind)
    t.is(record.invoice !== undefined, isPaid, kind)
    t.false(Object.hasOwn(record, 'paymentSecret'))
  }
  t.notRegex(rig.text(), /paymentSecret|sessionKey|onion|5e5e5e5e/)
})

test('what shows that an offer was paid goes with its payment, and to the archive', async (t) => {
  const rig = await RetentionRig.start(t, { kept: { 'settled-payments': 30 * DAY_MS } })
  const [paid, kept] = [await rig.payment(1, 'settled', 60), await rig.payment(2, 'settled', 1)]
  const fetched = [paid, kept].flatMap((hash) => [
    { key: offerPaymentOfKey(`key ${toHex(hash)}`), value: hash },
    { key: offerPaymentOfHash(hash), value: encodeOfferPayment({ offer: 'lno1', invoice: Uint8Array.of(1, 2) }) },
  ])
  rig.store.submit(fetched.map((row) => ({ table: TABLE.offerPayment, ...row })))
  await rig.pass(PAST_GRACE_MS)
  const left = (await rig.store.sizes(TABLE.offerPayment)).map(({ key }) => toHex(key))
  t.deepEqual(
    left,
    fetched
      .slice(2)
      .map(({ key }) => toHex(key))
      .sort(),
  )
  t.deepEqual(
    rig.lines().map(({ record }) => record.offerInvoice),
    ['0102'],
  )
})

test('nothing goes before the grace is over, and a node that is stopped does not serve it', async (t) => {
  const rig = await RetentionRig.start(t, { kept: KEPT })
  await fill(rig)
  await rig.pass(GRACE_MS / 2)
  t.is(rig.kept.warnings().length, 1)
  await rig.stop()
  rig.clock.setWall(rig.clock.now() + 5 * DAY_MS)
  await rig.start({ kept: KEPT })
  await rig.pass(GRACE_MS / 2 - HOUR_MS)
  t.is(await rig.count(TABLE.payment), 5)
  await rig.pass(2 * HOUR_MS)
  t.is(await rig.count(TABLE.payment), 3)
  t.deepEqual(rig.kept.warnings(), [])
})

test('what was made shorter waits a grace of its own; what was made longer, or is as it was, waits for nothing', async (t) => {
  const rig = await RetentionRig.start(t, { kept: { 'failed-payments': 60 * DAY_MS } })
  await rig.pass(PAST_GRACE_MS)
  await rig.payment(1, 'failed', 40)
  await rig.restart({ kept: { 'failed-payments': 30 * DAY_MS } })
  await rig.pass(GRACE_MS - HOUR_MS)
  t.is(await rig.count(TABLE.payment), 1)
  await rig.pass(3 * HOUR_MS)
  t.is(await rig.count(TABLE.payment), 0)
  await rig.payment(2, 'failed', 100)
  await rig.restart({ kept: { 'failed-payments': 90 * DAY_MS } })
  await rig.pass(2 * HOUR_MS)
  t.is(await rig.count(TABLE.payment), 0)
})

test('a clock on the wall that is set, or was away for long, gives a grace before anything goes by it', async (t) => {
  const rig = await RetentionRig.start(t, { kept: KEPT })
  await rig.pass(PAST_GRACE_MS)
  await rig.payment(1, 'settled', 0)
  rig.clock.setWall(rig.clock.now() + 3_650 * DAY_MS)
  await rig.pass(GRACE_MS - HOUR_MS)
  t.is(await rig.count(TABLE.payment), 1)
  // Somebody notices.
  rig.clock.setWall(rig.clock.now() - 3_650 * DAY_MS)
  await rig.pass(3 * DAY_MS)
  t.is(await rig.count(TABLE.payment), 1)
  await rig.stop()
  rig.clock.setWall(rig.clock.now() + 100 * DAY_MS)
  await rig.start({ kept: KEPT })
  await rig.pass(GRACE_MS - HOUR_MS)
  t.is(await rig.count(TABLE.payment), 1)
  await rig.pass(3 * HOUR_MS)
  t.is(await rig.count(TABLE.payment), 0)
})

test('a machine that sleeps every night serves the grace while it is awake', async (t) => {
  const rig = await RetentionRig.start(t, { kept: KEPT })
  await rig.payment(1, 'settled', 100)
  for (let night = 0; night < 2; night++) {
    await rig.pass(GRACE_MS / 3)
    rig.sleep(8 * HOUR_MS)
  }
  await rig.pass(GRACE_MS / 3 - HOUR_MS)
  t.is(await rig.count(TABLE.payment), 1)
  await rig.pass(3 * HOUR_MS)
  t.is(await rig.count(TABLE.payment), 0)
})

test('a clock that is set while a sweep is under way makes nothing older in it', async (t) => {
  const moved: { by?: () => void } = {}
  const disk: ArchiveDisk = {
    ...full(1_000_000),
    // The first class is on its way to the archive.
    async sync() {
      moved.by?.()
    },
  }
  const rig = await RetentionRig.start(t, { kept: KEPT, disk })
  moved.by = () => {
    delete moved.by
    rig.clock.setWall(rig.clock.now() + 365 * DAY_MS)
  }
  await fill(rig)
  await rig.pass(PAST_GRACE_MS)
  // The failed payment of 20 days and the invoice that expired 20 days ago are still there.
  t.is(await rig.count(TABLE.payment), 3)
  t.is(await rig.count(TABLE.invoice), 3)
})

const full = (after: number): ArchiveDisk & { room: number } => {
  const disk = {
    room: after,
    async write(fd: number, bytes: Uint8Array) {
      const { writeSync } = await import('node:fs')
      const fits = Math.min(bytes.length, disk.room)
      disk.room -= fits
      if (fits === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      return writeSync(fd, bytes, 0, fits)
    },
    async sync() {},
    free: async () => Number.MAX_SAFE_INTEGER,
  }
  return disk
}

test('a disk that is full — nothing is removed, the operator is told once, and it goes on when there is room', async (t) => {
  const disk = full(100)
  const rig = await RetentionRig.start(t, { kept: KEPT, disk })
  await fill(rig)
  await rig.pass(PAST_GRACE_MS + 5 * HOUR_MS)
  t.is(await rig.count(TABLE.payment), 5)
  t.is(await rig.count(TABLE.invoice), 5)
  t.deepEqual(await rig.told('node.archive-failed'), [{ archive: rig.archive, reason: 'the disk is full' }])
  t.is(rig.kept.warnings().length, 1)
  t.is((await rig.kept.survey()).archive?.failure, 'the disk is full')
  // Nothing of a line is left behind.
  t.is(rig.text(), '')
  disk.room = 1_000_000
  await rig.pass(2 * HOUR_MS)
  t.is(await rig.count(TABLE.payment), 3)
  t.is(rig.lines().length, 4)
  t.deepEqual(rig.kept.warnings(), [])
})

test('a folder that cannot be written to — nothing is removed', async (t) => {
  const rig = new RetentionRig(t)
  writeFileSync(rig.archive, 'something else')
  await rig.start({ kept: KEPT })
  await fill(rig)
  await rig.pass(PAST_GRACE_MS)
  t.is(await rig.count(TABLE.payment), 5)
  t.deepEqual(await rig.told('node.archive-failed'), [
    { archive: rig.archive, reason: 'something else is in its place' },
  ])
})

test('a node that ends between archive and removal does it again, and the lines say that they are the same', async (t) => {
  const rig = await RetentionRig.start(t, { kept: { 'settled-payments': 90 * DAY_MS } })
  await rig.payment(1, 'settled', 100)
  // Who would remove the row is gone when it is asked.
  await rig.system.stop()
  await rig.pass(GRACE_MS + HOUR_MS / 2)
  t.is(rig.lines().length, 1)
  t.is(await rig.count(TABLE.payment), 1)
  t.deepEqual(await rig.told('node.rows-removed'), [])
  // And that nobody has removed it is told.
  t.like(rig.mistakes, { length: 1, 0: { event: 'retention.failed', class: 'settled-payments' } })
  t.regex(`${rig.mistakes[0]?.error}`, /actor-stopped/)
  await rig.restart({ kept: { 'settled-payments': 90 * DAY_MS } })
  await rig.pass(HOUR_MS)
  t.is(await rig.count(TABLE.payment), 0)
  const ids = rig.lines().map(({ id }) => id)
  t.is(ids.length, 2)
  t.is(new Set(ids).size, 1)
})

test('what a channel still holds stays, however old its row is, until the channel holds it no more', async (t) => {
  const rig = await RetentionRig.start(t, { kept: KEPT })
  const two = new TwoParties().ready({ pushMsat: 100_000_000n })
  two.add(two.alice, 21)
  two.add(two.bob, 22)
  two.settle()
  const ref = {} as ChannelEntry['ref']
  const { state } = two.alice
  const entry = {
    ref,
    remoteNodeId: new Uint8Array(33),
    state,
    durableState: state,
    quarantined: false,
    spentInMempool: false,
  }
  rig.directory.put({ channelId: new Uint8Array(32), shortIds: [] }, entry)
  await rig.payment(hashInChannel(21), 'settled', 100)
  await rig.invoice(hashInChannel(22), 'settled', 100)
  await rig.pass(PAST_GRACE_MS)
  t.is(await rig.count(TABLE.payment), 1)
  t.is(await rig.count(TABLE.invoice), 1)
  t.is(rig.text(), '')
  rig.directory.remove(entry)
  await rig.pass(2 * HOUR_MS)
  t.is(await rig.count(TABLE.payment), 0)
  t.is(await rig.count(TABLE.invoice), 0)
})

test('a payment that failed and is tried again while its row is on its way out is not lost', async (t) => {
  const rig = await RetentionRig.start(t)
  const paymentHash = await rig.payment(1, 'failed', 100)
  const row = (await rig.store.get(TABLE.payment, paymentHash)) as Uint8Array
  const { target, maxFeeMsat } = (await readPayment(rig.store, paymentHash)) as never as {
    target: never
    maxFeeMsat: bigint
  }
  const again = rig.payments.ask('pay', { target, maxFeeMsat, key: 'again' })
  const removed = await rig.payments.ask('remove', { lookedAt: [{ paymentHash, row }], archivedAt: 1 })
  t.deepEqual(removed, { ok: true, value: { rows: 0, bytes: 0 } })
  t.like(await again, { ok: true, value: { ok: true, value: { key: 'again', status: 'failed' } } })
  t.is((await readPayment(rig.store, paymentHash))?.key, 'again')
  // Nor is the row that came of it taken for the one that was looked at.
  t.deepEqual(await rig.payments.ask('remove', { lookedAt: [{ paymentHash, row }], archivedAt: 1 }), {
    ok: true,
    value: { rows: 0, bytes: 0 },
  })
})

test('what was paid is not paid again after its row is gone, by the same key or another, also after a restart', async (t) => {
  const kept = { 'settled-payments': 90 * DAY_MS }
  const rig = await RetentionRig.start(t, { kept })
  const paymentHash = await rig.payment(1, 'settled', 100)
  const { target, maxFeeMsat, key, endedAt } = (await readPayment(rig.store, paymentHash)) as NonNullable<
    Awaited<ReturnType<typeof readPayment>>
  >
  await rig.pass(PAST_GRACE_MS)
  t.is(await rig.count(TABLE.payment), 0)
  for (const by of [key, 'another']) {
    const answer = await rig.payments.ask('pay', { target, maxFeeMsat, key: by })
    t.like(answer, { ok: true, value: { ok: false, error: { code: 'paid-and-archived', settledAt: endedAt } } })
  }
  await rig.restart({ kept })
  const answer = await rig.payments.ask('pay', { target, maxFeeMsat, key })
  t.like(answer, { ok: true, value: { ok: false, error: { code: 'paid-and-archived' } } })
})

test('many rows go page by page, with rests between, and none is missed', async (t) => {
  const rig = await RetentionRig.start(t, { kept: { 'settled-payments': 90 * DAY_MS } })
  for (let n = 0; n < 300; n++) await rig.payment(n, n % 3 === 0 ? 'failed' : 'settled', 100)
  const { commits } = rig.store.counters
  await rig.pass(PAST_GRACE_MS)
  t.is(await rig.count(TABLE.payment), 100)
  t.is(new Set(rig.lines().map(({ id }) => id)).size, 200)
  t.true(rig.store.counters.commits - commits >= 2)
  t.deepEqual((await rig.told('node.rows-removed')).length, 1)
})

const room = (rows: number) => ({ rows, bytes: 1_000_000_000 })

test('events go by their age and their class, what is about money and channels to the archive, and who missed them is told', async (t) => {
  const kept = { 'money-events': 90 * DAY_MS, 'network-events': 30 * DAY_MS }
  const rig = await RetentionRig.start(t, { kept })
  const peer = `02${'ef'.repeat(32)}`
  const append = async (feeMsat: bigint): Promise<void> => {
    rig.events.append('payment.relayed', {
      paymentHash: '00'.repeat(32),
      feeMsat,
      incoming: [],
      outgoing: [],
      startedAt: 1,
      settledAt: 2,
    })
    rig.events.append('peer.disconnected', { nodeId: peer })
    await rig.store.flush()
  }
  await append(1n)
  const place = rig.events.head()
  await append(2n)
  await rig.pass(20 * DAY_MS)
  await append(3n)
  await rig.pass(75 * DAY_MS)
  const names = async (name: 'payment.relayed' | 'peer.disconnected'): Promise<number> => {
    const replayed = await rig.events.replay(undefined, { names: [name] }, 500)
    return replayed.ok ? replayed.value.events.length : -1
  }
  t.is(await names('payment.relayed'), 1)
  t.is(await names('peer.disconnected'), 0)
  t.deepEqual(
    rig.lines().map(({ class: kind, record }) => [kind, record.type, (record.payload as { feeMsat: string }).feeMsat]),
    [
      ['money-events', 'payment.relayed', '1'],
      ['money-events', 'payment.relayed', '2'],
    ],
  )
  t.like(await rig.events.replay(place, { names: ['payment.relayed'] }, 500), {
    ok: false,
    error: { code: 'cursor-expired' },
  })
  const { items } = await rig.kept.survey()
  t.like(
    items.find((item) => item.class === 'money-events'),
    { rows: 1, dueRows: 0, archived: true },
  )
  // The holdings are what is there, also for the next life.
  await rig.restart({ kept })
  t.like(rig.events.held('money'), { rows: 1 })
})

test('a class of events that is nearly full makes room by way of the archive, without a word of the operator; where that cannot be, it keeps them', async (t) => {
  const disk = full(0)
  const rig = new RetentionRig(t)
  const keep = { ...EVENTS_KEPT, money: room(10) }
  await rig.start({ keep, disk })
  for (let n = 1; n <= 15; n++) {
    rig.events.append('payment.relayed', {
      paymentHash: '00'.repeat(32),
      feeMsat: BigInt(n),
      incoming: [],
      outgoing: [],
      startedAt: 1,
      settledAt: 2,
    })
    await rig.store.flush()
  }
  await rig.pass(HOUR_MS)
  t.is(rig.events.held('money').rows, 15)
  t.is((await rig.told('node.archive-failed')).length, 1)
  disk.room = 1_000_000
  await rig.pass(HOUR_MS)
  t.true(rig.events.held('money').rows <= 9)
  const archived = rig.lines().map(({ record }) => Number((record.payload as { feeMsat: string }).feeMsat))
  t.is(archived.length + rig.events.held('money').rows, 15)
  t.deepEqual(
    archived,
    archived.map((_, at) => at + 1),
  )
})

test('a row that cannot be read stays for somebody to look at, and keeps no other from going', async (t) => {
  const rig = await RetentionRig.start(t, {
    kept: { ...KEPT, 'money-events': 30 * DAY_MS, 'node-events': 30 * DAY_MS },
  })
  const damaged = await rig.payment(1, 'settled', 100)
  rig.store.submit([{ table: TABLE.payment, key: damaged, value: Uint8Array.of(0xff) }])
  await rig.payment(2, 'settled', 100)
  await rig.pass(PAST_GRACE_MS + 40 * DAY_MS)
  t.deepEqual(
    (await rig.store.sizes(TABLE.payment)).map(({ key }) => toHex(key)),
    [toHex(damaged)],
  )
  t.deepEqual(rig.mistakes, [{ event: 'retention.unreadable', class: 'settled-payments', rows: 1 }])
  t.deepEqual(rig.kept.warnings(), [
    '1 old rows cannot be read, and stay: the log says of which classes, as retention.unreadable',
  ])
})

/** Not deflated; deflated and marked, but damaged; with an envelope, but cut. */
const DAMAGED = [
  [0x7b],
  [2, 0, 0xff, 0xff],
  [...utf8Encode('{"cursor":"1","at":1,"type":"payment.relayed","version":1,"pay')],
]

const relayed = (rig: RetentionRig, feeMsat: number): Promise<void> => {
  rig.events.append('payment.relayed', {
    paymentHash: '00'.repeat(32),
    feeMsat: BigInt(feeMsat),
    incoming: [],
    outgoing: [],
    startedAt: 1,
    settledAt: 2,
  })
  return rig.store.flush()
}

const feesOf = (rig: RetentionRig): readonly number[] =>
  rig.lines().map(({ record }) => Number((record.payload as { feeMsat: string }).feeMsat))

test('events that cannot be read stay, and those before and behind them go', async (t) => {
  const kept = { 'money-events': 30 * DAY_MS }
  const rig = await RetentionRig.start(t, { kept })
  for (let n = 1; n <= 8; n++) await relayed(rig, n)
  const damage = [1, 4, 8].map((sequence, at) => ({
    table: TABLE.eventOfClass,
    key: rowKey('money', sequence),
    value: Uint8Array.from(DAMAGED[at] ?? []),
  }))
  rig.store.submit(damage)
  await rig.store.flush()
  t.like(
    (await rig.kept.survey()).items.find((item) => item.class === 'money-events'),
    { rows: 8 },
  )
  await rig.pass(60 * DAY_MS)
  t.deepEqual(feesOf(rig), [2, 3, 5, 6, 7])
  t.is((await rig.store.sizes(TABLE.eventOfClass, { to: endOfClass('money') })).length, 3)
  t.deepEqual(
    rig.mistakes.filter(({ event }) => event === 'retention.unreadable'),
    // The last has nothing behind it that would tell its age.
    [{ event: 'retention.unreadable', class: 'money-events', rows: 2 }],
  )
  // The next life begins with them, and goes on.
  await rig.restart({ kept })
  await relayed(rig, 9)
  await rig.pass(60 * DAY_MS)
  t.deepEqual(feesOf(rig), [2, 3, 5, 6, 7, 9])
  t.like(rig.mistakes.at(-1), { event: 'retention.unreadable', rows: 3 })
})

test('a class that is nearly full makes room behind what cannot be read, also where that fills pages', async (t) => {
  const rig = new RetentionRig(t)
  await rig.start({ keep: { ...EVENTS_KEPT, money: room(300) } })
  for (let n = 1; n <= 290; n++) await relayed(rig, n)
  rig.store.submit(
    Array.from({ length: 200 }, (_, at) => ({
      table: TABLE.eventOfClass,
      key: rowKey('money', at + 1),
      value: Uint8Array.of(0x7b),
    })),
  )
  await rig.store.flush()
  await rig.pass(HOUR_MS)
  t.true(rig.events.held('money').rows <= 270)
  t.is(feesOf(rig)[0], 201)
})

test('who reads events is told those before and behind one that cannot be read', async (t) => {
  const rig = await RetentionRig.start(t)
  for (let n = 1; n <= 5; n++) await relayed(rig, n)
  for (const [at, sequence] of [2, 4, 5].entries()) {
    const value = Uint8Array.from(DAMAGED[at] ?? [])
    rig.store.submit([{ table: TABLE.eventOfClass, key: rowKey('money', sequence), value }])
  }
  await rig.restart({})
  const replayed = await rig.events.replay(undefined, { names: ['payment.relayed'] }, 10)
  t.deepEqual(replayed.ok && replayed.value.events.map(({ sequence }) => sequence), [1, 3])
  const past = await rig.events.history.read({ names: ['payment.relayed'], limit: 10 })
  t.deepEqual(past.ok && past.value.events.map(({ sequence }) => sequence), [3, 1])
  t.is(await rig.events.history.firstOfClass('money', 0), 1)
  t.is(await rig.events.history.firstOfClass('money', rig.clock.now() + 1), Number.MAX_SAFE_INTEGER)
  t.is(await rig.events.history.newestAt(), rig.clock.now())
  t.is((await rig.kept.survey()).items.find((item) => item.class === 'money-events')?.oldestAt, rig.clock.now())
  t.deepEqual(
    rig.mistakes.map(({ event, sequence }) => [event, sequence]).sort(),
    [2, 4, 5].map((sequence) => ['event.unreadable', sequence]),
  )
})

test('a channel that closed long ago goes when nothing of its HTLCs is kept, and the index of its keys is never given again', async (t) => {
  const kept = { 'closed-channels': 30 * DAY_MS }
  const rig = await RetentionRig.start(t, { kept })
  const closed = (n: number, closedAt: number): Closed => ({
    phase: 'closed',
    channelId: hashOf(n),
    localNodeId: new Uint8Array(33).fill(2),
    remoteNodeId: new Uint8Array(33).fill(3),
    keyIndex: n,
    fundingTxid: hashOf(99),
    capacity: 1_000_000n,
    summary: { kind: 'mutual', txid: hashOf(98), closedAt, paidToUs: 5n },
  })
  const two = new TwoParties().ready()
  const put = (durable: Durable): void => rig.store.submit(channelWrites(undefined, durable))
  put(closed(7, 100))
  put(closed(8, 100))
  put(closed(3, 4_000))
  put(two.alice.stored)
  rig.store.submit([{ table: TABLE.pastHtlc, key: htlcKey(hashOf(8), 'offered', 1n), value: new Uint8Array(45) }])
  rig.height = 100 + 30 * 144
  await rig.pass(PAST_GRACE_MS)
  t.is(await rig.count(TABLE.channel), 4)
  rig.height += 1
  await rig.pass(2 * HOUR_MS)
  t.is(await rig.count(TABLE.channel), 3)
  t.like(rig.lines()[0], {
    class: 'closed-channels',
    id: toHex(hashOf(7)),
    record: { kind: 'mutual', paidToUsSat: '5', capacitySat: '1000000' },
  })
  const { items } = await rig.kept.survey()
  t.like(
    items.find((item) => item.class === 'closed-channels'),
    { rows: 2, dueRows: 1 },
  )
  await forgetPastHtlcs(rig.store, hashOf(8))
  await rig.pass(2 * HOUR_MS)
  t.is(await rig.count(TABLE.channel), 2)
  const stored = await readChannels(rig.store, rig.clock)
  t.is(keyIndexes(stored, await readKeyIndexFloor(rig.store)).next(), 9)
})

test('a survey says what is kept, how long, what is due, and when it acts; it removes nothing', async (t) => {
  const rig = await RetentionRig.start(t, { kept: KEPT })
  await fill(rig)
  await rig.receiver.ask('expire', undefined)
  const { items, actsAt, archive } = await rig.kept.survey()
  const of = (kind: string) => items.find((item) => item.class === kind)
  t.like(of('settled-payments'), { kept: 'for-a-time', keptSeconds: 90 * 86_400, rows: 2, dueRows: 1, archived: true })
  t.like(of('failed-payments'), { rows: 2, dueRows: 1 })
  t.like(of('paid-invoices'), { rows: 2, dueRows: 1 })
  t.like(of('expired-invoices'), { rows: 2, dueRows: 1 })
  t.like(of('pending-payments'), { kept: 'while-needed', rows: 1, dueRows: 0 })
  t.like(of('open-invoices'), { kept: 'while-needed', rows: 1, dueRows: 0 })
  t.is(actsAt, rig.clock.now() + GRACE_MS)
  t.deepEqual(archive, { path: rig.archive, files: 0, bytes: 0 })
  t.true((of('settled-payments')?.bytes ?? 0) > 500)
  t.is(of('settled-payments')?.oldestAt, rig.clock.now() - 100 * DAY_MS - 1_000)
  t.is(await rig.count(TABLE.payment), 5)
})

test('an HTLC for an invoice whose row is gone is refused as for one that never was', async (t) => {
  const rig = await RetentionRig.start(t)
  const paymentHash = await rig.invoice(1, 'open', 40)
  const row = (await rig.store.get(TABLE.invoice, paymentHash)) as Uint8Array
  const remove = () => rig.receiver.ask('remove', { lookedAt: [{ paymentHash, row }] })
  const htlc = (id: bigint) =>
    rig.receiver.tell('htlc', {
      channelId: new Uint8Array(32),
      htlcId: id,
      amountMsat: 1_000n,
      cltvExpiry: 200,
      paymentHash,
      payload: { type: 'final', amtToForward: 1_000n, outgoingCltvValue: 200 },
    })
  htlc(1n)
  t.deepEqual(await rig.refused(1), ['incorrect_or_unknown_payment_details'])
  t.like(await remove(), { ok: true, value: { rows: 1 } })
  t.is(await rig.count(TABLE.invoice), 0)
  htlc(2n)
  t.deepEqual(await rig.refused(2), ['incorrect_or_unknown_payment_details', 'incorrect_or_unknown_payment_details'])
})
