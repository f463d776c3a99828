import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { concat, toHex, utf8Encode } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { commandPlace, commandRowKey } from '../storage/command-key.ts'
import { readCommand } from '../storage/stored-command.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { digestOf, KeyedCommands } from './keyed-commands.ts'
import { moveCommandRows } from './move-command-rows.ts'

const setUp = async () => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  let runs = 0
  const command = async (): Promise<Result<object, ContractError>> => {
    runs++
    return ok({ amountMsat: 5n, note: '5' })
  }
  /** A payment: it begins in the commit of its command's row, and ends so. */
  const paying =
    (keyed: KeyedCommands, key: string, end = command): typeof command =>
    async () => {
      store.submit(keyed.begun(key))
      return end()
    }
  return { store, command, paying, runs: () => runs }
}

const listed = async (store: Store): Promise<readonly string[]> =>
  (await store.sizes(TABLE.commandByTime)).map(({ key }) => toHex(key))

test('the same key and request run once, and answer the stored outcome, also in a later life', async (t) => {
  const { store, command, runs } = await setUp()
  const keyed = new KeyedCommands(store)
  const first = keyed.run('wallet.send', 'k', { amountSat: 1n }, command)
  t.is(keyed.run('wallet.send', 'k', { amountSat: 1n }, command), first)
  t.deepEqual(await first, { result: ok({ amountMsat: 5n, note: '5' }), isStored: false })
  await store.flush()
  const later = new KeyedCommands(store)
  t.deepEqual(await later.run('wallet.send', 'k', { amountSat: 1n }, command), {
    result: ok({ amountMsat: 5n, note: '5' }),
    isStored: true,
  })
  t.is(runs(), 1)
})

test('another request, or another operation, under a key is refused, while the first runs and afterwards', async (t) => {
  const { store, command, runs } = await setUp()
  const keyed = new KeyedCommands(store)
  const first = keyed.run('wallet.send', 'k', { amountSat: 1n }, command)
  const mismatch = { result: { ok: false, error: { code: 'idempotency-mismatch' } } }
  t.like(await keyed.run('wallet.send', 'k', { amountSat: 2n }, command), mismatch)
  await first
  await store.flush()
  t.like(await keyed.run('wallet.send', 'k', { amountSat: 2n }, command), mismatch)
  t.like(await keyed.run('channels.open', 'k', { amountSat: 1n }, command), mismatch)
  t.is(runs(), 1)
})

test('a failure is an outcome too: it is not tried again', async (t) => {
  const { store } = await setUp()
  const refused = err({ code: 'insufficient-funds', message: 'no' })
  const keyed = new KeyedCommands(store)
  t.deepEqual((await keyed.run('wallet.send', 'k', {}, async () => refused)).result, refused)
  await store.flush()
  t.deepEqual((await keyed.run('wallet.send', 'k', {}, async () => ok({}))).result, refused)
})

test('a command whose node died is answered outcome-unknown, but a payment is asked again', async (t) => {
  const { store, command, paying, runs } = await setUp()
  const never = (): Promise<Result<object, ContractError>> => new Promise(() => {})
  const dying = new KeyedCommands(store)
  void dying.run('wallet.send', 'a', {}, never)
  void dying.run('payments.payInvoice', 'b', {}, paying(dying, 'b', never))
  // Both rows are on their way once the reads before them have come back.
  for (let i = 0; i < 5; i++) await store.get('command', new Uint8Array(1))
  await store.flush()
  const reborn = new KeyedCommands(store)
  t.like(await reborn.run('wallet.send', 'a', {}, command), { result: { error: { code: 'outcome-unknown' } } })
  t.like(await reborn.run('payments.payInvoice', 'b', {}, command), { result: { ok: true } })
  t.is(runs(), 1)
})

