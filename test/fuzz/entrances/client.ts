import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ActorName,
  allOperations,
  commandWords,
  events,
  parseRequest,
  shapeOf,
} from '@fulgurite/plugin-sdk/contract'
import { readAccess, writeAccess } from '../../../core/src/api/access.ts'
import { contextFrom } from '../../../core/src/api/call-headers.ts'
import { startApi } from '../../../core/src/api/server.ts'
import { fieldsOf } from '../../../core/src/cli/fields.ts'
import type { CliIo } from '../../../core/src/cli/io.ts'
import { run } from '../../../core/src/cli/run.ts'
import { World } from '../../scenarios/support/world.ts'
import { type Entrance, must, mustBeOurs, mustBeReadable, pureEntrance } from '../support/entrance.ts'
import { jsonText, oddJson, oddText, oddValue, spoil } from '../support/odd-values.ts'
import type { Random } from '../support/random.ts'
import { sampleOf } from '../support/samples.ts'

const operations = allOperations().map(({ actor, name, operation }) => ({
  actor,
  name,
  operation,
  shape: shapeOf(operation.request),
}))

const requests = pureEntrance('request', 140, (random, note) => {
  const { actor, name, shape } = random.pick(operations)
  const odd = random.oneIn(3) ? oddValue : oddJson
  const request = spoil(sampleOf(shape, random), random, odd)
  note([actor, name, request])
  const read = parseRequest(actor, name as never, request)
  if (read.ok) return
  if (odd === oddJson) mustBeReadable(read.error.message)
  else mustBeOurs(read.error.message)
  must(/^[\x20-\x7e…]*$/.test(read.error.field ?? ''), 'the name of a field can be shown')
})

const headerNames = ['idempotency-key', 'x-reason', 'x-causes', 'x-timeout-ms'] as const

const headers = pureEntrance('headers', 60, (random, note) => {
  const given = Object.fromEntries(
    random.times(4, () => [
      random.pick(headerNames),
      random.pick([oddText(random), 'ok', '5', 'code: words', 'e1,e2', ['a', 'b']]),
    ]),
  )
  note(given)
  const context = contextFrom(given)
  if (!context.ok) mustBeOurs(context.error.message)
})

/** A node whose handlers are the real ones; plugins and the wallet's money are not there. */
const nodeWorld = async () => {
  const world = new World()
  const node = await world.node('asked')
  return { world, node }
}

const gatewayAsks: Entrance = {
  name: 'gateway',
  share: 90,
  async open() {
    const { world, node } = await nodeWorld()
    return {
      async feed(random, note) {
        const { actor, name, shape } = random.pick(operations)
        const sample = sampleOf(shape, random)
        const request = random.oneIn(3) ? sample : spoil(sample, random)
        note([actor, name, request])
        const key = `key-${random.below(200)}`
        const answer = await node.tryAsk(actor as ActorName, name, request as object, key)
        if (answer.ok) return
        must(answer.error.code !== 'internal', 'a bug was answered')
        mustBeOurs(answer.error.message)
      },
      close: () => world.close(),
    }
  },
}

const TOKEN = 'ab'.repeat(32)

const servedNode = async () => {
  const { world, node } = await nodeWorld()
  const bugs: string[] = []
  const api = await startApi({
    gateway: node.node.gateway,
    token: TOKEN,
    port: 0,
    onBug: (error) => bugs.push(error instanceof Error ? (error.stack ?? '') : typeof error),
  })
  if (!api.ok) throw new Error(api.error.cause)
  const port = Number(new URL(api.value.url).port)
  return {
    bugs,
    port,
    url: api.value.url,
    async close() {
      await api.value.close()
      await world.close()
    },
  }
}

/** What came back for these bytes, until the other end hung up or had said its status. */
const exchange = (port: number, bytes: string, enough: (text: string) => boolean): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (enough(text)) socket.destroy()
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve(text))
    socket.end(bytes)
  })

/** One line of a header cannot hold a line's end. */
const inLine = (text: string): string => text.replace(/[\r\n]/g, ' ')

const httpPaths = (random: Random): string => {
  const { actor, name } = random.pick(operations)
  return random.oneIn(6)
    ? random.pick([
        '/',
        '/v1',
        '/v1/%E0%A4%A',
        '/v1/node/__proto__',
        '/v1/constructor/get',
        '/v1//',
        '*',
        '/v1/openapi.json?a=%',
      ])
    : `/v1/${actor}/${name}`
}

const http: Entrance = {
  name: 'http',
  share: 12,
  async open() {
    const { bugs, port, close } = await servedNode()
    return {
      async feed(random, note) {
        const { actor, name, shape } = random.pick(operations)
        const body = jsonText(spoil(sampleOf(shape, random), random), random)
        const path = random.oneIn(3) ? httpPaths(random) : `/v1/${actor}/${name}`
        const length = random.oneIn(15) ? random.pick(['0', '-1', '1e3', 'x', '99999999']) : Buffer.byteLength(body)
        const lines = [
          `${random.oneIn(15) ? random.pick(['GET', 'PUT', 'HEAD', 'TRACE', 'odd']) : 'POST'} ${path} HTTP/1.1`,
          'host: a',
          `authorization: ${random.oneIn(20) ? inLine(oddText(random)) : `Bearer ${TOKEN}`}`,
          `content-type: ${random.oneIn(20) ? 'text/plain' : 'application/json'}`,
          `content-length: ${length}`,
          `idempotency-key: k${random.below(50)}`,
          ...random.times(2, () => `${random.pick(headerNames)}: ${inLine(oddText(random))}`),
          'connection: close',
        ]
        const text = `${lines.join('\r\n')}\r\n\r\n${body}`
        note(text)
        const answer = await exchange(port, text, () => false)
        must(!/^HTTP\/1.1 500/.test(answer), `answered ${answer}`)
        must(bugs.length === 0, bugs.join('\n'))
        mustBeOurs(answer)
      },
      close,
    }
  },
}

