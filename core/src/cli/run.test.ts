import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allOperations, commandWords } from '@fulgurite/plugin-sdk/contract'
import test, { type ExecutionContext } from 'ava'
import { writeAccess } from '../api/access.ts'
import { type ScriptedGateway, scriptedGateway } from '../api/scripted-gateway.ts'
import { startApi } from '../api/server.ts'
import type { StartOptions } from '../app/options.ts'
import { err, ok } from '../lib/result.ts'
import type { CliIo } from './io.ts'
import { run } from './run.ts'
import { type CliOutcome, cliIn } from './testing.ts'

const token = 'ab'.repeat(32)
const channelId = 'cd'.repeat(32)
const nodeId = `02${'ef'.repeat(32)}`

interface Setting {
  readonly folder: string
  readonly url: string
  readonly gateway: ScriptedGateway
  cli(args: readonly string[], io?: Partial<CliIo>): Promise<CliOutcome>
}

const emptyFolder = (t: ExecutionContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

const setting = async (t: ExecutionContext): Promise<Setting> => {
  const folder = emptyFolder(t)
  const gateway = scriptedGateway()
  const api = await startApi({ gateway, token, port: 0 })
  if (!api.ok) throw new Error(api.error.cause)
  t.teardown(() => api.value.close())
  writeAccess(folder, { url: api.value.url, token })
  return { folder, url: api.value.url, gateway, cli: cliIn(folder) }
}

test('every operation of the contract is a command that says what it does', async (t) => {
  const cli = cliIn('/nowhere')
  for (const { actor, name, operation } of allOperations()) {
    const { group, name: word } = commandWords(actor, name, operation)
    const words = [...(group === undefined ? [] : [group]), word]
    const { code, out } = await cli([...words, '--help'])
    t.is(code, 0, words.join(' '))
    t.true(out.replace(/\s+/g, ' ').includes(operation.summary), words.join(' '))
    t.true(out.includes('--json'))
  }
})

test('no help is wider than the terminal; a group lists its commands by what they do first', async (t) => {
  const cli = cliIn('/nowhere')
  const groups = new Set(allOperations().map(({ actor }) => actor))
  const commands = allOperations().map(({ actor, name, operation }) => {
    const { group, name: word } = commandWords(actor, name, operation)
    return group === undefined ? [word] : [group, word]
  })
  for (const words of [
    [],
    ['start'],
    ['seed'],
    ...[...groups].filter((name) => name !== 'node').map((name) => [name]),
    ...commands,
  ]) {
    const { out } = await cli([...words, '--help'], { columns: 80, isTerminal: true })
    for (const line of out.split('\n')) t.true(line.length <= 80, `${words.join(' ')}: ${line}`)
  }
  const { out } = await cli(['channels', '--help'], { columns: 80 })
  t.regex(out, /^ {2}release +Lets a channel that was quarantined after a fault take\n +part in the protocol again\.$/m)
})

test('arguments and options become the request, amounts by their units', async (t) => {
  const { cli, gateway } = await setting(t)
  const { code } = await cli(['channels', 'open', nodeId, '0.01btc', '--push', '5sat', '--feerate', '253'])
  t.is(code, 0)
  t.deepEqual(gateway.asked[0]?.request, { nodeId, fundingSat: '1000000', pushMsat: '5000', feerate: 253 })
})

test('an amount that the payer chooses is any, so that a description can follow it', async (t) => {
  const { cli, gateway } = await setting(t)
  for (const group of ['invoices', 'offers']) {
    t.is((await cli([group, 'create', 'any', 'a tip'])).code, 0)
    t.deepEqual(gateway.asked.at(-1)?.request, { description: 'a tip' })
  }
  t.is((await cli(['payments', 'keysend', nodeId, 'any'])).code, 2)
})

test('a spending command makes up its key and shows it; a key that is given is kept', async (t) => {
  const { cli, gateway } = await setting(t)
  const invoice = `lnbcrt1${'q'.repeat(60)}`
  const made = await cli(['payments', 'pay', invoice])
  t.is(gateway.asked[0]?.context.key, 'cli-random')
  t.is(made.err, 'key cli-random (to ask again safely: --key cli-random)\n')
  const given = await cli(['payments', 'pay-invoice', invoice, '--key', 'mine', '--reason', 'rent: november'])
  t.is(given.err, '')
  t.like(gateway.asked[1]?.context, { key: 'mine', reason: { code: 'rent', text: 'november' } })
  await cli(['channels', 'set-relay-fees', channelId, '0', '10'])
  t.is(gateway.asked[2]?.context.key, undefined)
})

test('a group alone lists, and paging options reach the request', async (t) => {
  const { cli, gateway } = await setting(t)
  gateway.answer = () => Promise.resolve(ok({ items: [], asOf: 'c1' }))
  t.is((await cli(['peers'])).code, 0)
  t.is((await cli(['channels', '--state', 'usable', '--limit', '5', '--after', 'tok'])).code, 0)
  t.is((await cli(['peers', 'list', '--no-connected'])).code, 0)
  t.is((await cli(['wallet'])).code, 0)
  t.deepEqual(
    gateway.asked.map(({ actor, operation, request }) => [actor, operation, request]),
    [
      ['peers', 'list', {}],
      ['channels', 'list', { state: 'usable', page: { limit: 5, after: 'tok' } }],
      ['peers', 'list', { connected: false }],
      ['wallet', 'balance', {}],
    ],
  )
})

test('what stands for an id is asked of the node, wherever a channel or peer is asked for; a whole id is not', async (t) => {
  const { cli, gateway } = await setting(t)
  const ids: Record<string, object> = { channels: { channelId, asOf: 'c1' }, peers: { nodeId, asOf: 'c1' } }
  gateway.answer = (actor, operation) =>
    Promise.resolve(ok(operation === 'find' ? (ids[actor] ?? {}) : { items: [], asOf: 'c1' }))
  await cli(['channels', 'get', '539268x845x1'])
  await cli(['channels', 'close', 'bob'])
  await cli(['channels', 'list', '--peer', '02ef'])
  await cli(['channels', 'open', 'bob', '1btc'])
  await cli(['peers', 'connect', 'bob@127.0.0.1:9735'])
  await cli(['channels', 'get', channelId])
  t.deepEqual(
    gateway.asked.map(({ actor, operation, request }) => [actor, operation, request]),
    [
      ['channels', 'find', { channel: '539268x845x1' }],
      ['channels', 'get', { channelId }],
      ['channels', 'find', { channel: 'bob' }],
      ['channels', 'close', { channelId }],
      ['peers', 'find', { peer: '02ef' }],
      ['channels', 'list', { peer: nodeId }],
      ['peers', 'find', { peer: 'bob' }],
      ['channels', 'open', { nodeId, fundingSat: '100000000' }],
      ['peers', 'find', { peer: 'bob' }],
      ['peers', 'connect', { nodeId, address: '127.0.0.1:9735' }],
      ['channels', 'get', { channelId }],
    ],
  )
})

test('what stands for no id, or for several, is said of the argument that it was typed for', async (t) => {
  const { cli, gateway } = await setting(t)
  gateway.answer = () =>
    Promise.resolve(
      err({ code: 'channel-ambiguous', message: 'cd could be any of 2 channels: a, b', field: 'channel' }),
    )
  const { code, err: said } = await cli(['channels', 'get', 'cd'])
  t.deepEqual([code, said], [1, 'error: <channel-id>: cd could be any of 2 channels: a, b [channel-ambiguous]\n'])
  t.is(gateway.asked.length, 1)
})

test('a peer is named by id@host:port or by two arguments', async (t) => {
  const { cli, gateway } = await setting(t)
  await cli(['peers', 'connect', `${nodeId}@127.0.0.1:9735`])
  await cli(['peers', 'connect', nodeId, '[::1]:9735'])
  await cli(['peers', 'connect', nodeId])
  t.deepEqual(
    gateway.asked.map(({ request }) => request),
    [{ nodeId, address: '127.0.0.1:9735' }, { nodeId, address: '[::1]:9735' }, { nodeId }],
  )
})

test('paths are made absolute, and JSON comes as text or from a file', async (t) => {
  const { cli, gateway } = await setting(t)
  await cli(['plugins', 'install', 'plugins/fees', '--config', '{"min":1}'])
  await cli(['plugins', 'install', '/abs', '--config', '@conf.json'], { readFile: (path) => `{"read":"${path}"}` })
  t.deepEqual(
    gateway.asked.map(({ request }) => request),
    [
      { path: '/somewhere/plugins/fees', config: { min: 1 } },
      { path: '/abs', config: { read: '/somewhere/conf.json' } },
    ],
  )
})

const badArguments: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a malformed id', ['payments', 'get', 'abc'], /^error: <payment-hash>: expected 32 bytes as 64 lower-case/],
  [
    'an amount that is none',
    ['wallet', 'send', 'bcrt1qqqqqqqqqqqqqq', 'much'],
    /^error: <amount>: expected an amount with its unit, such as 25000sat, 0.001btc or 1500msat, not much/,
  ],
  ['an amount without its unit', ['invoices', 'create', '25000'], /^error: <amount>: say the unit: 25000sat/],
  ['an amount with separators', ['invoices', 'create', '25,000sat'], /^error: <amount>: write the number without sep/],
  [
    'half a satoshi',
    ['wallet', 'send', 'bcrt1qqqqqqqqqqqqqq', '1500msat'],
    /^error: <amount>: expected whole satoshis/,
  ],
  ['an option of an amount', ['channels', 'open', nodeId, '1sat', '--push', '5'], /^error: --push: say the unit: 5sat/],
  [
    'an option that is no number',
    ['channels', 'close', channelId, '--feerate', 'fast'],
    /^error: --feerate: expected a whole number, not "fast"/,
  ],
  [
    'more than all bitcoin',
    ['invoices', 'create', '9999999999999999999msat'],
    /^error: <amount>: expected at most 2100000000000000000 millisatoshis/,
  ],
  [
    'an amount with too many digits',
    ['wallet', 'send', 'bcrt1qqqqqqqqqqqqqq', `1${'0'.repeat(400)}sat`],
    /^error: <amount>: expected an amount with its unit/,
  ],
  [
    'a number past what numbers hold',
    ['channels', 'close', channelId, '--feerate', `1${'0'.repeat(400)}`],
    /^error: --feerate: expected a number/,
  ],
  [
    'an expiry past a year',
    ['invoices', 'create', '1sat', '--expiry-seconds', '4294967296'],
    /^error: --expiry-seconds: expected at most 31536000/,
  ],
  ['a description that is too long', ['invoices', 'create', '1sat', 'x'.repeat(5_000)], /^error: <description>: /],
  ['a value out of range', ['peers', 'list', '--limit', '501'], /^error: --limit: expected at most 500/],
  [
    'a choice that does not exist',
    ['channels', 'list', '--state', 'odd'],
    /^error: --state: there is no odd: there are opening, usable/,
  ],
  [
    'a missing argument',
    ['channels', 'get'],
    /^error: <channel-id> is missing: write fulgurite channels get <channel-id>$/m,
  ],
  ['a mistyped command', ['chanels'], /did you mean channels\?/],
  ['broken JSON', ['plugins', 'install', '/x', '--config', '{'], /^error: --config: expected JSON, or @file/],
]

