import { fileURLToPath } from 'node:url'
import anyTest, { type TestFn } from 'ava'
import type { TestHost } from '../../core/src/plugins/testing/test-host.ts'
import { hostWithNeighbour, neighbourAnswers, unleash } from './support/attack.ts'
import { breakOut, layOut, plansHere } from './support/escape.ts'

const test = anyTest as TestFn<TestHost>

test.before(async (t) => {
  t.context = await hostWithNeighbour()
})

test.after.always((t) => t.context.close())

// Each is an expression that an isolate must not answer with anything of the process.
const REACHES = {
  process: 'typeof process',
  'the process by a constructor': "typeof (() => {}).constructor('return this')().process",
  'the process by the constructor of what it was given': "typeof log.info.constructor('return globalThis')().process",
  'the process by an error':
    "(() => { try { null.x } catch (error) { return typeof error.constructor.constructor('return process')() } })()",
  require: 'typeof globalThis.require',
  'the file system': "typeof (0, eval)('require')",
  fetch: 'typeof fetch',
  'a network socket': 'typeof WebSocket',
  'the isolate engine': 'typeof ivm',
  'the functions of the cell': 'typeof globalThis.turn + typeof globalThis.guest + typeof globalThis.collect',
  Buffer: 'typeof Buffer',
  'shared memory': 'typeof SharedArrayBuffer',
  'the garbage collector': 'typeof gc + typeof WeakRef + typeof FinalizationRegistry',
  'a clock of its own': 'typeof performance + typeof globalThis.Temporal',
  'the formats of places, whose objects no limit counts': 'typeof Intl',
  WebAssembly: 'typeof WebAssembly + typeof Atomics',
}

for (const [name, expression] of Object.entries(REACHES)) {
  test.serial(`inside an isolate there is no ${name}`, async (t) => {
    const plugin = await unleash(
      t.context,
      `let got; try { got = ${expression} } catch (error) { got = error.name } log.info('got', got)`,
    )
    const { text } = await t.context.line(plugin, /^got/)
    t.regex(text, /^got ((undefined)+|ReferenceError|TypeError)$/)
  })
}

test.serial('inside an isolate time stands still within a turn, and every way to ask it agrees', async (t) => {
  const plugin = await unleash(
    t.context,
    `const times = () => [Date.now(), +new Date(), new Date().getTime(), +new Date(Date.prototype.constructor()) - 0, Reflect.construct(Date, []).getTime()]
     const before = times(); let n = 0; for (let i = 0; i < 1e6; i++) n += i; const after = times()
     log.info('agree', before.join() === after.join(), new Set([before[0], before[1], before[2], before[4]]).size)`,
  )
  const { text } = await t.context.line(plugin, /^agree/)
  t.is(text, 'agree true 1')
})

test.serial(
  'what the objects of an isolate share cannot be changed, and inherited members can be overridden',
  async (t) => {
    const plugin = await unleash(
      t.context,
      `const refused = [
       () => { Object.prototype.polluted = 'yes' }, () => { Array.prototype.push = () => 0 }, () => { JSON.stringify = () => '' },
       () => { Promise.prototype.then = () => { throw 1 } }, () => { Map.prototype.get = () => 'taken' },
       () => { Object.getPrototypeOf(function* () {}).next = 1 }, () => { Object.prototype.toString = () => '' },
       () => { delete Array.prototype.map }, () => { Object.setPrototypeOf(Object.prototype, {}) },
     ].map((attempt) => { 'use strict'; try { attempt() } catch (error) { return error.name } })
     const before = String({}) + typeof [].push + typeof [].map
     function Old() { Error.call(this) }
     Old.prototype = Object.create(Error.prototype); Old.prototype.constructor = Old; Old.prototype.name = 'Old'
     const own = {}; own.toString = () => 'own'; own.hasOwnProperty = 1
     const error = new TypeError('a'); error.name = 'B'; error.message = 'c'
     log.info('shared', before, ({}).polluted, [\`\${own}\`, \`\${new Old()}\`, \`\${error}\`, Object.keys(own).length].join())`,
    )
    const { text } = await t.context.line(plugin, /^shared/)
    t.is(text, 'shared [object Object]functionfunction undefined own,Old,B: c,2')
    await neighbourAnswers(t, t.context)
  },
)

