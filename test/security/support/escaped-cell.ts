// A cell's program whose plugin has broken out of its isolate and holds the whole process: it locks itself down as the real
// one does, then tries everything, and reports what it got over the pipe, or abuses the pipe itself.
import { readSync } from 'node:fs'
import { closeDescriptors, dropRights, forgetEnvironment, loadAddon } from '../../../core/src/plugins/cell/lock-down.ts'
import { sendFrame } from '../../../core/src/plugins/cell/pipe.ts'

const [addonPath = '', , inherited = ''] = process.argv.slice(1)
// Where the test wants machine code, it stands in the addon's place.
const native = loadAddon<unknown>(addonPath)
closeDescriptors(inherited)
forgetEnvironment()
dropRights()
sendFrame('R')

interface Wanted {
  readonly mode: string
  /** Where the core listens. */
  readonly port: number
  /** A socket of the core in the file system. */
  readonly local: string
  /** The core's process. */
  readonly node: number
  /** A file that is the operator's alone. */
  readonly secret: string
}

const receive = (): string => {
  const frame = Buffer.alloc(65_536)
  const length = readSync(3, frame)
  return frame.toString('utf8', 4, length)
}

receive()
sendFrame('I')
// What the test wants comes as the plugin's code.
const { mode, port, local, node, secret } = JSON.parse(receive().slice(1)) as Wanted

type Attempt = () => unknown

const load = (name: string) => process.getBuiltinModule(name) as never

const binding = (name: string) =>
  (process as unknown as { binding(name: string): { open(...args: readonly unknown[]): unknown } }).binding(name)

const statsOf = (look: () => import('node:fs').Stats): import('node:fs').Stats | undefined => {
  try {
    return look()
  } catch {
    return undefined
  }
}

const eventually = (begin: (done: (error: unknown) => void) => void): Promise<unknown> =>
  new Promise((resolve, reject) => {
    // Where nothing comes back, nothing was had.
    setTimeout(() => reject(new Error('NO-ANSWER')), 500)
    begin((error) => (error ? reject(error) : resolve('done')))
  })

const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  environment: () => {
    const names = Object.keys(process.env)
    if (names.length === 0) throw new Error('EMPTY')
    return names
  },
  'read /etc/passwd': () => (load('fs') as typeof import('node:fs')).readFileSync('/etc/passwd', 'utf8'),
  'read the seed': () => (load('fs') as typeof import('node:fs')).readFileSync(secret, 'utf8'),
  'read the seed by a binding of Node': () => binding('fs').open(secret, 0, 0o600),
  'read its own addon': () => (load('fs') as typeof import('node:fs')).readFileSync(addonPath),
  "read the node's environment": () =>
    (load('fs') as typeof import('node:fs')).readFileSync(`/proc/${node}/environ`, 'utf8'),
  "read the node's memory": () => (load('fs') as typeof import('node:fs')).openSync(`/proc/${node}/mem`, 'r'),
  'read a descriptor that it was not meant to have': () => {
    const { fstatSync } = load('fs') as typeof import('node:fs')
    for (let descriptor = 4; descriptor < 1_024; descriptor++) {
      const stats = statsOf(() => fstatSync(descriptor))
      if (stats?.isFile() || stats?.isDirectory() || stats?.isSocket()) return descriptor
    }
    throw new Error('NONE')
  },
  'signal the node': () => process.kill(node, 0),
  'signal its parent': () => {
    // 0 would be the cell's own group.
    if (process.ppid === 0) throw new Error('NO-PARENT')
    return process.kill(process.ppid, 0)
  },
  'be another user': () => process.setuid?.(0),
  'give itself a better priority': () => (load('os') as typeof import('node:os')).setPriority(0),
  'list /': () => (load('fs') as typeof import('node:fs')).readdirSync('/'),
  'write a file': () => (load('fs') as typeof import('node:fs')).writeFileSync('/tmp/fulgurite-escaped', 'x'),
  'start a program': () => (load('child_process') as typeof import('node:child_process')).execFileSync('/bin/true'),
  'start a shell': () => (load('child_process') as typeof import('node:child_process')).execSync('true'),
  'start a worker': () =>
    new (load('worker_threads') as typeof import('node:worker_threads')).Worker('1', { eval: true }),
  'load another addon': () => loadAddon(addonPath),
  'open a database': () => (load('sqlite') as typeof import('node:sqlite')).DatabaseSync,
  'run WASI': () =>
    new (load('wasi') as typeof import('node:wasi')).WASI({ version: 'preview1', preopens: { '/': '/' } }),
  'open an inspector': () => (load('inspector') as typeof import('node:inspector')).open(0),
  'connect to the core': () =>
    eventually((done) => {
      const socket = (load('net') as typeof import('node:net')).connect(port, '127.0.0.1')
      socket.on('connect', () => done(undefined)).on('error', done)
    }),
  'connect to a socket in the file system': () =>
    eventually((done) => {
      const socket = (load('net') as typeof import('node:net')).connect(local)
      socket.on('connect', () => done(undefined)).on('error', done)
    }),
  listen: () =>
    eventually((done) => {
      const server = (load('net') as typeof import('node:net')).createServer()
      server.on('error', done).listen(0, '127.0.0.1', () => done(undefined))
    }),
  'send a datagram': () =>
    eventually((done) => {
      const socket = (load('dgram') as typeof import('node:dgram')).createSocket('udp4')
      socket.on('error', done).send('x', 9, '127.0.0.1', done)
    }),
  'look up a name': () => (load('dns') as typeof import('node:dns')).promises.lookup('localhost'),
  fetch: () => fetch(`http://127.0.0.1:${port}/`),
  'grant itself a right': () => {
    const permission = (process as unknown as { permission: { has(scope: string): boolean } }).permission
    const held = ['fs', 'fs.read', 'fs.write', 'child', 'worker', 'addon', 'net', 'wasi', 'inspector'].filter((scope) =>
      permission.has(scope),
    )
    if (held.length === 0) throw new Error('NONE')
    return held
  },
}