test('a payment that succeeded is asked for its outcome again, one that failed is not', async (t) => {
  const { store, command, paying, runs } = await setUp()
  const refused = err({ code: 'no-route', message: 'no' })
  const keyed = new KeyedCommands(store)
  await keyed.run('payments.payInvoice', 'a', {}, paying(keyed, 'a'))
  await keyed.run('payments.payInvoice', 'b', {}, async () => refused)
  await store.flush()
  t.like(await keyed.run('payments.payInvoice', 'a', {}, command), { result: ok({ amountMsat: 5n, note: '5' }) })
  t.deepEqual((await keyed.run('payments.payInvoice', 'b', {}, command)).result, refused)
  t.like(await keyed.run('payments.payInvoice', 'a', { other: 1n }, command), {
    result: { error: { code: 'idempotency-mismatch' } },
  })
  t.is(runs(), 2)
})

test('what is known of a key is looked up, and starts nothing', async (t) => {
  const { store, command, paying, runs } = await setUp()
  const never = (): Promise<Result<object, ContractError>> => new Promise(() => {})
  const first = new KeyedCommands(store)
  const ending = first.run('wallet.send', 'a', {}, command)
  void first.run('payments.payInvoice', 'b', {}, paying(first, 'b', never))
  t.is((await first.recall('wallet.send', 'a', {})).type, 'running')
  await ending
  for (let i = 0; i < 5; i++) await store.get('command', new Uint8Array(1))
  await store.flush()
  const later = new KeyedCommands(store)
  t.deepEqual(await later.recall('wallet.send', 'a', {}), { type: 'known', result: ok({ amountMsat: 5n, note: '5' }) })
  t.deepEqual(await later.recall('wallet.send', 'a', { other: 1n }), { type: 'other-request' })
  t.deepEqual(await later.recall('wallet.send', 'c', {}), { type: 'never-begun' })
  t.deepEqual(await later.recall('payments.payInvoice', 'b', {}), { type: 'interrupted' })
  t.is(runs(), 1)
})

test('of commands that spend nothing the latest outcomes of each asker are kept, also over a restart', async (t) => {
  const { store, command, runs } = await setUp()
  let keyed = new KeyedCommands(store)
  const ask = (key: string, asker?: string) =>
    keyed.run('channels.setRelayFees', key, {}, command, asker === undefined ? {} : { passing: asker })
  await ask('spends')
  await ask('other:1', 'plugin other')
  const rounds = 3_000
  for (let i = 0; i < rounds; i++) {
    await ask(`busy:${i}`, 'plugin busy')
    if (i % 1_000 !== 999) continue
    await store.flush()
    keyed = new KeyedCommands(store)
  }
  await store.flush()
  t.is((await store.scan('command')).length, 1)
  t.is((await store.scan('passing_command')).length, 1 + 1_024)
  t.is(runs(), 2 + rounds)
  for (const [key, asker] of [
    ['spends', undefined],
    ['other:1', 'plugin other'],
    [`busy:${rounds - 1_024}`, 'plugin busy'],
  ] as const)
    t.true((await ask(key, asker)).isStored, key)
  t.is(runs(), 2 + rounds)
  t.false((await ask('busy:0', 'plugin busy')).isStored)
})

test('what a version before has kept, by the keys themselves and as JSON, is known', async (t) => {
  const { store, command, runs } = await setUp()
  const kept = { digest: digestOf('wallet.send', {}), operation: 'wallet.send', outcome: { ok: true, text: '{}' } }
  const rows: [key: string, stored: object][] = [
    ['payment', { digest: digestOf('payments.payInvoice', {}), operation: 'payments.payInvoice' }],
    ['spends', kept],
    ['other', { ...kept, place: { asker: 'plugin other', turn: 1 } }],
  ]
  for (let turn = 2; turn < 1_026; turn++)
    rows.push([`busy:${turn}`, { ...kept, place: { asker: 'plugin busy', turn } }])
  store.submit(
    rows.map(([key, stored]) => ({
      table: 'command_key',
      key: utf8Encode(key),
      value: utf8Encode(JSON.stringify(stored)),
    })),
  )
  await store.flush()
  const moved: number[] = []
  await moveCommandRows(store, (rows) => void moved.push(rows))
  t.deepEqual(moved, [2, 1_025])
  t.is((await store.scan('command_key')).length, 0)
  // Of a payment there is its digest and what it is, and no more.
  t.deepEqual((await store.scan('command')).map(({ value }) => value.length < 64).toSorted(), [false, true])
  const keyed = new KeyedCommands(store)
  for (const key of ['spends', 'other', 'busy:2', 'busy:1025']) {
    t.true((await keyed.run('wallet.send', key, {}, command)).isStored, key)
  }
  t.like(await keyed.run('payments.payInvoice', 'payment', { other: 1 }, command), {
    result: { ok: false, error: { code: 'idempotency-mismatch' } },
  })
  t.is(runs(), 0)
  t.like(await keyed.run('payments.payInvoice', 'payment', {}, command), { result: { ok: true } })
  // The next of an asker takes the place of its oldest.
  await keyed.run('wallet.send', 'busy:new', {}, command, { passing: 'plugin busy' })
  t.false((await keyed.run('wallet.send', 'busy:2', {}, command, { passing: 'plugin busy' })).isStored)
  t.true((await keyed.run('wallet.send', 'other', {}, command)).isStored)
})

