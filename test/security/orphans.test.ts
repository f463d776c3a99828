import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { systemSurroundings } from '../../core/src/plugins/walls/choose-walls.ts'
import { waitFor } from '../support/wait-for.ts'

const STARTER = fileURLToPath(new URL('./support/starting-cells.ts', import.meta.url))
const HOST = fileURLToPath(new URL('./support/host-process.ts', import.meta.url))

/** Starts a node's process with a plugin in it. Returns it and the ids of its cells. */
const hostProcess = async (before: readonly string[] = []) => {
  const [program = '', ...args] = [...before, process.execPath, '--conditions=fulgurite-source', HOST]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const text = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error('it ended by itself')))
    child.stdout.setEncoding('utf8').once('data', resolve)
  })
  return { child, ...(JSON.parse(text) as { readonly cells: readonly number[]; readonly folder: string }) }
}

/** Resolves when none of these processes runs: what is dead and not yet collected counts as gone. */
const gone = async (pids: readonly number[]): Promise<void> => {
  while (pids.some((pid) => existsSync(`/proc/${pid}/fd/3`))) await new Promise((resolve) => setImmediate(resolve))
}

/** The processes that a process has started, and those that they have, by a limit that all of them inherit. */
const inheritors = (limit: number): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      const [state] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').slice(-1)
      // What is dead and not yet collected counts as gone.
      return !state?.startsWith('Z') && readFileSync(`/proc/${pid}/limits`, 'latin1').includes(` ${limit} `)
    } catch {
      return false
    }
  })

const onLinux = process.platform === 'linux' ? test : test.skip
if (process.platform !== 'linux')
  test('skipped: cells that outlive their host are looked for in /proc', (t) => t.pass())
const { find } = systemSurroundings(false, false)
const prlimit = find('prlimit')
const isMissing = find('nice') === undefined || (process.getuid?.() === 0 && find('setpriv') === undefined)
const lowered = isMissing ? test.skip : onLinux
if (isMissing) test('skipped: nothing here gives a process less of the processors for good', (t) => t.pass())
const marked = prlimit === undefined ? test.skip : onLinux
if (prlimit === undefined)
  test('skipped: what a process has started is marked by prlimit, which is not there', (t) => t.pass())

onLinux('cells end when the process that started them is killed', async (t) => {
  const { child, cells, folder } = await hostProcess()
  t.is(cells.length, 2)
  child.kill('SIGKILL')
  await gone(cells)
  rmSync(folder, { recursive: true, force: true })
  t.pass()
})

interface Starter {
  readonly mode: 'stuck' | 'walled'
  /** It is killed when it has started so many. */
  readonly after: number
  /** How many processes there are to be then, at least. */
  readonly processes: number
}

/** Kills a process that starts cells, and waits until all that it had started has ended. */
const killed = async (folder: string, round: number, { mode, after, processes }: Starter): Promise<void> => {
  // Below what anybody may have, and nobody else's.
  const mark = 100_000 + ((process.pid * 10 + round) % 700_000)
  const flags = ['--conditions=fulgurite-source', '--no-node-snapshot']
  const child = spawn(prlimit ?? '', [`--msgqueue=${mark}`, process.execPath, ...flags, STARTER, mode, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let started = 0
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject).once('exit', () => reject(new Error('it ended by itself')))
    child.stdout.on('data', (dots: Buffer) => {
      started += dots.length
      if (started > after) resolve()
    })
  })
  await waitFor('there are so many processes', () => inheritors(mark).length >= processes)
  child.kill('SIGKILL')
  await waitFor('all of them have ended', () => inheritors(mark).length === 0)
}

marked('what waits for the walls to be put up ends when the process that starts it is killed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-stuck-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  // The process itself, two that are stuck, and what watches over them.
  await killed(folder, 0, { mode: 'stuck', after: 0, processes: 4 })
  t.pass()
})

onLinux(
  'cells that are just being started end when the process that starts them is killed, whenever that is',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'fulgurite-starting-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    for (let round = 1; round <= 5; round++)
      await killed(folder, round, { mode: 'walled', after: 3 * round, processes: 2 })
    t.pass()
  },
)

lowered(
  'a node that was itself given little of the processors, and may not take more, has cells all the same',
  async (t) => {
    // Root may take more, unless it is taken from it.
    const isRoot = process.getuid?.() === 0
    const lessened = isRoot ? ['setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice', '--'] : []
    const { child, cells, folder } = await hostProcess([...lessened, 'nice', '-n', '15'])
    t.is(cells.length, 2)
    t.true(cells.every((pid) => getPriority(pid) >= 15))
    child.kill('SIGKILL')
    await gone(cells)
    rmSync(folder, { recursive: true, force: true })
  },
)
