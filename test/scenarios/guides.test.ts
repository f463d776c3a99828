import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Block, blocks, canRead, page, type Reader, reader } from './support/reader.ts'

// The README and the plugin guide as a reader goes through them. `http-guide.test.ts` does the guide to HTTP.

const canRun = canRead('npm')
const readers = canRun ? test : test.skip
if (!canRun) test('skipped: the guides are for a shell with npm, and there is none here', (t) => t.pass())

/** Writes the plugin that a page shows: its manifest, and its module. */
const writePlugin = (folder: string, all: readonly Block[]): void => {
  const shown = (kind: string): string => all.find((block) => block.kind === kind)?.text ?? ''
  mkdirSync(folder)
  writeFileSync(join(folder, 'fulgurite.plugin.json'), shown('json'))
  writeFileSync(join(folder, 'index.ts'), shown('ts'))
}

const commandsOf = (all: readonly Block[]): readonly string[] =>
  all
    .filter(({ kind }) => kind === 'sh')
    .flatMap(({ text }) => text.trim().split('\n'))
    .map((line) => line.replace(/\s+#.*$/, ''))

const runEach = async (t: ExecutionContext, { run }: Reader, commands: readonly string[]): Promise<void> => {
  for (const command of commands) {
    const { code, out } = await run(command)
    t.is(code, 0, `${command}\n${out}`)
  }
}

readers('every command of the plugin guide works, on the plugin that the guide writes', async (t) => {
  t.timeout(300_000)
  const someone = await reader(t)
  const all = blocks(page('docs/guides/writing-a-plugin.md'))
  writePlugin(join(someone.home, 'drain-watch'), all)
  const commands = commandsOf(all)
  t.true(commands.length >= 10)
  await runEach(t, someone, commands)
  t.is(await someone.stop(), 0)
})

/** Commands of the README that other tests run, or that need what is not here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci && npm start': 'the network beside which all others are run: start-devnet.test.ts',
  'npm run demo': 'test/integration/app-demo.test.ts',
  'npm run demo -- --json': 'test/integration/app-demo.test.ts',
  'npx fulgurite start --network signet --bitcoind-url http://127.0.0.1:38332': 'npm run test:bitcoind',
  'npm test': 'this',
  'npm run test:bitcoind': 'is for a bitcoind',
  'npm run test:interop': 'is for other implementations',
  'npm run fuzz': 'test/fuzz/fuzz.test.ts',
  'npm run check': '.ci/run',
  'npm run bench': '.ci/run',
  '.ci/run': 'runs this',
}

readers('every command of the README works, and the plugin that it shows runs', async (t) => {
  t.timeout(300_000)
  const someone = await reader(t)
  const all = blocks(page('README.md'))
  writePlugin(join(someone.home, 'relay-log'), all)
  const commands = commandsOf(all)
  for (const command of Object.keys(ELSEWHERE)) t.true(commands.includes(command), command)
  const here = commands.filter((command) => ELSEWHERE[command] === undefined)
  t.true(here.length >= 10)
  await runEach(t, someone, here)
  t.is(await someone.stop(), 0)
})
