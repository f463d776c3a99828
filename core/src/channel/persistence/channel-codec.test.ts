import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { txidOf } from '../../bitcoin/transaction.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import type { Change } from '../state/changes.ts'
import { isFunded } from '../state/channel-state.ts'
import type { Durable } from '../state/durable.ts'
import { findHtlc, type HtlcRecord } from '../state/htlc.ts'
import { agree } from '../transitions/fixtures/simulation.ts'
import { FEATURES, fundingTransaction, type TestParty } from '../transitions/fixtures/test-party.ts'
import { TwoParties } from '../transitions/fixtures/two-parties.ts'
import {
  decodeChannel,
  encodeChange,
  encodeChannel,
  type HtlcRow,
  htlcKey,
  liveHtlcKeys,
  pastOfHtlcRow,
} from './channel-codec.ts'
import { digestOf, type GoldenState, goldenStates, inOrder } from './fixtures/golden-states.ts'
import { storedHtlc } from './htlc-rows.ts'
import { laterOfFunded } from './version-1.ts'

/** What the rows hold of a state: without the onions that nobody needs any more. */
const asStored = (durable: Durable): Durable => {
  if (!isFunded(durable)) return durable
  const stored = (records: readonly HtlcRecord[]) => records.map((record) => storedHtlc(durable, record))
  const offered = stored(durable.htlcs.offered)
  const received = stored(durable.htlcs.received)
  const changes = (list: readonly Change[], records: readonly HtlcRecord[]) =>
    list.map((change) =>
      change.type === 'add' ? { ...change, add: findHtlc(records, change.add.id)?.add ?? change.add } : change,
    )
  return {
    ...durable,
    htlcs: { offered, received },
    changes: {
      ...durable.changes,
      localSigned: changes(durable.changes.localSigned, offered),
      localAcked: changes(durable.changes.localAcked, offered),
      remoteAcked: changes(durable.changes.remoteAcked, received),
      remoteSigned: changes(durable.changes.remoteSigned, received),
    },
  }
}

const roundTrip = (t: { deepEqual(a: unknown, b: unknown): void; fail(why: string): void }, durable: Durable): void => {
  const { channelRow, htlcRows } = encodeChannel(undefined, durable)
  const decoded = decodeChannel(channelRow, htlcRows)
  if (decoded.ok) t.deepEqual(inOrder(decoded.value), inOrder(asStored(durable)))
  else t.fail(decoded.error.code)
}

/** A channel with changes at every stage. */
const busy = (): TwoParties => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  for (let n = 0; n < 4; n++) two.add(two.alice, n, 20_000_000n)
  for (let n = 4; n < 7; n++) two.add(two.bob, n, 300_000n)
  two.settle()
  two.run(two.alice, { type: 'update-fee', feeratePerKw: 3000 })
  two.fulfil(two.bob, 0n, 0)
  two.fail(two.bob, 2n)
  two.add(two.alice, 8)
  two.run(two.alice, {
    type: 'add-htlc',
    requestId: 'relayed',
    amountMsat: 7_000_000n,
    paymentHash: new Uint8Array(32).fill(4),
    cltvExpiry: 1100,
    onion: new Uint8Array(1366).fill(5),
    origin: { type: 'relay', upstream: [{ channelId: new Uint8Array(32).fill(6), htlcId: 77n }] },
  })
  two.sign(two.alice)
  two.sign(two.bob)
  two.deliver(two.alice)
  two.deliver(two.bob)
  two.run(two.alice, { type: 'set-relay-fees', policy: { feeBaseMsat: 7n } })
  return two
}

test('rows — a channel in any phase is read back as it was', (t) => {
  const opening = new TwoParties()
  opening.open()
  roundTrip(t, opening.alice.stored)
  roundTrip(t, opening.bob.stored)
  opening.confirm(opening.alice)
  roundTrip(t, opening.alice.stored)
  const two = busy()
  roundTrip(t, two.alice.stored)
  roundTrip(t, two.bob.stored)
  two.run(two.bob, { type: 'close', feeratePerKw: 999 })
  two.settle()
  roundTrip(t, two.alice.stored)
  two.run(two.alice, { type: 'force-close' })
  roundTrip(t, two.alice.stored)
  const closing = new TwoParties().ready({ pushMsat: 300_000_000n })
  closing.run(closing.bob, { type: 'close' })
  closing.settle()
  roundTrip(t, closing.bob.stored)
})

test('rows — a channel goes on from where it was read back', (t) => {
  const two = busy()
  for (const party of [two.alice, two.bob]) {
    const { channelRow, htlcRows } = encodeChannel(undefined, party.stored)
    const decoded = decodeChannel(channelRow, htlcRows)
    if (!decoded.ok) return t.fail(decoded.error.code)
    party.state = { durable: decoded.value }
  }
  two.lose(two.alice)
  two.lose(two.bob)
  two.connect()
  two.settle()
  t.true(agree(two.alice.funded, two.bob.funded))
})

