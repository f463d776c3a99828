// A process with a plugin host and a plugin in it, to be killed. It tells the ids of its cells: the plugin's and the spare.
import { readdirSync, readFileSync } from 'node:fs'
import { testHost } from '../../../core/src/plugins/testing/test-host.ts'

const host = await testHost()
await host.install({
  name: 'idle',
  code: "import { definePlugin } from '@fulgurite/plugin-sdk'\nexport default definePlugin(() => {})",
})

const parentOf = (pid: string): number => {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1])
  } catch {
    return 0
  }
}

// esbuild, too, has a process.
const isCell = (pid: string): boolean => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('--permission')

const cells = readdirSync('/proc')
  .filter((name) => /^\d+$/.test(name) && parentOf(name) === process.pid && isCell(name))
  .map(Number)
process.stdout.write(JSON.stringify({ cells, folder: host.folder }))
