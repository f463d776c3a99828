import { z } from 'zod'
import { allOperations, boundable, contract, findOperation, isCommand } from '../contract.ts'
import type { OnFailure } from '../define.ts'
import { type ObjectShape, shapeOf } from '../shape.ts'
import { type FieldFilter, filterOf } from './filters.ts'
import { type FieldRange, NeededRange, oneOf, Range, strict, whole, words } from './values.ts'

type Named<Value> = Readonly<Record<string, Value>>

const Rate = strict({
  max: whole(1, 1_000_000).describe('How often at once, at most,'),
  perMs: whole(1_000, 86_400_000).describe('and in each such time in the long run, in milliseconds.'),
})

const granted = allOperations().filter(({ operation }) => operation.access === 'grantable')

/** What to say of the name of an operation that stands in the wrong place. */
const elsewhere =
  (kind: 'query' | 'command') =>
  (name: string): string | undefined => {
    const [actor = '', operation = ''] = name.split('.')
    const found = findOperation(actor, operation)
    if (found === undefined) return undefined
    if (found.access === 'operator') return 'only the operator may ask this'
    return found.kind === kind ? undefined : `this is a ${found.kind}: list it among the ${PLURAL[found.kind]}`
  }

const PLURAL = { query: 'queries', command: 'commands' } as const

const queryNames = granted
  .filter(({ operation }) => operation.kind === 'query')
  .map(({ actor, name }) => `${actor}.${name}`)

const queryName = oneOf(queryNames, 'query', elsewhere('query'))

export interface CommandGrant {
  readonly bounds: Named<FieldRange>
  readonly rate?: { readonly max: number; readonly perMs: number } | undefined
}

const commands = Object.fromEntries(
  granted.flatMap(({ actor, name, operation }) => {
    if (!isCommand(operation)) return []
    const bounds = strict(
      Object.fromEntries(
        boundable(operation).map((field) => [
          field,
          operation.bounds.includes(field)
            ? NeededRange.describe('Needed: the range that is allowed, ends included.')
            : Range.optional().describe('The range that is allowed, ends included.'),
        ]),
      ),
      {
        what: 'bound',
        missing: `bounds are needed of ${operation.bounds.join(', ')}`,
      },
    )
    const must = operation.bounds.length > 0
    const grant = strict({ bounds: must ? bounds : bounds.prefault({}), rate: Rate.optional() })
    return [[`${actor}.${name}`, grant.optional().describe(operation.summary)]]
  }),
)

/** The verdicts that a hook may be answered with, by the name that tells them apart. */
const verdictsOf = (verdict: z.ZodType): readonly string[] => {
  const shape = shapeOf(verdict)
  if (shape.type !== 'union') return []
  return shape.options.flatMap(({ members }: ObjectShape) =>
    members.flatMap((member) =>
      member.key === shape.tag && member.shape.type === 'choice' ? member.shape.values : [],
    ),
  )
}

const events = Object.fromEntries(
  Object.values(contract.events).map(({ name, summary, payload }) => [
    name,
    strict({ filter: filterOf(payload).optional().describe('Only those that match in every field that is named.') })
      .optional()
      .describe(summary),
  ]),
)

export interface HookGrant {
  readonly verdicts: readonly string[]
  readonly filter?: FieldFilter | undefined
  /** What it means if it gives no verdict, where that is not what the hook says. */
  readonly onFailure?: OnFailure | undefined
}

const hooks = Object.fromEntries(
  Object.values(contract.hooks).map(({ name, summary, request, verdict, onFailure }) => [
    name,
    strict({
      verdicts: z
        .array(oneOf(verdictsOf(verdict), 'verdict'))
        .min(1)
        .max(16)
        .describe('What it may answer.'),
      filter: filterOf(request).optional().describe('Only questions that match in every field that is named.'),
      onFailure: z
        .enum(['open', 'closed'])
        .optional()
        .describe(
          `Whether what is asked goes on without its verdict (open) or is refused (closed); ${onFailure} where nothing is said.`,
        ),
    })
      .optional()
      .describe(summary),
  ]),
)

export const Permissions = strict({
  // Of each the library knows all names, and the rest of us know it by the names that are there.
  events: (
    strict(events, { what: 'event' }) as unknown as z.ZodType<Named<{ readonly filter?: FieldFilter | undefined }>>
  )
    .default({})
    .describe('The events that it hears of, by name.'),
  queries: z.array(queryName).max(64).default([]).describe('The queries that it may ask.'),
  commands: (
    strict(commands, { what: 'command', instead: elsewhere('command') }) as unknown as z.ZodType<Named<CommandGrant>>
  )
    .default({})
    .describe('The commands that it may ask, by name, each within bounds.'),
  hooks: (strict(hooks, { what: 'hook' }) as unknown as z.ZodType<Named<HookGrant>>)
    .default({})
    .describe('The questions of the core that it answers, by name.'),
  http: z
    .array(
      strict({
        host: z.string().regex(/^[a-z0-9.-]{1,253}(:\d{1,5})?$/, 'expected host or host:port'),
        reason: words(256).describe('Told to the operator.'),
      }),
    )
    .max(32)
    .default([])
    .describe('Hosts that it wants to connect to. No version of the node makes requests for plugins yet.'),
  storage: strict({ bytes: whole(0, 1 << 28).describe('Of all that it stores, at most.') })
    .default({ bytes: 1 << 20 })
    .describe('How much the node keeps for it.'),
  secrets: z
    .array(queryName)
    .max(16)
    .default([])
    .describe('Queries in whose replies it sees secrets: preimages, payment secrets.'),
})