test('rows — only HTLCs that changed are written, and the channel row says which are needed', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  const before = two.alice.stored
  two.add(two.alice, 2)
  two.sign(two.alice)
  const after = two.alice.stored
  const { channelRow, htlcRows } = encodeChannel(before, after)
  const { channelId } = two.alice.funded.params
  t.deepEqual(
    htlcRows.map(({ key }) => key),
    [htlcKey(channelId, 'offered', 1n)],
  )
  t.deepEqual(liveHtlcKeys(channelRow), {
    ok: true,
    value: [htlcKey(channelId, 'offered', 0n), htlcKey(channelId, 'offered', 1n)],
  })
  t.like(decodeChannel(channelRow, htlcRows), { ok: false, error: { code: 'htlc-row-missing', htlcId: 0n } })
})

test('rows — a channel of which only decisions about HTLCs are new keeps its row, which would say the same', (t) => {
  const two = new TwoParties().ready()
  for (const n of [1, 2, 3]) two.add(two.alice, n)
  two.settle()
  const { bob } = two
  const { channelId } = bob.funded.params
  const steps = [
    () => two.fulfil(bob, 0n, 1),
    () => two.fail(bob, 1n),
    () => two.disconnect(),
    () => two.fulfil(bob, 2n, 3),
    () => two.connect(),
  ]
  for (const step of steps) {
    const before = bob.stored
    step()
    const { channelRow, htlcRows } = encodeChange(before, bob.stored)
    t.is(channelRow, undefined)
    t.deepEqual(encodeChannel(before, bob.stored), { ...encodeChannel(undefined, before), htlcRows, ended: [] })
  }
  t.deepEqual(
    encodeChange({ ...bob.funded, htlcs: { ...bob.funded.htlcs, received: [] } }, bob.stored),
    encodeChannel(undefined, bob.stored),
  )
  const before = bob.stored
  two.settle()
  const after = encodeChange(before, bob.stored)
  t.deepEqual(after.channelRow, encodeChannel(undefined, bob.stored).channelRow)
  t.deepEqual(
    after.ended.map(({ key }) => key),
    [0n, 1n, 2n].map((id) => htlcKey(channelId, 'received', id)),
  )
})

test('rows — an HTLC is written twice on its way when the steps of a drained mailbox are one commit', (t) => {
  const two = new TwoParties().ready()
  let rows = 0
  let written = two.alice.stored
  const flush = () => {
    rows += encodeChannel(written, two.alice.stored).htlcRows.length
    written = two.alice.stored
  }
  const exchange = () => {
    for (let round = 0; round < 8; round++) {
      for (const party of [two.alice, two.bob]) {
        while (two.deliver(party) !== undefined);
        two.sign(two.other(party))
      }
      flush()
    }
  }
  two.add(two.alice, 1)
  exchange()
  t.is(rows, 1)
  two.fulfil(two.bob, 0n, 1)
  exchange()
  t.is(rows, 2)
  t.is(two.alice.funded.htlcs.offered.length, 0)
})

test('rows — a commitment costs at most 64 bytes for each untrimmed HTLC, and nothing for a trimmed one', (t) => {
  const sizeWith = (count: number, amountMsat: bigint): number => {
    const settings = { maxAcceptedHtlcs: 483, maxDustHtlcExposureMsat: 1_000_000_000n }
    const two = new TwoParties({ alice: settings, bob: settings }).ready({ funding: 100_000_000n })
    for (let n = 0; n < count; n++) two.add(two.alice, n, amountMsat)
    two.settle()
    return Math.max(...[two.alice, two.bob].map((party) => encodeChannel(undefined, party.stored).channelRow.length))
  }
  const constant = sizeWith(0, 1_000_000n)
  t.true(constant < 2000)
  // A few bytes more for the runs of ids, whatever the number of ids.
  t.true(sizeWith(100, 1_000_000n) <= constant + 64 * 100 + 300)
  t.true(sizeWith(100, 300_000n) <= constant + 300)
})

test('rows — the onion of an HTLC is written once, and kept as long as it may be sent again or is undecided', (t) => {
  const two = new TwoParties().ready()
  const last = new Map([two.alice, two.bob].map((party) => [party, party.stored]))
  const sizes = new Map<TestParty, number[]>([two.alice, two.bob].map((party) => [party, []]))
  const seen = () => {
    for (const party of [two.alice, two.bob]) {
      const { htlcRows } = encodeChannel(last.get(party), party.stored)
      sizes.get(party)?.push(...htlcRows.map(({ value }) => value.length))
      last.set(party, party.stored)
    }
  }
  const exchange = () => {
    for (let round = 0; round < 8; round++) {
      for (const party of [two.alice, two.bob]) {
        while (two.deliver(party) !== undefined);
        two.sign(two.other(party))
      }
      seen()
    }
  }
  two.add(two.alice, 1)
  exchange()
  two.fulfil(two.bob, 0n, 1)
  exchange()
  for (const party of [two.alice, two.bob]) {
    const [first = 0, ...others] = sizes.get(party) ?? []
    t.true(first > 1_366)
    t.true(others.length > 0 && others.every((size) => size < 250), `${others}`)
  }
})

