import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

// The guide as a reader goes through it: its commands in one shell, in their order, on a development network.

const LAUNCHER = fileURLToPath(new URL('../../core/bin/fulgurite.js', import.meta.url))
const FLAGS = ['--conditions=fulgurite-source', '--disable-warning=ExperimentalWarning']
const GUIDE = readFileSync(new URL('../../docs/guides/http.md', import.meta.url), 'utf8')
const MARK = '--- next ---'

const BLOCK = /^```(sh|text)\n([\s\S]*?)^```$/gm

/** Each block of commands, with what it prints according to the guide. */
const steps = (): readonly { readonly commands: string; readonly prints: string | undefined }[] => {
  const found: { commands: string; prints: string | undefined }[] = []
  for (const [, kind, text = ''] of GUIDE.matchAll(BLOCK)) {
    const last = found.at(-1)
    if (kind === 'sh') found.push({ commands: text, prints: undefined })
    else if (last !== undefined) last.prints = text
  }
  return found
}

/** `…` stands for anything on its line. */
const pattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .trim()
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}`,
  )

const startDevnet = async (home: string) => {
  const args = [LAUNCHER, 'start', '--devnet', '--json', '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0']
  const child = spawn(process.execPath, [...FLAGS, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: home, FULGURITE_DEVNET_PAYMENT_SECONDS: '0.5' },
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    void ended.then((code) => reject(new Error(`ended with ${code}`)))
  })
  return { child, ended }
}

const run = (script: string, home: string): Promise<{ readonly code: number | null; readonly out: string }> =>
  new Promise((resolve) => {
    const shell = spawn('bash', ['-eu', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, HOME: home },
    })
    let out = ''
    shell.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk
    })
    shell.once('exit', (code) => resolve({ code, out }))
  })

const canRun = ['bash', 'curl'].every((program) => spawnSync(program, ['--version']).status === 0)
const readers = canRun ? test : test.skip
if (!canRun) test('skipped: the guide is for a shell with curl, and there is none here', (t) => t.pass())

readers('every command of the HTTP guide does what the guide says', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'fulgurite-guide-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
  const { child, ended } = await startDevnet(home)
  t.teardown(() => child.kill('SIGKILL'))
  const all = steps()
  t.true(all.length >= 10)
  const { code, out } = await run(all.map(({ commands }) => commands).join(`\necho '${MARK}'\n`), home)
  t.is(code, 0, out)
  const printed = out.split(`${MARK}\n`)
  t.is(printed.length, all.length)
  for (const [i, { commands, prints }] of all.entries()) {
    const text = printed[i] ?? ''
    if (prints !== undefined) t.regex(text.trim(), pattern(prints), commands)
    else t.is(text, '', commands)
  }
  child.kill('SIGINT')
  t.is(await ended, 0)
})
