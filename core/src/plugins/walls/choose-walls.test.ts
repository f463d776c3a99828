import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { type WallSurroundings, wallPlans } from './choose-walls.ts'

const FILES = { program: '/cell.cjs', addon: '/addon.node', filter: '/filter' }

const around = (programs: readonly string[], more: Partial<WallSurroundings> = {}): WallSurroundings => ({
  platform: 'linux',
  root: false,
  env: {},
  filter: true,
  withoutWalls: false,
  find: (program) => (programs.includes(program) ? `/usr/bin/${program}` : undefined),
  ...more,
})

const names = (surroundings: WallSurroundings): readonly string[] => wallPlans(surroundings).map(({ name }) => name)
const ALL = ['bwrap', 'prlimit', 'setpriv']

test('walls — the strongest come first, and Node alone is the last that is tried', (t) => {
  t.deepEqual(names(around(ALL)), [
    'bubblewrap with a filter of system calls',
    'bubblewrap',
    "Node's permission model, within limits of the kernel",
    "Node's permission model alone",
  ])
  t.deepEqual(names(around(ALL, { filter: false }))[0], 'bubblewrap')
  t.deepEqual(names(around([])), ["Node's permission model alone"])
  t.deepEqual(names(around(ALL, { platform: 'darwin' })), ["Node's permission model alone"])
})

test('walls — as root cells become users of their own, and Node alone is for who insists', (t) => {
  const root = { root: true }
  t.deepEqual(names(around(ALL, root)), [
    'bubblewrap with a filter of system calls',
    'bubblewrap',
    'a user of its own (1900000000 and above)',
    'a user of its own (60600 and above)',
  ])
  t.deepEqual(names(around(['prlimit'], root)), [])
  t.deepEqual(names(around([], { ...root, platform: 'darwin' })), [])
  t.deepEqual(names(around([], { ...root, withoutWalls: true })), ["Node's permission model alone"])
})

test('walls — what a plan says of memory holds only where the kernel can be asked to limit it', (t) => {
  t.deepEqual(
    wallPlans(around(['bwrap'])).map(({ walls }) => walls.memory),
    ['watched', 'watched', 'watched'],
  )
  t.deepEqual(
    wallPlans(around(ALL)).map(({ walls }) => walls.memory),
    ['kernel-limit', 'kernel-limit', 'kernel-limit', 'watched'],
  )
})

test('walls — each cell of root’s is another user, and none is a user of the machine', (t) => {
  const plan = wallPlans(around(['setpriv'], { root: true }))[0]
  const users = [1, 2, 3].map((serial) =>
    Number(
      plan
        ?.launch(FILES, serial)
        .command.find((word) => word.startsWith('--reuid'))
        ?.slice('--reuid='.length),
    ),
  )
  t.is(new Set(users).size, 3)
  t.true(users.every((user) => user >= 1_900_000_000 && user < 2_100_000_000))
})

test('walls — where a service manager listens a control group is tried first, and the cell does not see the manager', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-bus-'))
  writeFileSync(join(folder, 'bus'), '')
  const env = { XDG_RUNTIME_DIR: folder, HOME: '/home/someone' }
  const [first, second] = wallPlans(around(['systemd-run'], { env }))
  rmSync(folder, { recursive: true })
  t.deepEqual(first?.name, "Node's permission model alone, in a control group")
  t.deepEqual(second?.name, "Node's permission model alone")
  const { command = [], env: given } = first?.launch(FILES, 1) ?? {}
  t.deepEqual(given, { XDG_RUNTIME_DIR: folder, DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/bus` })
  t.deepEqual(command.slice(0, 3), ['/usr/bin/systemd-run', '--user', '--scope'])
  t.deepEqual(command.slice(-4), ['--', '/usr/bin/env', '-i', process.execPath])
  const nowhere = { XDG_RUNTIME_DIR: '/nowhere' }
  t.deepEqual(names(around(['systemd-run'], { env: nowhere })), ["Node's permission model alone"])
})