for (const [what, args, said] of badArguments) {
  test(`${what} is refused before the node is asked, with exit code 2`, async (t) => {
    const { code, err: text, out } = await cliIn('/nowhere')(args)
    t.is(code, 2)
    t.regex(text, said)
    t.is(out, '')
  })
}

test('a node that goes away before it answers is said in words, with exit code 4', async (t) => {
  const folder = emptyFolder(t)
  const server = createServer((socket) => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  writeAccess(folder, { url: `http://127.0.0.1:${port}`, token })
  const { code, out } = await cliIn(folder)(['getinfo', '--json'])
  t.is(code, 4)
  const { error } = JSON.parse(out)
  t.is(error.code, 'connection-lost')
  t.true(error.message.endsWith(': the other side broke the connection off'), error.message)
})

test('without a node it says where it looked and how to start one, with exit code 3', async (t) => {
  const folder = emptyFolder(t)
  const none = await cliIn(folder)(['getinfo'])
  t.is(none.code, 3)
  t.true(none.err.includes(`no running node in ${folder}`))
  t.true(none.err.includes('fulgurite start'))
  writeAccess(folder, { url: 'http://127.0.0.1:1', token })
  const dead = await cliIn(folder)(['getinfo', '--json'])
  t.is(dead.code, 3)
  t.is(JSON.parse(dead.out).error.code, 'node-unreachable')
  t.true(dead.out.includes('http://127.0.0.1:1'))
  writeFileSync(join(folder, 'api.json'), 'x')
  t.is((await cliIn(folder)(['getinfo'])).code, 3)
})

test("without a folder named, the development network's node is found when the usual one does not run", async (t) => {
  const { folder, url, gateway } = await setting(t)
  const home = emptyFolder(t)
  const usual = join(home, '.fulgurite')
  mkdirSync(join(usual, 'devnet'), { recursive: true })
  writeAccess(usual, { url: 'http://127.0.0.1:1', token })
  writeAccess(join(usual, 'devnet'), { url, token })
  t.is((await cliIn(folder)(['getinfo'], { env: {}, home })).code, 0)
  t.is(gateway.asked.length, 1)
})

test('a refusal shows code and message with exit code 1, an unknown outcome 4', async (t) => {
  const { cli, gateway } = await setting(t)
  gateway.answer = () => Promise.resolve(err({ code: 'channel-not-found', message: 'no channel cdcd' }))
  const refused = await cli(['channels', 'get', channelId])
  t.deepEqual(refused, { code: 1, out: '', err: 'error: no channel cdcd [channel-not-found]\n' })
  const asJson = await cli(['channels', 'get', channelId, '--json'])
  t.deepEqual(JSON.parse(asJson.out), { error: { code: 'channel-not-found', message: 'no channel cdcd' } })
  gateway.answer = () => Promise.resolve(err({ code: 'outcome-unknown', message: 'later' }))
  t.is((await cli(['channels', 'force-close', channelId])).code, 4)
})

test('what the node says of a field is said of the argument that it came from', async (t) => {
  const { cli, gateway } = await setting(t)
  gateway.answer = () =>
    Promise.resolve(err({ code: 'amount-out-of-bounds', message: 'at least 1000sat', field: 'amountSat' }))
  t.is((await cli(['dev', 'fund', '5sat'])).err, 'error: <amount>: at least 1000sat [amount-out-of-bounds]\n')
  gateway.answer = () =>
    Promise.resolve(err({ code: 'invalid-request', message: 'page.after: no such page', field: 'page.after' }))
  t.is((await cli(['peers', '--after', 'x'])).err, 'error: --after: no such page [invalid-request]\n')
})

test('with --json what is wrong with a command line is one JSON value, too', async (t) => {
  const { cli } = await setting(t)
  for (const [args, says] of [
    [['invoices', 'crate'], /invoices has no command crate: did you mean create\?/],
    [['channels', 'list', 'odd'], /channels has no command odd/],
    [['events', 'list', '--types', 'payment.lost'], /--types: there is no payment.lost/],
    [['channels', 'get', 'a', 'b'], /get takes one argument: b is one more/],
    [['getinfo', 'x'], /getinfo takes no arguments: x is one more/],
    [['start', 'x'], /start takes no arguments: x is one more/],
    [['pay', 'x'], /there is no command pay: did you mean payments pay-invoice or offers pay\?/],
    [['payments', 'pay', 'x'], /<invoice>: expected a BOLT 11 invoice, which begins with ln/],
    [['nonsense'], /there is no command nonsense: there are start, /],
    [['wallet', 'send'], /<address> is missing: write fulgurite wallet send <address> <amount>/],
    [['getinfo', '--nope'], /getinfo has no option --nope: there are --timeout, .*--help/],
    [['help', 'nope'], /there is no command nope/],
    [['start', '--network', 'moon'], /--network: there is no moon: there are mainnet, testnet/],
    [['payments', 'get', 'xx'], /64 lower-case/],
  ] as const) {
    const { code, out, err: said } = await cli([...args, '--json'])
    const { error } = JSON.parse(out)
    t.deepEqual([code, error.code, said], [2, 'usage', ''], args.join(' '))
    t.regex(error.message, says)
    t.notRegex(error.message, /^error/)
  }
})

const balance = {
  confirmedSat: 2_100_000_000_000_000_001n,
  unconfirmedSat: 0n,
  reservedSat: 0n,
  spendableSat: 5n,
  asOf: 'c1',
}

test('--json prints the reply without losing a digit; text without a terminal is tab-separated', async (t) => {
  const { cli, gateway } = await setting(t)
  gateway.answer = () => Promise.resolve(ok(balance))
  const json = await cli(['wallet', 'balance', '--json'])
  t.is(
    json.out,
    '{"confirmedSat":2100000000000000001,"unconfirmedSat":0,"reservedSat":0,"spendableSat":5,"asOf":"c1"}\n',
  )
  const text = await cli(['wallet'])
  t.is(text.out, 'confirmed sat\t2100000000000000001\nunconfirmed sat\t0\nreserved sat\t0\nspendable sat\t5\n')
})

test('on a terminal amounts are grouped', async (t) => {
  const { cli, folder, gateway } = await setting(t)
  const io = { isTerminal: true, env: { FULGURITE_DATA: folder, NO_COLOR: '1' }, columns: 100 }
  gateway.answer = () => Promise.resolve(ok(balance))
  const shown = await cli(['wallet'], io)
  t.true(shown.out.includes('confirmed sat    2,100,000,000,000,000,001\n'))
})

test('control characters in what the node says of a failure, in values and in JSON never reach a terminal', async (t) => {
  const { cli, gateway } = await setting(t)
  const evil = 'gone \x1b[2J\u009b31m\u202e\u{e0041}\n\x1b]52;c;'
  gateway.answer = () => Promise.resolve(err({ code: 'plugin-not-found', message: evil }))
  const raw = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
  for (const more of [[], ['--json']]) {
    const { out, err: said } = await cli(['plugins', 'logs', 'x', ...more], { isTerminal: true })
    t.notRegex(out + said, raw)
    t.regex(out + said, /gone/)
  }
  const line = { at: 0, level: 'info', source: 'plugin', text: evil }
  gateway.answer = () => Promise.resolve(ok({ items: [line], asOf: 'c1' }))
  const json = await cli(['plugins', 'logs', 'x', '--json'], { isTerminal: true })
  t.notRegex(json.out, raw)
  t.is(JSON.parse(json.out).items[0].text, evil)
})

test('on a terminal a reply of several parts shows each field of each on a line of its own', async (t) => {
  const { cli, folder, gateway } = await setting(t)
  const io = { isTerminal: true, env: { FULGURITE_DATA: folder, NO_COLOR: '1' } }
  const permissions = ['event payment.relayed', 'spends at most: pays out 5 msat']
  const plugin = { name: 'fees', version: '1.0.0', state: 'running', permissions, installedAt: 0, restarts: 0 }
  gateway.answer = () => Promise.resolve(ok({ plugin, warnings: [] }))
  t.is(
    (await cli(['plugins', 'restart', 'fees'], io)).out,
    [
      'plugin',
      '  name          fees',
      '  version       1.0.0',
      '  state         running',
      '  permissions   event payment.relayed',
      '                spends at most: pays out 5 msat',
      '  installed at  1970-01-01T00:00:00Z',
      '  restarts      0',
      'warnings  none',
      '',
    ].join('\n'),
  )
})

test('a column that there is not is refused before the node is asked, and those that there are are named', async (t) => {
  const { code, err: said } = await cliIn('/nowhere')(['channels', 'list', '--columns', 'peer,nope'])
  t.is(code, 2)
  t.regex(said, /^error: --columns: there is no nope; there are peer, state, balance, .*local-policy\.fee-base-msat/)
})

test('logs are followed from where they were, at the level asked for, over a restart of the node, until interrupted', async (t) => {
  const { cli, gateway } = await setting(t)
  const line = (number: number, text: string) => ({ number, at: 0, level: 'warn', source: 'plugin', text })
  // As the node answers: the newest first.
  const answers = [
    { items: [line(2, 'b'), line(1, 'a')], latest: 2, asOf: 'c' },
    { items: [], latest: 2, asOf: 'c' },
    { items: [line(4, 'd'), line(3, 'c')], latest: 4, asOf: 'c' },
    { items: [], latest: 1, asOf: 'c' },
    { items: [line(1, 'anew')], latest: 1, asOf: 'c' },
  ]
  const interruption = new AbortController()
  gateway.answer = () => {
    const next = answers.shift()
    if (answers.length === 0) interruption.abort()
    return Promise.resolve(ok(next))
  }
  const { code, out } = await cli(['plugins', 'logs', 'fees', '--follow', '--level', 'warn'], {
    interrupted: interruption.signal,
    columns: 120,
    isTerminal: true,
  })
  t.is(code, 0)
  t.deepEqual(
    out
      .trim()
      .split('\n')
      .slice(1)
      .map((text) => text.split(/ +/).at(-1)),
    ['a', 'b', 'c', 'd', 'anew'],
  )
  const page = { limit: 500 }
  t.deepEqual(
    gateway.asked.map(({ request }) => request),
    [
      { name: 'fees', level: 'warn' },
      { name: 'fees', level: 'warn', since: 2, page },
      { name: 'fees', level: 'warn', since: 2, page },
      { name: 'fees', level: 'warn', since: 4, page },
      { name: 'fees', level: 'warn', since: 0, page },
    ],
  )
})

test('events tail prints what happens until it is interrupted', async (t) => {
  const { cli, gateway } = await setting(t)
  gateway.publish('payment.received', '{"n":1}')
  gateway.publish('payment.received', '{"n":2}')
  const interruption = new AbortController()
  let seen = ''
  const out = (text: string): void => {
    seen += text
    if (seen.split('\n').length === 2) gateway.publish('payment.received', '{"n":3}')
    if (seen.includes('"n":3')) interruption.abort()
  }
  const { code } = await cli(['events', 'tail', '--from', 'c1', '--json'], { out, interrupted: interruption.signal })
  t.is(code, 0)
  t.deepEqual(
    seen
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).payload.n),
    [2, 3],
  )
})

