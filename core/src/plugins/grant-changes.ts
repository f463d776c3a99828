import type { GrantItem } from './grant-items.ts'

/** How what a plugin may do differs from what it was granted. */
export interface GrantChange {
  readonly change: 'new' | 'raised' | 'changed' | 'lowered' | 'gone'
  readonly text: string
}

const ORDER: readonly GrantChange['change'][] = ['new', 'raised', 'changed', 'lowered', 'gone']

/** From what was granted to what is asked for, what matters most first. */
export const grantChanges = (granted: readonly GrantItem[], asked: readonly GrantItem[]): readonly GrantChange[] => {
  const before = new Map(granted.map((item) => [item.id, item]))
  const after = new Set(asked.map(({ id }) => id))
  const found = asked.flatMap((item): GrantChange[] => {
    const was = before.get(item.id)
    if (was === undefined) return [{ change: 'new', text: item.text }]
    const change = changeOf(was, item)
    return change === undefined ? [] : [{ change, text: `${item.text} (before: ${was.text})` }]
  })
  const gone = granted.filter(({ id }) => !after.has(id)).map(({ text }): GrantChange => ({ change: 'gone', text }))
  return [...found, ...gone].sort((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change))
}

/** Whether the operator has to agree: not where a plugin only gives up some of what it has. */
export const asksForMore = (changes: readonly GrantChange[]): boolean =>
  changes.some(({ change }) => change !== 'gone' && change !== 'lowered')

const changeOf = (was: GrantItem, is: GrantItem): GrantChange['change'] | undefined => {
  const names = new Set([...Object.keys(was.levels ?? {}), ...Object.keys(is.levels ?? {})])
  let [more, less] = [false, false]
  for (const name of names) {
    const [before, now] = [was.levels?.[name], is.levels?.[name]]
    // Something without a limit cannot be raised.
    if (before !== now) {
      if (now === undefined || (before !== undefined && now > before)) more = true
      else less = true
    }
  }
  const [before = '', now = ''] = [was.filter, is.filter]
  if (before !== now) {
    if (now === '') more = true
    else if (before === '') less = true
    else return 'changed'
  }
  if (more && less) return 'changed'
  if (more) return 'raised'
  return less ? 'lowered' : undefined
}
