import { evaluate, type HookName, hooks, type OnFailure } from '@fulgurite/plugin-sdk/contract'
import { amount, type FieldFilter } from '@fulgurite/plugin-sdk/manifest'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'
import { type InstallRecord, MAX_DEPTH } from './install-record.ts'

/** How a plugin guards what a hook asks about. */
export interface Guard {
  /** Only questions that match. */
  readonly filter?: FieldFilter
  /** What it means if the plugin gives no verdict, where that is not what the hook says. */
  readonly onFailure?: OnFailure
}

const Value = z.union([z.string(), z.number(), z.boolean()])
const Wanted = z.union([
  z.object({ oneOf: z.array(Value) }),
  z.object({ min: amount.optional(), max: amount.optional() }),
])

const Guards = z.object({
  permissions: z.object({
    hooks: z.record(
      z.string(),
      z.object({ filter: z.record(z.string(), Wanted).optional(), onFailure: z.enum(['open', 'closed']).optional() }),
    ),
  }),
})

const read = new WeakMap<InstallRecord, Readonly<Record<string, Guard>> | undefined>()

/** A grant that cannot be read may be that of any guard: nothing passes it. */
const ANY_GUARD: Guard = { onFailure: 'closed' }

/** How the plugin guards the hook by its grant; `undefined` if it does not. */
export const guardOf = (record: InstallRecord, hook: string): Guard | undefined => {
  if (!read.has(record)) read.set(record, readGuards(record))
  const guards = read.get(record)
  if (guards === undefined) return ANY_GUARD
  return Object.hasOwn(guards, hook) ? guards[hook] : undefined
}

const readGuards = ({ grant }: InstallRecord): Readonly<Record<string, Guard>> | undefined => {
  const json = readJson(grant, MAX_DEPTH)
  const guards = json.ok ? evaluate(Guards, json.value) : json
  return guards.ok ? (guards.value.permissions.hooks as Readonly<Record<string, Guard>>) : undefined
}

/** Whether something would be refused if the plugin did not answer. */
export const guardsAnything = (record: InstallRecord): boolean =>
  (Object.keys(hooks) as HookName[]).some((name) => {
    const guard = guardOf(record, name)
    return guard !== undefined && (guard.onFailure ?? hooks[name].onFailure) === 'closed'
  })
