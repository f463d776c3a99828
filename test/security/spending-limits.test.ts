import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContractError, ReplyOf } from '@fulgurite/plugin-sdk/contract'
import anyTest, { type TestFn } from 'ava'
import { pluginStore } from '../../core/src/app/plugin-store.ts'
import { type VirtualClock, virtualClock } from '../../core/src/lib/clock-virtual.ts'
import { err, ok, type Result } from '../../core/src/lib/result.ts'
import type { Cost, PluginGateway, Prepared } from '../../core/src/node/contract-gateway.ts'
import type { Ledger } from '../../core/src/plugins/ledger.ts'
import { type TestNode, World } from '../scenarios/support/world.ts'
import {
  type Bounds,
  type BudgetText,
  openLedger,
  PluginSeat,
  SPENDING_NAMES,
  type SpendingName,
  spender,
} from './support/plugin-seat.ts'

const PURSES = ['paysOutMsat', 'feesMsat', 'locksSat'] as const
const PLENTY = 10n ** 18n
const TOO_MUCH = 2n ** 63n
const HOUR = 3_600_000
const YEAR = 365 * 24 * HOUR

interface Scene {
  readonly world: World
  readonly alice: TestNode
  readonly bob: TestNode
  readonly carol: TestNode
  readonly clock: VirtualClock
  readonly folder: string
  /** Channels of alice's with bob that a test may close, and what it may pay to. */
  readonly spare: string[]
  readonly shortIds: readonly string[]
}

const test = anyTest as TestFn<Scene>

/** What a command is asked with in these tests: so many requests, each of which would spend if it were run. */
interface Case {
  requests(scene: Scene, count: number): Promise<readonly object[]>
  /** Its fields that hold an amount or a rate. */
  readonly numbers: readonly string[]
  /** Blocks would end what it is asked about: none is mined. */
  readonly isUnmined?: true
  /** What it takes counts for as long as it is out, and comes back. */
  readonly isGivenBack?: true
  /** Those that may be left out, with what they are then. */
  defaults(request: object, prepared: Prepared): Readonly<Record<string, bigint | number>>
}

const fieldOf = (request: object, field: string) => (request as Record<string, bigint | number>)[field] as bigint

const resolvedTo =
  (...fields: readonly string[]) =>
  (_: object, { request }: Prepared) =>
    Object.fromEntries(fields.map((field) => [field, fieldOf(request, field)]))

