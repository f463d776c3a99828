import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { SeedOptions } from './options.ts'
import { seed } from './seed-commands.ts'

const WORDS = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about'
const VARIABLE = 'FULGURITE_SEED_PASSPHRASE'

interface Given {
  readonly input?: string
  /** What is typed, one answer after the other. */
  readonly typed?: readonly string[]
  readonly env?: Record<string, string>
  readonly file?: string
  /** Happens while the words are typed. */
  readonly meanwhile?: () => void
}

const at = (folder: string) => {
  const run = async (command: SeedOptions['command'], { input, typed = [], env = {}, file, meanwhile }: Given = {}) => {
    const answers = [...typed]
    let out = ''
    const options = { command, data: folder, json: true, ...(file === undefined ? {} : { seedPassphraseFile: file }) }
    const code = await seed(options, {
      out: (text) => {
        out += text
      },
      askSecretly: async () => answers.shift(),
      async readInput() {
        meanwhile?.()
        return input
      },
      env,
      guessCost: { n: 1_024, r: 8, p: 1 },
    })
    return { code, body: out === '' ? undefined : JSON.parse(out), left: answers.length }
  }
  return { run, path: join(folder, 'seed'), folder }
}

const inFolder = async (use: (scene: ReturnType<typeof at>) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-seed-commands-'))
  try {
    await use(at(folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('seed — is restored, shown, put under a passphrase and out of it again', (t) =>
  inFolder(async ({ run, path }) => {
    t.is((await run('restore', { input: `${WORDS}\n` })).code, 0)
    t.is(statSync(path).mode & 0o777, 0o600)
    t.is((await run('show')).body.words, WORDS)
    t.is((await run('encrypt', { typed: ['correct horse', 'correct horse'] })).code, 0)
    t.false(readFileSync(path, 'utf8').includes('abandon'))
    t.is((await run('encrypt', { typed: ['other', 'other'] })).code, 1)
    t.is((await run('show', { typed: ['wrong'] })).code, 1)
    t.is((await run('show', { typed: ['correct horse'] })).body.words, WORDS)
    t.is((await run('decrypt', { env: { [VARIABLE]: 'correct horse' } })).code, 0)
    t.is(readFileSync(path, 'utf8').trim(), WORDS)
  }))

test('seed restore — a node that has drawn words of its own while these were typed keeps its words', (t) =>
  inFolder(async ({ run, path, folder }) => {
    const meanwhile = (): void => writeFileSync(path, 'of another node', { mode: 0o600 })
    t.is((await run('restore', { input: WORDS, meanwhile })).code, 1)
    t.is(readFileSync(path, 'utf8'), 'of another node')
    t.deepEqual(readdirSync(folder), ['seed'])
  }))

test('seed restore — writes over nothing, takes no wrong words, and seals what it writes where a passphrase is given', (t) =>
  inFolder(async ({ run, path }) => {
    t.is((await run('restore', { input: WORDS.replace('about', 'abandon') })).code, 1)
    t.is((await run('restore')).code, 1)
    t.false(existsSync(path))
    t.is((await run('restore', { typed: [WORDS], env: { [VARIABLE]: 'x' } })).code, 0)
    t.false(readFileSync(path, 'utf8').includes('abandon'))
    const before = readFileSync(path, 'utf8')
    t.is((await run('restore', { input: WORDS })).code, 1)
    t.is(readFileSync(path, 'utf8'), before)
  }))

test('seed encrypt — wants the passphrase twice where it is typed, takes none that is empty, and changes nothing then', (t) =>
  inFolder(async ({ run, path }) => {
    await run('restore', { input: WORDS })
    for (const typed of [['a', 'b'], ['', ''], []]) t.not((await run('encrypt', { typed })).code, 0)
    t.not((await run('encrypt', { env: { [VARIABLE]: '' } })).code, 0)
    t.is(readFileSync(path, 'utf8').trim(), WORDS)
  }))

test('a passphrase — is read from a file of its owner alone, and taken out of the environment', (t) =>
  inFolder(async ({ run, folder }) => {
    await run('restore', { input: WORDS })
    const file = join(folder, 'passphrase')
    writeFileSync(file, 'correct horse\nsecond line\n', { mode: 0o644 })
    t.not((await run('encrypt', { file })).code, 0)
    rmSync(file)
    writeFileSync(file, 'correct horse\nsecond line\n', { mode: 0o600 })
    t.is((await run('encrypt', { file })).code, 0)
    const env = { [VARIABLE]: 'correct horse' }
    t.is((await run('show', { env })).body.words, WORDS)
    t.deepEqual(env, {} as typeof env)
    t.not((await run('show', { file: join(folder, 'missing') })).code, 0)
  }))
