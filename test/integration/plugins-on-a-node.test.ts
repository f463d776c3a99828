import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hooks } from '@fulgurite/plugin-sdk/contract'
import test, { type ExecutionContext } from 'ava'
import { type Clock, systemClock } from '../../core/src/lib/clock.ts'
import type { TestNode } from '../scenarios/support/world.ts'
import { type PluginNode, PluginWorld } from './support/plugin-world.ts'

// Real nodes, real cells. Bob has the plugins; he is started and asked as an operator does it.

const setUp = async (t: ExecutionContext, clock?: Clock) => {
  const world = new PluginWorld()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.pluginNode('bob', clock)
  await alice.faucet(20_000_000n)
  await alice.ask('peers', 'connect', { nodeId: bob.id, address: bob.address })
  return { world, alice, bob }
}

/** A clock on which the deadlines of hooks come when the test says so. */
const withheldDeadlines = () => {
  const { deadlineMs } = hooks['channel.accept']
  const due = new Set<() => void>()
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  return {
    ...systemClock,
    setTimer(delayMs: number, fire: () => void) {
      if (delayMs !== deadlineMs) return systemClock.setTimer(delayMs, fire)
      due.add(fire)
      resolve()
      return () => void due.delete(fire)
    },
    /** Resolves when a hook has been asked. */
    asked,
    expire(): void {
      for (const fire of due) fire()
    },
  }
}

const open = (alice: TestNode, bob: PluginNode, fundingSat: bigint) =>
  alice.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat, pushMsat: 0n })

const gatekeeper = (handler: string, limits: object = {}) => ({
  name: 'gatekeeper',
  setup: `hooks.on('channel.accept', ${handler})`,
  manifest: {
    permissions: { hooks: { 'channel.accept': { verdicts: ['accept', 'reject'] } }, queries: ['node.getInfo'] },
    limits,
  },
})

const FAIL_CLOSED = { error: { code: 'refused-by-peer', message: 'not accepting channels now' } }

test('channel.accept — a plugin refuses by size with its reason, and what it accepts opens', async (t) => {
  const { world, alice, bob } = await setUp(t)
  await bob.install(
    gatekeeper(`({ fundingSat }) =>
      fundingSat < 1_000_000n ? { type: 'reject', reason: 'at least 1000000 sat' } : { type: 'accept' }`),
  )
  t.like(await open(alice, bob, 999_999n), {
    error: { code: 'refused-by-peer', message: 'at least 1000000 sat' },
  })
  t.is((await alice.ask('wallet', 'balance', {})).reservedSat, 0n)
  await world.open(alice, bob, 1_000_000n)
  const verdicts = (await bob.rows('audit/gatekeeper/')).map(([, row]) => JSON.parse(row).outcome)
  t.deepEqual(verdicts, ['reject', 'accept'])
})

test('channel.accept — a hook that loops for ever is a refusal by its deadline, and the node goes on meanwhile', async (t) => {
  const clock = withheldDeadlines()
  const { world, alice, bob } = await setUp(t, clock)
  const channelId = await world.open(alice, bob, 1_000_000n)
  await bob.install(gatekeeper('() => { for (;;); }', { turnMs: 10_000 }))
  let answered = false
  const opening = open(alice, bob, 1_000_000n).finally(() => {
    answered = true
  })
  const invoices = Array.from({ length: 20 }, () =>
    bob.ask('invoices', 'create', { amountMsat: 1_000n, description: '' }),
  )
  for (const invoice of invoices) {
    const { payment } = await alice.ask('payments', 'payInvoice', { invoice: (await invoice).invoice.invoice })
    t.is(payment.status, 'settled')
  }
  t.false(answered, 'the payments were made while the plugin had not answered')
  await clock.asked
  clock.expire()
  t.like(await opening, FAIL_CLOSED)
  t.is((await alice.ask('channels', 'get', { channelId })).channel.state, 'usable')
})

