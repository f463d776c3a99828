import { RETENTION_CLASSES, type RetentionClass } from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../../lib/result.ts'

/** For how long the operator has rows of each class kept, in milliseconds. A class that is absent is kept for ever. */
export type KeptTimes = Readonly<Partial<Record<RetentionClass, number>>>

export interface KeptTimeProblem {
  readonly given: string
  readonly reason: string
}

const DAY_MS = 86_400_000
const UNITS_MS: Readonly<Record<string, number>> = { d: DAY_MS, w: 7 * DAY_MS, y: 365 * DAY_MS }
/** A shorter time is most likely a mistaken unit. An HTLC is over after two weeks (BOLT 4: 2016 blocks at most). */
const LEAST_DAYS = 30
const MOST_DAYS = 36_500

/** Reads `class=time`, time being `90d`, `12w`, `7y` or `forever`; where a class comes twice, the last counts. */
export const readKeptTimes = (texts: readonly string[]): Result<KeptTimes, KeptTimeProblem> => {
  const times: Partial<Record<RetentionClass, number>> = {}
  for (const given of texts) {
    const [name = '', time, ...more] = given.trim().split('=')
    const kind = RETENTION_CLASSES.find((known) => known === name)
    if (kind === undefined || time === undefined || more.length > 0) {
      return err({ given, reason: `expected <class>=<time>, the class one of ${RETENTION_CLASSES.join(', ')}` })
    }
    if (time === 'forever') {
      delete times[kind]
      continue
    }
    const [, count, unit = ''] = /^([1-9]\d{0,5})([dwy])$/.exec(time) ?? []
    const ms = Number(count) * (UNITS_MS[unit] ?? Number.NaN)
    // Written so that what is no number is refused.
    if (!(ms >= LEAST_DAYS * DAY_MS && ms <= MOST_DAYS * DAY_MS)) {
      return err({ given, reason: `expected a time of ${LEAST_DAYS}d to 100y, such as 90d, 12w or 7y, or forever` })
    }
    times[kind] = ms
  }
  return ok(times)
}

/** Whether some class is kept for less long than before. */
export const isTighter = (before: KeptTimes, after: KeptTimes): boolean =>
  RETENTION_CLASSES.some(
    (kind) => (after[kind] ?? Number.POSITIVE_INFINITY) < (before[kind] ?? Number.POSITIVE_INFINITY),
  )