const CASES: Readonly<Record<SpendingName, Case>> = {
  'payments.payInvoice': {
    requests: ({ bob }, count) =>
      Promise.all(Array.from({ length: count }, async () => ({ invoice: await bob.invoice(1_000_000n) }))),
    numbers: ['amountMsat', 'maxFeeMsat'],
    defaults: () => ({ amountMsat: 1_000_000n, maxFeeMsat: 10_000n }),
  },
  'payments.keysend': {
    requests: async ({ bob }, count) =>
      Array.from({ length: count }, (_, i) => ({
        destination: bob.id,
        amountMsat: 1_000_000n,
        customRecords: [{ type: 65_537 + 2 * i, value: '' }],
      })),
    numbers: ['amountMsat', 'maxFeeMsat'],
    defaults: () => ({ maxFeeMsat: 10_000n }),
  },
  'offers.pay': {
    requests: ({ bob }, count) =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const { offer } = await bob.ask('offers', 'create', { amountMsat: 1_000_000n, description: 'tea' })
          return { offer: offer.offer }
        }),
      ),
    numbers: ['amountMsat', 'maxFeeMsat'],
    defaults: () => ({ amountMsat: 1_000_000n, maxFeeMsat: 10_000n }),
  },
  'refunds.create': {
    requests: async (_, count) =>
      Array.from({ length: count }, (__, i) => ({ amountMsat: 1_000_000n, description: `returned ${i}` })),
    numbers: ['amountMsat', 'maxFeeMsat'],
    defaults: () => ({ maxFeeMsat: 10_000n }),
  },
  'payments.sendToRoute': {
    requests: async ({ bob, carol, shortIds }, count) => {
      const invoices = await Promise.all(
        Array.from({ length: count }, () => carol.ask('invoices', 'create', { amountMsat: 1_000_000n })),
      )
      return invoices.map(({ invoice: { paymentHash, paymentSecret } }) => ({
        paymentHash,
        paymentSecret,
        route: [
          { nodeId: bob.id, shortChannelId: shortIds[0], amountMsat: 1_001_100n, cltvExpiryDelta: 140 },
          { nodeId: carol.id, shortChannelId: shortIds[1], amountMsat: 1_000_000n, cltvExpiryDelta: 40 },
        ],
      }))
    },
    numbers: ['totalAmountMsat'],
    defaults: () => ({}),
  },
  'router.probe': {
    requests: async ({ bob }, count) =>
      Array.from({ length: count }, (_, i) => ({ nodeId: bob.id, amountMsat: 1_000_000n - BigInt(i) })),
    numbers: ['amountMsat', 'maxFeeMsat'],
    defaults: () => ({ maxFeeMsat: 10_000n }),
    isGivenBack: true,
  },
  'wallet.send': {
    requests: async ({ carol }, count) => {
      const { address } = await carol.ask('wallet', 'newAddress', {})
      return Array.from({ length: count }, (_, i) => ({ address, amountSat: 20_000n - BigInt(i) }))
    },
    numbers: ['amountSat', 'feerate', 'maxFeeSat'],
    defaults: resolvedTo('feerate', 'maxFeeSat'),
  },
  'wallet.sendMany': {
    requests: async ({ carol }, count) => {
      const { address } = await carol.ask('wallet', 'newAddress', {})
      return Array.from({ length: count }, (_, i) => ({
        outputs: [20_000n, 10_000n - BigInt(i)].map((amountSat) => ({ address, amountSat })),
      }))
    },
    numbers: ['feerate', 'maxFeeSat'],
    defaults: resolvedTo('feerate', 'maxFeeSat'),
  },
  'wallet.sendAll': {
    requests: async ({ alice, carol }, count) => {
      const { address } = await carol.ask('wallet', 'newAddress', {})
      const coins: string[] = []
      for (let i = 0; i < count; i++) {
        const amountSat = 30_000n - BigInt(i)
        await alice.faucet(amountSat)
        const { items } = await alice.ask('wallet', 'utxos', { page: { limit: 500 } })
        const coin = items.find((each) => each.amountSat === amountSat)
        coins.push(`${coin?.txid}:${coin?.outputIndex}`)
      }
      return coins.map((coin) => ({ address, coins: [coin] }))
    },
    numbers: ['feerate', 'maxFeeSat'],
    defaults: resolvedTo('feerate', 'maxFeeSat'),
  },
  'wallet.bumpFee': {
    requests: async ({ alice, carol }, count) => {
      const { address } = await carol.ask('wallet', 'newAddress', {})
      const requests: object[] = []
      for (let i = 0; i < count; i++) {
        const { txid } = await alice.ask('wallet', 'send', { address, amountSat: 20_000n, feerate: 253 })
        requests.push({ txid, feerate: 2_000, by: 'replacement' })
      }
      return requests
    },
    numbers: ['feerate', 'maxFeeSat'],
    defaults: resolvedTo('maxFeeSat'),
    isUnmined: true,
  },
  'channels.raiseFees': {
    requests: async ({ alice, spare }, count) => {
      // A coin in a block for each: what replaces another brings in none that is not.
      for (let coin = 0; coin < count; coin++) await alice.faucet(50_000n)
      const channels = spare.splice(0, count)
      for (const channelId of channels) await alice.ask('channels', 'forceClose', { channelId })
      return channels.map((channelId) => ({ channelId, feerate: 5_000 }))
    },
    numbers: ['feerate'],
    isUnmined: true,
    defaults: () => ({}),
  },
  'channels.open': {
    requests: async ({ bob }, count) =>
      Array.from({ length: count }, (_, i) => ({
        nodeId: bob.id,
        fundingSat: 100_000n - BigInt(i),
        pushMsat: 5_000_000n - BigInt(i),
      })),
    numbers: ['fundingSat', 'pushMsat', 'feerate', 'maxFeeSat', 'feeBaseMsat', 'feeProportionalMillionths'],
    defaults: resolvedTo('feerate', 'maxFeeSat', 'feeBaseMsat', 'feeProportionalMillionths'),
  },
  'channels.close': {
    requests: async ({ spare }, count) => spare.splice(0, count).map((channelId) => ({ channelId })),
    numbers: ['feerate', 'minFeerate'],
    defaults: resolvedTo('feerate'),
  },
  'channels.forceClose': {
    requests: async ({ spare }, count) => spare.splice(0, count).map((channelId) => ({ channelId })),
    numbers: [],
    defaults: () => ({}),
  },
}

