import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { build } from 'esbuild'
import { systemClock } from '../lib/clock.ts'
import { whileBundling } from './bundler.ts'
import { FOLDER_LIMITS, type FolderLimits } from './plugin-folder.ts'
import { readPlugin } from './read-plugin.ts'

const manifest = {
  name: 'tried',
  version: '1.0.0',
  contract: '^0.1.0',
  entry: './index.ts',
  permissions: {},
  limits: {},
}

/** A plugin's folder with these files, deep inside a folder of its own. */
const pluginWith = (t: ExecutionContext, files: Readonly<Record<string, string>>) => {
  const outside = mkdtempSync(join(tmpdir(), 'fulgurite-install-'))
  t.teardown(() => rmSync(outside, { recursive: true, force: true }))
  const path = join(outside, 'plugin')
  const at = (file: string): string => {
    const whole = join(path, file)
    mkdirSync(dirname(whole), { recursive: true })
    return whole
  }
  for (const [file, text] of Object.entries({ 'fulgurite.plugin.json': JSON.stringify(manifest), ...files })) {
    writeFileSync(at(file), text)
  }
  const install = async (limits: Partial<FolderLimits> = {}) => {
    const installed = await readPlugin({ source: path, clock: systemClock, limits: { ...FOLDER_LIMITS, ...limits } })
    return installed.ok ? installed.value.code : `${installed.error.code}: ${installed.error.message}`
  }
  return { outside, at, install }
}

const pipe = (path: string): void => {
  execFileSync('mkfifo', [path])
}

test('a pipe anywhere in the folder is refused, and nobody waits for it', async (t) => {
  const { at, install } = pluginWith(t, { 'index.ts': 'export default 1' })
  pipe(at('assets/forever'))
  t.is(await install(), 'bundle-failed: assets/forever is neither a file nor a folder')
})

for (const [what, file, failure] of [
  ['manifest', 'fulgurite.plugin.json', /^manifest-invalid: fulgurite\.plugin\.json is no file/],
  ['entry', 'index.ts', /^bundle-failed: index\.ts is neither a file nor a folder/],
  ["package's description", 'node_modules/p/package.json', /^bundle-failed: node_modules\/p\/package\.json is neither/],
] as const) {
  test(`a pipe in place of the ${what} is refused, and nobody waits for it`, async (t) => {
    const { at, install } = pluginWith(t, { 'index.ts': "import 'p'" })
    rmSync(at(file), { force: true })
    pipe(at(file))
    t.regex(await install(), failure)
  })
}

test('an import of 300 MB is refused by its size, and nothing of it is read', async (t) => {
  const { at, install } = pluginWith(t, {
    'index.ts': "import huge from './huge.txt' with { type: 'text' }\nexport default huge",
    'huge.txt': '',
  })
  // A file of zeros that takes no place on the disk.
  truncateSync(at('huge.txt'), 300 << 20)
  t.is(await install(), `bundle-failed: the folder holds more than ${256 << 20} bytes`)
  t.regex(await install({ bytes: 1 << 30 }), /^bundle-failed: index\.ts:1: huge\.txt is larger than 4194304 bytes$/)
})

test('what is imported is limited in all, the rest of the folder only in number, depth and size', async (t) => {
  const { at, install } = pluginWith(t, {
    'index.ts': "import './a.json'\nimport './b.json'",
    'a.json': `"${'a'.repeat(1000)}"`,
    'b.json': `"${'b'.repeat(1000)}"`,
    'notes/not-imported.txt': 'x'.repeat(10_000),
  })
  t.notRegex(await install({ readBytes: 3_000 }), /^bundle-failed/)
  t.regex(await install({ readBytes: 2_000 }), /what the plugin imports is larger than 2000 bytes$/)
  t.regex(await install({ entries: 5 }), /the folder holds more than 5 files and folders$/)
  t.notRegex(await install({ entries: 6 }), /^bundle-failed/)
  writeFileSync(at('a/b/c/d.txt'), '')
  t.regex(await install({ depth: 2 }), /a\/b\/c lies more than 2 folders deep$/)
})

test('a description of a package that is too large is refused before the bundler reads it', async (t) => {
  const { at, install } = pluginWith(t, { 'index.ts': 'export default 1', 'node_modules/p/package.json': '{}' })
  truncateSync(at('node_modules/p/package.json'), (1 << 20) + 1)
  t.regex(await install(), /^bundle-failed: node_modules\/p\/package\.json is larger than 1048576 bytes$/)
})

test('a link to outside the folder is refused, and one to inside is followed', async (t) => {
  const { outside, at, install } = pluginWith(t, {
    'index.ts': "export * from './alias.ts'",
    'real.ts': 'export const x = 41',
  })
  symlinkSync('real.ts', at('alias.ts'))
  t.regex(await install(), /41/)
  writeFileSync(join(outside, 'key'), 'secret')
  symlinkSync(join(outside, 'key'), at('key.txt'))
  t.is(await install(), "bundle-failed: key.txt is a link to outside the plugin's folder")
})