test('events tail says when its cursor is no good', async (t) => {
  const { cli } = await setting(t)
  const { code, err: text } = await cli(['events', 'tail', '--from', 'nonsense'])
  t.is(code, 1)
  t.is(text, 'error: no such cursor [cursor-invalid]\n')
})

test('start and demo are handed their options, the development network in a folder of its own', async (t) => {
  const started: unknown[] = []
  const app = {
    start: (options: StartOptions) => Promise.resolve(started.push(options) === 0 ? 1 : 0),
    demo: (options: unknown) => Promise.resolve(started.push(options) === 0 ? 1 : 7),
    resetDevnet: (options: unknown) => Promise.resolve(started.push(options) === 0 ? 1 : 0),
    seed: (options: unknown) => Promise.resolve(started.push(options) === 0 ? 1 : 5),
  }
  const io: CliIo = {
    out: () => {},
    err: () => {},
    isTerminal: false,
    columns: 80,
    env: {},
    cwd: '/work',
    home: '/home/u',
    readFile: () => '',
    watch: () => () => {},
    ask: () => Promise.resolve(undefined),
    askSecretly: () => Promise.resolve(undefined),
    readInput: () => Promise.resolve(undefined),
    randomKey: () => '',
    pause: () => Promise.resolve(),
    interrupted: new AbortController().signal,
  }
  await run(['start', '--devnet'], io, () => Promise.resolve(app))
  await run(['start', '--data', 'd', '--network', 'regtest', '--json'], io, () => Promise.resolve(app))
  t.is(await run(['demo', '--json'], io, () => Promise.resolve(app)), 7)
  await run(['dev', 'reset'], io, () => Promise.resolve(app))
  t.is(await run(['seed', 'encrypt', '--seed-passphrase-file', '-'], io, () => Promise.resolve(app)), 5)
  t.deepEqual(started, [
    { data: '/home/u/.fulgurite/devnet', devnet: true, json: false },
    { data: '/work/d', devnet: false, json: true, network: 'regtest' },
    { json: true },
    { data: '/home/u/.fulgurite/devnet', json: false },
    { command: 'encrypt', data: '/home/u/.fulgurite', json: false, seedPassphraseFile: '-' },
  ])
})