test('rows — of an HTLC that has ended what a penalty needs is kept, in 52 bytes, and its row goes', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1, 20_000_000n)
  two.settle()
  const before = new Map([two.alice, two.bob].map((party) => [party, party.stored]))
  two.fulfil(two.bob, 0n, 1)
  two.settle()
  for (const [party, direction] of [
    [two.alice, 'offered'],
    [two.bob, 'received'],
  ] as const) {
    const { ended } = encodeChannel(before.get(party), party.stored)
    const key = htlcKey(party.funded.params.channelId, direction, 0n)
    t.deepEqual(
      ended.map((htlc) => htlc.key),
      [key],
    )
    t.true((ended[0]?.past?.length ?? 0) <= 52)
  }
  // A closed channel has nothing that can be published again.
  const closing = new TwoParties().ready()
  closing.add(closing.alice, 1)
  closing.settle()
  const { params } = closing.alice.funded
  const { channelId, localNodeId, remoteNodeId } = params
  const closed = {
    phase: 'closed',
    channelId,
    localNodeId,
    remoteNodeId,
    summary: { kind: 'mutual', closedAt: 200, paidToUs: 1n },
  } as const
  t.deepEqual(encodeChannel(closing.alice.stored, closed).ended, [{ key: htlcKey(channelId, 'offered', 0n) }])
})

test('rows — what is cut short or of another version is refused', (t) => {
  const { stored: durable } = new TwoParties().ready().alice
  const { channelRow } = encodeChannel(undefined, durable)
  for (let length = 0; length < channelRow.length; length += 13) {
    t.like(decodeChannel(channelRow.subarray(0, length), []), { ok: false, error: { code: 'malformed-channel-row' } })
  }
  const later = Uint8Array.from(channelRow)
  later[0] = 2
  t.like(decodeChannel(later, []), { ok: false, error: { code: 'malformed-channel-row' } })
})

test('rows — hold every kind of spend and every cause that it gives a closing', (t) => {
  const two = new TwoParties().ready()
  two.run(two.alice, { type: 'force-close' })
  const { funded } = two.alice
  if (funded.phase !== 'closing') return t.fail()
  const tx = fundingTransaction(new Uint8Array(34), 1n)
  for (const [kind, cause] of [
    ['revoked', 'revoked-commitment'],
    ['revoked-local', 'revoked-local-commitment'],
    ['unknown', 'unknown-spend'],
  ] as const) {
    const closing = { ...funded.closing, cause, spends: [{ kind, tx, txid: txidOf(tx) }] }
    const { channelRow } = encodeChannel(undefined, { ...funded, closing })
    const decoded = decodeChannel(channelRow, [])
    if (!decoded.ok || decoded.value.phase !== 'closing') return t.fail()
    t.deepEqual(decoded.value.closing, closing)
  }
})

interface Golden {
  readonly channelRow: string
  readonly htlcRows: readonly { readonly key: string; readonly value: string }[]
  readonly state: unknown
}

const golden: Readonly<Record<string, Golden>> = JSON.parse(
  readFileSync(new URL('./golden/version-1.json', import.meta.url), 'utf8'),
)

for (const [name, { channelRow, htlcRows, state }] of Object.entries(golden)) {
  test(`version 1 — reads what it wrote: ${name}`, (t) => {
    const rows: readonly HtlcRow[] = htlcRows.map(({ key, value }) => ({ key: fromHex(key), value: fromHex(value) }))
    const decoded = decodeChannel(fromHex(channelRow), rows)
    if (!decoded.ok) return t.fail(decoded.error.code)
    t.deepEqual(inOrder(decoded.value), state)
    const again = encodeChannel(undefined, decoded.value)
    t.is(toHex(again.channelRow), channelRow)
  })
}

interface GoldenHtlcs {
  readonly htlcRows: readonly { readonly key: string; readonly value: string }[]
  readonly pastRows: readonly { readonly key: string; readonly value?: string }[]
}

const goldenHtlcs: Readonly<Record<string, GoldenHtlcs>> = JSON.parse(
  readFileSync(new URL('./golden/htlc-rows-2.json', import.meta.url), 'utf8'),
)

