import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { HOLDER_FILE } from '../../core/src/app/folder-holder.ts'
import { devchainRig } from '../support/chain-rig.ts'
import { LAUNCHER } from '../support/launcher.ts'
import { startArgs } from '../support/node-process.ts'
import { runToEnd } from '../support/run-to-end.ts'

// An older Node cannot replace itself by another program: the launcher stays behind, beside the node that it has started.
const OLDER_NODE = ['--import', 'data:text/javascript,process.execve = undefined']

interface Launched {
  readonly data: string
  /** What was started here. */
  readonly launcher: ChildProcess
  readonly pid: number
  /** Resolves when the node has ended: nobody else has its output open. */
  readonly ended: Promise<unknown>
}

const launch = async (t: ExecutionContext, by: readonly string[], detached = false): Promise<Launched> => {
  const chain = await devchainRig()
  const data = mkdtempSync(join(tmpdir(), 'fulgurite-launched-'))
  const command = [...by, process.execPath, ...OLDER_NODE, LAUNCHER, ...startArgs(data, chain)] as [string, ...string[]]
  const launcher = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'ignore'], detached })
  const ended = once(launcher.stdout, 'close')
  await once(launcher.stdout, 'data')
  launcher.stdout.resume()
  const { pid } = JSON.parse(readFileSync(join(data, HOLDER_FILE), 'utf8')) as { readonly pid: number }
  t.teardown(async () => {
    if (existsSync(join(data, HOLDER_FILE))) process.kill(pid, 'SIGKILL')
    await ended
    await chain.stop()
    rmSync(data, { recursive: true, force: true })
  })
  return { data, launcher, pid, ended }
}

const howItEnded = (data: string): unknown => JSON.parse(readFileSync(join(data, 'run.json'), 'utf8')).phase

const onPosix = process.platform === 'win32' ? test.skip : test

onPosix('a node whose launcher is killed stops in order', async (t) => {
  const { data, launcher, pid, ended } = await launch(t, [])
  t.not(pid, launcher.pid)
  launcher.kill('SIGKILL')
  await ended
  t.is(howItEnded(data), 'stopped')
  t.false(existsSync(join(data, HOLDER_FILE)))
})

onPosix('a node that was started in the background goes on when the shell that started it is gone', async (t) => {
  // Nobody waits for it, as with nohup or setsid.
  const { data, launcher, ended } = await launch(t, ['sh', '-c', '"$0" "$@" &'], true)
  if (launcher.exitCode === null) await once(launcher, 'exit')
  const { code, stdout } = await runToEnd(['getinfo', '--json', '--data', data])
  t.is(code, 0)
  t.is(JSON.parse(stdout).network, 'regtest')
  t.is((await runToEnd(['stop', '--data', data])).code, 0)
  await ended
  t.is(howItEnded(data), 'stopped')
})