const CONSENT = `sha256-${'ab'.repeat(32)}`

/** A node that installs a plugin with one consent alone. */
const consenting = async (t: ExecutionContext, installed?: string) => {
  const world = await setting(t)
  world.gateway.answer = (_actor, _operation, request) => {
    if ((request as { consent?: string }).consent === CONSENT) return Promise.resolve(ok({ plugin: {}, warnings: [] }))
    const changes = [
      {
        change: 'new',
        text: `asks for channels.setRelayFees: ${'feeBaseMsat at most 5, '.repeat(5)}10 in 60 s at most`,
      },
      { change: 'gone', text: 'reads channels.get' },
    ]
    const details = { name: 'fees', version: '2.0.0', installed, consent: CONSENT, changes }
    return Promise.resolve(err({ code: 'consent-needed', message: 'look', details }))
  }
  return world
}

test('plugins install — shows what is asked for, within the terminal, and installs exactly that after a yes', async (t) => {
  const { cli, gateway } = await consenting(t, '1.0.0')
  const asked: string[] = []
  const ask = (question: string) => Promise.resolve(void asked.push(question) as undefined).then(() => 'y')
  const outcome = await cli(['plugins', 'install', '/fees', '--key', 'once'], { ask, columns: 80 })
  t.is(outcome.code, 0)
  t.deepEqual(asked, ['Grant this to fees 2.0.0? [y/N] '])
  t.regex(outcome.err, /^fees 2\.0\.0 would take the place of 1\.0\.0:\n {2}\+ asks for channels\.setRelayFees/)
  t.regex(outcome.err, /\n {2}- reads channels\.get\n/)
  t.true(outcome.err.split('\n').every((line) => line.length <= 80))
  t.deepEqual(
    gateway.asked.map(({ request, context }) => [(request as { consent?: string }).consent, context.key]),
    [
      [undefined, undefined],
      [CONSENT, 'once'],
    ],
  )
})

