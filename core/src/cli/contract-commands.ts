import { resolve } from 'node:path'
import {
  type ActorName,
  actors,
  type ContractError,
  commandWords,
  isCommand,
  type Operation,
  parseRequest,
} from '@fulgurite/plugin-sdk/contract'
import { Argument, type Command, Option } from 'commander'
import { cliClient } from './cli-client.ts'
import { installAsking } from './consent.ts'
import { CliFailure, usage } from './failure.ts'
import { type CliField, contractValue, fieldsOf, isFlag, isLeftOut, mayBeAny, place, spelled } from './fields.ts'
import { followLogs } from './follow-logs.ts'
import { type CliIo, EXIT } from './io.ts'
import { defaultFolder, devnetFolder } from './own-commands.ts'
import { developPlugin, type Installed, installedText } from './plugin-dev.ts'
import { printable, printableJson } from './printable.ts'
import { checkColumns, type ListStyle, renderEvent, renderReply, rowsOf } from './render.ts'
import { resolveIds } from './resolve-ids.ts'
import { wrapped } from './table.ts'
import { whatNext } from './what-next.ts'

interface Flags {
  readonly data?: string
  readonly json?: true
  readonly key?: string
  readonly reason?: string
  readonly timeout?: string
  readonly columns?: string
  readonly wide?: true
  readonly follow?: true
  readonly yes?: true
  readonly from?: string
  readonly types?: string
}

/** Every actor as a group of commands, every operation as a command. */
export const addContractCommands = (program: Command, io: CliIo, done: (exitCode: number) => void): void => {
  for (const { name: actor, summary, operations } of Object.values(actors)) {
    const entries = Object.entries(operations as Record<string, Operation>).map(
      ([name, operation]) => ({ name, operation, words: commandWords(actor, name, operation) }) as const,
    )
    const group = entries[0]?.words.group === undefined ? program : program.command(actor).description(summary)
    for (const { name, operation, words } of entries) {
      const { alias, isDefault } = words
      const command = group.command(words.name, { isDefault }).description(operation.summary)
      if (alias !== undefined) command.alias(alias)
      describe(command, operation)
      if (actor === 'plugins' && name === 'logs') {
        command.option('--follow', 'prints further lines as they come, until interrupted')
      }
      if (actor === 'plugins' && name === 'install') {
        command.option('-y, --yes', 'agrees to whatever the plugin asks for, without a question')
      }
      command.action(async () => {
        await run(actor, name, operation, command, io)
        done(EXIT.done)
      })
    }
    if (actor === 'events') addTail(group, io, done)
    if (actor === 'plugins') addDev(group, io, done)
  }
}

const describe = (command: Command, operation: Operation): void => {
  for (const field of fieldsOf(operation)) {
    if (field.positional) command.addArgument(argumentOf(field))
    else if (isFlag(field)) command.option(`--${field.name}`, field.summary).option(`--no-${field.name}`)
    else command.addOption(optionOf(field))
  }
  if (isCommand(operation)) {
    command.option('--key <text>', 'the same key and request are done once only; made up and shown if not given')
    command.option('--reason <code: words>', 'why, for the audit')
  }
  if (rowsOf(operation) !== undefined) {
    command.option('--columns <names>', 'only these columns, separated by commas: names in the table, or fields')
    command.option('--wide', 'every field in full, however wide the terminal is')
  }
  command.option('--timeout <seconds>', 'how long to wait for the answer')
}

const argumentOf = (field: CliField): Argument =>
  new Argument(field.required ? `<${field.name}>` : `[${field.name}]`, helpOf(field))

const helpOf = (field: CliField): string =>
  mayBeAny(field) ? `${field.summary} Write any to leave it out.` : field.summary

const optionOf = (field: CliField): Option => {
  const option = new Option(`--${field.name} <value>`, field.summary)
  if (field.required) option.makeOptionMandatory()
  return option
}

const run = async (
  actor: ActorName,
  name: string,
  operation: Operation,
  command: Command,
  io: CliIo,
): Promise<void> => {
  const flags = command.optsWithGlobals<Flags>()
  const request = requestOf(operation, command, io)
  const rows = rowsOf(operation)
  const columns = flags.columns?.split(',')
  // Checked before the node is asked, so that a wrong name does not hide the node's answer.
  if (rows !== undefined && columns !== undefined) checkColumns(rows, columns, io)
  const style: ListStyle = { ...(columns === undefined ? {} : { columns }), wide: flags.wide === true }
  const client = cliClient(foldersOf(flags, io))
  await resolveIds(fieldsOf(operation), request, client)
  const checked = parseRequest(actor, name as never, request)
  if (!checked.ok) throw badArgument(operation, checked.error)
  const headers: Record<string, string> = {}
  if (isCommand(operation) && (flags.key !== undefined || operation.keyRequired)) {
    const key = flags.key ?? io.randomKey()
    headers['idempotency-key'] = key
    if (flags.key === undefined) io.err(`key ${key} (to ask again safely: --key ${key})\n`)
  }
  if (flags.reason !== undefined) headers['x-reason'] = flags.reason
  if (flags.timeout !== undefined) {
    const seconds = Number(flags.timeout)
    if (!(seconds > 0)) throw usage('--timeout: expected a number of seconds', undefined, 'timeout')
    headers['x-timeout-ms'] = `${Math.ceil(seconds * 1000)}`
  }
  if (flags.follow) return followLogs(operation, request, client, io, { json: flags.json === true, style })
  const isInstall = actor === 'plugins' && name === 'install'
  const asked = isInstall
    ? installAsking(client, request, headers, flags.yes === true, io)
    : client.ask(actor, name, request, headers)
  const reply = await asked.catch((error: unknown) => {
    throw ofArgument(operation, error)
  })
  if (flags.json) io.out(`${printableJson(reply.text)}\n`)
  else if (isInstall && io.isTerminal) io.out(installedText(reply.body as Installed))
  else io.out(renderReply(operation, reply.body, io, style) + nextStep(actor, name, reply.body, io))
}