const eventNames = Object.keys(events)

const eventQueries: Entrance = {
  name: 'event-stream',
  share: 8,
  async open() {
    const { bugs, port, close } = await servedNode()
    return {
      async feed(random, note) {
        const odd = (): string => encodeURIComponent(oddText(random).toWellFormed())
        const from = random.pick(['e1', 'e0', 'ezzzzzzzzz', 'e99999999999', 'x', odd(), '%', 'e1&from=e2'])
        const types = random.pick([
          random.pick(eventNames),
          eventNames.join(','),
          '__proto__',
          'constructor',
          odd(),
          ',,',
          'a&types=b',
        ])
        const query = random.pick([
          `?from=${from}`,
          `?types=${types}`,
          `?from=${from}&types=${types}`,
          '?',
          `?${odd()}`,
        ])
        const last = random.oneIn(4) ? `last-event-id: ${inLine(oddText(random))}\r\n` : ''
        const text = `GET /v1/events${query} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${TOKEN}\r\n${last}connection: close\r\n\r\n`
        note(text)
        const answer = await exchange(
          port,
          text,
          (said) => said.startsWith('HTTP/1.1 200') && said.includes('\r\n\r\n'),
        )
        must(!/^HTTP\/1.1 500/.test(answer), `answered ${answer}`)
        must(bugs.length === 0, bugs.join('\n'))
      },
      close,
    }
  },
}

const NUMBERS = [
  '0',
  '-1',
  '1.5',
  '9999999999999999999',
  '18446744073709551616',
  `1${'0'.repeat(400)}`,
  '1e9',
  'NaN',
  '0x1',
  '1_000',
]

const cliArgs = (random: Random): readonly string[] => {
  const { actor, name, operation } = random.pick(operations)
  const { group, name: word } = commandWords(actor, name, operation)
  const command = [...(group === undefined ? [] : [group]), word]
  const value = (): string =>
    random.pick([oddText(random), random.pick(NUMBERS), jsonText(oddJson(random), random), '@file', 'ab'.repeat(32)])
  const rest = fieldsOf(operation).flatMap((field) => {
    if (random.oneIn(4)) return []
    const sample = sampleOf(field.shape, random)
    const text = random.oneIn(3) ? value() : typeof sample === 'object' ? JSON.stringify(sample) : String(sample)
    return field.positional ? [text] : [`--${field.name}`, text]
  })
  const flags = random.times(2, () =>
    random.pick([
      ['--json'],
      ['--timeout', value()],
      ['--key', value()],
      ['--reason', value()],
      [value()],
      ['--no-such'],
    ]),
  )
  return [...command, ...rest, ...flags.flat()]
}

const cli: Entrance = {
  name: 'cli',
  share: 4,
  async open() {
    const { bugs, url, close } = await servedNode()
    const folder = mkdtempSync(join(tmpdir(), 'fulgurite-fuzz-'))
    writeAccess(folder, { url, token: TOKEN })
    return {
      async feed(random, note) {
        const args = random.oneIn(10) ? random.times(4, () => oddText(random)) : cliArgs(random)
        note(args)
        let said = ''
        const say = (text: string): void => {
          said += text
        }
        const io: CliIo = {
          out: say,
          err: say,
          isTerminal: random.oneIn(2),
          columns: random.pick([0, 1, 40, 200]),
          env: { FULGURITE_DATA: folder },
          cwd: '/somewhere',
          home: '/home/someone',
          readFile: () => jsonText(oddJson(random), random),
          pause: () => Promise.resolve(),
          ask: () => Promise.resolve(undefined),
          askSecretly: () => Promise.resolve(undefined),
          readInput: () => Promise.resolve(undefined),
          watch: () => () => {},
          randomKey: () => `made-${random.below(1_000)}`,
          interrupted: AbortSignal.abort(),
        }
        const app = { start: async () => 0, demo: async () => 0, resetDevnet: async () => 0, seed: async () => 0 }
        const code = await run(args, io, async () => app)
        must([0, 1, 2, 3, 4].includes(code), `exit code ${code}`)
        must(!/a bug/.test(said), said)
        must(bugs.length === 0, bugs.join('\n'))
        mustBeOurs(said)
      },
      async close() {
        rmSync(folder, { recursive: true })
        await close()
      },
    }
  },
}

const accessFiles: Entrance = {
  name: 'access-file',
  share: 3,
  async open() {
    const folder = mkdtempSync(join(tmpdir(), 'fulgurite-fuzz-'))
    return {
      feed(random, note) {
        const text = jsonText(spoil({ url: 'http://127.0.0.1:1', token: TOKEN }, random), random)
        note(text)
        writeFileSync(join(folder, 'api.json'), text)
        const read = readAccess(folder)
        must(read.ok || read.error.code === 'access-file-unreadable', 'a typed answer')
      },
      async close() {
        rmSync(folder, { recursive: true })
      },
    }
  },
}

export const clientEntrances = [requests, headers, gatewayAsks, http, eventQueries, cli, accessFiles]