test('plugins install — says in few words on a terminal what has come of it', async (t) => {
  const { cli, gateway, folder } = await setting(t)
  const plugin = { name: 'fees', version: '2.0.0', state: 'running' }
  gateway.answer = () => Promise.resolve(ok({ plugin, replaced: '1.0.0', changes: [], warnings: ['look out'] }))
  const io = { isTerminal: true, env: { FULGURITE_DATA: folder, NO_COLOR: '1' } }
  const { out } = await cli(['plugins', 'install', '/fees'], io)
  t.is(out, 'fees 2.0.0 is running, in the place of 1.0.0\nlook out\n')
})

test('plugins install — installs nothing after anything but a yes', async (t) => {
  const { cli, gateway } = await consenting(t)
  for (const answer of ['', 'n', 'yess', 'no']) {
    const outcome = await cli(['plugins', 'install', '/fees'], { ask: () => Promise.resolve(answer) })
    t.is(outcome.code, 1, answer)
    t.regex(outcome.err, /error: nothing was installed \[declined\]\n$/)
  }
  t.is(gateway.asked.length, 4)
})

test('plugins install — without a terminal says that it needs consent, and --yes agrees', async (t) => {
  const { cli, gateway } = await consenting(t)
  const refused = await cli(['plugins', 'install', '/fees'])
  t.is(refused.code, 1)
  t.regex(refused.err, /there is no terminal to ask for it \[consent-needed\]\n.*--yes/)
  t.is(gateway.asked.length, 1)
  const json = JSON.parse((await cli(['plugins', 'install', '/fees', '--json'])).out)
  t.like(json, { error: { code: 'consent-needed', details: { consent: CONSENT } } })
  t.is((await cli(['plugins', 'install', '/fees', '--yes'])).code, 0)
  t.is((await cli(['plugins', 'install', '/fees', '--consent', CONSENT])).code, 0)
  t.deepEqual(
    gateway.asked.map(({ request }) => (request as { consent?: string }).consent),
    [undefined, undefined, undefined, CONSENT, CONSENT],
  )
})
