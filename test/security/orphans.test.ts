import { spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const HOST = fileURLToPath(new URL('./support/host-process.ts', import.meta.url))

/** Starts a node's process with a plugin in it. Returns it and the ids of its cells. */
const hostProcess = async () => {
  const child = spawn(process.execPath, ['--conditions=fulgurite-source', HOST], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const text = await new Promise<string>((resolve) => child.stdout.setEncoding('utf8').once('data', resolve))
  return { child, ...(JSON.parse(text) as { readonly cells: readonly number[]; readonly folder: string }) }
}

/** Resolves when none of these processes runs: what is dead and not yet collected counts as gone. */
const gone = async (pids: readonly number[]): Promise<void> => {
  while (pids.some((pid) => existsSync(`/proc/${pid}/fd/3`))) await new Promise((resolve) => setImmediate(resolve))
}

const onLinux = process.platform === 'linux' ? test : test.skip
if (process.platform !== 'linux')
  test('skipped: cells that outlive their host are looked for in /proc', (t) => t.pass())

onLinux('cells end when the process that started them is killed', async (t) => {
  const { child, cells, folder } = await hostProcess()
  t.is(cells.length, 2)
  child.kill('SIGKILL')
  await gone(cells)
  rmSync(folder, { recursive: true, force: true })
  t.pass()
})