for (const [name, { htlcRows, pastRows }] of Object.entries(goldenHtlcs)) {
  const { channelRow = '', htlcRows: before = [], state } = golden[name] ?? {}
  const rowsOf = (rows: readonly { readonly key: string; readonly value: string }[]): readonly HtlcRow[] =>
    rows.map(({ key, value }) => ({ key: fromHex(key), value: fromHex(value) }))

  test(`rows of HTLCs, version 2 — reads what it wrote, to the byte: ${name}`, (t) => {
    const decoded = decodeChannel(fromHex(channelRow), rowsOf(htlcRows))
    const first = decodeChannel(fromHex(channelRow), rowsOf(before))
    if (!decoded.ok || !first.ok) return t.fail()
    t.deepEqual(inOrder(decoded.value), inOrder(asStored(first.value)))
    t.deepEqual(inOrder(first.value), state)
    t.deepEqual(
      encodeChannel(undefined, decoded.value).htlcRows.map(({ key, value }) => ({
        key: toHex(key),
        value: toHex(value),
      })),
      htlcRows,
    )
  })

  test(`rows of HTLCs, version 2 — what is kept of those that version 1 wrote: ${name}`, (t) => {
    const past = before.map(({ key, value }) => {
      const row = pastOfHtlcRow(fromHex(value))
      if (!row.ok) throw new Error('a golden row is readable')
      return { key, ...(row.value === undefined ? {} : { value: toHex(row.value) }) }
    })
    t.deepEqual(past, pastRows)
    t.false(pastOfHtlcRow(new Uint8Array(3)).ok)
  })
}

test('version 1 — a channel from its rows can be reestablished', (t) => {
  const { channelRow = '', htlcRows = [] } = golden['with HTLCs'] ?? {}
  const rows: readonly HtlcRow[] = htlcRows.map(({ key, value }) => ({ key: fromHex(key), value: fromHex(value) }))
  const decoded = decodeChannel(fromHex(channelRow), rows)
  if (!decoded.ok) return t.fail(decoded.error.code)
  const { alice } = new TwoParties()
  alice.state = { durable: decoded.value }
  const effects = alice.run({ type: 'connected', epoch: 2, remoteFeatures: FEATURES })
  t.like(effects[0], { type: 'send', message: { type: 'channel_reestablish' } })
})

const goldenFile = (name: string): Readonly<Record<string, GoldenState>> =>
  JSON.parse(readFileSync(new URL(`./golden/${name}.json`, import.meta.url), 'utf8'))

const readsWhatWasWritten = (t: ExecutionContext, { channelRow, htlcRows, digest }: GoldenState): void => {
  const rows = htlcRows.map(({ key, value }) => ({ key: fromHex(key), value: fromHex(value) }))
  const decoded = decodeChannel(fromHex(channelRow), rows)
  if (!decoded.ok) throw new Error(decoded.error.code)
  t.is(digestOf(decoded.value), digest)
  const again = encodeChannel(undefined, decoded.value)
  t.is(toHex(again.channelRow), channelRow)
  t.deepEqual(
    again.htlcRows.map(({ key, value }) => ({ key: toHex(key), value: toHex(value) })),
    htlcRows,
  )
}

for (const [name, state] of Object.entries(goldenFile('first-release'))) {
  test(`first release — reads what it wrote, and writes the same, to the byte: ${name}`, (t) => {
    readsWhatWasWritten(t, state)
  })
}

test('first release — there is a golden state of every phase, cause and kind of close that can be stored', (t) => {
  t.deepEqual(Object.keys(goldenFile('first-release')), Object.keys(goldenStates()))
})

/** The paths of all members that came later. */
const pathsOf = (later: object, before = ''): readonly string[] =>
  Object.entries(later).flatMap(([name, field]: [string, { readonly within?: object }]) =>
    field.within === undefined ? [`${before}${name}`] : pathsOf(field.within, `${before}${name}.`),
  )

test('later members — each has a golden file, which is read and written again, to the byte', (t) => {
  for (const path of [...pathsOf(laterOfFunded), 'htlc.attribution']) {
    const state = goldenFile(`later-${path}`)[path]
    if (state === undefined) t.fail(path)
    else readsWhatWasWritten(t, state)
  }
})

test('later members — a record that is unknown, out of order, cut short or empty is refused', (t) => {
  const { stored } = new TwoParties().ready().alice
  const { channelRow } = encodeChannel(undefined, stored)
  const doubted = encodeChannel(undefined, { ...stored, inDoubt: true } as Durable).channelRow
  t.is(toHex(doubted), `${toHex(channelRow)}010101`)
  for (const records of ['fe0101', '01010101 010101', '0102 01', '0100', '010100', '01']) {
    const row = fromHex(`${toHex(channelRow)}${records.replaceAll(' ', '')}`)
    t.like(decodeChannel(row, []), { ok: false, error: { code: 'malformed-channel-row' } }, records)
  }
})
