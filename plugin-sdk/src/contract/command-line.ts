import { type ActorName, allOperations } from './contract.ts'
import type { Operation } from './define.ts'
import type { ScalarKind } from './field.ts'
import { isAmount, type ObjectShape, type Shape, shapeOf } from './shape.ts'

/** `setRelayFees` as people type it: `set-relay-fees`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** A field as an argument or option: an amount says its unit itself, so `feeBaseMsat` is `fee-base`. */
export const argumentName = (key: string, shape: Shape): string =>
  kebab(shape.type === 'scalar' && isAmount(shape.scalar) ? key.replace(/(Msat|Sat)$/, '') : key)

/** What an operation is called by on the command line. */
interface CommandWords {
  /** The group that it is in; `undefined` where it stands by itself. */
  readonly group: ActorName | undefined
  readonly name: string
  readonly alias?: string
  /** Whether the group's name alone stands for it. */
  readonly isDefault: boolean
}

/** The operations of `node` stand by themselves; all others are in their actor's group. */
export const commandWords = (actor: ActorName, name: string, { commandLine }: Operation): CommandWords => ({
  group: actor === 'node' ? undefined : actor,
  name: commandLine.name ?? kebab(name),
  ...(commandLine.alias === undefined ? {} : { alias: commandLine.alias }),
  isDefault: commandLine.isDefault === true,
})

/** How an operation is asked for on the command line, its options left out: `fulgurite payments pay-invoice <invoice>`. */
export const commandForm = (actor: ActorName, name: string, operation: Operation): string => {
  const { group, name: word } = commandWords(actor, name, operation)
  const { members } = shapeOf(operation.request) as ObjectShape
  const positions = operation.positional.flatMap((field) => {
    const member = members.find(({ key }) => key === field)
    if (member === undefined) return []
    const shown = argumentName(field, member.shape)
    return member.optional ? `[${shown}]` : `<${shown}>`
  })
  return ['fulgurite', ...(group === undefined ? [] : [group]), word, ...positions].join(' ')
}

/** An operation that says which id is meant by what a person has typed. */
interface Finder {
  readonly actor: ActorName
  readonly name: string
  /** The field of the request for the words, and that of the reply with the id. */
  readonly given: string
  readonly found: string
  /** What a whole id looks like. */
  readonly whole: RegExp
}

/** Who finds an id of the kind; `undefined` for a kind of which only whole ids are taken. */
export const finderOf = (scalar: ScalarKind): Finder | undefined => {
  for (const { actor, name, operation } of allOperations()) {
    if (operation.kind !== 'query' || operation.finds === undefined) continue
    const found = (shapeOf(operation.reply) as ObjectShape).members.find(({ key }) => key === operation.finds)
    const [given] = operation.positional
    if (found?.shape.type !== 'scalar' || found.shape.scalar !== scalar || given === undefined) continue
    return { actor, name, given, found: found.key, whole: new RegExp(found.shape.json.pattern ?? '^$') }
  }
  return undefined
}
