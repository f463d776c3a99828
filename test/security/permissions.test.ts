import anyTest, { type TestFn } from 'ava'
import type { TestHost } from '../../core/src/plugins/testing/test-host.ts'
import { hostWithNeighbour, neighbourAnswers, unleash } from './support/attack.ts'

const test = anyTest as TestFn<TestHost>

test.before(async (t) => {
  t.context = await hostWithNeighbour()
})

test.after.always((t) => t.context.close())

const CHANNEL = 'ab'.repeat(32)
const FEES = {
  'channels.setRelayFees': {
    bounds: { feeBaseMsat: { min: 0, max: 1000 }, feeProportionalMillionths: { min: 10, max: 500 } },
    rate: { max: 2, perMs: 3_600_000 },
  },
}

interface Refusal {
  readonly title: string
  readonly ask: string
  readonly code: string
  readonly field?: string
  readonly permissions?: object
  readonly budget?: object
}

const fees = (base: string, rate: number): string =>
  `actors.channels.setRelayFees({ channelId: '${CHANNEL}', feeBaseMsat: ${base}, feeProportionalMillionths: ${rate} }, { reason: { code: 'test' } })`
const open = (sat: number, options: string): string =>
  `actors.channels.open({ nodeId: '02${'ab'.repeat(32)}', fundingSat: ${sat}n }, { reason: { code: 'test' }, ${options} })`
const OPEN = {
  'channels.open': {
    bounds: {
      fundingSat: { max: 1_000_000 },
      feerate: { max: 5_000 },
      feeBaseMsat: { max: 1_000 },
      feeProportionalMillionths: { max: 500 },
    },
  },
}
const BUDGET = { locksSat: 150_000, feesMsat: 1_000_000 }

const REFUSALS: readonly Refusal[] = [
  { title: 'a query that its manifest lacks', ask: 'actors.wallet.balance()', code: 'not-granted' },
  { title: 'a command that its manifest lacks', ask: fees('1n', 20), code: 'not-granted' },
  {
    title: 'what only the operator may ask',
    ask: "actors.plugins.remove({ name: 'neighbour' }, { reason: { code: 'x' } })",
    code: 'not-granted',
  },
  { title: 'an actor that there is not', ask: 'actors.filesystem.read()', code: 'unknown-operation' },
  { title: 'a member of every object as an actor', ask: 'actors.constructor.constructor()', code: 'unknown-operation' },
  { title: 'a member of every object as an operation', ask: 'actors.node.__proto__()', code: 'unknown-operation' },
  {
    title: 'a fee above its bound',
    ask: fees('1001n', 20),
    code: 'out-of-bounds',
    field: 'feeBaseMsat',
    permissions: { commands: FEES },
  },
  {
    title: 'a rate above its bound',
    ask: fees('1n', 501),
    code: 'out-of-bounds',
    field: 'feeProportionalMillionths',
    permissions: { commands: FEES },
  },
  {
    title: 'a rate below its bound',
    ask: fees('1n', 9),
    code: 'out-of-bounds',
    field: 'feeProportionalMillionths',
    permissions: { commands: FEES },
  },
  {
    title: 'a fee that is negative',
    ask: fees('-1n', 20),
    code: 'invalid-request',
    field: 'feeBaseMsat',
    permissions: { commands: FEES },
  },
  {
    title: 'a fee as text that is no number',
    ask: fees("'1e3'", 20),
    code: 'invalid-request',
    field: 'feeBaseMsat',
    permissions: { commands: FEES },
  },
  {
    title: 'a field that there is not',
    ask: `actors.channels.setRelayFees({ channelId: '${CHANNEL}', feeBaseMsat: 1n, feeProportionalMillionths: 20, caller: 'operator' }, { reason: { code: 'x' } })`,
    code: 'invalid-request',
    field: 'caller',
    permissions: { commands: FEES },
  },
  {
    title: 'a field by way of the prototype',
    ask: `actors.channels.setRelayFees(JSON.parse('{"__proto__":{"feeBaseMsat":"1"},"channelId":"${CHANNEL}","feeProportionalMillionths":20}'), { reason: { code: 'x' } })`,
    code: 'invalid-request',
    permissions: { commands: FEES },
  },
  {
    title: 'a command without a reason',
    ask: `actors.channels.setRelayFees({ channelId: '${CHANNEL}', feeBaseMsat: 1n, feeProportionalMillionths: 20 })`,
    code: 'invalid-request',
    field: 'reason',
    permissions: { commands: FEES },
  },
  {
    title: 'a spending command without a key',
    ask: open(100_000, ''),
    code: 'key-required',
    permissions: { commands: OPEN },
    budget: BUDGET,
  },
  {
    title: 'an amount above its bound',
    ask: open(1_000_001, "key: 'a'"),
    code: 'out-of-bounds',
    field: 'fundingSat',
    permissions: { commands: OPEN },
    budget: BUDGET,
  },
  {
    title: 'an amount above its budget',
    ask: open(150_001, "key: 'a'"),
    code: 'budget-exceeded',
    permissions: { commands: OPEN },
    budget: BUDGET,
  },
  {
    title: 'a spending command without any budget',
    ask: open(1, "key: 'a'"),
    code: 'budget-exceeded',
    permissions: { commands: OPEN },
  },
  {
    title: 'queries past its budget',
    ask: 'actors.node.getInfo()',
    code: 'budget-exceeded',
    permissions: { queries: ['node.getInfo'] },
    budget: { queries: 0 },
  },
  {
    title: 'every event by way of a query',
    ask: 'actors.events.list()',
    code: 'not-granted',
    field: 'types',
    permissions: { queries: ['events.list'] },
  },
  {
    title: 'other events by way of a query',
    ask: "actors.events.list({ types: ['peer.connected', 'payment.sent'] })",
    code: 'not-granted',
    field: 'types',
    permissions: { queries: ['events.list'], events: { 'peer.connected': {} } },
  },
]

