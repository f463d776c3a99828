import test from 'ava'
import type { CallContext } from '../contract-gateway.ts'
import { WeightTables } from '../routing/weight-tables.ts'
import type { MappingContext } from './context.ts'
import type { HandlerContext } from './handlers.ts'
import { PluginPresence } from './plugin-presence.ts'
import { weightHandlers } from './weight-handlers.ts'
import { NOTHING } from './worst-cases/spending-rule.ts'

const NODE = `02${'11'.repeat(32)}`
const CHANNEL = '7x1x0'

const setUp = () => {
  const weights = new WeightTables()
  const plugins = new PluginPresence()
  const context = { graph: { weights }, options: { clock: { now: () => 5 } } } as unknown as MappingContext
  return { weights, plugins, handlers: weightHandlers(context, plugins) }
}

const by = (caller: CallContext['caller']): HandlerContext => ({ caller, worstCase: NOTHING })
const OPERATOR = by({ kind: 'operator' })
const plugin = (name: string): HandlerContext => by({ kind: 'plugin', name, version: '1.0.0' })

test('router.setWeights — a table takes the place of the one before, and the operator sees whose it is', async (t) => {
  const { plugins, handlers } = setUp()
  plugins.begin('a')
  const first = await handlers.setWeights({ weights: [{ nodeId: NODE, costPpm: 2_000_000 }] }, plugin('a'))
  t.deepEqual(first, { ok: true, value: { weights: 1 } })
  await handlers.setWeights({ weights: [{ shortChannelId: CHANNEL, from: NODE, costPpm: 1_500 }] }, plugin('a'))
  await handlers.setWeights({ weights: [{ shortChannelId: CHANNEL, costPpm: 1_000_000_000 }] }, OPERATOR)
  const shown = await handlers.weights({}, OPERATOR)
  t.deepEqual(shown.ok && shown.value.items, [
    { plugin: 'a', setAt: 5, shortChannelId: CHANNEL, from: NODE, costPpm: 1_500 },
    { setAt: 5, shortChannelId: CHANNEL, costPpm: 1_000_000_000 },
  ])
})

test('router.setWeights — what names nothing, two things, or the same twice is refused, and the table before stays', async (t) => {
  const { weights, handlers } = setUp()
  await handlers.setWeights({ weights: [{ nodeId: NODE, costPpm: 2_000_000 }] }, OPERATOR)
  const costPpm = 1_000
  for (const [at, wrong] of [
    [0, [{ costPpm }]],
    [0, [{ nodeId: NODE, shortChannelId: CHANNEL, costPpm }]],
    [0, [{ nodeId: NODE, from: NODE, costPpm }]],
    [0, [{ from: NODE, costPpm }]],
    [
      1,
      [
        { nodeId: NODE, costPpm },
        { nodeId: NODE, costPpm },
      ],
    ],
    [
      1,
      [
        { shortChannelId: CHANNEL, costPpm },
        { shortChannelId: CHANNEL, costPpm },
      ],
    ],
  ] as const) {
    const answer = await handlers.setWeights({ weights: wrong }, OPERATOR)
    t.like(answer, { ok: false, error: { code: 'invalid-request', field: `weights.${at}` } })
  }
  t.is(weights.all.length, 1)
})

test("a plugin's table goes with its run, and is not set by what the run had asked before", async (t) => {
  const { weights, plugins, handlers } = setUp()
  const request = { weights: [{ nodeId: NODE, costPpm: 2_000_000 }] }
  const end = plugins.begin('a')
  plugins.begin('b')
  await handlers.setWeights(request, plugin('a'))
  await handlers.setWeights(request, plugin('b'))
  end()
  t.deepEqual(
    [...weights.tables()].map(({ owner }) => owner),
    [{ plugin: 'b' }],
  )
  t.like(await handlers.setWeights(request, plugin('a')), { ok: false, error: { code: 'not-ready' } })
  t.is(weights.all.length, 1)
})

test('router.clearWeights — the own table, or for the operator any', async (t) => {
  const { weights, plugins, handlers } = setUp()
  for (const name of ['a', 'b']) {
    plugins.begin(name)
    await handlers.setWeights({ weights: [{ nodeId: NODE, costPpm: 2_000_000 }] }, plugin(name))
  }
  t.like(await handlers.clearWeights({ plugin: 'b' }, plugin('a')), { ok: false, error: { field: 'plugin' } })
  t.is(weights.all.length, 2)
  t.deepEqual(await handlers.clearWeights({}, plugin('a')), { ok: true, value: { cleared: true } })
  t.deepEqual(await handlers.clearWeights({}, plugin('a')), { ok: true, value: { cleared: false } })
  t.deepEqual(await handlers.clearWeights({ plugin: 'b' }, OPERATOR), { ok: true, value: { cleared: true } })
  t.is(weights.all.length, 0)
})
