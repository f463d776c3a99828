import { cpSync, mkdtempSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { toHex } from '../../lib/bytes.ts'
import { TABLE } from '../storage/tables.ts'
import type { ArchiveDisk } from './archive.ts'
import { DAY_MS, RetentionRig } from './fixtures/retention-rig.ts'

const DAYS = 90
const kept = {
  'settled-payments': DAYS * DAY_MS,
  'failed-payments': DAYS * DAY_MS,
  'paid-invoices': DAYS * DAY_MS,
  'expired-invoices': DAYS * DAY_MS,
  'money-events': DAYS * DAY_MS,
}
const HOUR_MS = 3_600_000
/** Of the grace, all but its end; and then what is left of it, and the sweeps after it. */
const [GRACE_MS, ENOUGH_MS] = [23 * HOUR_MS, 4 * HOUR_MS]
const OLD = 100
const EACH = 3

interface Snapshot {
  readonly at: string
  readonly folder: string
}

/** Takes a copy of what is on the disk whenever something has changed there: what a node that is ended at once leaves behind. */
const snapshots = (parent: string) => {
  const taken: Snapshot[] = []
  let from: string | undefined
  let isHalf = false
  const take = (at: string): void => {
    if (from === undefined) return
    const folder = join(parent, `${taken.length}`)
    cpSync(from, folder, { recursive: true })
    taken.push({ at, folder })
  }
  const disk: ArchiveDisk = {
    async write(fd, bytes) {
      take('before lines are written')
      // In two parts, as a disk may.
      isHalf = !isHalf
      const written = writeSync(fd, bytes, 0, isHalf ? bytes.length >> 1 : bytes.length)
      take('part of the lines written')
      return written
    },
    async sync() {
      take('lines written')
    },
    free: async () => Number.MAX_SAFE_INTEGER,
  }
  const watch = (rig: RetentionRig): void => {
    from = rig.folder
    const submit = rig.store.submit.bind(rig.store)
    rig.store.submit = (writes, onDurable) => {
      if (!writes.some(({ value }) => value === undefined)) return submit(writes, onDurable)
      take('before rows are removed')
      submit(writes, () => {
        take('rows removed, and nobody was told')
        onDurable?.()
      })
    }
  }
  return { taken, disk, watch }
}

const fill = async (rig: RetentionRig): Promise<readonly string[]> => {
  const expected: string[] = []
  for (let n = 0; n < EACH; n++) {
    expected.push(`settled-payments ${toHex(await rig.payment(n, 'settled', OLD + n))}`)
    expected.push(`failed-payments ${toHex(await rig.payment(100 + n, 'failed', OLD + n))}`)
    expected.push(`paid-invoices ${toHex(await rig.invoice(200 + n, 'settled', OLD + n))}`)
    expected.push(`expired-invoices ${toHex(await rig.invoice(300 + n, 'open', OLD + n))}`)
    rig.events.append('payment.relayed', {
      paymentHash: toHex(new Uint8Array(32).fill(n)),
      feeMsat: BigInt(n),
      incoming: [],
      outgoing: [],
      startedAt: 1,
      settledAt: 2,
    })
    await rig.store.flush()
    expected.push(`money-events ${n}`)
  }
  return expected
}

/** What an account would count of the archive: each line once, by what it is a line of. */
const accounted = (rig: RetentionRig): readonly string[] => {
  const lines = new Map(rig.lines().map((line) => [`${line.class} ${line.id}`, line]))
  return [...lines.values()].map(({ class: kind, id, record }) =>
    kind === 'money-events'
      ? `${kind} ${(record as { payload: { feeMsat: string } }).payload.feeMsat}`
      : `${kind} ${id.slice(0, 64)}`,
  )
}

test('a node that is ended at any moment of a sweep — nothing goes that is not archived, an account counts each once, and the next start goes on', async (t) => {
  t.timeout(180_000)
  const parent = mkdtempSync(join(tmpdir(), 'fulgurite-snapshots-'))
  t.teardown(() => rmSync(parent, { recursive: true, force: true }))
  const { taken, disk, watch } = snapshots(parent)
  const rig = await RetentionRig.start(t, { kept, disk })
  const expected = await fill(rig)
  // Events tell of the wall clock as it is when they are written.
  await rig.pass(1)
  rig.sleep(DAYS * DAY_MS)
  await rig.pass(GRACE_MS)
  watch(rig)
  await rig.pass(ENOUGH_MS)
  t.deepEqual(accounted(rig).toSorted(), expected.toSorted())
  t.is(rig.lines().length, expected.length)

  const moments = new Set(taken.map(({ at }) => at))
  t.is(moments.size, 5, [...moments].join())
  for (const { at, folder } of taken) {
    const next = new RetentionRig(t)
    cpSync(folder, next.folder, { recursive: true })
    next.clock.setWall(rig.clock.now())
    await next.start({ kept })
    await next.pass(ENOUGH_MS)
    t.deepEqual(accounted(next).toSorted(), expected.toSorted(), at)
    for (const table of [TABLE.payment, TABLE.paymentByStatus, TABLE.invoice, TABLE.invoiceByStatus]) {
      t.is(await next.count(table), 0, `${at}: ${table}`)
    }
    t.is(await next.count(TABLE.archivedPayment), EACH, at)
    t.is(next.events.held('money').rows, 0, at)
    t.deepEqual(next.mistakes, [], at)
    // What comes twice says the same, and is the page that was in hand.
    const records = new Map<string, string>()
    for (const { class: kind, id, record } of next.lines()) {
      const text = JSON.stringify(record)
      t.is(records.get(`${kind} ${id}`) ?? text, text, at)
      records.set(`${kind} ${id}`, text)
    }
    t.true(next.lines().length - records.size <= EACH, at)
    await next.stop()
  }
})
