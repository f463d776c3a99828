import { commandForm, commandWords } from '../src/contract/command-line.ts'
import {
  type ActorName,
  allOperations,
  boundable,
  COMMON_ERRORS,
  type Command,
  contract,
  isCommand,
  type Operation,
} from '../src/contract/index.ts'
import { type ObjectShape, type Shape, shapeOf } from '../src/contract/shape.ts'
import { manifestPage } from './manifest-reference.ts'

/** The reference pages: file name to text. */
export const referencePages = (): ReadonlyMap<string, string> => {
  const pages = new Map<string, string>()
  const types = new Map<string, Shape>()
  for (const { name, summary } of Object.values(contract.actors)) {
    const operations = allOperations().filter(({ actor }) => actor === name)
    const sections = operations.map((one) => operationSection(one.actor, one.name, one.operation, types))
    pages.set(`${name}.md`, `${head(name)}${summary}\n\n${sections.join('\n')}`)
  }
  pages.set('event-types.md', `${head('Events')}${eventsText(types)}`)
  pages.set('hooks.md', `${head('Hooks')}${hooksText(types)}`)
  pages.set('manifest.md', `${head('fulgurite.plugin.json')}${manifestPage()}`)
  pages.set('errors.md', `${head('Errors')}${errorsText()}`)
  pages.set('types.md', `${head('Types')}${typesText(types)}`)
  const links = [...pages.keys()].map((file) => `- [${file.slice(0, -3)}](${file})`)
  pages.set('README.md', `${head(`The contract, version ${contract.version}`)}${readme}\n${links.join('\n')}\n`)
  return pages
}

const head = (title: string): string => `<!-- Written by \`npm run contract\`. Do not edit. -->\n\n# ${title}\n\n`

const readme = `What can be asked of a node, what it tells, and what it asks plugins. HTTP, the command line and plugins all offer
exactly this. Amounts are whole numbers; at the HTTP face JSON integers, on the event stream decimal strings, in plugins
\`bigint\`. Ids are lower-case hexadecimal.
`

const operationSection = (actor: ActorName, name: string, operation: Operation, types: Map<string, Shape>): string => {
  const request = shapeOf(operation.request) as ObjectShape
  const facts = [
    operation.access === 'operator' ? 'For the operator alone.' : '',
    operation.kind === 'query' && operation.resumable === true
      ? 'Resumable: `next` is always there, to read on from later.'
      : '',
    isCommand(operation) && operation.effects.length > 0 ? `Effects: ${operation.effects.join(', ')}.` : '',
    isCommand(operation) && operation.keyRequired ? 'Needs an idempotency key.' : '',
    isCommand(operation) && operation.bounds.length > 0 ? `A grant must bound: ${code(operation.bounds)}.` : '',
    isCommand(operation) ? mayBound(operation) : '',
    operation.errors.length > 0 ? `Errors: ${code(operation.errors)}.` : '',
  ].filter((fact) => fact !== '')
  return [
    `## ${actor}.${name}\n`,
    `*${operation.kind}* · \`POST /v1/${actor}/${name}\` · \`${commandForm(actor, name, operation)}\`${alsoTyped(actor, name, operation)}\n`,
    `${operation.summary}\n`,
    ...facts.map((fact) => `${fact}\n`),
    `Request:\n\n${memberTable(request, types)}`,
    `Reply:\n\n${memberTable(shapeOf(operation.reply) as ObjectShape, types)}`,
  ].join('\n')
}

const alsoTyped = (actor: ActorName, name: string, operation: Operation): string => {
  const { alias, isDefault } = commandWords(actor, name, operation)
  const others = [
    ...(alias === undefined ? [] : [`fulgurite ${actor} ${alias}`]),
    ...(isDefault ? [`fulgurite ${actor}`] : []),
  ]
  return others.length === 0 ? '' : `, or ${code(others)}`
}

const mayBound = (command: Command): string => {
  const more = boundable(command).filter((field) => !command.bounds.includes(field))
  return more.length === 0 ? '' : `It may bound: ${code(more)}.`
}

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')

const memberTable = (shape: ObjectShape, types: Map<string, Shape>): string => {
  if (shape.members.length === 0) return 'Nothing.\n'
  const rows = shape.members.map(
    ({ key, optional, shape: inner }) =>
      `| \`${key}\`${optional ? ' (optional)' : ''} | ${typeText(inner, types)} | ${inner.dataClass} | ${inner.name === undefined ? (inner.summary ?? '') : ''} |`,
  )
  return `| field | type | class | |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

const typeText = (shape: Shape, types: Map<string, Shape>): string => {
  if (shape.name !== undefined) {
    types.set(shape.name, shape)
    return `[${shape.name}](types.md#${shape.name.toLowerCase()})`
  }
  switch (shape.type) {
    case 'scalar':
      return shape.scalar
    case 'choice':
      return shape.values.map((value) => `\`${value}\``).join(' or ')
    case 'list':
      return `list of ${typeText(shape.item, types)}`
    case 'object':
      return `{ ${shape.members.map(({ key, optional, shape: inner }) => `${key}${optional ? '?' : ''}: ${typeText(inner, types)}`).join(', ')} }`
    case 'union':
      return shape.options.map((option) => typeText(option, types)).join(' or ')
  }
}

const eventsText = (types: Map<string, Shape>): string =>
  Object.values(contract.events)
    .map(
      ({ name, version, durability, class: kind, summary, payload }) =>
        `## ${name}\n\n*${durability}, of class ${kind}, version ${version}*\n\n${summary}\n\n${memberTable(shapeOf(payload) as ObjectShape, types)}`,
    )
    .join('\n')

const hooksText = (types: Map<string, Shape>): string =>
  Object.values(contract.hooks)
    .map(
      ({ name, summary, request, verdict, deadlineMs, combiner, onFailure, mostWaiting: { perPlugin, inAll } }) =>
        `## ${name}\n\n*${combiner}, ${deadlineMs / 1000} s for all plugins together, at most ${perPlugin} waiting for a plugin and ${inAll} in all, fail-${onFailure}*\n\n${summary}\n\n` +
        `Request:\n\n${memberTable(shapeOf(request) as ObjectShape, types)}\nVerdict: ${typeText(shapeOf(verdict), types)}\n`,
    )
    .join('\n')

const errorsText = (): string => {
  const rows = Object.entries(COMMON_ERRORS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`)
  return `Any operation may answer one of these, beside its own.\n\n| code | meaning |\n|---|---|\n${rows.join('\n')}\n`
}

// Describing a type may name further ones: they are appended to the map while it is walked.
const typesText = (types: Map<string, Shape>): string => {
  const sections: string[] = []
  for (const [name, shape] of types) {
    const options = shape.type === 'union' ? shape.options : shape.type === 'object' ? [shape] : []
    const tables = options.map((option) => memberTable(option, types))
    sections.push(`## ${name}\n\n${shape.summary ?? ''}\n\n${tables.join('\nor\n\n')}`)
  }
  return sections.join('\n')
}
