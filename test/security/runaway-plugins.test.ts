import anyTest, { type TestFn } from 'ava'
import type { TestHost } from '../../core/src/plugins/testing/test-host.ts'
import { hostWithNeighbour, isEnded, neighbourAnswers, QUESTION, unleash } from './support/attack.ts'

const test = anyTest as TestFn<TestHost>

test.before(async (t) => {
  t.context = await hostWithNeighbour()
})

test.after.always((t) => t.context.close())

const ATTACKS = {
  'a loop': 'for (;;);',
  'a loop after an await': 'await null; for (;;);',
  'a loop after an ask': 'await actors.node.getInfo().catch(() => {}); for (;;);',
  'a loop in a getter of what it throws': 'throw { get message() { for (;;); }, get stack() { for (;;); } }',
  'a loop in a getter of what a promise is rejected with':
    'held.push(Promise.reject({ get message() { for (;;); }, get stack() { for (;;); } }))',
  'a loop in a proxy of what it throws': 'throw new Proxy({}, { get() { for (;;); }, getPrototypeOf() { for (;;); } })',
  'a loop in toJSON of what it asks': 'actors.node.getInfo({ toJSON() { for (;;); } }).catch(() => {})',
  'a loop in what it logs': 'log.info({ toJSON() { for (;;); } })',
  'a regular expression that backtracks': "/^(a+)+$/.test('a'.repeat(64) + 'b')",
  'a sort that never ends': 'const list = [1, 2]; list.sort(() => { for (;;); })',
  'a loop in a finally': 'for (;;) { try { for (;;); } finally { continue } }',
}

for (const [name, body] of Object.entries(ATTACKS)) {
  test.serial(`a plugin with ${name} is ended, its neighbour answers`, async (t) => {
    await isEnded(t, t.context, body, /^turn-time: /)
  })
}

test.serial('a plugin with an endless chain of promises is ended, its neighbour answers', async (t) => {
  const chain = 'const again = () => Promise.resolve().then(again); again()'
  await isEnded(t, t.context, chain, /^(turn-time|memory-limit): /)
})

test.serial('a plugin that loops in its setup does not get installed', async (t) => {
  const path = t.context.write({
    name: 'loops-in-setup',
    code: `import { definePlugin } from '@fulgurite/plugin-sdk'
      export default definePlugin(() => { for (;;); })`,
    manifest: { limits: { turnMs: 100 } },
  })
  const installed = await t.context.host.install(path)
  t.false(installed.ok)
  t.like(installed, { error: { code: 'start-failed' } })
  t.regex(installed.ok ? '' : installed.error.message, /^turn-time: /)
  t.false(t.context.host.list().some(({ name }) => name === 'loops-in-setup'))
  await neighbourAnswers(t, t.context)
})

test.serial('a plugin that loops where its module is evaluated does not get installed', async (t) => {
  const installed = await t.context.host.install(
    t.context.write({ name: 'loops-at-load', code: 'for (;;);', manifest: { limits: { turnMs: 100 } } }),
  )
  t.like(installed, { error: { code: 'start-failed' } })
})

test.serial('a plugin that throws goes on, and the fault says where in its own source', async (t) => {
  const name = await unleash(t.context, "\n\n  throw new Error('on purpose')\n")
  const line = await t.context.line(name, /plugin-threw/)
  t.regex(line.text, /on purpose/)
  t.regex(line.text, /index\.ts:\d+:\d+/)
  t.is(t.context.host.list().find((plugin) => plugin.name === name)?.state, 'running')
  await neighbourAnswers(t, t.context)
})

test.serial('a plugin that never answers a question counts as one that gave no verdict', async (t) => {
  await t.context.install({
    name: 'silent',
    code: `import { definePlugin } from '@fulgurite/plugin-sdk'
      export default definePlugin(({ hooks }) => hooks.on('channel.accept', () => { for (;;); }))`,
    manifest: {
      permissions: { hooks: { 'channel.accept': { verdicts: ['accept'] } } },
      limits: { turnMs: 100 },
    },
  })
  const ended = t.context.line('silent', /turn-time/)
  const answers = await t.context.node.askHook('channel.accept', QUESTION)
  t.like(answers, [
    { type: 'verdict', plugin: 'neighbour' },
    { type: 'no-verdict', plugin: 'silent', code: 'faulted' },
  ])
  await ended
  const again = await t.context.node.askHook('channel.accept', QUESTION)
  t.like(again, [{ type: 'verdict' }, { type: 'no-verdict', plugin: 'silent', code: 'not-running' }])
})
