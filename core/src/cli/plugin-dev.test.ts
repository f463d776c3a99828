import test from 'ava'
import type { CliClient } from './cli-client.ts'
import { CliFailure } from './failure.ts'
import type { CliIo } from './io.ts'
import { developPlugin } from './plugin-dev.ts'
import { ioIn } from './testing.ts'

interface Line {
  readonly number: number
  readonly text: string
  readonly source?: 'host'
}

/** A folder that changes, and a node, both as the test says. Each pause is a step of the script; after the last the user leaves. */
const developed = async (
  steps: readonly (() => void)[],
  answer: (request: Readonly<Record<string, unknown>>) => object,
  yes = true,
): Promise<{ readonly installs: number; readonly out: string; readonly err: string; readonly thrown: unknown }> => {
  const interruption = new AbortController()
  let [installs, out, err, step] = [0, '', '', 0]
  const client: CliClient = {
    async ask(_actor, operation, request) {
      if (operation === 'install') installs += 1
      const body = operation === 'install' ? answer(request as Record<string, unknown>) : logs(request)
      return { text: JSON.stringify(body), body }
    },
    follow: () => Promise.resolve(),
  }
  const logs = (request: unknown): object => {
    const { since = 0 } = request as { since?: number }
    const items = lines
      .filter(({ number }) => number > since)
      .map((line) => ({ at: 0, level: 'info', source: 'plugin', ...line }))
    return { items: items.toReversed(), latest: lines.length, asOf: 'c' }
  }
  const io: CliIo = {
    ...ioIn('/nowhere'),
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    interrupted: interruption.signal,
    watch: (_folder, onChange) => {
      changed = onChange
      return () => {
        changed = undefined
      }
    },
    pause: async () => {
      const next = steps[step]
      step += 1
      if (next === undefined) interruption.abort()
      else next()
    },
  }
  const thrown = await developPlugin(client, { path: '/p', yes, json: false }, io).then(
    () => undefined,
    (error: unknown) => error,
  )
  return { installs, out, err, thrown }
}

let changed: (() => void) | undefined
let lines: Line[] = []
const change = (): void => changed?.()
const wait = (): void => {}
const log = (text: string): void => void lines.push({ number: lines.length + 1, text })

const runs = { plugin: { name: 'p', version: '1.0.0', state: 'running' }, warnings: [] }

test.beforeEach(() => {
  lines = []
})

test.serial('plugins dev — installs at once, and again when what was saved has come to rest', async (t) => {
  const { installs, err, thrown } = await developed([wait, change, change, change, wait, wait, wait], () => runs)
  t.is(thrown, undefined)
  t.is(installs, 2)
  t.regex(err, /^p 1\.0\.0 is running\nwaiting for changes in its folder\n/)
  t.regex(err, /p stays installed; to take it off: fulgurite plugins remove p\n$/)
  t.is(changed, undefined, 'the folder is not watched any more')
})

test.serial('plugins dev — shows what is logged as it comes, each line once', async (t) => {
  const { out } = await developed([() => log('first'), wait, () => log('TypeError: no'), wait], () => runs)
  t.is(out.match(/first/g)?.length, 1)
  t.is(out.match(/TypeError: no/g)?.length, 1)
})

test.serial('plugins dev — leaves out what was logged before', async (t) => {
  log('of yesterday')
  lines.push({ number: 2, text: 'starting p 1.0.0', source: 'host' })
  log('of today')
  const { out } = await developed([wait], () => runs)
  t.notRegex(out, /of yesterday/)
  t.regex(out, /of today/)
})

test.serial('plugins dev — shows what is wrong with the folder, and goes on when it is mended', async (t) => {
  let broken = true
  const mend = (): void => {
    broken = false
    change()
  }
  const { installs, err, thrown } = await developed([wait, mend, wait, wait], () => {
    if (broken) throw new CliFailure(1, { code: 'bundle-failed', message: 'index.ts:1: Unexpected ";"' })
    return runs
  })
  t.is(thrown, undefined)
  t.is(installs, 2)
  t.regex(err, /^error: index\.ts:1: Unexpected ";" \[bundle-failed\]\np 1\.0\.0 is running/)
})

test.serial('plugins dev — ends where no change of the folder helps', async (t) => {
  for (const code of ['path-not-found', 'node-unreachable', 'walls-missing']) {
    const { installs, thrown } = await developed([wait], () => {
      throw new CliFailure(1, { code, message: 'no' })
    })
    t.like(thrown, { code })
    t.is(installs, 1)
    t.is(changed, undefined)
  }
})
