import test from 'ava'
import { fromHex, utf8Encode } from '../../core/src/lib/bytes.ts'
import { placeOf } from '../../core/src/node/events/event-cursor.ts'
import { classOf, rowKey } from '../../core/src/node/events/event-row.ts'
import { type LogFields, silentLog } from '../../core/src/node/node-log.ts'
import { TABLE } from '../../core/src/node/storage/tables.ts'
import { World } from './support/world.ts'

test('relays and closed channels can be listed when they are over, the newest first, and events by time', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob, carol] = [await world.node('alice'), await world.node('bob'), await world.node('carol')]
  await alice.faucet(10_000_000n)
  await bob.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  await alice.openTo(bob, 2_000_000n)
  const channelId = await bob.openTo(carol, 2_000_000n)
  await bob.ask('peers', 'rename', { nodeId: carol.id, name: 'carol' })
  for (const amountMsat of [10_000_000n, 20_000_000n]) {
    const { invoice } = await carol.ask('invoices', 'create', { amountMsat })
    await alice.ask('payments', 'payInvoice', { invoice: invoice.invoice })
  }
  await bob.until(async () => (await bob.ask('payments', 'relays', {})).items.length === 2)
  const { items: relays } = await bob.ask('payments', 'relays', {})
  t.deepEqual(
    relays.map(({ outgoing }) => outgoing.map(({ amountMsat, peer }) => [amountMsat, peer])),
    [[[20_000_000n, carol.id]], [[10_000_000n, carol.id]]],
  )
  const first = await bob.ask('payments', 'relays', { page: { limit: 1 } })
  const second = await bob.ask('payments', 'relays', { page: { limit: 1, after: first.next } })
  t.deepEqual([...first.items, ...second.items], relays)
  const settledAt = relays[0]?.settledAt ?? 0
  t.deepEqual((await bob.ask('payments', 'relays', { since: settledAt + 60_000 })).items, [])

  t.deepEqual((await bob.ask('channels', 'closed', {})).items, [])
  // An HTLC leaves the channel a moment after its payment.
  await bob.until(async () => (await bob.ask('channels', 'get', { channelId })).channel.htlcsInFlight === 0)
  const closing = await bob.ask('channels', 'close', { channelId })
  t.like(closing, { state: 'closing', waitsFor: 'signatures' })
  await bob.until(async () => {
    await world.mine(1)
    return (await bob.ask('channels', 'closed', {})).items.length === 1
  })
  t.like((await bob.ask('channels', 'closed', {})).items[0], {
    channelId,
    peer: carol.id,
    peerName: 'carol',
    kind: 'mutual',
    openedBy: 'local',
    closedBy: 'local',
    capacitySat: 2_000_000n,
    earned: {
      in: { relays: 0, amountMsat: 0n, feesMsat: 0n },
      out: { relays: 2, amountMsat: 30_000_000n, feesMsat: relays.reduce((sum, { feeMsat }) => sum + feeMsat, 0n) },
    },
  })
  // What went in and is not the peer's comes back, but for the fees, which the wallet knows as well.
  const [ended] = (await bob.ask('channels', 'closed', {})).items
  const { openingFeeSat, closingFeeSat, claimFeesSat, returnedSat, finalMsat } = ended ?? {}
  t.is(claimFeesSat, 0n)
  t.is(finalMsat, 1_970_000_000n)
  t.is(returnedSat, 1_970_000n - (closingFeeSat ?? 0n))
  const { items: txs } = await bob.ask('wallet', 'transactions', { channelId })
  t.deepEqual(txs.map(({ purpose }) => purpose).toSorted(), ['channel-funding', 'mutual-close'])
  t.true(txs.every(({ confirmations }) => confirmations >= 6))
  // Who opened the channel pays for its close: the same transaction cost the peer nothing.
  const [closed] = (await carol.ask('wallet', 'transactions', { purpose: 'mutual-close' })).items
  t.like(closed, { channelId, ourFeeSat: 0n })
  t.true((closed?.feeSat ?? 0n) > 0n)
  t.is(txs.find(({ purpose }) => purpose === 'mutual-close')?.ourFeeSat, closingFeeSat)
  t.deepEqual((await bob.ask('wallet', 'transactions', { purpose: 'penalty' })).items, [])
  const paged = await bob.ask('wallet', 'transactions', { channelId, page: { limit: 1 } })
  t.deepEqual(paged.items, txs.slice(0, 1))
  t.deepEqual((await bob.ask('wallet', 'transactions', { channelId, page: { after: paged.next } })).items, txs.slice(1))
  const feeOf = (purpose: string) => txs.find((tx) => tx.purpose === purpose && tx.channelId === channelId)?.feeSat
  t.is(openingFeeSat, feeOf('channel-funding') ?? 0n)
  t.is(closingFeeSat, feeOf('mutual-close') ?? 0n)
  const [theirs] = (await carol.ask('channels', 'closed', {})).items
  t.like(theirs, { openedBy: 'remote', closedBy: 'remote', openingFeeSat: 0n, closingFeeSat: 0n, returnedSat: 30_000n })
  t.is((await bob.ask('channels', 'list', { peer: carol.id })).items.length, 0)
  // What is closed is no state of the list: it would always be empty.
  t.like(await bob.tryAsk('channels', 'list', { state: 'closed' } as never), {
    ok: false,
    error: { code: 'invalid-request', field: 'state' },
  })
  // Each side is told once that it closes, by whom, and once that both have signed.
  for (const [node, initiator] of [
    [bob, 'local'],
    [carol, 'remote'],
  ] as const) {
    t.deepEqual(
      node.payloads('channel.closing').map((told) => [told.channelId, told.initiator, told.kind]),
      [[channelId, initiator, 'mutual']],
    )
    t.deepEqual(
      node.payloads('channel.close-signed').map(({ txid }) => txid),
      node.payloads('channel.closed').map(({ txid }) => txid),
    )
  }

  const newest = await bob.ask('events', 'list', { order: 'newest-first', limit: 5 })
  const all = await bob.ask('events', 'list', { limit: 500 })
  t.deepEqual(newest.items, all.items.slice(-5).toReversed())
  const older = await bob.ask('events', 'list', { order: 'newest-first', limit: 5, from: newest.next })
  t.deepEqual(older.items, all.items.slice(-10, -5).toReversed())
  const since = all.items[3]?.at ?? 0
  const until = all.items.at(-3)?.at ?? 0
  const during = all.items.filter(({ at }) => at >= since && at < until)
  t.deepEqual((await bob.ask('events', 'list', { since, until, limit: 500 })).items, during)
  t.deepEqual(
    (await bob.ask('events', 'list', { since, until, limit: 500, order: 'newest-first' })).items,
    during.toReversed(),
  )
  for (const page of [{ after: 'nonsense' }, { after: 'p1' }]) {
    t.like(await bob.tryAsk('payments', 'relays', { page }), { ok: false, error: { code: 'invalid-request' } })
  }
  // A place in one list is none in another, and what is no place at all is no empty page.
  const places = ['no such page', 'ab', 'p1', 'n1', 'e1', '']
  for (const [actor, operation, own] of [
    ['payments', 'list', undefined],
    ['invoices', 'list', undefined],
    ['channels', 'list', 'n1'],
    ['peers', 'list', 'p1'],
    ['wallet', 'utxos', 'p1'],
    ['payments', 'relays', 'e1'],
    ['channels', 'closed', 'e1'],
  ] as const) {
    for (const after of places) {
      const answer = await alice.tryAsk(actor, operation, { page: { after } })
      if (after === own) t.true(answer.ok, `${actor}.${operation} ${after}`)
      else
        t.like(
          answer,
          { ok: false, error: { code: 'invalid-request', field: 'page.after' } },
          `${actor}.${operation} ${after}`,
        )
    }
  }
  t.like(await bob.tryAsk('events', 'list', { order: 'newest-first', from: 'nonsense' }), {
    ok: false,
    error: { code: 'cursor-invalid' },
  })
})