test.serial('what packages expect of a place to run is there, and draws its randomness from the turn', async (t) => {
  const plugin = await unleash(
    t.context,
    `const clone = structuredClone({ at: new Date(5), of: new Map([[1, { n: 1n }]]), bytes: new Uint8Array([1, 2]) })
     log.info('there', [
       new TextDecoder().decode(new TextEncoder().encode('aé€😀')), [...new TextEncoder().encode('\\ud800')].join('.'),
       new TextDecoder().decode(new Uint8Array([255, 226, 130, 65])), btoa('héllo'), atob('aGVsbG8h'),
       clone.at.getTime(), clone.of.get(1).n, clone.bytes.length, process.env.NODE_ENV,
       new URL('../b?c=d#e', 'http://h:80/a/x/').href, new URLSearchParams({ f: 'g h' }), URL.prototype.constructor === URL,
       (1234.5).toLocaleString(), 'b'.localeCompare('a'), new Date(0).toLocaleDateString(),
     ].join(' '))
     log.info('random', crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(4)).length)`,
  )
  const { text } = await t.context.line(plugin, /^there/)
  t.is(
    text,
    'there aé€😀 239.191.189 \ufffd\ufffdA aOlsbG8= hello! 5 1 2 production http://h/a/b?c=d#e f=g+h true 1234.5 1 1970-01-01',
  )
  const random = await t.context.line(plugin, /^random/)
  t.regex(random.text, /^random [\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12} 4$/)
})

test.serial('keys that name the prototype pollute nothing on their way to the core and back', async (t) => {
  const plugin = await unleash(
    t.context,
    `await store.set('__proto__', { polluted: 'yes' })
     await store.set('key', JSON.parse('{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}'))
     const value = await store.get('key')
     log.info('kept', ({}).polluted, value.polluted, (await store.list()).length)`,
  )
  const { text } = await t.context.line(plugin, /^kept/)
  t.is(text, 'kept undefined undefined 2')
  t.is(({} as Record<string, unknown>).polluted, undefined)
})

test.serial('a plugin cannot be bundled with a file from outside its folder, or with a module of Node', async (t) => {
  const { host, write } = t.context
  const manifest = fileURLToPath(new URL('../../package.json', import.meta.url))
  const outside = {
    'reads-json': `import secret from '${manifest}'; export default secret`,
    'reads-code': `export * from '${fileURLToPath(import.meta.url)}'`,
    'reads-upwards': "import secret from '../../plugins/plugins.lock.json'; export default secret",
  }
  for (const [name, line] of Object.entries({
    ...outside,
    'uses-fs': "import 'node:fs'",
    'uses-net': "import 'net'",
  })) {
    const installed = await host.install(write({ name, code: line }))
    t.like(installed, { error: { code: 'bundle-failed' } }, name)
  }
})

const ABUSES = {
  'unasked-frame': /^a frame that nobody asked for|the cell sent a frame that nobody asked for/,
  'endless-frames': /the cell sent a frame that nobody asked for/,
  'huge-frame': /frame-too-large/,
  'malformed-fault': /malformed fault/,
  'unknown-kind': /the cell sent a frame that nobody asked for/,
  'second-ready': /the cell sent a frame that nobody asked for/,
}

for (const [mode, words] of Object.entries(ABUSES)) {
  test.serial(`a cell that abuses its pipe by ${mode} is ended`, async (t) => {
    const prey = await layOut()
    const [plan] = plansHere.slice(-1)
    t.truthy(plan)
    if (plan === undefined) return
    const ended = await breakOut(prey, plan, mode)
    prey.close()
    t.is(ended.type, 'ended')
    if (ended.type !== 'ended') return
    t.is(ended.fault.code, 'protocol-violation')
    t.regex(ended.fault.text, words)
  })
}