const open = async (from: TestNode, to: TestNode, fundingSat: bigint): Promise<string> =>
  (await from.ask('channels', 'open', { nodeId: to.id, fundingSat })).channelId

type Channel = ReplyOf<'channels', 'list'>['items'][number]

const channelsOf = async (node: TestNode) => (await node.ask('channels', 'list', { page: { limit: 500 } })).items

test.before(async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-limits-'))
  const world = new World()
  const alice = await world.node('alice', { path: join(folder, 'alice.sqlite') })
  const [bob, carol] = [await world.node('bob'), await world.node('carol')]
  for (let coin = 0; coin < 12; coin++) await alice.faucet(2_000_000n)
  await bob.faucet(3_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const ids = [await open(alice, bob, 1_500_000n), await open(bob, carol, 1_500_000n)]
  const spare: string[] = []
  for (let channel = 0; channel < 16; channel++) {
    spare.push(await open(alice, bob, 100_000n))
    if (channel % 4 === 3) await world.mine(6)
  }
  const usable = async (node: TestNode, id: string) => node.until(() => node.isUsable(id))
  for (const id of [ids[0] ?? '', ...spare]) for (const node of [alice, bob]) await usable(node, id)
  for (const node of [bob, carol]) await usable(node, ids[1] ?? '')
  const channels = [...(await channelsOf(alice)), ...(await channelsOf(bob))]
  const shortIds = ids.map((id) => channels.find(({ channelId }) => channelId === id)?.shortChannelId as string)
  t.context = { world, alice, bob, carol, clock: virtualClock(), folder, spare, shortIds }
})

test.after.always(async ({ context: { world, folder } }) => {
  await world.close()
  rmSync(folder, { recursive: true })
})

/** The channels that a test opened. */
const opened = new Set<string>()

/** What the node has once all that it was asked is in blocks, and what of it is tied up. */
const wealthOf = async ({ alice, world }: Scene, isUnmined = false) => {
  const isForced = ({ closeKind }: Channel) => closeKind === 'local-force'
  let channels: readonly Channel[] = []
  // A cooperative close is over when its transaction is deep enough.
  await alice.until(async () => {
    if (!isUnmined) await world.mine(6)
    channels = (await channelsOf(alice)).filter(({ state }) => state !== 'closed')
    return channels.every((channel) => channel.state !== 'closing' || isForced(channel))
  })
  const { confirmedSat, unconfirmedSat } = await alice.ask('wallet', 'balance', {})
  const local = (some: readonly Channel[]) => some.reduce((sum, { localMsat }) => sum + localMsat, 0n)
  const tiedUp = channels.filter((channel) => opened.has(channel.channelId) || isForced(channel))
  return {
    msat: (confirmedSat + unconfirmedSat) * 1_000n + local(channels),
    tiedUpSat: local(tiedUp) / 1_000n,
  }
}

const times = (cost: Cost, tenths: bigint): BudgetText =>
  Object.fromEntries(PURSES.map((purse) => [purse, `${((cost[purse] as bigint) * tenths) / 10n}`]))

const budgetOf = (budget: BudgetText, purse: string): bigint => BigInt(budget[purse] ?? 0)

const refusalOf = (answer: Result<unknown, ContractError>): ContractError | undefined =>
  answer.ok ? undefined : answer.error

test('every command that the contract says may spend is in the table', (t) => {
  t.deepEqual(Object.keys(CASES).sort(), [...SPENDING_NAMES].sort())
})

let plugins = 0