test('what cannot be read keeps nothing else off a page, and is logged once', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const logged: (LogFields & { event: string })[] = []
  const error = (event: string, fields: LogFields = {}): void => void logged.push({ event, ...fields })
  const alice = await world.node('alice')
  const bob = await world.node('bob', { log: { ...silentLog, error } })
  await bob.faucet(10_000_000n)
  await bob.connectTo(alice)
  const channels = [await bob.openTo(alice, 1_000_000n), await bob.openTo(alice, 1_000_000n)]
  const hashes: string[] = []
  for (const amountMsat of [1_000_000n, 2_000_000n, 3_000_000n]) {
    const { invoice } = await alice.ask('invoices', 'create', { amountMsat })
    await bob.ask('payments', 'payInvoice', { invoice: invoice.invoice })
    hashes.unshift(invoice.paymentHash)
    await bob.ask('invoices', 'create', { amountMsat })
  }
  for (const channelId of channels) await bob.ask('channels', 'close', { channelId })
  await bob.until(async () => {
    await world.mine(1)
    return (await bob.ask('channels', 'closed', {})).items.length === 2
  })
  const { store } = bob
  const closed = (await bob.ask('channels', 'closed', {})).items
  const { items } = await bob.ask('events', 'list', { types: ['channel.closed'], order: 'newest-first' })
  const event = items[0]
  const place = placeOf(event?.cursor ?? '')?.after ?? 0
  const damage = { table: TABLE.eventOfClass, key: rowKey(classOf('channel.closed'), place) }
  t.not(await store.get(damage.table, damage.key), undefined)
  const invoices = (await bob.ask('invoices', 'list', {})).items
  const [payment, , oldest] = hashes
  const invoice = invoices[1]?.paymentHash as string
  store.submit([
    // Text that was once an event of this name, in another form.
    { ...damage, value: utf8Encode(JSON.stringify({ ...event, payload: { channelId: 7 } })) },
    { table: TABLE.payment, key: fromHex(hashes[1] as string), value: Uint8Array.of(0) },
    { table: TABLE.invoice, key: fromHex(invoice), value: Uint8Array.of(0) },
  ])
  await store.flush()
  const listed = async (actor: 'payments' | 'invoices') =>
    (await bob.ask(actor, 'list', {})).items.map(({ paymentHash }) => paymentHash)
  for (const _ of ['first', 'again']) {
    t.deepEqual((await bob.ask('channels', 'closed', {})).items, closed.slice(1))
    t.deepEqual(await listed('payments'), [payment, oldest])
    t.deepEqual(
      await listed('invoices'),
      invoices.flatMap(({ paymentHash }) => (paymentHash === invoice ? [] : [paymentHash])),
    )
  }
  t.deepEqual(logged, [
    { event: 'event.unreadable', sequence: place },
    { event: 'row.unreadable', row: `payment ${hashes[1]}` },
    { event: 'row.unreadable', row: `invoice ${invoice}` },
  ])
})