test('channel.accept — a plugin that crashes in its hook, or is not running, refuses; removed, it does not', async (t) => {
  const { alice, bob } = await setUp(t)
  await bob.install(gatekeeper('() => { for (;;); }', { turnMs: 100 }))
  t.like(await open(alice, bob, 1_000_000n), FAIL_CLOSED)
  await bob.until(async () => (await bob.plugin('gatekeeper'))?.state !== 'running')
  t.like(await open(alice, bob, 1_000_000n), FAIL_CLOSED)
  await bob.until(() => bob.payloads('plugin.faulted').length > 0)
  t.like(bob.payloads('plugin.faulted')[0], { plugin: 'gatekeeper', code: 'turn-time', restartInMs: 1_000 })
  await bob.ask('plugins', 'remove', { name: 'gatekeeper' })
  t.like(await open(alice, bob, 1_000_000n), { ok: true })
})

test('channel.accept — a plugin that guards is there before peers are, also after a restart of the node', async (t) => {
  const { alice, bob } = await setUp(t)
  await bob.install(gatekeeper("() => ({ type: 'reject', reason: 'never' })"))
  await bob.stop()
  await bob.start()
  await alice.ask('peers', 'connect', { nodeId: bob.id, address: bob.address })
  t.like(await open(alice, bob, 1_000_000n), { error: { code: 'refused-by-peer', message: 'never' } })
})

test('the fee-manager follows what is relayed: the next payment pays the fee it has set', async (t) => {
  const { world, alice, bob } = await setUp(t)
  const carol = await world.node('carol')
  await world.open(alice, bob, 5_000_000n, 2_000_000_000n)
  await bobsWallet(world, bob, 2_000_000n)
  const outward = await world.open(bob, carol, 1_000_000n)
  const policy = async () => (await carol.ask('channels', 'get', { channelId: outward })).channel.remotePolicy
  const ownPpm = async (): Promise<number> =>
    (await bob.ask('channels', 'get', { channelId: outward })).channel.localPolicy.feeProportionalMillionths
  const before = await ownPpm()

  const example = fileURLToPath(new URL('../../plugins-examples/fee-manager', import.meta.url))
  await bob.installFrom(example, { halfLifeSeconds: 0, minIntervalSeconds: 0, reviewSeconds: 86_400 })
  // All of it is ours: its first look at the channels brings the fee down to the least.
  const changes = () => bob.payloads('channel.relay-fees-changed').filter(({ channelId }) => channelId === outward)
  await bob.until(() => changes().length === 1)
  t.like(changes()[0], {
    feeBaseMsat: '0',
    feeProportionalMillionths: 10,
    previous: { feeProportionalMillionths: before },
  })
  await carol.until(async () => (await policy())?.feeProportionalMillionths === 10)

  const first = await alice.pay(await carol.invoice(400_000_000n))
  t.is(first.feesMsat, 4_000n)
  await bob.until(() => changes().length === 2)
  const raised = await ownPpm()
  t.true(raised > 10, 'what has become scarce has become dearer')
  await carol.until(async () => (await policy())?.feeProportionalMillionths === raised)
  const second = await alice.pay(await carol.invoice(10_000_000n))
  t.is(second.status, 'settled')
  t.is(second.feesMsat, (10_000_000n * BigInt(raised)) / 1_000_000n)

  // The audit says who did it and why: the plugin, because of this relay.
  const relayed = bob.events.find(({ name }) => name === 'payment.relayed')
  const audit = (await bob.rows('audit/fee-manager/')).map(([, row]) => JSON.parse(row))
  const entry = audit.find(
    ({ request, causes }) => request.channelId === outward && causes?.includes(relayed?.cursor) === true,
  )
  t.like(entry, {
    plugin: 'fee-manager',
    operation: 'channels.setRelayFees',
    outcome: 'done',
    reason: { code: 'outbound-scarce' },
  })
})