for (const [name, one] of Object.entries(CASES)) {
  const [actor = '', operation = ''] = name.split('.')

  test.serial(`${name} — spends within each purse alone, however it is asked`, async (t) => {
    const scene = t.context
    const { alice, clock } = scene
    const store = () => pluginStore(alice.store)
    let ledger: Ledger = await openLedger(alice.node.gateway, store(), clock)
    const plugin = `spender-${plugins++}`
    const seat = (budget: BudgetText, bounds: Bounds = {}, called = plugin, version = '1.0.0') =>
      new PluginSeat(ledger, alice.node.gateway, store(), clock, spender(called, budget, bounds, version))
    const [first = {}, last = {}, ...rest] = await one.requests(scene, 4)
    const prepare = (request: object): Prepared => {
      const prepared = alice.node.gateway.prepare(actor, operation, request)
      if (!prepared.ok) throw new Error(JSON.stringify(prepared.error))
      return prepared.value
    }
    const prepared = prepare(first)
    const worst = prepared.worstCase
    const before = await wealthOf(scene, one.isUnmined)

    // One purse that has a little less than it costs, just as much, and a little more, the others full: refused with that
    // purse, or admitted. Nothing is run yet.
    for (const purse of PURSES) {
      const cost = worst[purse] as bigint
      const full = Object.fromEntries(PURSES.map((each) => [each, `${PLENTY}`]))
      for (const limit of [cost - 1n, cost, cost + 1n]) {
        if (limit < 0n) continue
        const called = `limited-${plugins++}`
        const manifest = spender(called, { ...full, [purse]: `${limit}` })
        const dry = new PluginSeat(ledger, withoutRunning(alice.node.gateway), store(), clock, manifest)
        const refused = refusalOf(await dry.ask(name, first, 'limited'))
        t.is(refused?.code, limit < cost ? 'budget-exceeded' : NOT_RUN.code, `${purse} of ${limit} for ${cost}`)
        if (limit < cost)
          t.deepEqual(refused?.details, { purse, asked: `${cost}`, limit: `${limit}`, used: '0', windowMs: HOUR })
      }
    }
    t.true(PURSES.some((purse) => worst[purse] > 0n))

    // Amounts that cannot be are refused as such.
    for (const field of one.numbers) {
      const shape = fieldOf(prepared.request, field)
      for (const impossible of [TOO_MUCH, -1n]) {
        const value = typeof shape === 'number' ? Number(impossible) : impossible
        const rich = seat(times(worst, 1_000n), {}, `rich-${plugins}`)
        t.is(refusalOf(await rich.ask(name, { ...first, [field]: value }, 'x'))?.code, 'invalid-request', field)
      }
    }

    // What is left out counts and is bounded by its default.
    for (const [field, value] of Object.entries(one.defaults(first, prepared))) {
      t.is(fieldOf(prepared.request, field) as unknown, value)
      t.deepEqual(prepare({ ...first, [field]: value }).worstCase, worst)
      const bound = (max: bigint) =>
        seat({}, { [field]: { max: `${max}` } }, `bound-${plugins}`).ask(name, first, 'bound')
      if (BigInt(value) > 0n) t.like(refusalOf(await bound(BigInt(value) - 1n)), { code: 'out-of-bounds', field })
      t.is(refusalOf(await bound(BigInt(value)))?.code, 'budget-exceeded')
    }
    t.deepEqual(await wealthOf(scene, one.isUnmined), before)

    // Exactly at the budget, and twice with one key in one turn: one command, two answers.
    const exact = seat(times(worst, 10n))
    const twice = await Promise.all([exact.ask(name, first, 'one'), exact.ask(name, first, 'one')])
    t.true(twice[0]?.ok, JSON.stringify(twice[0]))
    t.deepEqual(twice[0], twice[1])
    note(name, twice)
    t.is(refusalOf(await exact.ask(name, rest[0] ?? {}, 'one'))?.code, 'idempotency-mismatch')
    const spent = async (budget: BudgetText) => {
      const now = await wealthOf(scene, one.isUnmined)
      const left = before.msat - now.msat
      t.true(
        left <= budgetOf(budget, 'paysOutMsat') + budgetOf(budget, 'feesMsat'),
        `${left} left of ${JSON.stringify(budget)}`,
      )
      t.true(now.tiedUpSat - before.tiedUpSat <= budgetOf(budget, 'locksSat'), `${now.tiedUpSat} tied up`)
      return left
    }
    const afterOne = await spent(times(worst, 10n))

    // A thousand at once, with another version of the plugin and room for some.
    const more = seat(times(worst, 35n), {}, plugin, '2.0.0')
    const many = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => more.ask(name, rest[i % rest.length] ?? {}, `many-${i}`)),
    )
    const admitted = many.filter((answer) => refusalOf(answer)?.code !== 'budget-exceeded')
    t.true(admitted.length >= 1 && admitted.length <= 3, `${admitted.length}`)
    note(name, many)
    t.true((await spent(times(worst, 35n))) >= afterOne)

    // Another life of the host, then of the node: what was spent is spent, and the old key has its old answer.
    for (const restart of [async () => {}, () => again(scene, one.isUnmined)]) {
      ledger.close()
      await restart()
      ledger = await openLedger(alice.node.gateway, store(), clock)
      const reborn = seat(times(worst, 10n))
      t.deepEqual(await reborn.ask(name, first, 'one'), twice[0])
      const fresh = refusalOf(await reborn.ask(name, last, 'fresh'))?.code
      if (one.isGivenBack) t.not(fresh, 'budget-exceeded')
      else t.is(fresh, 'budget-exceeded')
      await spent(times(worst, 35n))
    }

    // The clock on the wall renews nothing and blocks nothing; time at work does.
    for (const wall of [YEAR, -YEAR]) {
      clock.setWall(clock.now() + wall)
      if (one.isGivenBack) continue
      t.is(refusalOf(await seat(times(worst, 10n)).ask(name, last, 'fresh'))?.code, 'budget-exceeded')
    }
    await clock.advance(HOUR + 1)
    const [late = last] = one.isUnmined ? await one.requests(scene, 1) : [last]
    const renewed = await seat(times(worst, 10n)).ask(name, late, 'later')
    t.true(renewed.ok, JSON.stringify(renewed))
    ledger.close()
  })
}

