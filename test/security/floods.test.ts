import anyTest, { type TestFn } from 'ava'
import type { TestHost } from '../../core/src/plugins/testing/test-host.ts'
import { hostWithNeighbour, isEnded, neighbourAnswers, unleash } from './support/attack.ts'

const test = anyTest as TestFn<TestHost>

test.before(async (t) => {
  t.context = await hostWithNeighbour()
})

test.after.always((t) => t.context.close())

const GET_INFO = { permissions: { queries: ['node.getInfo'] } }

test.serial('a plugin that floods asks is refused with rate-limited beyond what may wait at once', async (t) => {
  const { node } = t.context
  node.asked.length = 0
  node.answers.set('node.getInfo', () => new Promise(() => {}))
  const name = await unleash(
    t.context,
    `let refused = 0
     for (let i = 0; i < 1000; i++) actors.node.getInfo().catch(({ code }) => {
       if (code === 'rate-limited') refused += 1
       if (refused === 990) log.info('refused 990')
     })`,
    { ...GET_INFO, limits: { asksInFlight: 10 } },
  )
  await t.context.line(name, /^refused 990$/)
  t.is(node.asked.length, 10)
  const line = await t.context.line(name, /^rate-limited: node\.getInfo: 10 asks already wait/)
  t.like(line, { source: 'host', level: 'warn' })
  await neighbourAnswers(t, t.context)
})

test.serial(
  'a plugin that asks more often than it may is refused with rate-limited, and nothing reaches the node',
  async (t) => {
    const { node } = t.context
    node.asked.length = 0
    node.answers.set('node.getInfo', () => ({ ok: true, value: { asOf: '0' } }))
    const name = await unleash(
      t.context,
      `let done = 0
     for (let i = 0; i < 300; i++) await actors.node.getInfo().then(() => { done += 1 }, () => {})
     log.info('answered', done)`,
      { ...GET_INFO, limits: { asksPerSecond: 1 } },
    )
    const line = await t.context.line(name, /^answered/)
    // Two at once, one a second: at most a few more while the test ran.
    t.regex(line.text, /^answered \d$/)
    t.true(node.asked.length < 10)
  },
)

test.serial('a plugin that asks thousands of times in one turn is ended', async (t) => {
  await isEnded(
    t,
    t.context,
    'for (let i = 0; i < 5000; i++) actors.node.getInfo().catch(() => {})',
    /^protocol-violation: the outbox is malformed at asks/,
  )
})

test.serial('a plugin that says too much in one turn is ended', async (t) => {
  const line = await isEnded(
    t,
    t.context,
    "log.info('x'.repeat(1 << 20))",
    /^outbox-too-large: .*\d+ characters in one turn/,
  )
  t.regex(line.text, /262144 are allowed/)
})

test.serial('a plugin that floods its log loses lines, and the log says so', async (t) => {
  const name = await unleash(t.context, "for (let i = 0; i < 2000; i++) log.info('line', i)", {
    limits: { logsPerSecond: 20 },
  })
  t.like(await t.context.line(name, /^log-flood: more lines than limits.logsPerSecond/), {
    source: 'host',
    level: 'warn',
  })
  t.true(t.context.lines.filter(({ plugin, source }) => plugin === name && source === 'plugin').length < 1_000)
})

test.serial('a plugin that floods timers is given few turns', async (t) => {
  const name = await unleash(
    t.context,
    "let turns = 0; const at = Date.now(); const timer = setInterval(() => { turns += 1; if (Date.now() - at >= 200) { log.info('turns', turns); clearInterval(timer) } }, 0)",
  )
  const line = await t.context.line(name, /^turns/)
  t.true(Number(/\d+/.exec(line.text)?.[0]) <= 45)
})

test.serial('a plugin that nests an ask deeper than is read is ended before it is parsed', async (t) => {
  await isEnded(
    t,
    t.context,
    'let deep = []; for (let i = 0; i < 1000; i++) deep = [deep]; actors.node.getInfo(deep).catch(() => {})',
    /^protocol-violation: the outbox nests deeper than 40 levels/,
  )
})

test.serial('a plugin that stores more than its quota is refused with storage-full', async (t) => {
  const name = await unleash(
    t.context,
    "for (let i = 0; ; i++) { try { await store.set('key-' + i, 'x'.repeat(1000)) } catch (error) { log.info(error.code, i); break } }",
    { permissions: { storage: { bytes: 10_000 } } },
  )
  const line = await t.context.line(name, /^storage-full/)
  t.is(line.text, 'storage-full 9')
})
