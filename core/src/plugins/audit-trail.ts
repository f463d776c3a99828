import { createHash } from 'node:crypto'
import { findOperation, isCommand } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { AuditKind, AuditRows } from './audit-rows.ts'
import type { HostWrite } from './host-store.ts'
import type { AskOptions } from './outbox.ts'

export interface AuditTrailOptions {
  readonly manifest: Manifest
  readonly rows: AuditRows
  readonly put: (rows: readonly HostWrite[]) => void
  /** Called the first time in this run that rows are deleted to make room for newer ones. */
  readonly full: (kind: AuditKind) => void
}

const REQUEST_CHARS = 2_048
const HEAD_CHARS = 256
const MAX_CAUSES = 8

/** Keeps every command that a plugin asked for and every verdict that it gave, with the outcome. */
export class AuditTrail {
  readonly #options: AuditTrailOptions
  readonly #told = new Set<AuditKind>()

  constructor(options: AuditTrailOptions) {
    this.#options = options
  }

  /** A command that the node was asked, with its outcome. */
  command(at: number, operation: string, request: unknown, options: AskOptions, outcome: string): void {
    const kind = spends(operation) ? 'money' : 'command'
    this.#keep(kind, (rows) => rows.add(kind, this.#row(at, operation, outcome, { request, options })))
  }

  /** A command that was refused before the node was asked. */
  refusal(at: number, operation: string, request: unknown, options: AskOptions, outcome: string): void {
    const row = this.#row(at, operation, outcome, { request, options })
    this.#keep('refusal', (rows) => rows.refuse(`${operation} ${outcome}`, at, row))
  }

  /** An answer to one of the core's questions. */
  verdict(at: number, hook: string, verdict: string): void {
    this.#keep('verdict', (rows) => rows.add('verdict', this.#row(at, hook, verdict)))
  }

  #row(at: number, operation: string, outcome: string, asked?: { request: unknown; options: AskOptions }): object {
    const { name, version } = this.#options.manifest
    const row = { at, plugin: name, version, operation, outcome }
    if (asked === undefined) return row
    const { reason, causes, key } = asked.options
    return { ...row, ...requestOf(asked.request), reason, causes: causes?.slice(0, MAX_CAUSES), key }
  }

  #keep(kind: AuditKind, write: (rows: AuditRows) => readonly HostWrite[]): void {
    const { rows, put, full } = this.#options
    const before = rows.dropped(kind)
    put(write(rows))
    if (rows.dropped(kind) === before || this.#told.has(kind)) return
    this.#told.add(kind)
    full(kind)
  }
}

const spends = (name: string): boolean => {
  const [actor = '', operation = ''] = name.split('.')
  const found = findOperation(actor, operation)
  return (
    found !== undefined &&
    isCommand(found) &&
    found.effects.some((effect) => effect === 'pays-out' || effect === 'fees' || effect === 'locks')
  )
}

/** The request; if it is large, its beginning and its hash. */
const requestOf = (request: unknown): object => {
  const text = JSON.stringify(request) ?? ''
  if (text.length <= REQUEST_CHARS) return { request }
  const requestSha256 = createHash('sha256').update(text).digest('hex')
  return { requestChars: text.length, requestSha256, requestHead: text.slice(0, HEAD_CHARS) }
}
