import { findOperation, isCommand } from '@fulgurite/plugin-sdk/contract'
import { type FieldFilter, type FieldRange, type Grant, USUAL_LIMITS } from '@fulgurite/plugin-sdk/manifest'
import { counted } from '../lib/counted.ts'

/** More than any amount. */
const ANY = 1n << 80n
const DAY_MS = 86_400_000n
const ALWAYS_SAID: readonly (keyof Grant['limits'])[] = ['memoryMb', 'cpuShare']

/** One thing that a plugin is granted. */
export interface GrantItem {
  /** Identifies the item, whatever its levels. */
  readonly id: string
  /** In words for people. */
  readonly text: string
  /** Its levels, by name: a higher one grants more. */
  readonly levels?: Readonly<Record<string, bigint>>
  /** Every plugin has it, so it is shown only when it changes. */
  readonly isUsual?: boolean
  /** What narrows it down. With another filter it is another item; without a filter it covers everything. */
  readonly filter?: string
}

/** Everything that a plugin is granted, one item each. `publisher` is whom the manifest names as its maker. */
export const grantItems = (grant: Grant, publisher?: string): readonly GrantItem[] => {
  const { events, queries, commands, hooks, http, storage, secrets } = grant.permissions
  return [
    ...(publisher === undefined
      ? []
      : [{ id: 'publisher', text: `says that ${publisher} publishes it`, filter: publisher }]),
    ...Object.entries(commands).map(([name, command]) => commandItem(name, command)),
    ...moneyItems(grant),
    ...Object.entries(hooks).flatMap(([name, { verdicts, filter }]) =>
      verdicts.map((verdict) => ({
        id: `hook ${name} ${verdict}`,
        text: `answers ${name} with ${verdict}${filtered(filter)}`,
        filter: filterText(filter),
      })),
    ),
    ...Object.entries(hooks).flatMap(([name, { onFailure }]) =>
      onFailure === undefined
        ? []
        : [
            {
              id: `hook ${name} without a verdict`,
              text: `${name} ${onFailure === 'open' ? 'goes on' : 'is refused'} without its answer`,
              filter: onFailure,
            },
          ],
    ),
    ...secrets.map((name) => ({ id: `secrets ${name}`, text: `sees the secrets in what ${name} answers` })),
    ...http.map(({ host, reason }) => ({ id: `http ${host}`, text: `connects to ${host}: ${reason}` })),
    ...grant.calls.map((name) => ({ id: `calls ${name}`, text: `asks another plugin for ${name}` })),
    ...queries.map((name) => ({ id: `query ${name}`, text: `reads ${name}` })),
    ...Object.entries(events).map(([name, { filter }]) => ({
      id: `event ${name}`,
      text: `hears of ${name}${filtered(filter)}`,
      filter: filterText(filter),
    })),
    { id: 'storage', text: `stores ${size(storage.bytes)} at most`, levels: { bytes: BigInt(storage.bytes) } },
    ...limitItems(grant),
  ]
}

const filterText = (filter: FieldFilter | undefined): string =>
  filter === undefined
    ? ''
    : JSON.stringify(filter, (_, value) => (typeof value === 'bigint' ? value.toString() : value))

const filtered = (filter: FieldFilter | undefined): string => {
  if (filter === undefined) return ''
  const fields = Object.entries(filter).map(([field, wanted]) =>
    'oneOf' in wanted ? `${field} ${wanted.oneOf.join(' or ')}` : `${field} ${rangeWords(wanted)}`,
  )
  return fields.length === 0 ? '' : `, where ${fields.join(', ')}`
}

const rangeWords = ({ min, max }: FieldRange): string => {
  if (min === undefined) return `at most ${max}`
  if (max === undefined) return `at least ${min}`
  return min === max ? `${min}` : `${min} to ${max}`
}

const commandItem = (name: string, { bounds, rate }: Grant['permissions']['commands'][string]): GrantItem => {
  const ranges = Object.entries(bounds)
  const often = rate === undefined ? [] : [`${rate.max} in ${duration(rate.perMs)} at most`]
  const limits = [...ranges.map(([field, range]) => `${field} ${rangeWords(range)}`), ...often]
  return {
    id: `command ${name}`,
    text: `asks for ${name}${limits.length === 0 ? '' : `: ${limits.join(', ')}`}`,
    levels: {
      // A field without a range is free: a range where there was none grants less.
      ...Object.fromEntries(
        ranges.flatMap(([field, { min, max }]) => [
          [`least ${field}`, -(min ?? -ANY)],
          [`most ${field}`, max ?? ANY],
        ]),
      ),
      ...(rate === undefined
        ? {}
        : { burst: BigInt(rate.max), 'per day': (BigInt(rate.max) * DAY_MS) / BigInt(rate.perMs) }),
    },
  }
}