for (const { title, ask, code, field, permissions = {}, budget = {} } of REFUSALS) {
  test.serial(`a plugin that asks for ${title} is refused with ${code}, and the node hears nothing`, async (t) => {
    const { node } = t.context
    node.asked.length = 0
    const name = await unleash(
      t.context,
      `try { await ${ask}; log.info('went through') } catch (error) { log.info('refused', error.name, error.code, error.field) }`,
      { permissions, budget },
    )
    const told = await t.context.line(name, /^(refused|went through)/)
    t.true(told.text.startsWith(`refused ActorError ${code}`), told.text)
    if (field !== undefined) t.is(told.text, `refused ActorError ${code} ${field}`)
    t.deepEqual(node.asked, [])
    // A malformed request is the author's mistake; the rest the operator reads in the log.
    if (code !== 'invalid-request' && code !== 'unknown-operation') {
      t.like(await t.context.line(name, new RegExp(`^${code}: `)), { source: 'host', level: 'warn' })
    }
    await neighbourAnswers(t, t.context)
  })
}

test.serial('a command within its bounds goes through as the plugin, with its reason and its own key', async (t) => {
  const { node } = t.context
  node.answers.set('channels.setRelayFees', () => ({ ok: true, value: { channelId: CHANNEL, localPolicy: {} } }))
  const asked = node.nextAsk('channels.setRelayFees')
  const name = await unleash(
    t.context,
    `await ${fees('1000n', 500).replace("code: 'test' }", "code: 'test' }, key: 'mine'")}`,
    {
      permissions: { commands: FEES },
    },
  )
  const { request, context } = await asked
  t.deepEqual(request, { channelId: CHANNEL, feeBaseMsat: 1000n, feeProportionalMillionths: 500 })
  t.deepEqual(context, {
    caller: { kind: 'plugin', name, version: '1.0.0' },
    reason: { code: 'test' },
    key: `${name}:mine`,
  })
})

test.serial('a command more often than its grant allows is refused with rate-limited', async (t) => {
  const { node } = t.context
  node.answers.set('channels.setRelayFees', () => ({
    ok: true,
    value: { channelId: CHANNEL, localPolicy: { feeBaseMsat: 1n, htlcMinimumMsat: 1n, htlcMaximumMsat: 1n } },
  }))
  const name = await unleash(
    t.context,
    `const codes = []; for (let i = 0; i < 3; i++) await ${fees('1n', 20)}.then(() => codes.push('done'), ({ code }) => codes.push(code)); log.info(codes.join())`,
    { permissions: { commands: FEES } },
  )
  t.truthy(await t.context.line(name, /^done,done,rate-limited$/))
})