test('the relay-policy refuses what is small, of the peer that it is told of, and lets the rest go on', async (t) => {
  const { world, alice, bob } = await setUp(t)
  const carol = await world.node('carol')
  await world.open(alice, bob, 1_000_000n)
  await bobsWallet(world, bob, 2_000_000n)
  await world.open(bob, carol, 1_000_000n)
  const example = fileURLToPath(new URL('../../plugins-examples/relay-policy', import.meta.url))
  await bob.installFrom(example, { leastSat: 100, peers: [alice.id] })
  t.is((await alice.pay(await carol.invoice(100_000n))).status, 'settled')
  const invoice = await carol.invoice(99_999n)
  t.like(await alice.tryAsk('payments', 'payInvoice', { invoice }), { ok: false })
  t.like(bob.payloads('payment.relay-failed')[0], { code: 'temporary-channel-failure', plugin: 'relay-policy' })
  const verdicts = (await bob.rows('audit/relay-policy/')).map(([, row]) => JSON.parse(row).outcome)
  t.deepEqual(verdicts, ['continue', 'fail'])
})

const bobsWallet = async (world: PluginWorld, bob: PluginNode, sat: bigint): Promise<void> => {
  const { address } = await bob.ask('wallet', 'newAddress', {})
  const sender = await world.node('sender')
  await sender.faucet(sat + 100_000n)
  await sender.ask('wallet', 'send', { address, amountSat: sat })
  await world.mine(1)
}

test('a plugin that asks beyond its manifest or its bounds is refused by the node, and nothing has changed', async (t) => {
  const { world, alice, bob } = await setUp(t)
  const channelId = await world.open(alice, bob, 1_000_000n, 100_000_000n)
  // What a plugin could change. The peer's fees, and the largest HTLC that either takes, come when they come.
  const changeable = async () => {
    const { state, localMsat, localPolicy } = (await bob.ask('channels', 'get', { channelId })).channel
    const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = localPolicy
    return { state, localMsat, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta }
  }
  const before = await changeable()
  await bob.install({
    name: 'greedy',
    setup: `
      const fees = (feeBaseMsat, feeProportionalMillionths) =>
        actors.channels.setRelayFees({ channelId: '${channelId}', feeBaseMsat, feeProportionalMillionths }, { reason: { code: 'greed' } })
      const attempts = {
        bounds: () => fees(0n, 501),
        close: () => actors.channels.close({ channelId: '${channelId}' }, { reason: { code: 'greed' } }),
        pay: () => actors.payments.payInvoice({ invoice: 'lnbcrt1' }, { reason: { code: 'greed' }, key: 'a' }),
        stop: () => actors.node.stop({}, { reason: { code: 'greed' } }),
        read: () => actors.wallet.balance({}),
      }
      schedule('greed', 86_400_000, () => { void (async () => {
        for (const [name, attempt] of Object.entries(attempts)) {
          try { await attempt(); log.info('went through', name) } catch (error) { log.info(name, error.code ?? error.message) }
        }
        log.info('done')
      })() })`,
    manifest: {
      permissions: {
        commands: {
          'channels.setRelayFees': {
            bounds: { feeBaseMsat: { max: 1000 }, feeProportionalMillionths: { min: 10, max: 500 } },
          },
        },
      },
    },
  })
  await bob.until(async () => (await bob.pluginLog('greedy')).includes('plugin info done'))
  const log = await bob.pluginLog('greedy')
  for (const line of [
    'bounds out-of-bounds',
    'close not-granted',
    'pay not-granted',
    'read not-granted',
    'stop not-granted',
  ])
    t.true(log.includes(`plugin info ${line}`), `${line} in\n${log.join('\n')}`)
  t.false(log.some((line) => line.includes('went through')))
  const refusals = [
    ['channels.setRelayFees', 'out-of-bounds'],
    ['channels.close', 'not-granted'],
    ['payments.payInvoice', 'not-granted'],
    ['wallet.balance', 'not-granted'],
    ['node.stop', 'not-granted'],
  ]
  await bob.until(() => bob.payloads('plugin.refused').length === refusals.length)
  for (const [operation, code] of refusals) {
    t.true(log.some((line) => line.startsWith(`host warn ${code}: ${operation}: `)))
    t.true(
      bob.payloads('plugin.refused').some((told) => told.operation === operation && told.code === code),
      `${operation} told as refused`,
    )
  }
  t.deepEqual(await changeable(), before)
  t.is(bob.payloads('channel.relay-fees-changed').length, 0)
  await bob.stop()
  const nodeLog = readFileSync(join(bob.data, 'node.log'), 'utf8')
  for (const [operation] of refusals)
    t.true(nodeLog.split('\n').some((line) => line.includes('"plugin.refused"') && line.includes(`"${operation}"`)))
})