test("packages come from the plugin's own node_modules, and from no other", async (t) => {
  const description = JSON.stringify({ name: 'p', main: './main.js' })
  const { install } = pluginWith(t, {
    'index.ts': "export * from 'own'",
    'node_modules/own/package.json': description,
    'node_modules/own/main.js': 'export const own = 42',
  })
  t.regex(await install(), /42/)
  const other = pluginWith(t, { 'index.ts': "export * from 'p'" })
  mkdirSync(join(other.outside, 'node_modules/p'), { recursive: true })
  writeFileSync(join(other.outside, 'node_modules/p/package.json'), description)
  writeFileSync(join(other.outside, 'node_modules/p/main.js'), 'export const p = 43')
  t.regex(
    await other.install(),
    /^bundle-failed: index\.ts:1: .*node_modules\/p\/main\.js lies outside the plugin's folder$/,
  )
})

const OUTSIDE: Readonly<Record<string, string>> = {
  'a package of the folder above': "export * from 'neighbour'",
  'a file of a package of the folder above': "export * from 'neighbour/inner.js'",
  'a file above': "export * from '../neighbour.ts'",
  'a file above, by way of a folder that there is not': "export * from './a/../../neighbour.ts'",
  'an import map of the folder above': "export * from '#mapped'",
  'a file by its whole path': "export * from '/etc/hostname'",
  'a file by its address': "export * from 'file:///etc/hostname'",
  'a text by its whole path': "import text from '/etc/hostname' with { type: 'text' }; export default text",
  'bytes above': "import bytes from '../neighbour.ts' with { type: 'bytes' }; export default bytes",
  'a file above, asked for while it runs': "export default require('../neighbour.ts')",
  'a link of a package to the folder above': "export * from 'linked'",
}

for (const [what, line] of Object.entries(OUTSIDE)) {
  test(`nothing of the machine is bundled: ${what} is refused`, async (t) => {
    const { outside, at, install } = pluginWith(t, { 'index.ts': line })
    const put = (file: string, text: string): void => {
      mkdirSync(dirname(join(outside, file)), { recursive: true })
      writeFileSync(join(outside, file), text)
    }
    put('neighbour.ts', "export const stolen = 'SECRET'")
    put('node_modules/neighbour/package.json', '{"name":"neighbour","main":"./inner.js"}')
    put('node_modules/neighbour/inner.js', "export const stolen = 'SECRET'")
    put('package.json', '{"name":"above","imports":{"#mapped":"./neighbour.ts"}}')
    if (what.startsWith('a link')) symlinkSync(join(outside, 'node_modules/neighbour'), at('node_modules/linked'))
    const installed = await install()
    t.regex(installed, /^bundle-failed: /)
    t.notRegex(installed, /SECRET/)
  })
}

test('JSON, texts and bytes are imported as what their import says', async (t) => {
  const { install } = pluginWith(t, {
    'index.ts': `
      import json from './data.json'
      import named from './data.txt' with { type: 'json' }
      import text from './words.md' with { type: 'text' }
      import bytes from './some.bin' with { type: 'bytes' }
      export default [json, named, text, bytes]`,
    'data.json': '{"json":1}',
    'data.txt': '{"named":2}',
    'words.md': 'some words',
    'some.bin': 'AB',
  })
  const code = await install()
  for (const part of [/json: 1/, /named: 2/, /some words/, /QUI=/]) t.regex(code, part)
})

test('bundling that takes too long ends with its process, and the next one begins afresh', async (t) => {
  const late = new AbortController()
  const loading = Promise.withResolvers<void>()
  const hanging = whileBundling(late.signal, () =>
    build({
      entryPoints: ['a'],
      bundle: true,
      write: false,
      logLevel: 'silent',
      plugins: [
        {
          name: 'hangs',
          setup({ onResolve, onLoad }) {
            onResolve({ filter: /.*/ }, () => ({ path: 'a', namespace: 'x' }))
            onLoad({ filter: /.*/, namespace: 'x' }, () => {
              loading.resolve()
              return new Promise(() => {})
            })
          },
        },
      ],
    }),
  )
  await loading.promise
  late.abort()
  await t.throwsAsync(hanging)
  const { install } = pluginWith(t, { 'index.ts': 'export default 44' })
  t.regex(await install(), /44/)
})

test('one is bundled at a time, and one that waits too long leaves the others alone', async (t) => {
  const order: string[] = []
  const release = Promise.withResolvers<void>()
  const first = whileBundling(undefined, async () => {
    order.push('first begins')
    await release.promise
    order.push('first ends')
  })
  const late = new AbortController()
  const second = whileBundling(late.signal, async () => void order.push('second'))
  const third = whileBundling(undefined, async () => void order.push('third'))
  late.abort()
  await t.throwsAsync(second)
  release.resolve()
  await Promise.all([first, third])
  t.deepEqual(order, ['first begins', 'first ends', 'third'])
})

test.serial('after a bundle that failed the next one waits, however soon it is asked for', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  await t.throwsAsync(whileBundling(undefined, () => Promise.reject(new Error('a mistake'))))
  let begun = false
  const next = whileBundling(undefined, async () => {
    begun = true
  })
  await setImmediate()
  mock.timers.tick(499)
  await setImmediate()
  t.false(begun)
  mock.timers.tick(1)
  await next
  t.true(begun)
})