const attempt = async (run: Attempt): Promise<string> => {
  try {
    const got = await run()
    return `got ${typeof got === 'object' ? JSON.stringify(got) : String(got)}`.slice(0, 100)
  } catch (thrown) {
    const { code, message, cause } = thrown as { code?: string; message: string; cause?: { code?: string } }
    return `${code ?? cause?.code ?? message}`.slice(0, 100)
  }
}

const ABUSES: Readonly<Record<string, () => void>> = {
  'unasked-frame': () => {
    sendFrame('P')
    sendFrame('P')
  },
  'endless-frames': () => {
    for (;;) sendFrame('O{}\n{}')
  },
  'huge-frame': () => sendFrame('F'.repeat(1 << 20)),
  'malformed-fault': () => sendFrame('F{"code":1}'),
  'unknown-kind': () => sendFrame('Z'),
  'second-ready': () => sendFrame('R'),
}

// What fails later and beside must not hide the report.
process.on('uncaughtException', () => {})

const tell = (results: Readonly<Record<string, string | boolean>>): void =>
  sendFrame(`F${JSON.stringify({ code: 'escape-report', text: JSON.stringify(results) })}`)

const reportNative = (): void => {
  const lines = (native as () => string)().trim().split('\n')
  tell(Object.fromEntries(lines.map((line) => line.split('='))) as Readonly<Record<string, string>>)
}

const report = async (): Promise<void> => {
  const results: Record<string, string> = {}
  for (const [name, run] of Object.entries(ATTEMPTS)) results[name] = await attempt(run)
  tell(results)
}

// Takes memory outside any isolate in a turn that is over at once, keeps it and says nothing more.
const hoard = (): void => {
  sendFrame('L')
  receive()
  kept.push(Buffer.alloc(128 << 20, 1))
  sendFrame('O{"cpuMicros":1}\n{}')
  receive()
}
const kept: Buffer[] = []

// As much as the kernel gives, untouched, so that it takes no time.
const hoardAtOnce = (): void => {
  try {
    for (let i = 0; i < 16; i++) kept.push(Buffer.allocUnsafeSlow(64 << 20))
    tell({ refused: false })
  } catch {
    tell({ refused: true })
  }
}

const MODES: Readonly<Record<string, () => unknown>> = {
  ...ABUSES,
  report,
  hoard,
  'hoard-at-once': hoardAtOnce,
  native: reportNative,
}

void MODES[mode]?.()