test('events.each — over restarts of the node each event is handled once, its writes kept with the cursor', async (t) => {
  const { world, alice, bob } = await setUp(t)
  await world.open(alice, bob, 1_000_000n)
  await bob.install({
    name: 'ledger',
    // An ask in each handler, so that the node stops in the middle of some.
    setup: `events.each('received', 'payment.received', async ({ amountMsat }, { event, store, actors }) => {
      const { count = 0, total = 0n } = (await store.get('sum')) ?? {}
      await actors.node.getInfo()
      await store.set('sum', { count: count + 1, total: total + amountMsat })
      await store.set('seen/' + event.cursor, ((await store.get('seen/' + event.cursor)) ?? 0) + 1)
    })`,
    manifest: { permissions: { events: { 'payment.received': {} }, queries: ['node.getInfo'] } },
  })
  const received = () => bob.events.filter(({ name }) => name === 'payment.received')
  const seen = () => bob.rows('value/ledger/seen/')
  const cutOff: number[] = []
  let amount = 0n
  let sum = 0n
  for (let life = 0; life < 3; life++) {
    for (let i = 0; i < 10; i++) {
      amount += 1_000n
      sum += amount
      const { invoice } = await bob.ask('invoices', 'create', { amountMsat: amount, description: 'x' })
      const { payment } = await alice.ask('payments', 'payInvoice', { invoice: invoice.invoice })
      t.is(payment.status, 'settled')
    }
    await bob.until(async () => received().length === 10 * (life + 1))
    cutOff.push(received().length - (await seen()).length)
    await bob.stop()
    await bob.start()
    await alice.ask('peers', 'connect', { nodeId: bob.id, address: bob.address })
    await bob.until(async () => (await bob.ask('channels', 'list', {})).items[0]?.state === 'usable')
  }
  await bob.until(async () => (await seen()).length === received().length)
  t.log(`left to later lives: ${cutOff.join(', ')}`)
  const once = received().map(({ cursor }) => [`value/ledger/seen/${cursor}`, '1'])
  t.deepEqual((await seen()).toSorted(), once.toSorted())
  const [row] = await bob.rows('value/ledger/sum')
  t.regex(String(row?.[1]), new RegExp(`30.*${sum}`))
  t.deepEqual(await bob.rows('cursor/ledger/'), [['cursor/ledger/received', received().at(-1)?.cursor]])
})

test('router.setWeights — what a plugin has set is there while it runs, and the operator sees it', async (t) => {
  const { alice, bob } = await setUp(t)
  await bob.install({
    name: 'weigher',
    setup: `void actors.router.setWeights(
      { weights: [{ nodeId: '${alice.id}', costPpm: 5_000_000 }] }, { reason: { code: 'slow-nodes' } })`,
    manifest: { permissions: { commands: { 'router.setWeights': {} } } },
  })
  const shown = async () =>
    (await bob.ask('router', 'weights', {})).items.map(({ plugin, nodeId, costPpm }) => ({ plugin, nodeId, costPpm }))
  const set = [{ plugin: 'weigher', nodeId: alice.id, costPpm: 5_000_000 }]
  const isSet = async (): Promise<boolean> => (await shown()).length > 0
  await bob.until(isSet)
  t.deepEqual(await shown(), set)
  await bob.ask('plugins', 'disable', { name: 'weigher' })
  t.deepEqual(await shown(), [])
  await bob.ask('plugins', 'enable', { name: 'weigher' })
  await bob.until(isSet)
  t.deepEqual(await bob.ask('router', 'clearWeights', { plugin: 'weigher' }), { cleared: true })
  t.deepEqual(await shown(), [])
})
