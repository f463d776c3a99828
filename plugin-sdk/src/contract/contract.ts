import type { z } from 'zod'
import { channels } from './channels.ts'
import { type Command, isPurse, type Operation } from './define.ts'
import { dev } from './dev.ts'
import type { CommonErrorCode } from './errors.ts'
import { eventLog } from './event-log.ts'
import { events } from './events.ts'
import { hooks } from './hooks.ts'
import { invoices } from './invoices.ts'
import { node } from './node.ts'
import { offers } from './offers.ts'
import { payments } from './payments.ts'
import { peers } from './peers.ts'
import { plugins } from './plugins.ts'
import { refunds } from './refunds.ts'
import { router } from './router.ts'
import { isAmount, type Member, type ObjectShape, shapeOf } from './shape.ts'
import type { Purse } from './types.ts'
import { wallet } from './wallet.ts'

/**
 * Semantic: what grows gets another patch, and a reader of an older one goes on working; what breaks a reader gets another minor before
 * 1.0.0, which no `^` of an earlier one takes.
 */
export const CONTRACT_VERSION = '0.1.12'

/** Every actor, by name. */
export const actors = {
  node,
  peers,
  channels,
  payments,
  invoices,
  offers,
  refunds,
  router,
  wallet,
  plugins,
  events: eventLog,
  dev,
} as const

/** All that is declared, for whoever derives something from it. */
export const contract = { version: CONTRACT_VERSION, actors, events, hooks } as const

export type ActorName = keyof typeof actors
export type OperationName<Name extends ActorName> = keyof (typeof actors)[Name]['operations'] & string

type OperationOf<Name extends ActorName, Op extends OperationName<Name>> = Extract<
  (typeof actors)[Name]['operations'][Op],
  Operation
>

/** What an operation is asked with, once checked: amounts are `bigint`. */
export type RequestOf<Name extends ActorName, Op extends OperationName<Name>> = z.output<
  OperationOf<Name, Op>['request']
>
/** What it answers. */
export type ReplyOf<Name extends ActorName, Op extends OperationName<Name>> = z.output<OperationOf<Name, Op>['reply']>
/** The codes it may be refused or fail with. */
export type ErrorCodeOf<Name extends ActorName, Op extends OperationName<Name>> =
  | OperationOf<Name, Op>['errors'][number]
  | CommonErrorCode

type EffectOf<Name extends ActorName, Op extends OperationName<Name>> =
  OperationOf<Name, Op> extends { readonly effects: readonly (infer E)[] } ? E : never
/** The purses that an operation may spend of; `never` for one that spends nothing. */
export type PurseOf<Name extends ActorName, Op extends OperationName<Name>> = Extract<EffectOf<Name, Op>, Purse>
/** The operations of an actor that may spend. */
export type SpendingOperation<Name extends ActorName> = {
  [Op in OperationName<Name>]: PurseOf<Name, Op> extends never ? never : Op
}[OperationName<Name>]

/** The operation by its names as they come from outside; `undefined` if there is none. */
export const findOperation = (actor: string, operation: string): Operation | undefined => {
  if (!Object.hasOwn(actors, actor)) return undefined
  const { operations } = actors[actor as ActorName]
  return Object.hasOwn(operations, operation) ? (operations as Record<string, Operation>)[operation] : undefined
}

/** Every operation with the name of its actor, in the contract's order. */
export const allOperations = (): readonly { actor: ActorName; name: string; operation: Operation }[] =>
  Object.entries(actors).flatMap(([actor, { operations }]) =>
    Object.entries(operations as Record<string, Operation>).map(([name, operation]) => ({
      actor: actor as ActorName,
      name,
      operation,
    })),
  )

export const isCommand = (operation: Operation): operation is Command => operation.kind === 'command'

/** Whether the operation may cost money. */
export const isSpending = (operation: Operation): operation is Command =>
  isCommand(operation) && operation.effects.some(isPurse)

/** The fields that a grant may limit: those that it must, and the amounts that a budget counts. */
export const boundable = ({ request, bounds, counted }: Command): readonly string[] => {
  const { members } = shapeOf(request) as ObjectShape
  const isCounted = ({ key, shape }: Member): boolean =>
    counted.includes(key) && shape.type === 'scalar' && isAmount(shape.scalar)
  return [...bounds, ...members.filter(isCounted).map(({ key }) => key)]
}