test.serial('keys that are one row on the disk are no two keys: nothing of what was spent is forgotten', async (t) => {
  const { alice, bob, clock } = t.context
  const store = pluginStore(alice.store)
  const manifest = spender('surrogates', { paysOutMsat: 3_000_000, feesMsat: `${PLENTY}` })
  const first = await openLedger(alice.node.gateway, store, clock)
  const seat = new PluginSeat(first, alice.node.gateway, store, clock, manifest)
  const pay = async (key: string) => seat.ask('payments.payInvoice', { invoice: await bob.invoice(1_000_000n) }, key)
  // UTF-8, in which rows are named, has no surrogate that stands alone: each of these would be the same row.
  const lone = [await pay('\ud800'), await pay('\ud801'), await pay('a\udfff')]
  for (const answer of lone) t.like(refusalOf(answer), { code: 'invalid-request', field: 'key' })
  t.true((await pay('😀')).ok)
  first.close()
  const spent = (await store.list('limits/spent/surrogates/', { limit: 10 })).map(
    ([, row]) => JSON.parse(row).cost.paysOutMsat,
  )
  t.deepEqual(spent, ['1000000'])
})

test.serial(
  'payments that fail cost nothing, and leave rows by the day only; what is paid makes room again',
  async (t) => {
    const { alice, bob, clock } = t.context
    const store = pluginStore(alice.store)
    const ledger = await openLedger(alice.node.gateway, store, clock)
    const manifest = spender('failing', { paysOutMsat: `${PLENTY}`, feesMsat: `${PLENTY}`, keepsPerDay: 2 })
    const seat = new PluginSeat(ledger, alice.node.gateway, store, clock, manifest)
    const pay = async (key: string, amountMsat: bigint) =>
      seat.ask('payments.payInvoice', { invoice: await bob.invoice(amountMsat) }, key)
    const tooMuch = 900_000_000_000n
    const rows = async () => (await alice.ask('payments', 'list', { page: { limit: 500 } })).items.length
    const before = await rows()
    for (const key of ['a', 'b', 'c']) t.true((await pay(`paid ${key}`, 1_000n)).ok, 'a satoshi is a price')
    for (const key of ['a', 'b']) {
      const failed = refusalOf(await pay(key, tooMuch))
      t.truthy(failed)
      t.not(failed?.code, 'budget-exceeded')
    }
    t.like(refusalOf(await pay('c', tooMuch)), {
      code: 'budget-exceeded',
      details: { budget: 'keepsPerDay', limit: 2 },
    })
    t.like(refusalOf(await pay('d', 1_000n)), { code: 'budget-exceeded' }, 'it might fail, too')
    t.is(await rows(), before + 5)
    ledger.close()
  },
)

