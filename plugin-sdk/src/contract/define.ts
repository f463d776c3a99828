import { z } from 'zod'
import { Cursor } from './scalars.ts'
import type { Effect, Purse } from './types.ts'

/** The effects that cost money. */
export const PURSES: readonly Purse[] = ['pays-out', 'fees', 'locks']

/** Who may be allowed to ask: the operator and granted plugins, or the operator alone. */
export type Access = 'grantable' | 'operator'

interface Shared<Request extends z.ZodObject, Reply extends z.ZodObject, Code extends string> {
  readonly summary: string
  readonly request: Request
  readonly reply: Reply
  /** What it may be refused or fail with, beside `COMMON_ERRORS`. */
  readonly errors: readonly Code[]
  readonly access: Access
  /** Request fields that the command line takes by position; a single argument is split at `split`. */
  readonly positional: readonly string[]
  readonly split?: string
  /** What the command line calls it, beside what its name says. */
  readonly commandLine: CommandLine
}

interface CommandLine {
  /** In the place of its own name. */
  readonly name?: string
  readonly alias?: string
  /** The name of its actor alone stands for it. */
  readonly isDefault?: true
}

export interface Query<
  Request extends z.ZodObject = z.ZodObject,
  Reply extends z.ZodObject = z.ZodObject,
  Code extends string = string,
> extends Shared<Request, Reply, Code> {
  readonly kind: 'query'
  /** The field of the reply with the id that the words of the request's only argument stand for. */
  readonly finds?: string
  /** The list goes on for ever: its `next` is always there, and is read on from later as `from`. */
  readonly resumable?: true
}

export interface Command<
  Request extends z.ZodObject = z.ZodObject,
  Reply extends z.ZodObject = z.ZodObject,
  Code extends string = string,
  Effects extends Effect = Effect,
> extends Shared<Request, Reply, Code> {
  readonly kind: 'command'
  /** All that it may do. Those that are purses are what it may spend of: how much, its worst case in the core says. */
  readonly effects: readonly Effects[]
  /** Request fields whose range a grant must limit. */
  readonly bounds: readonly string[]
  /** Request fields whose effect the worst case counts against a purse: a grant may limit the amounts among them as well. */
  readonly counted: readonly string[]
  /** Why an amount, rate or address needs neither bound nor budget. */
  readonly unbounded: Readonly<Record<string, string>>
  /** Whether a caller must give an idempotency key: true wherever the command spends. */
  readonly keyRequired: boolean
}

export type Operation = Query | Command

type Declared<Request, Reply, Code, Operation> = {
  readonly summary: string
  readonly request: Request
  readonly reply: Reply
  readonly errors?: readonly Code[]
} & Partial<
  Pick<Operation & Shared<z.ZodObject, z.ZodObject, string>, 'access' | 'positional' | 'split' | 'commandLine'>
>

type FieldsOf<Schema extends z.ZodObject> = keyof Schema['shape'] & string

type WithAsOf<Reply extends z.ZodObject> = z.ZodObject<
  Reply['shape'] & { asOf: typeof Cursor },
  Reply['_zod']['config']
>

/** An operation that changes nothing. Its reply also carries `asOf`, from where `events` continues without a gap. */
export const query = <Request extends z.ZodObject, Reply extends z.ZodObject, const Code extends string = never>(
  declared: Declared<Request, Reply, Code, Query> & {
    readonly finds?: FieldsOf<Reply>
    readonly resumable?: true
  },
): Query<Request, WithAsOf<Reply>, Code> => ({
  access: 'grantable',
  positional: [],
  commandLine: {},
  errors: [],
  ...declared,
  kind: 'query',
  reply: declared.reply.extend({ asOf: Cursor }) as unknown as WithAsOf<Reply>,
})

/** An operation that may change things. Reason, causes and key travel beside its request. */
export const command = <
  Request extends z.ZodObject,
  Reply extends z.ZodObject,
  const Effects extends Effect,
  const Code extends string = never,
>(
  declared: Declared<Request, Reply, Code, Command> & {
    readonly effects: readonly Effects[]
    readonly bounds?: readonly FieldsOf<Request>[]
    readonly counted?: readonly FieldsOf<Request>[]
    readonly unbounded?: Readonly<Record<string, string>>
  },
): Command<Request, Reply, Code, Effects> => ({
  access: 'grantable',
  positional: [],
  commandLine: {},
  errors: [],
  bounds: [],
  counted: [],
  unbounded: {},
  ...declared,
  kind: 'command',
  keyRequired: declared.effects.some(isPurse),
})

export const isPurse = (effect: Effect): effect is Purse => (PURSES as readonly Effect[]).includes(effect)

export interface Actor<Name extends string = string, Operations = Readonly<Record<string, Operation>>> {
  readonly name: Name
  readonly summary: string
  readonly operations: Operations
}

export const actor = <Name extends string, Operations extends Readonly<Record<string, Operation>>>(
  name: Name,
  summary: string,
  operations: Operations,
): Actor<Name, Operations> => ({ name, summary, operations })

/** Durable events are kept and can be replayed; ephemeral ones reach only who listens at that moment. */
export type Durability = 'durable' | 'ephemeral'

/**
 * What an event is about decides how long it is kept: each class has room of its own, so that no event ever takes the place
 * of one of another class. `network` is what others can cause at no cost.
 */
export type EventClass = 'money' | 'channel' | 'network' | 'plugin' | 'node'

export interface EventDefinition<Name extends string = string, Payload extends z.ZodObject = z.ZodObject> {
  readonly name: Name
  readonly version: number
  readonly durability: Durability
  /** Also of an ephemeral event, which is not kept. */
  readonly class: EventClass
  readonly summary: string
  readonly payload: Payload
}

export const event = <Name extends string, Shape extends z.ZodRawShape>(
  name: Name,
  summary: string,
  payload: Shape,
  {
    class: kind,
    version = 1,
    durability = 'durable',
  }: { class: EventClass; version?: number; durability?: Durability },
): EventDefinition<Name, z.ZodObject<Shape>> => ({
  name,
  version,
  durability,
  class: kind,
  summary,
  payload: z.object(payload),
})

type Combiner = 'first-decisive' | 'all-accept' | 'sum-capped' | 'merge-bounds'

export interface HookDefinition<
  Name extends string = string,
  Request extends z.ZodObject = z.ZodObject,
  Verdict extends z.ZodType = z.ZodType,
> {
  readonly name: Name
  readonly summary: string
  readonly request: Request
  readonly verdict: Verdict
  /** For all plugins together: they are asked in parallel. */
  readonly deadlineMs: number
  readonly combiner: Combiner
  /** What it means if a plugin gives no verdict, unless the plugin's manifest declares it otherwise. */
  readonly onFailure: OnFailure
  /** How many questions may wait for a verdict. One more is answered `overloaded`, which is no verdict. */
  readonly mostWaiting: { readonly perPlugin: number; readonly inAll: number }
}

/** Whether what is asked goes on without a plugin's verdict, or is refused. */
export type OnFailure = 'open' | 'closed'

export const hook = <Name extends string, Request extends z.ZodObject, Verdict extends z.ZodType>(
  name: Name,
  definition: Omit<HookDefinition<Name, Request, Verdict>, 'name'>,
): HookDefinition<Name, Request, Verdict> => ({ name, ...definition })
