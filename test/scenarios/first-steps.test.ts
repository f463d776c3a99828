import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { LAUNCHER, NODE_FLAGS, nodeEnvironment } from '../support/launcher.ts'

// The first steps as a new user takes them, in terminals of 80 and 120 columns. FULGURITE_WRITE_SCREENS=1 writes into the page what is seen.

const PAGE = fileURLToPath(new URL('../../docs/guides/first-steps.md', import.meta.url))
const FULGURITE = [process.execPath, ...NODE_FLAGS, LAUNCHER].map((word) => `'${word}'`).join(' ')
const WIDTHS = { text: 80, wide: 120 } as const

interface Step {
  readonly commands: readonly string[]
  readonly screens: readonly { readonly kind: keyof typeof WIDTHS; readonly text: string }[]
}

const stepsOf = (markdown: string): readonly Step[] => {
  const steps: { commands: readonly string[]; screens: { kind: keyof typeof WIDTHS; text: string }[] }[] = []
  for (const [, kind, text = ''] of markdown.matchAll(/^```(sh|text|wide)\n([\s\S]*?)^```$/gm)) {
    if (kind === 'sh') steps.push({ commands: text.trim().split('\n'), screens: [] })
    else steps.at(-1)?.screens.push({ kind: kind as keyof typeof WIDTHS, text })
  }
  return steps
}

/** A terminal of so many columns in which the command runs. */
const terminal = (command: string, columns: number, home: string): ChildProcess =>
  spawn('script', ['-qefc', `stty cols ${columns} rows 40; ${command}`, '/dev/null'], {
    cwd: home,
    env: nodeEnvironment({
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: home,
      TERM: 'xterm',
      NO_COLOR: '1',
      FULGURITE_DEVNET_PAYMENT_SECONDS: '0.5',
    }),
    stdio: ['pipe', 'pipe', 'inherit'],
  })

/** What is shown until it ends, or until it is enough. */
const heard = (child: ChildProcess, isEnough: (text: string) => boolean = () => false): Promise<string> =>
  new Promise((resolve) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more
      if (isEnough(plain(text))) resolve(plain(text))
    })
    child.once('close', () => resolve(plain(text)))
  })

// Where the cursor goes to while somebody types.
const plain = (text: string): string => text.replaceAll('\r', '').replace(CONTROL, '')
const CONTROL = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*[A-Za-z]`, 'g')

const asTyped = (command: string): string => command.replace(/^npx fulgurite/, FULGURITE)

const screen = async (command: string, columns: number, home: string): Promise<string> => {
  const child = terminal(asTyped(command), columns, home)
  if (!command.startsWith('npx fulgurite plugins install')) return heard(child)
  // Whoever is asked agrees; what is typed early shows twice.
  child.stdin?.write('y\n')
  return (await heard(child)).replace(/^y\n/, '')
}

const BANNER_END = 'What happens here now'

/** What is other each time, or on another machine, is the same here: ids, amounts, times, and what follows from how long those are. */
const settled = (text: string): readonly string[] => {
  const lines = text
    .replace(/^plugin walls\n[\s\S]*/m, '')
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
        .replace(/\blnbcrt\w+/g, '<invoice>')
        .replace(/\bcli-[0-9a-f]+/g, '<key>')
        .replace(/\b[0-9a-f]{8,}…?([0-9a-f]{8})?/g, '<id>')
        .replace(/[█░]+/g, '<bar>')
        .replace(/\b\d+x\d+x\d+/g, '<channel>')
        .replace(/(\d+sat\+)?\d+ppm/g, '<fee>')
        .replace(/\d[\d,.]*\d|\d/g, '<n>')
        .replace(/^(alice|bob|carol) {2}/, '<peer>  ')
        .replace(/ {2}(coffee|from us) /, '  <what> ')
        .replace(/outbound share .*/, 'outbound share …')
        .replace(/^(crypto engine) .*/, '$1')
        .replace(/ {2,}/g, '  ')
        .replace(/(<channel>) +<n>$| +in flight$/, '$1')
        .trimEnd(),
    )
  // What goes on below the columns of a log is as long as what is logged.
  const isOther = (line: string): boolean =>
    /more columns?: --wide|^latest|^ {2}(slow|invite|msat|it\b|drains|what|base|to\b|relays)/.test(line)
  return lines.filter((line, at) => !isOther(line) && lines.indexOf(line) === at)
}

const canRun = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
const users = canRun ? test : test.skip
if (!canRun) test('skipped: there is no script(1) here, which makes terminals', (t) => t.pass())

users(
  'the first steps show what the page says, and no line is broken by the terminal but that of an invoice',
  async (t: ExecutionContext) => {
    t.timeout(120_000)
    const home = mkdtempSync(join(tmpdir(), 'fulgurite-user-'))
    t.teardown(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
    let page = readFileSync(PAGE, 'utf8')
    const [start, ...steps] = stepsOf(page)
    const network = terminal(
      `${asTyped(start?.commands[0] ?? '')} --listen 127.0.0.1:0 --api 127.0.0.1:0`,
      WIDTHS.text,
      home,
    )
    t.teardown(() => network.kill('SIGKILL'))
    const ended = new Promise<void>((resolve) => network.once('close', () => resolve()))
    const banner = await heard(network, (text) => new RegExp(`${BANNER_END}.*\n`).test(text))
    const seen = [{ kind: 'text', text: `${banner.slice(0, banner.indexOf('\n', banner.indexOf(BANNER_END)))}\n` }]

    let invoice = ''
    for (const { commands, screens } of steps) {
      for (const { kind } of screens) {
        let text = ''
        for (const command of commands) {
          if (command.endsWith('logs earnings')) await untilEarned(home)
          const typed = command.replace('<invoice>', invoice)
          const shown = (await screen(typed, WIDTHS[kind], home)).trim()
          text += commands.length > 1 ? `$ ${command}\n${shown}\n\n` : shown
        }
        invoice = /^lnbcrt\w+$/m.exec(text)?.[0] ?? invoice
        seen.push({ kind, text: `${text.trim()}\n` })
        for (const line of text.split('\n')) t.true(line.length <= WIDTHS[kind] || line.startsWith('lnbcrt'), line)
      }
    }
    network.stdin?.write('\x03')
    await ended

    if (process.env.FULGURITE_WRITE_SCREENS !== undefined) {
      const written = [...seen]
      page = page.replace(/^```(text|wide)\n[\s\S]*?^```$/gm, () => {
        const { kind, text } = written.shift() ?? { kind: '', text: '' }
        return `\`\`\`${kind}\n${text.replaceAll(home, '/home/you')}\`\`\``
      })
      writeFileSync(PAGE, page)
    }
    const said = stepsOf(page).flatMap(({ screens }) => screens)
    t.is(seen.length, said.length)
    for (const [at, { text }] of seen.entries()) t.deepEqual(settled(text), settled(said[at]?.text ?? ''))
  },
)

const untilEarned = async (home: string): Promise<void> => {
  for (;;) if (/earned/.test(await screen('npx fulgurite plugins logs earnings', WIDTHS.text, home))) return
}