const nextStep = (actor: ActorName, name: string, reply: unknown, io: CliIo): string => {
  const next = io.isTerminal ? whatNext(actor, name, reply) : undefined
  return next === undefined ? '' : `${wrapped(printable(next), io.columns).join('\n')}\n`
}

const requestOf = (operation: Operation, command: Command, io: CliIo): Record<string, unknown> => {
  const fields = fieldsOf(operation)
  const options = command.opts<Record<string, string | boolean | undefined>>()
  const positions = fields.filter(({ positional }) => positional)
  const given = splitArgument(operation, command.args)
  const request: Record<string, unknown> = {}
  for (const field of fields) {
    const value = field.positional ? given[positions.indexOf(field)] : options[camel(field.name)]
    if (value !== undefined && !isLeftOut(field, value)) place(request, field.path, contractValue(field, value, io))
  }
  return request
}

// People pass node addresses around as `<id>@<host>:<port>`.
const splitArgument = ({ split }: Operation, args: readonly string[]): readonly string[] => {
  const [first, ...rest] = args
  const at = split === undefined ? -1 : (first?.indexOf(split) ?? -1)
  if (first === undefined || split === undefined || at < 0) return args
  return [first.slice(0, at), first.slice(at + split.length), ...rest]
}

const camel = (name: string): string => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

const badArgument = (operation: Operation, { field = '', message }: ContractError) => {
  const found = fieldsOf(operation).find(({ path }) => path.join('.') === field || path[0] === field.split('.')[0])
  if (found === undefined) return usage(message)
  const what = message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message
  const inside = field === found.path.join('.') ? '' : ` (${field})`
  return usage(`${spelled(found)}${inside}: ${what}`, undefined, found.name)
}

/** A failure that names a field, rewritten to name the argument that the field came from. */
const ofArgument = (operation: Operation, error: unknown): unknown => {
  if (!(error instanceof CliFailure) || typeof error.details.field !== 'string') return error
  const { field } = error.details
  const found = fieldsOf(operation).find(({ path }) => path.join('.') === field)
  if (found === undefined) return error
  const message = error.message.startsWith(`${field}: `) ? error.message.slice(field.length + 2) : error.message
  return error.saying(`${spelled(found)}: ${message}`)
}

const foldersOf = ({ data }: Flags, io: CliIo): readonly string[] =>
  data === undefined ? [...new Set([defaultFolder(io), devnetFolder(io)])] : [resolve(io.cwd, data)]

const addDev = (group: Command, io: CliIo, done: (exitCode: number) => void): void => {
  const command = group
    .command('dev')
    .argument('<path>', "the folder with the plugin's `fulgurite.plugin.json`, on this machine")
    .description('Installs a plugin, again whenever its folder changes, and prints what it logs, until interrupted.')
    .option('--config <value>', "the plugin's settings (JSON, or @file)")
    .option('-y, --yes', 'agrees to whatever the plugin asks for, without a question')
  command.action(async (path: string) => {
    const flags = command.optsWithGlobals<Flags & { readonly config?: string }>()
    const config = configOf(flags.config, io)
    await developPlugin(
      cliClient(foldersOf(flags, io)),
      {
        path: resolve(io.cwd, path),
        ...(config === undefined ? {} : { config }),
        yes: flags.yes === true,
        json: flags.json === true,
      },
      io,
    )
    done(EXIT.done)
  })
}

/** Read as `plugins install` reads it. */
const configOf = (given: string | undefined, io: CliIo): unknown => {
  const field = fieldsOf(actors.plugins.operations.install).find(({ name }) => name === 'config')
  return given === undefined || field === undefined ? undefined : contractValue(field, given, io)
}

const addTail = (group: Command, io: CliIo, done: (exitCode: number) => void): void => {
  const command = group
    .command('tail')
    .description('Prints events as they happen, until interrupted.')
    .option('--from <cursor>', 'begins after this event; with the next one to happen if not said')
    .option('--types <names>', 'only these, separated by commas')
    .option('--wide', 'every event in full, however wide the terminal is')
  command.action(async () => {
    const flags = command.optsWithGlobals<Flags>()
    const query = new URLSearchParams()
    if (flags.from !== undefined) query.set('from', flags.from)
    if (flags.types !== undefined) query.set('types', flags.types)
    let last: string | undefined
    await cliClient(foldersOf(flags, io)).follow(query, io.interrupted, (data) => {
      last = (JSON.parse(data) as { cursor: string }).cursor
      io.out(flags.json ? `${printableJson(data)}\n` : renderEvent(data, io, flags.wide === true))
    })
    if (!io.interrupted.aborted) {
      io.err(`the node has ended the stream${last === undefined ? '' : `; go on with --from ${last}`}\n`)
      done(EXIT.unreachable)
      return
    }
    done(EXIT.done)
  })
}