test.serial('what was spent is kept before the node is asked, and counts after a restart', async (t) => {
  const { node, store, host } = t.context
  let name = ''
  node.answers.set('channels.open', () => {
    t.is([...store.rows.keys()].filter((row) => row.startsWith(`limits/spent/${name}/`)).length, 1)
    return { ok: true, value: { channelId: CHANNEL, fundingTxid: CHANNEL, fundingOutputIndex: 0, feeSat: 1n } }
  })
  const asked = node.nextAsk('channels.open')
  name = await unleash(
    t.context,
    `const count = ((await store.get('count')) ?? 0) + 1; await store.set('count', count);
     await ${open(100_000, "key: 'open-' + count")}.then(() => log.info('opened', count), ({ code }) => log.info(code, count))`,
    { permissions: { commands: OPEN }, budget: BUDGET },
  )
  t.is((await asked).context.key, `${name}:open-1`)
  await t.context.line(name, /^opened 1$/)
  store.rows.delete(`schedule/${name}/attack`)
  t.true((await host.restart(name)).ok)
  t.truthy(await t.context.line(name, /^budget-exceeded 2$/))
})

test.serial('what was spent, done and asked counts when the plugin is taken off and installed again', async (t) => {
  const { node, host } = t.context
  node.answers.set('channels.open', () => ({
    ok: true,
    value: { channelId: CHANNEL, fundingTxid: CHANNEL, feeSat: 1n },
  }))
  const source = (version: string) => ({
    name: 'comes-back',
    code: `
      import { definePlugin } from '@fulgurite/plugin-sdk'
      export default definePlugin(({ schedule, actors, log }) => {
        schedule('now', 1_000_000, async () => {
          const told = await ${open(100_000, `key: 'open-${version}'`)}.then(() => 'opened', ({ code, details }) => code + ' ' + JSON.stringify(details))
          log.info(told, '${version}')
        })
      })`,
    manifest: { version, permissions: { commands: OPEN }, budget: BUDGET },
  })
  await t.context.install(source('1.0.0'))
  await t.context.line('comes-back', /^opened 1\.0\.0$/)
  t.true((await host.remove('comes-back')).ok)
  await t.context.install(source('2.0.0'))
  const { text } = await t.context.line('comes-back', /^budget-exceeded .* 2\.0\.0$/)
  t.like(JSON.parse(text.split(' ')[1] ?? ''), { purse: 'locksSat', asked: '100000', limit: '150000', used: '100000' })
  await host.remove('comes-back')
})

test.serial('every command and refusal is in the audit, with request, reason and outcome', async (t) => {
  const { store } = t.context
  const name = await unleash(t.context, `await ${fees('1001n', 20)}.catch(() => {}); log.info('asked')`, {
    permissions: { commands: FEES },
  })
  await t.context.line(name, /^asked$/)
  const [row] = await store.list(`audit/${name}/`, { limit: 10 })
  t.like(JSON.parse(row?.[1] ?? '{}'), {
    plugin: name,
    version: '1.0.0',
    operation: 'channels.setRelayFees',
    request: { feeBaseMsat: '1001' },
    reason: { code: 'test' },
    outcome: 'out-of-bounds',
  })
})

const unregistered = async (host: TestHost, name: string, setup: string) =>
  host.host.install(
    host.write({
      name,
      code: `import { definePlugin } from '@fulgurite/plugin-sdk'\nexport default definePlugin(({ events, hooks }) => { ${setup} })`,
    }),
  )

test.serial('a plugin that follows an event, or holds a hook, that its manifest lacks does not start', async (t) => {
  const setups = {
    'follows-live': "events.on('payment.sent')",
    'follows-durably': "events.each('sent', 'payment.sent', () => {})",
    'holds-hook': "hooks.on('channel.accept', () => ({ type: 'accept' }))",
  }
  for (const [name, setup] of Object.entries(setups)) {
    const installed = await unregistered(t.context, name, setup)
    t.like(installed, { error: { code: 'start-failed' } })
    t.regex(
      installed.ok ? '' : installed.error.message,
      /^not-granted: [a-z-]+: the plugin's manifest does not ask for the (event|hook)/,
    )
  }
})

test.serial('a verdict that was not granted counts as none', async (t) => {
  await t.context.install({
    name: 'rejects',
    code: `import { definePlugin } from '@fulgurite/plugin-sdk'
      export default definePlugin(({ hooks }) => hooks.on('channel.accept', () => ({ type: 'reject', reason: 'no' })))`,
    manifest: { permissions: { hooks: { 'channel.accept': { verdicts: ['accept'] } } } },
  })
  const { QUESTION } = await import('./support/attack.ts')
  const answers = await t.context.node.askHook('channel.accept', QUESTION)
  t.like(answers[1], { type: 'no-verdict', plugin: 'rejects', code: 'invalid' })
  t.truthy(await t.context.line('rejects', /^not-granted: .*: the verdict reject/))
  await t.context.host.remove('rejects')
})
