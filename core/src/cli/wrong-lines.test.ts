import test from 'ava'
import type { Command } from 'commander'
import { commandLine } from './run.ts'
import { cliIn, ioIn, noApp } from './testing.ts'

/** How the library that reads the line says what is wrong with it. */
const FOREIGN =
  /missing required argument|argument missing|not specified|unknown (option|command)|too many arguments|Expected \d|is invalid|Allowed choices|cannot be used with|Did you mean|\(--help says|invalid (input|type)|Commander/

const allCommands = (group: Command): readonly Command[] =>
  group.commands.flatMap((command) => [command, ...allCommands(command)])

const wordsOf = (command: Command): readonly string[] =>
  command.parent === null ? [] : [...wordsOf(command.parent), command.name()]

interface Wrong {
  readonly args: readonly string[]
  /** What the complaint names. */
  readonly names: string
  readonly field?: string
}

const value = 'x'

/** Every way in which a line for this command can be wrong without a look at what its values mean. */
const wrongLines = (command: Command): readonly Wrong[] => {
  const words = wordsOf(command)
  const positions = command.registeredArguments
  const isGroup = command.commands.length > 0
  const mandatory = command.options.filter((option) => option.mandatory).flatMap(({ long }) => long ?? [])
  const without = (missing?: string): readonly string[] => [
    ...words,
    ...positions.map(() => value),
    ...mandatory.filter((name) => name !== missing).flatMap((name) => [name, value]),
  ]
  const filled = without()
  const lines: Wrong[] = [
    { args: [...filled, '--frobnicate'], names: '--frobnicate', field: 'frobnicate' },
    { args: [...filled, '--frobnicate=5'], names: '--frobnicate', field: 'frobnicate' },
    { args: [...filled, '-q'], names: '-q', field: 'q' },
    { args: [...filled, '--json=5'], names: '--json takes no value', field: 'json' },
    { args: [...filled, 'frobnicate'], names: 'frobnicate' },
    { args: [...filled, '--data'], names: '--data needs a value', field: 'data' },
  ]
  const firstRequired = positions.find(({ required }) => required)
  if (firstRequired !== undefined) {
    lines.push({ args: words, names: `<${firstRequired.name()}> is missing`, field: firstRequired.name() })
  }
  for (const { long, flags, mandatory } of isGroup ? [] : command.options) {
    if (long == null || !flags.includes('<')) continue
    lines.push({ args: [...filled, long], names: `${long} needs a value`, field: long.slice(2) })
    const other = command.options.find((option) => option.long !== long)?.long
    if (other != null) {
      lines.push({ args: [...filled, long, other, value], names: `${long} needs a value`, field: long.slice(2) })
    }
    if (mandatory) lines.push({ args: without(long), names: `${long} is missing`, field: long.slice(2) })
  }
  return lines
}

const program = commandLine(ioIn('/nowhere'), noApp, () => {})

for (const command of allCommands(program)) {
  const words = wordsOf(command).join(' ')
  test(`${words} — a line that is wrong is refused in our own words, which name what is wrong, as text and as JSON`, async (t) => {
    const cli = cliIn('/nowhere')
    for (const { args, names, field } of wrongLines(command)) {
      const line = args.join(' ')
      const text = await cli(args)
      t.deepEqual([text.code, text.out], [2, ''], line)
      t.true(text.err.startsWith('error: '), line)
      t.true(text.err.includes(names), `${line}: ${text.err}`)
      t.notRegex(text.err, FOREIGN, line)
      const json = await cli(['--json', ...args])
      t.deepEqual([json.code, json.err], [2, ''], line)
      const { error } = JSON.parse(json.out)
      t.is(error.code, 'usage', line)
      t.is(error.field, field, line)
      t.is(`error: ${error.message}\n`, text.err, line)
    }
  })
}

const ODD = [
  '',
  ' ',
  'x',
  '-1',
  '1.5',
  '1e400',
  `1${'0'.repeat(400)}`,
  '{',
  '[]',
  '[1,"a",null]',
  '{"a":1}',
  'null',
  '@x',
  ',',
  '\u0000',
]

for (const command of allCommands(program)) {
  if (command.commands.length > 0 || ['start', 'demo', 'reset', 'new'].includes(command.name())) continue
  if (command.parent?.name() === 'seed') continue
  test(`${wordsOf(command).join(' ')} — whatever stands in the place of a value, what is said of it is in our own words`, async (t) => {
    const cli = cliIn('/nowhere')
    const places = [
      ...command.registeredArguments.map((one) => `<${one.name()}>`),
      ...command.options.flatMap(({ long, flags }) => (long != null && flags.includes('<') ? [long] : [])),
    ]
    for (const place of places)
      for (const odd of ODD) {
        const positions = command.registeredArguments.map((one) => (place === `<${one.name()}>` ? odd : '1sat'))
        const { code, out } = await cli([
          '--json',
          ...wordsOf(command),
          ...(place.startsWith('--') ? [place, odd] : []),
          '--',
          ...positions,
        ])
        const { error } = JSON.parse(out)
        const line = `${place} ${odd}: ${error.message}`
        // 3: the line is right, but there is no node to ask.
        t.true([2, 3].includes(code), line)
        t.notRegex(error.message, FOREIGN, line)
        t.notRegex(error.message, /^(Unrecognized|Invalid|Expected|Too|Required)/, line)
      }
  })
}

const others: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a mistyped command', ['chanels'], /^there is no command chanels: did you mean channels\?$/],
  ['no command at all', ['nonsense'], /^there is no command nonsense: there are start, demo, seed, getinfo, /],
  ['nothing', [''], /^there is no command "": /],
  ['a mistyped command of a group', ['invoices', 'crate'], /^invoices has no command crate: did you mean create\?$/],
  ['no command of a group', ['invoices', 'x'], /^invoices has no command x: there are list, get, decode, create/],
  ['a group without a command', ['dev'], /^dev is followed by the name of a command: there are mine, fund, /],
  ['a command of a group and an option, both wrong', ['dev', 'crate', '--x'], /^dev has no command crate: /],
  ['an option before the command', ['--nope', 'getinfo'], /^fulgurite has no option --nope: /],
  [
    'a mistyped option',
    ['peers', 'list', '--conected'],
    /^peers list has no option --conected: did you mean --connected\?$/,
  ],
  ['help of what there is not', ['help', 'nope'], /^there is no command nope: /],
  ['help of a mistyped command', ['help', 'chanels'], /^there is no command chanels: did you mean channels\?$/],
  ['a choice that there is not', ['start', '--network', 'moon'], /^--network: there is no moon: there are mainnet, /],
  [
    'a mistyped name',
    ['events', 'list', '--types', 'payment.snet'],
    /^--types: there is no payment.snet: did you mean payment.sent\?$/,
  ],
  ['a level that there is not', ['start', '--log-level', 'loud'], /^--log-level: there is no loud: there are debug, /],
]

for (const [what, args, says] of others) {
  test(`${what} is refused in our own words`, async (t) => {
    const { code, out } = await cliIn('/nowhere')([...args, '--json'])
    t.is(code, 2)
    const { error } = JSON.parse(out)
    t.is(error.code, 'usage')
    t.regex(error.message, says)
  })
}

test('help and version are no errors', async (t) => {
  for (const args of [
    ['help'],
    ['--help'],
    ['help', 'channels'],
    ['channels', '--help'],
    ['channels', 'get', '-h'],
    ['-V'],
  ]) {
    const { code, out, err } = await cliIn('/nowhere')(args)
    t.deepEqual([code, err], [0, ''], args.join(' '))
    t.not(out, '')
  }
})