test.serial('what is too small for an output of its own counts when a channel closes', async (t) => {
  const { alice, bob, world } = t.context
  // Channels of bob's, in which alice has nothing, and less than dust.
  const opened: string[] = []
  for (const pushMsat of [0n, 300_000n]) {
    const { channelId } = await bob.ask('channels', 'open', { nodeId: alice.id, fundingSat: 100_000n, pushMsat })
    await world.mine(6)
    await alice.until(() => alice.isUsable(channelId))
    opened.push(channelId)
  }
  const [none, dust] = opened
  const fees = (operation: string, channelId: string | undefined): bigint => {
    const prepared = alice.node.gateway.prepare('channels', operation, { channelId })
    if (!prepared.ok) throw new Error(prepared.error.code)
    return prepared.value.worstCase.feesMsat
  }
  t.true(fees('forceClose', dust) >= fees('forceClose', none) + 300_000n)
  t.true(fees('close', dust) >= 300_000n)
})

test.serial('channels.close — what goes to an address that is not of our wallet counts as paid out', async (t) => {
  const { alice, bob, world } = t.context
  const { channelId } = await alice.ask('channels', 'open', {
    nodeId: bob.id,
    fundingSat: 100_000n,
    pushMsat: 1_000_000n,
  })
  await world.mine(6)
  await alice.until(() => alice.isUsable(channelId))
  const costOf = (request: object): Cost => {
    const prepared = alice.node.gateway.prepare('channels', 'close', { channelId, ...request })
    if (!prepared.ok) throw new Error(prepared.error.code)
    return prepared.value.worstCase
  }
  const [own, foreign] = [await alice.ask('wallet', 'newAddress', {}), await bob.ask('wallet', 'newAddress', {})]
  t.is(costOf({}).paysOutMsat, 0n)
  t.is(costOf(own).paysOutMsat, 0n)
  // All that the channel holds: until its own shutdown the peer may still pay.
  t.is(costOf(foreign).paysOutMsat, 100_000_000n)
  t.is(costOf(foreign).feesMsat, costOf(own).feesMsat)
  const before = await wealthOf(t.context)
  const { address } = foreign
  await alice.ask('channels', 'close', { channelId, address })
  await alice.until(async () =>
    (await channelsOf(alice)).every((channel) => channel.channelId !== channelId || channel.closeKind === 'mutual'),
  )
  const after = await wealthOf(t.context)
  const left = before.msat - after.msat
  t.true(left > 98_000_000n && left <= 99_000_000n, `${left}`)
})

const NOT_RUN: ContractError = { code: 'not-ready', message: 'admitted, and not run' }

/** The node's gateway, which decides as it does, and then does nothing. */
const withoutRunning = (gateway: PluginGateway): PluginGateway => ({
  ...gateway,
  prepare(actor, operation, request) {
    const prepared = gateway.prepare(actor, operation, request)
    if (!prepared.ok) return prepared
    const result = err(NOT_RUN)
    const run = () => ({
      answer: Promise.resolve(result),
      outcome: Promise.resolve({ result, isStored: false }),
    })
    return ok({ ...prepared.value, run })
  },
})

const again = async ({ alice, bob, world }: Scene, isUnmined = false): Promise<void> => {
  await alice.stop()
  await alice.start()
  await alice.connectTo(bob)
  if (!isUnmined) return world.mine(1)
  // What channels want on the chain they ask for anew at each start.
  const forced = (await channelsOf(alice)).filter(({ closeKind }) => closeKind === 'local-force')
  for (const { channelId } of forced) {
    await alice.until(async () => {
      const { channel } = await alice.ask('channels', 'get', { channelId })
      return channel.waits.some(({ kind }) => kind === 'claim')
    })
  }
}

/** Remembers which channels were opened here. */
const note = (name: string, answers: readonly Result<unknown, ContractError>[]): void => {
  if (name !== 'channels.open') return
  for (const answer of answers) if (answer.ok) opened.add((answer.value as { readonly channelId: string }).channelId)
}