/** Whether the command may leave something in the node for ever that nothing is paid for: what it makes, or a failed attempt. */
const keeps = (name: string): boolean => {
  const [actor = '', operation = ''] = name.split('.')
  const found = findOperation(actor, operation)
  return found !== undefined && isCommand(found) && (found.effects.includes('keeps') || found.keyRequired)
}

const moneyItems = ({ permissions: { commands }, budget }: Grant): readonly GrantItem[] => {
  const { windowMs } = budget
  const window = duration(windowMs)
  const perDay = (amount: bigint): bigint => (amount * DAY_MS) / BigInt(windowMs)
  const money = (
    [
      ['paysOutMsat', 'pays out', 'msat'],
      ['feesMsat', 'pays fees of', 'msat'],
      ['locksSat', 'locks up', 'sat'],
    ] as const
  ).flatMap(([field, does, unit]) => {
    const amount = budget[field]
    if (amount === 0n) return []
    const text = `${does} ${grouped(amount)} ${unit} at most in ${window} of the node's running`
    return [{ id: `budget ${field}`, text, levels: { amount, perDay: perDay(amount) } }]
  })
  if (Object.keys(commands).length === 0) return money
  const actions = BigInt(budget.actions)
  const acts = { id: 'budget actions', text: `acts ${grouped(actions)} times at most in ${window}` }
  const kept = BigInt(budget.keepsPerDay)
  const leaves = {
    id: 'budget keepsPerDay',
    text: `leaves ${grouped(kept)} things a day at most that the node keeps for ever, and pays nothing for them`,
  }
  return [
    ...money,
    { ...acts, levels: { actions, perDay: perDay(actions) } },
    ...(Object.keys(commands).some(keeps) ? [{ ...leaves, levels: { kept } }] : []),
  ]
}

const limitItems = ({ limits, budget }: Grant): readonly GrantItem[] => {
  const { memoryMb, turnMs, cpuShare, asksPerSecond, asksInFlight, outboxBytes, queueEvents, logsPerSecond } = limits
  const one = (name: keyof Grant['limits'], text: string): GrantItem => ({
    id: `limit ${name}`,
    text,
    levels: { level: BigInt(Math.round(limits[name] * 1_000)) },
    isUsual: !ALWAYS_SAID.includes(name) && limits[name] <= USUAL_LIMITS[name],
  })
  const queries = BigInt(budget.queries)
  return [
    one('memoryMb', `uses ${memoryMb} MB of memory at most`),
    one('cpuShare', `uses ${Number((cpuShare * 100).toFixed(1))} % of a processor at most in the long run`),
    one('turnMs', `works ${turnMs} ms at most without a break`),
    one('asksPerSecond', `asks ${counted(asksPerSecond, 'time')} a second at most`),
    one('asksInFlight', `waits for ${counted(asksInFlight, 'answer')} at most at once`),
    {
      id: 'budget queries',
      text: `reads ${grouped(queries)} times at most in ${duration(budget.windowMs)}`,
      levels: { queries, perDay: (queries * DAY_MS) / BigInt(budget.windowMs) },
      isUsual: true,
    },
    one('outboxBytes', `says ${size(outboxBytes)} at most at once`),
    one('queueEvents', `is behind by ${counted(queueEvents, 'event')} at most in memory`),
    one('logsPerSecond', `logs ${counted(logsPerSecond, 'line')} a second at most`),
  ]
}

const grouped = (amount: bigint): string => amount.toString().replace(/\B(?=(\d{3})+$)/g, ',')

const UNITS = [
  ['MB', 1 << 20],
  ['kB', 1 << 10],
] as const

const size = (bytes: number): string => {
  const [unit, one] = UNITS.find(([, least]) => bytes >= least && bytes % least === 0) ?? ['bytes', 1]
  return `${bytes / one} ${unit}`
}

const TIMES = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** `24 h`, `90 min`, `10 s`. */
const duration = (ms: number): string => {
  const [unit, one] = TIMES.find(([, least]) => ms >= least && ms % least === 0) ?? ['ms', 1]
  return `${ms / one} ${unit}`
}

/** What a plugin may do, one line each, for people; what every plugin may do is left out. */
export const permissionLines = (grant: Grant, publisher?: string): readonly string[] =>
  grantItems(grant, publisher)
    .filter(({ isUsual }) => isUsual !== true)
    .map(({ text }) => text.slice(0, 256))
