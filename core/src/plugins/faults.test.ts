import test from 'ava'
import type { PluginNotice } from './plugin-runner.ts'
import { type TestHost, testHost } from './testing/test-host.ts'

const moved = (localMsat: bigint) => ({
  channelId: 'cd'.repeat(32),
  peer: `02${'ab'.repeat(32)}`,
  fundingIndex: 0,
  capacitySat: 1_000n,
  localMsat,
  remoteMsat: 0n,
  spendableMsat: 0n,
  receivableMsat: 0n,
})

const question = {
  temporaryChannelId: 'cd'.repeat(32),
  peer: `02${'ab'.repeat(32)}`,
  fundingSat: 1n,
  pushMsat: 1n,
  dustLimitSat: 1n,
  channelReserveSat: 1n,
  htlcMinimumMsat: 1n,
  maxHtlcValueInFlightMsat: 1n,
} as never

interface Setting extends TestHost {
  readonly notices: readonly (PluginNotice & { readonly plugin: string })[]
  /** Installs a plugin of whose setup this is all, on its second line. */
  plugin(setup: string, permissions?: object): Promise<void>
}

const withPlugin = async (run: (setting: Setting) => Promise<void>): Promise<void> => {
  const notices: (PluginNotice & { plugin: string })[] = []
  const host = await testHost({ onNotice: (plugin, notice) => void notices.push({ ...notice, plugin: plugin.name }) })
  const plugin = (setup: string, permissions: object = {}): Promise<void> =>
    host.install({
      name: 'careful',
      code: `import { definePlugin } from '@fulgurite/plugin-sdk'; import { map, merge, share, startWith } from 'rxjs'
export default definePlugin(({ events, log, schedule, actors, hooks }) => { ${setup} })`,
      manifest: { permissions: { events: { 'channel.balance-changed': {} }, ...permissions } },
    })
  try {
    await run({ ...host, notices, plugin })
  } finally {
    await host.close()
  }
}

const FAIL = 'throw new Error("no")'
const handlers: readonly (readonly [what: string, setup: string, named: string])[] = [
  [
    'events.each',
    `events.each('moves', 'channel.balance-changed', () => { ${FAIL} })`,
    "events.each('moves', 'channel.balance-changed')",
  ],
  [
    'events.each, later',
    `events.each('moves', 'channel.balance-changed', async () => { await null; ${FAIL} })`,
    "events.each('moves', 'channel.balance-changed')",
  ],
  [
    'its filter',
    `events.each('moves', 'channel.balance-changed', () => { ${FAIL} }, () => {})`,
    "events.each('moves', 'channel.balance-changed')",
  ],
  ['schedule', `schedule('tick', 1000, () => { ${FAIL} })`, "schedule('tick')"],
  ['setTimeout', `setTimeout(() => { ${FAIL} }, 1)`, 'setTimeout'],
  ['setInterval', `setInterval(() => { ${FAIL} }, 1)`, 'setInterval'],
  ['queueMicrotask', `setTimeout(() => queueMicrotask(() => { ${FAIL} }), 1)`, 'queueMicrotask'],
  [
    'an observer',
    `events.on('channel.balance-changed').subscribe(() => { ${FAIL} })`,
    "events.on('channel.balance-changed')",
  ],
  [
    'an operator',
    `events.on('channel.balance-changed').pipe(map(() => { ${FAIL} })).subscribe()`,
    "events.on('channel.balance-changed')",
  ],
  [
    'a promise that nobody waits for',
    `const held = []; setTimeout(() => { held.push((async () => { ${FAIL} })()) }, 1)`,
    'a promise that nobody waited for',
  ],
]

for (const [what, setup, named] of handlers) {
  test(`a fault in ${what} names plugin, place, handler and label, in the log and in the event`, (t) =>
    withPlugin(async ({ node, plugin, line, notices, host }) => {
      await plugin(setup)
      node.emit('channel.balance-changed', moved(1n))
      const { text, level } = await line('careful', /^plugin-threw/)
      t.is(level, 'error')
      t.true(text.startsWith(`plugin-threw: careful, index.ts:2: ${named}: Error: no\n`), text)
      t.regex(text, /\n {4}at .*index\.ts:2:\d+/)
      t.notRegex(text, /plugin\.js|fulgurite:runtime/)
      t.like(
        notices.find(({ type }) => type === 'plugin.faulted'),
        { plugin: 'careful', code: 'plugin-threw', text: text.slice('plugin-threw: '.length) },
      )
      t.is(host.list()[0]?.lastFault, text.slice('plugin-threw: '.length).slice(0, 512))
    }))
}

test('an ask that is refused names the place where it was asked, also where nobody handles it', (t) =>
  withPlugin(async ({ node, plugin, line }) => {
    await plugin(`events.each('moves', 'channel.balance-changed', async () => {
  await null
  await actors.wallet.balance()
})`)
    node.emit('channel.balance-changed', moved(1n))
    const { text } = await line('careful', /^plugin-threw/)
    t.true(
      text.startsWith(
        "plugin-threw: careful, index.ts:4: events.each('moves', 'channel.balance-changed'): ActorError: not-granted: ",
      ),
      text,
    )
  }))

test('of many asks of a turn each that is refused names a place: where it was asked, or else where it is awaited', (t) =>
  withPlugin(async ({ node, plugin, line }) => {
    await plugin(`events.each('moves', 'channel.balance-changed', async () => {
  const one = async () => {
    await actors.wallet.balance()
  }
  const all = await Promise.allSettled(Array.from({ length: 30 }, one))
  for (const [index, { reason }] of all.entries()) log.info(index + ': ' + reason.stack)
})`)
    node.emit('channel.balance-changed', moved(1n))
    for (const index of [0, 3, 4, 29]) {
      const { text } = await line('careful', new RegExp(`^${index}: `))
      t.regex(text, /ActorError: not-granted: .*\n {4}at .*index\.ts:4:\d+/)
      t.notRegex(text, /plugin\.js|fulgurite:runtime/)
    }
  }))

