import type { ScalarKind } from '../src/contract/field.ts'
import { allOperations, contract, isCommand, type Operation } from '../src/contract/index.ts'
import { type ObjectShape, type Shape, shapeOf } from '../src/contract/shape.ts'

const scalarTypes: Readonly<Record<ScalarKind, string>> = {
  msat: 'Msat',
  sat: 'Sat',
  ppm: 'Ppm',
  feerate: 'FeeratePerKw',
  timestamp: 'TimestampMs',
  'block-height': 'BlockHeight',
  integer: 'number',
  flag: 'boolean',
  'node-id': 'NodeId',
  'channel-id': 'ChannelId',
  txid: 'TxId',
  'block-hash': 'BlockHash',
  'payment-hash': 'PaymentHash',
  preimage: 'Preimage',
  hex: 'string',
  'short-channel-id': 'ShortChannelId',
  cursor: 'Cursor',
  'page-token': 'PageToken',
  text: 'string',
  path: 'string',
  address: 'string',
  'socket-address': 'string',
  invoice: 'string',
  json: 'Readonly<Record<string, unknown>>',
}

const pascal = (...names: readonly string[]): string =>
  names
    .flatMap((name) => name.split(/[.-]/))
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('')

const doc = (summary: string | undefined, indent: string): string =>
  summary === undefined ? '' : `${indent}/** ${summary} */\n`

/** Plain interfaces of all that a plugin can see or ask: no zod, nothing at run time. */
export const guestTypes = (): string => {
  const interfaces = new Map<string, string>()

  const typeOf = (shape: Shape, indent: string): string => {
    switch (shape.type) {
      case 'scalar':
        return scalarTypes[shape.scalar]
      case 'choice':
        return shape.values.map((value) => `'${value}'`).join(' | ')
      case 'list': {
        const item = typeOf(shape.item, indent)
        return /^readonly | \| /.test(item) ? `readonly (${item})[]` : `readonly ${item}[]`
      }
      case 'object':
        if (shape.name === undefined) return bodyOf(shape, indent)
        declare(shape.name, shape)
        return shape.name
      case 'union':
        if (shape.name === undefined) return shape.options.map((option) => typeOf(option, indent)).join(' | ')
        if (!interfaces.has(shape.name)) {
          const options = shape.options.map((option) => `\n  | ${typeOf(option, '    ')}`).join('')
          interfaces.set(shape.name, `${doc(shape.summary, '')}export type ${shape.name} =${options}\n`)
        }
        return shape.name
    }
  }

  const bodyOf = (shape: ObjectShape, indent: string): string => {
    if (shape.members.length === 0) return 'Readonly<Record<never, never>>'
    const members = shape.members.map(({ key, optional, shape: inner }) => {
      const summary = inner.name === undefined ? inner.summary : undefined
      return `${doc(summary, `${indent}  `)}${indent}  readonly ${key}${optional ? '?' : ''}: ${typeOf(inner, `${indent}  `)}\n`
    })
    return `{\n${members.join('')}${indent}}`
  }

  const declare = (name: string, shape: ObjectShape): void => {
    if (interfaces.has(name)) return
    interfaces.set(name, '')
    const body = bodyOf(shape, '')
    const head = doc(shape.summary, '')
    interfaces.set(
      name,
      shape.members.length === 0
        ? `${head}export type ${name} = ${body}\n`
        : `${head}export interface ${name} ${body}\n`,
    )
  }

  const topLevel = (name: string, shape: Shape): string => {
    if (shape.type !== 'object') return typeOf(shape, '')
    declare(name, shape)
    return name
  }

  const actors = Object.values(contract.actors).flatMap(({ name: actor, summary }) => {
    const grantable = allOperations().filter((one) => one.actor === actor && one.operation.access === 'grantable')
    if (grantable.length === 0) return []
    const methods = grantable.map(({ name, operation }) => methodOf(actor, name, operation, topLevel))
    interfaces.set(
      `${pascal(actor)}Actor`,
      `/** ${summary} */\nexport interface ${pascal(actor)}Actor {\n${methods.join('')}}\n`,
    )
    return [`  readonly ${actor}: ${pascal(actor)}Actor\n`]
  })

  const events = Object.values(contract.events).map(({ name, summary, payload }) => {
    const type = topLevel(pascal(name), { ...shapeOf(payload), summary })
    return `  /** ${summary} */\n  readonly '${name}': ${type}\n`
  })

  const hooks = Object.values(contract.hooks).map(({ name, summary, request, verdict }) => {
    const question = topLevel(`${pascal(name)}Request`, shapeOf(request))
    return `  /** ${summary} */\n  readonly '${name}': { readonly request: ${question}; readonly verdict: ${topLevel(pascal(name), shapeOf(verdict))} }\n`
  })

  const imported = [
    ...new Set(Object.values(scalarTypes).filter((type) => /^[A-Z]\w+$/.test(type) && uses(interfaces, type))),
    'CallOptions',
    'Reason',
  ].sort()

  return [
    '// Written by `npm run contract` from plugin-sdk/src/contract. Do not edit.\n',
    `import type { ${imported.join(', ')} } from '../contract/types.ts'\n`,
    `/** The contract that these types are of. */\nexport type ContractVersion = '${contract.version}'\n`,
    "/** Beside a query. */\nexport type QueryOptions = Pick<CallOptions, 'timeoutMs'>\n",
    '/** Beside a command: the audit keeps its reason. */\nexport interface CommandOptions extends CallOptions {\n  readonly reason: Reason\n}\n',
    ...interfaces.values(),
    `/** Every actor that a plugin can be granted. */\nexport interface Actors {\n${actors.join('')}}\n`,
    `/** Every event, by name. */\nexport interface Events {\n${events.join('')}}\n`,
    '/** Durable or not: durable events can be followed with `events.each`. */\n' +
      `export type DurableEventName =\n${Object.values(contract.events)
        .filter(({ durability }) => durability === 'durable')
        .map(({ name }) => `  | '${name}'`)
        .join('\n')}\n`,
    `/** Every hook, by name. */\nexport interface Hooks {\n${hooks.join('')}}\n`,
  ].join('\n')
}

const uses = (interfaces: ReadonlyMap<string, string>, type: string): boolean =>
  [...interfaces.values()].some((text) => new RegExp(`\\b${type}\\b(?!\\w)`).test(text))

const methodOf = (
  actor: string,
  name: string,
  operation: Operation,
  topLevel: (name: string, shape: Shape) => string,
): string => {
  const requestShape = shapeOf(operation.request)
  const request = topLevel(`${pascal(actor, name)}Request`, requestShape)
  const reply = topLevel(`${pascal(actor, name)}Reply`, shapeOf(operation.reply))
  const empty = requestShape.type === 'object' && requestShape.members.every(({ optional }) => optional)
  const notes = isCommand(operation) && operation.effects.length > 0 ? ` Effects: ${operation.effects.join(', ')}.` : ''
  const errors = operation.errors.length > 0 ? ` Errors: ${operation.errors.join(', ')}.` : ''
  const parameters = isCommand(operation)
    ? `request: ${request}, options: CommandOptions`
    : `request${empty ? '?' : ''}: ${request}, options?: QueryOptions`
  return `  /** ${operation.summary}${notes}${errors} */\n  ${name}(${parameters}): Promise<${reply}>\n`
}
