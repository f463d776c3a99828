import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { canRead, reader } from './support/reader.ts'

// An author who has nothing of this repository, in an empty folder, without a network.

const canRun = canRead('npm')
const authors = canRun ? test : test.skip
if (!canRun) test('skipped: there is no npm here', (t) => t.pass())

/** What a registry would send: the packages that the SDK and the plugin name, packed from where they are installed. */
const packed = (names: readonly string[], folder: string): readonly string[] => {
  const folders = names.map((name) => dirname(fileURLToPath(import.meta.resolve(`${name}/package.json`))))
  const said = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, ...folders], {
    encoding: 'utf8',
    cwd: folder,
  })
  return said.trim().split('\n')
}

interface Exports {
  readonly [condition: string]: string | Exports
}

const targets = (exports: string | Exports): readonly string[] =>
  typeof exports === 'string' ? [exports] : Object.values(exports).flatMap(targets)

authors('a new plugin is checked, tested, installed and heard in a folder outside, with what npm packs', async (t) => {
  t.timeout(300_000)
  const { home, run, stop } = await reader(t)
  const made = await run('npx fulgurite plugins new earnings')
  t.is(made.code, 0, made.out)
  t.regex(
    made.out,
    /^earnings\/ is a plugin that adds up what relays earn:\n {2}fulgurite\.plugin\.json\n {2}index\.test\.js\n {2}index\.ts\n {2}package\.json\n {2}tsconfig\.json\n/,
  )
  t.regex(made.out, /fulgurite plugins install earnings/)

  // It needs nothing else to run.
  const installed = await run(`
    npx fulgurite plugins install earnings
    npx fulgurite plugins logs earnings --level info --follow
    until npx fulgurite plugins logs earnings | grep -m 1 'earned .* sat in all'; do npx fulgurite events tail --types payment.relayed > relayed; done`)
  t.is(installed.code, 0, installed.out)
  t.regex(installed.out, /earned [\d.,]+ sat, [\d.,]+ sat in all/)

  // Types and test come with the SDK as npm packs it, without any flag.
  const platform = `@typescript/typescript-${process.platform}-${process.arch}`
  const tarballs = packed(['rxjs', 'tslib', 'zod', 'typescript', platform], home)
  const tested = await run(`
    cd earnings
    npm install --no-save ${tarballs.map((name) => `../${name}`).join(' ')} >&2
    npm test
    node -e "import('@fulgurite/plugin-sdk').then(({ formatSat }) => console.log(formatSat(5n)))"
    node -e "import('@fulgurite/plugin-sdk/contract').then(({ actors }) => console.log(Object.keys(actors).join()))"
    echo "const wrong: string = 5" >> index.ts
    ./node_modules/.bin/tsc && exit 1 || echo refused`)
  t.is(tested.code, 0, tested.out)
  t.regex(tested.out, /pass 2\b/)
  t.regex(tested.out, /^5 sat\nnode,peers,channels,/m)
  t.regex(tested.out, /index\.ts\(\d+,7\): error TS2322[\s\S]*^refused$/m)

  const sdk = join(home, 'earnings/node_modules/@fulgurite/plugin-sdk')
  const { exports } = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8')) as { readonly exports: Exports }
  for (const target of targets(exports)) t.true(existsSync(join(sdk, target)), target)

  const again = await run(
    'npx fulgurite plugins new earnings --json || true; npx fulgurite plugins new Earn --json || true',
  )
  t.deepEqual(
    again.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { error: { code: string } }).error.code),
    ['folder-exists', 'usage'],
  )
  t.is(await stop(), 0)
})
