import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { CellFault, OutboxHeader } from './cell-protocol.ts'

/** The longest header before an outbox; a fault is no longer either. */
export const HEADER_CHARS = 8_192
const DEPTH = 4

const Fault = z.object({ code: z.string().regex(/^[a-z-]{1,32}$/), text: z.string().max(4_096) })
const Header = z.object({ cpuMicros: z.number().nonnegative(), fault: z.string().max(4_096).optional() })

/** Reads an `F` frame: why the cell says that the plugin is ended. */
export const readFaultFrame = (frame: string): CellFault => {
  const fault = frame.length > HEADER_CHARS ? undefined : read(Fault, frame.slice(1))
  return fault ?? { code: 'protocol-violation', text: 'the cell sent a malformed fault' }
}

/** Reads an `O` frame. Of the outbox in it, only the size is checked. */
export const readOutboxFrame = (
  frame: string,
  maxOutboxChars: number,
): Result<{ readonly header: OutboxHeader; readonly outbox: string }, CellFault> => {
  const split = frame.indexOf('\n')
  const header = split < 0 || split > HEADER_CHARS ? undefined : read(Header, frame.slice(1, split))
  if (header === undefined) return err({ code: 'protocol-violation', text: 'the cell sent a malformed outbox' })
  if (frame.length - split > maxOutboxChars + 1) {
    return err({
      code: 'outbox-too-large',
      text: `the plugin said ${frame.length} characters in one turn, more than limits.outboxBytes allows`,
    })
  }
  const { cpuMicros, fault } = header
  return ok({ header: fault === undefined ? { cpuMicros } : { cpuMicros, fault }, outbox: frame.slice(split + 1) })
}

const read = <Output>(schema: z.ZodType<Output>, text: string): Output | undefined => {
  const json = readJson(text, DEPTH)
  const value = json.ok ? evaluate(schema, json.value) : json
  return value.ok ? value.value : undefined
}
