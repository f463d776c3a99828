import type { Outbox } from './turn.ts'

type Lists = { [Key in keyof Outbox as NonNullable<Outbox[Key]> extends unknown[] ? Key : never]: Outbox[Key] }
type ItemOf<Key extends keyof Lists> = NonNullable<Lists[Key]> extends (infer Item)[] ? Item : never

let current: Outbox = {}

/** Adds to what leaves at the end of the turn. */
export const send = <Key extends keyof Lists>(key: Key, item: ItemOf<Key>): void => {
  const list = current[key] as ItemOf<Key>[] | undefined
  if (list === undefined) (current as Record<string, unknown>)[key] = [item]
  else list.push(item)
}

export const sendRegistered = (registered: NonNullable<Outbox['registered']>): void => {
  current.registered = registered
}

/** Takes all that has gathered. */
export const takeOutbox = (): Outbox => {
  const taken = current
  current = {}
  return taken
}

const FAULT_LENGTH = 4_000

/** Words for anything that was thrown. What it is asked may itself throw. */
export const describe = (thrown: unknown): string => {
  try {
    const { stack } = thrown as { stack?: unknown }
    return String(typeof stack === 'string' ? stack : thrown).slice(0, FAULT_LENGTH)
  } catch {
    return 'something that cannot be described'
  }
}

/** Reports what the plugin threw, and where: the handler as its author wrote it. */
export const fault = (thrown: unknown, where: string): void => send('faults', `${where}: ${describe(thrown)}`)
