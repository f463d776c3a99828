import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { isolateAddonPath } from '../../../core/src/plugins/addon-path.ts'
import { cellBundle } from '../../../core/src/plugins/cell-bundle.ts'
import { CellProcess } from '../../../core/src/plugins/cell-process.ts'
import type { CellFault } from '../../../core/src/plugins/cell-protocol.ts'
import { systemUsageProbe } from '../../../core/src/plugins/process-usage.ts'
import { systemSurroundings, wallPlans } from '../../../core/src/plugins/walls/choose-walls.ts'
import { dataLimiter } from '../../../core/src/plugins/walls/resource-limits.ts'
import { seccompFilter } from '../../../core/src/plugins/walls/seccomp-filter.ts'
import { StartGuard } from '../../../core/src/plugins/walls/start-guard.ts'
import type { WallPlan } from '../../../core/src/plugins/walls/wall-plan.ts'
import { Watchdog } from '../../../core/src/plugins/watchdog.ts'

const around = systemSurroundings(seccompFilter(process.arch) !== undefined, true)
const LIMITS = { memoryMb: 16, outboxBytes: 4_096 }
const TIMES = { maxCpuMs: 10_000, maxWallMs: 20_000 }

/** The ways to start a cell that this machine seems to offer, the strongest first. */
export const plansHere: readonly WallPlan[] = wallPlans(around)

/** What an escaped plugin would look for, and a place for the cell's files. */
export interface Prey {
  readonly folder: string
  readonly secret: string
  readonly port: number
  readonly local: string
  /** How often somebody came to one of the two. */
  readonly connections: () => number
  close(): void
}

export const layOut = async (): Promise<Prey> => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-escape-'))
  const secret = join(folder, 'seed')
  writeFileSync(secret, 'abandon abandon', { mode: 0o600 })
  let connections = 0
  const listening = async (where: object): Promise<Server> => {
    const server = createServer((socket) => {
      connections += 1
      socket.on('error', () => {}).destroy()
    })
    await new Promise<void>((resolve) => server.listen(where, resolve))
    return server
  }
  const api = await listening({ port: 0, host: '127.0.0.1' })
  const local = join(folder, 'socket')
  const inFiles = await listening({ path: local })
  return {
    folder,
    secret,
    local,
    port: (api.address() as { port: number }).port,
    connections: () => connections,
    close() {
      api.close()
      inFiles.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What a cell under an attacker's control came to: how it ended, or that its walls could not be put up here. */
export type Escape =
  | { readonly type: 'ended'; readonly fault: CellFault }
  | { readonly type: 'refused'; readonly why: string }

/** Starts a cell whose program, and addon where one is named, is under an attacker's control. */
export const breakOut = async (
  prey: Prey,
  plan: WallPlan,
  mode: string,
  addon = isolateAddonPath(),
): Promise<Escape> => {
  const program = await cellBundle(prey.folder, fileURLToPath(new URL('./escaped-cell.ts', import.meta.url)))
  const filter = join(prey.folder, 'filter')
  writeFileSync(filter, seccompFilter(process.arch) ?? '')
  const watchdog = new Watchdog(systemClock, systemUsageProbe)
  const environment = {
    clock: systemClock,
    watchdog,
    probe: systemUsageProbe,
    files: { program, addon, filter },
    limitData: dataLimiter(around.find('prlimit')),
    startGuard: new StartGuard(),
  }
  const cell = new CellProcess(environment, plan, 1)
  const wrong = await cell.ready
  if (wrong !== undefined && cell.refused) return { type: 'refused', why: wrong.text }
  if (wrong !== undefined) return { type: 'ended', fault: wrong }
  const { port, local, secret } = prey
  const code = JSON.stringify({ mode, port, local, secret, node: process.pid })
  const fault = await new Promise<CellFault>((resolve) => {
    cell.load(code, LIMITS, TIMES, { outbox: () => {}, idle: () => {}, ended: resolve }, () => cell.turn('{}'))
  })
  watchdog.stop()
  environment.startGuard.close()
  return { type: 'ended', fault }
}

/** Compiles the probe of raw system calls for this prey. Returns its path, or why there is none. */
export const nativeProbe = ({
  folder,
  port,
  local,
  secret,
}: Prey): { readonly path: string } | { readonly why: string } => {
  const compiler = around.find('cc') ?? around.find('gcc')
  if (process.platform !== 'linux') return { why: 'it makes system calls of Linux' }
  if (compiler === undefined) return { why: 'there is no C compiler here' }
  const path = join(folder, 'probe.node')
  const defined = {
    TARGET: String(process.pid),
    TARGET_TEXT: JSON.stringify(String(process.pid)),
    TARGET_ADDRESS: '0x400000',
    TARGET_UID: String(process.getuid?.() ?? 0),
    PORT: String(port),
    LOCAL: JSON.stringify(local),
    SECRET: JSON.stringify(secret),
  }
  const source = fileURLToPath(new URL('./native-probe.c', import.meta.url))
  const defines = Object.entries(defined).map(([name, value]) => `-D${name}=${value}`)
  execFileSync(compiler, ['-shared', '-fPIC', '-O1', ...defines, '-o', path, source])
  return { path }
}
