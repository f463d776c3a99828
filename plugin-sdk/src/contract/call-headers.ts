import { DEFAULTS } from './defaults.ts'

/** What may travel beside a request over HTTP, as the API checks it and the OpenAPI document says it. */
export interface CallHeader {
  readonly name: 'idempotency-key' | 'x-reason' | 'x-causes' | 'x-timeout-ms'
  readonly summary: string
  readonly pattern: RegExp
  /** In words: what is expected. */
  readonly expected: string
}

const MAX_TIMEOUT_MS = 24 * 3_600_000

export const KEY: CallHeader = {
  name: 'idempotency-key',
  summary: 'The same key and request are done once: asked again, they return the stored outcome.',
  pattern: /^[!-~]{1,128}$/,
  expected: '1 to 128 visible ASCII characters',
}

export const REASON: CallHeader = {
  name: 'x-reason',
  summary: 'Why, for the audit: a code, perhaps followed by a colon and words.',
  pattern: /^([a-z0-9][a-z0-9.-]{0,63})(?::[ \t]?([^\r\n]{0,512}))?$/,
  expected: 'a code, perhaps followed by a colon and words',
}

export const CAUSES: CallHeader = {
  name: 'x-causes',
  summary: 'Cursors of the events that led to this, separated by commas.',
  pattern: /^[!-+\--~]{1,128}([ \t]*,[ \t]*[!-+\--~]{1,128}){0,31}$/,
  expected: 'at most 32 cursors of events, separated by commas',
}

export const TIMEOUT: CallHeader = {
  name: 'x-timeout-ms',
  summary: `How long to wait for the answer, up to a day; ${DEFAULTS.answerMs} if not said. What goes on longer is asked for again with its key.`,
  pattern: /^([1-9][0-9]{0,6}|[1-7][0-9]{7}|8[0-5][0-9]{6}|86[0-3][0-9]{5}|86400000)$/,
  expected: `a whole number of milliseconds up to ${MAX_TIMEOUT_MS}`,
}