test('what is logged of an error names the author’s own places', (t) =>
  withPlugin(async ({ plugin, line }) => {
    await plugin(`
  schedule('tick', 1000, async () => {
    log.error(new Error('odd'))
    log.warn('refused:', await actors.wallet.balance().catch((error) => error))
  })`)
    const odd = await line('careful', /^Error: odd/)
    t.regex(odd.text, /^Error: odd\n {4}at .*index\.ts:4:\d+/)
    const refused = await line('careful', /^refused: ActorError/)
    t.regex(refused.text, /^refused: ActorError: not-granted: .*\n {4}at .*index\.ts:5:\d+/)
    t.notRegex(odd.text + refused.text, /plugin\.js|fulgurite:runtime/)
  }))

const views: readonly (readonly [what: string, source: string])[] = [
  ['an operator', `events.on('channel.balance-changed').pipe(map(work))`],
  [
    'an operator of several sources',
    `merge(events.on('channel.balance-changed'), events.on('channel.balance-changed')).pipe(map(work))`,
  ],
  ['what is shared', `events.on('channel.balance-changed').pipe(map(work), share())`],
]

for (const [what, source] of views) {
  test(`a throw in ${what} of a view is a fault, and the view goes on with the next event`, (t) =>
    withPlugin(async ({ node, plugin, line }) => {
      await plugin(`
        const work = ({ payload }) => { if (payload.localMsat === 1n) throw new Error('odd'); return payload.localMsat }
        const view = ${source}
        view.subscribe((amount) => log.info('first', amount))
        view.subscribe((amount) => log.info('second', amount))`)
      node.emit('channel.balance-changed', moved(1n))
      node.emit('channel.balance-changed', moved(2n))
      t.regex(
        (await line('careful', /^plugin-threw/)).text,
        /careful, index\.ts:3: events\.on\('channel.balance-changed'\): Error: odd/,
      )
      await line('careful', /^first "2"/)
      await line('careful', /^second "2"/)
      t.pass()
    }))
}

test('a view that fails by itself is looked at again after a pause, and what has unsubscribed is not', (t) =>
  withPlugin(async ({ node, plugin, line, lines }) => {
    await plugin(`
      let looks = 0
      events.on('channel.balance-changed').pipe(startWith(0), map(() => {
        looks += 1
        if (looks <= 20) throw new Error('by itself')
        return looks
      })).subscribe((looks) => log.info('looked', looks))
      const left = events.on('channel.balance-changed').pipe(map(() => { log.info('not left'); throw new Error('left') })).subscribe()
      left.unsubscribe()`)
    await line('careful', /^looked 21$/)
    node.emit('channel.balance-changed', moved(1n))
    await line('careful', /^looked 22$/)
    t.false(lines.some(({ text }) => text === 'not left'))
  }))

test('a view with a handler for errors is left to it', (t) =>
  withPlugin(async ({ node, plugin, line, lines }) => {
    await plugin(`
      events.on('channel.balance-changed').pipe(map(() => { throw new Error('mine') }))
        .subscribe({ error: (error) => log.info('handled', error.message) })`)
    node.emit('channel.balance-changed', moved(1n))
    await line('careful', /^handled mine$/)
    t.false(lines.some(({ text }) => text.startsWith('plugin-threw')))
  }))

const verdicts: readonly (readonly [what: string, verdict: string, code: string, says: RegExp])[] = [
  [
    'a verdict that there is not',
    `{ type: 'hold' }`,
    'invalid-verdict',
    /^hooks\.on\('channel\.accept'\): \{ type: 'hold' \} is no verdict that it may give: the manifest allows \{ type: 'reject' \}$/,
  ],
  [
    'a word',
    `'reject'`,
    'invalid-verdict',
    /^hooks\.on\('channel\.accept'\): 'reject' is no verdict .* allows \{ type: 'reject' \}$/,
  ],
  [
    'nothing',
    'undefined',
    'invalid-verdict',
    /^hooks\.on\('channel\.accept'\): nothing is no verdict .* allows \{ type: 'reject' \}$/,
  ],
  [
    'an empty object',
    '{}',
    'invalid-verdict',
    /^hooks\.on\('channel\.accept'\): an object without a type is no verdict /,
  ],
  [
    'a malformed verdict',
    `{ type: 'reject', reason: 5 }`,
    'invalid-verdict',
    /^hooks\.on\('channel\.accept'\): the verdict reject is malformed: reason: /,
  ],
  [
    'a verdict that is not granted',
    `{ type: 'accept' }`,
    'not-granted',
    /^hooks\.on\('channel\.accept'\): the verdict accept is not granted: the manifest allows \{ type: 'reject' \}$/,
  ],
]

for (const [what, verdict, code, says] of verdicts) {
  test(`${what} is refused in words that name the hook, what was answered, and what is allowed`, (t) =>
    withPlugin(async ({ node, plugin, line, notices }) => {
      await plugin(`hooks.on('channel.accept', () => (${verdict}))`, {
        hooks: { 'channel.accept': { verdicts: ['reject'] } },
      })
      t.like(await node.askHook('channel.accept', question), [
        { type: 'no-verdict', code: 'invalid', plugin: 'careful' },
      ])
      const notice = notices.find(({ type }) => type === 'plugin.refused')
      t.like(notice, { plugin: 'careful', operation: 'channel.accept', code })
      t.regex(notice?.type === 'plugin.refused' ? notice.text : '', says)
      t.is((await line('careful', new RegExp(`^${code}`))).level, 'warn')
    }))
}
