interface Published {
  readonly version: string
  readonly operations: Readonly<Record<string, { request: Json; reply: Json; errors: readonly string[] }>>
  readonly events: Readonly<Record<string, { version: number; durability: string; payload: Json }>>
  readonly hooks: Readonly<Record<string, { request: Json; verdict: Json }>>
  readonly $defs: Readonly<Record<string, Json>>
}

interface Json {
  readonly $ref?: string
  readonly type?: string
  readonly const?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Json>>
  readonly required?: readonly string[]
  readonly items?: Json
  readonly oneOf?: readonly Json[]
}

/**
 * What in `current` would break someone who was written against `published`, one line each. What callers send may become
 * wider, never narrower; what they read may gain members, never lose or change one.
 */
export const breakingChanges = (published: Published, current: Published): readonly string[] => {
  const found: string[] = []
  const compare = (direction: 'sent' | 'read', was: Json | undefined, is: Json | undefined, at: string): void => {
    if (was === undefined) return
    if (is === undefined) {
      found.push(`${at}: is gone`)
      return
    }
    const old = resolve(was, published)
    const now = resolve(is, current)
    if (old.type !== now.type) found.push(`${at}: its type has changed`)
    for (const value of choices(old)) {
      if (direction === 'sent' && !choices(now).includes(value)) found.push(`${at}: ${value} is no longer accepted`)
    }
    for (const key of Object.keys(old.properties ?? {})) {
      compare(direction, old.properties?.[key], now.properties?.[key], `${at}.${key}`)
      const [wasRequired, isRequired] = [old.required?.includes(key), now.required?.includes(key)]
      if (direction === 'sent' && isRequired && !wasRequired) found.push(`${at}.${key}: has become required`)
      if (direction === 'read' && wasRequired && !isRequired) found.push(`${at}.${key}: may now be missing`)
    }
    for (const key of now.required ?? []) {
      if (direction === 'sent' && old.properties?.[key] === undefined) found.push(`${at}.${key}: is new and required`)
    }
    compare(direction, old.items, now.items, `${at}[]`)
    old.oneOf?.forEach((option, i) => {
      compare(direction, option, now.oneOf?.[i], `${at}|${i}`)
    })
  }
  for (const [name, was] of Object.entries(published.operations)) {
    const is = current.operations[name]
    if (is === undefined) found.push(`${name}: is gone`)
    else {
      compare('sent', was.request, is.request, `${name} request`)
      compare('read', was.reply, is.reply, `${name} reply`)
    }
  }
  for (const [name, was] of Object.entries(published.events)) {
    const is = current.events[name]
    if (is === undefined) found.push(`${name}: is gone`)
    // A new version of an event is brought to readers by an upcaster: only the same version has to match.
    else if (is.version === was.version) compare('read', was.payload, is.payload, name)
    if (is !== undefined && is.durability !== was.durability) found.push(`${name}: its durability has changed`)
  }
  for (const [name, was] of Object.entries(published.hooks)) {
    const is = current.hooks[name]
    if (is === undefined) found.push(`${name}: is gone`)
    else {
      compare('read', was.request, is.request, `${name} request`)
      compare('sent', was.verdict, is.verdict, `${name} verdict`)
    }
  }
  return found
}

const choices = (schema: Json): readonly string[] => schema.enum ?? (schema.const === undefined ? [] : [schema.const])

const resolve = (schema: Json, { $defs }: Published): Json =>
  schema.$ref === undefined ? schema : ($defs[schema.$ref.replace('#/$defs/', '')] ?? {})