test('what goes by its age is listed: outcomes, what the node died of, and no payment that may arrive', async (t) => {
  const { store, command, paying } = await setUp()
  const clock = virtualClock()
  const keyed = new KeyedCommands(store, clock)
  const refused = async () => err({ code: 'already-paid', message: 'no' })
  const never = (): Promise<Result<object, ContractError>> => new Promise(() => {})
  await keyed.run('wallet.send', 'answered', {}, command)
  await keyed.run('wallet.send', 'plugin:answered', {}, command, { stays: true })
  await keyed.run('payments.payInvoice', 'arrived', {}, paying(keyed, 'arrived'))
  await keyed.run('payments.payInvoice', 'refused', {}, refused)
  await keyed.run('payments.payInvoice', 'plugin:refused', {}, refused, { stays: true })
  // It lists itself, in the commit in which it fails.
  await keyed.run('payments.payInvoice', 'failed', {}, paying(keyed, 'failed', refused))
  void keyed.run('wallet.send', 'cut off', {}, never)
  void keyed.run('payments.payInvoice', 'not begun', {}, never)
  void keyed.run('payments.payInvoice', 'begun', {}, paying(keyed, 'begun', never))
  for (let i = 0; i < 5; i++) await store.get('command', new Uint8Array(1))
  await store.flush()
  const places = ['answered', 'refused', 'cut off'].map((key) => toHex(commandPlace(clock.now(), commandRowKey(key))))
  t.deepEqual(await listed(store), places.toSorted())
  const rows = (await store.sizes(TABLE.command)).map(({ key }) => toHex(key))
  const kept = ['answered', 'plugin:answered', 'arrived', 'refused', 'plugin:refused', 'failed', 'cut off', 'begun']
  t.deepEqual(rows, kept.map((key) => toHex(commandRowKey(key))).toSorted())
})

test('whose key stays says its row, with an outcome and without, and rows of before stay where nobody listed them', async (t) => {
  const { store, command, paying } = await setUp()
  const keyed = new KeyedCommands(store)
  const never = (): Promise<Result<object, ContractError>> => new Promise(() => {})
  for (const [key, of] of [
    ['operator', {}],
    ['plugin', { stays: true }],
  ] as const) {
    await keyed.run('wallet.send', `${key} sent`, {}, command, of)
    void keyed.run('payments.payInvoice', `${key} pays`, {}, paying(keyed, `${key} pays`, never), of)
  }
  for (let i = 0; i < 5; i++) await store.get('command', new Uint8Array(1))
  await store.flush()
  const stays = async (key: string) => {
    const row = await store.get(TABLE.command, commandRowKey(key))
    return row && readCommand(row).stays
  }
  t.deepEqual(await Promise.all(['operator sent', 'operator pays'].map(stays)), [undefined, undefined])
  t.deepEqual(await Promise.all(['plugin sent', 'plugin pays'].map(stays)), [true, true])
  // The first version to keep so little of a payment did not say whose it was.
  const before = concat(Uint8Array.of(1), new Uint8Array(32), utf8Encode('payments.payInvoice'))
  t.true(readCommand(before).stays)
  // A payment that an earlier life began goes on under the word of that life.
  const later = new KeyedCommands(store)
  const failing = async () => err({ code: 'no-route', message: 'no' })
  await later.run('payments.payInvoice', 'plugin pays', {}, failing)
  await store.flush()
  t.true(await stays('plugin pays'))
})
