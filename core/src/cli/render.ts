import { type ObjectShape, type Operation, type Shape, shapeOf } from '@fulgurite/plugin-sdk/contract'
import type { CliIo } from './io.ts'
import { label } from './names.ts'
import { printable } from './printable.ts'

const LEAST_COLUMNS = 5
const LEAST_TEXT = 16

type Row = Readonly<Record<string, unknown>>

/** A reply for people: a table or a list of fields on a terminal, tab-separated lines elsewhere. */
export const renderReply = (operation: Operation, reply: unknown, io: CliIo): string => {
  const shape = shapeOf(operation.reply)
  if (shape.type !== 'object') return ''
  const row = reply as Row
  const items = shape.members.find(({ key }) => key === 'items')?.shape
  if (items?.type === 'list' && items.item.type === 'object') {
    const rows = row.items as readonly Row[]
    return renderRows(items.item, rows, io) + more(row, io)
  }
  const shown = shape.members.filter(({ key }) => key !== 'asOf')
  const [only] = shown
  // A reply that is one object, such as `{ channel }`, is shown as that object.
  if (shown.length === 1 && only?.shape.type === 'object' && row[only.key] !== undefined)
    return renderFields(only.shape, row[only.key] as Row, io)
  if (shown.length === 0) return io.isTerminal ? 'done\n' : ''
  return renderFields({ ...shape, members: shown }, row, io)
}

const more = ({ next, items }: Row, io: CliIo): string =>
  io.isTerminal && typeof next === 'string' && Array.isArray(items) && items.length > 0
    ? `more: go on after ${next}\n`
    : ''

const renderFields = (shape: ObjectShape, row: Row, io: CliIo): string => {
  const members = shape.members.filter(({ key }) => row[key] !== undefined)
  if (io.isTerminal) return fieldLines({ ...shape, members }, row, io, '')
  return members.map(({ key, shape: inner }) => `${label(key)}\t${cell(inner, row[key], io)}\n`).join('')
}

/** For people: each part of a part on a line of its own, and each entry of a list of words. */
const fieldLines = ({ members }: ObjectShape, row: Row, io: CliIo, indent: string): string => {
  const shown = members.filter(({ key }) => row[key] !== undefined)
  const width = Math.max(...shown.map(({ key, shape }) => (shape.type === 'object' ? 0 : label(key).length)))
  return shown
    .map(({ key, shape }) => {
      const value = row[key]
      const name = indent + dim(label(key).padEnd(width), io)
      if (shape.type === 'object')
        return `${indent}${dim(label(key), io)}\n${fieldLines(shape, value as Row, io, `${indent}  `)}`
      if (shape.type !== 'list' || !isText(shape.item)) return `${name}  ${cell(shape, value, io)}\n`
      const entries = (value as readonly unknown[]).map((entry) => cell(shape.item, entry, io))
      const lines = entries.length === 0 ? ['none'] : entries
      return `${name}  ${lines.join(`\n${indent}${' '.repeat(width)}  `)}\n`
    })
    .join('')
}

const renderRows = (shape: ObjectShape, rows: readonly Row[], io: CliIo): string => {
  if (rows.length === 0) return io.isTerminal ? 'none\n' : ''
  const present = shape.members.filter(({ key }) => rows.some((row) => row[key] !== undefined))
  const members = present.filter(({ shape: inner }) => isCell(inner))
  if (!io.isTerminal) {
    const lines = rows.map((row) => members.map(({ key, shape: inner }) => cell(inner, row[key], io)).join('\t'))
    return `${[members.map(({ key }) => label(key)).join('\t'), ...lines].join('\n')}\n`
  }
  const columns = members
    .map(({ key, shape: inner }, order) => {
      const cells = rows.map((row) => (order === 0 ? cell : shortCell)(inner, row[key], io))
      const width = Math.max(label(key).length, ...cells.map((text) => text.length))
      return {
        name: label(key),
        cells,
        width,
        order,
        rank: order === 0 ? -1 : rankOf(inner),
        right: isNumber(inner),
        isText: isText(inner),
      }
    })
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
  let room = io.columns
  const kept = columns.flatMap((column, i) => {
    const width = column.isText ? Math.min(column.width, Math.max(room, LEAST_TEXT)) : column.width
    room -= width + 2
    return i === 0 || room >= -2 ? [{ ...column, width, cells: column.cells.map((text) => cut(text, width)) }] : []
  })
  // Too narrow for a table that says something: each row by itself, in full.
  if (kept.length < Math.min(columns.length, LEAST_COLUMNS)) {
    return rows.map((row) => renderFields(shape, row, io)).join('\n')
  }
  const line = (texts: readonly string[]): string =>
    kept
      .map(({ width, right }, i) => (right ? (texts[i] ?? '').padStart(width) : (texts[i] ?? '').padEnd(width)))
      .join('  ')
      .trimEnd()
  const left = present.length - kept.length
  return [
    dim(line(kept.map(({ name }) => name)), io),
    ...rows.map((_, i) => line(kept.map(({ cells }) => cells[i] ?? ''))),
    ...(left > 0 ? [dim(`(${left} more ${left === 1 ? 'field' : 'fields'}: --json)`, io)] : []),
    '',
  ].join('\n')
}

const isCell = (shape: Shape): boolean => shape.type === 'scalar' || shape.type === 'choice'

const isText = (shape: Shape): boolean => shape.type === 'scalar' && shape.scalar === 'text'

const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`)

const isNumber = (shape: Shape): boolean =>
  shape.type === 'scalar' && ['msat', 'sat', 'ppm', 'feerate', 'integer', 'block-height'].includes(shape.scalar)

// What a person looks for first comes first: states and names, amounts, counts; long ids last.
const rankOf = (shape: Shape): number => {
  if (shape.type === 'choice') return 0
  if (shape.type !== 'scalar') return 9
  switch (shape.scalar) {
    case 'text':
      return 1
    case 'msat':
    case 'sat':
    case 'ppm':
      return 2
    case 'short-channel-id':
    case 'flag':
    case 'timestamp':
    case 'integer':
    case 'block-height':
    case 'socket-address':
    case 'address':
      return 3
    default:
      return 4
  }
}

const shortCell = (shape: Shape, value: unknown, io: CliIo): string => {
  const text = cell(shape, value, io)
  const isLong = shape.type === 'scalar' && !isText(shape) && text.length > 40
  return isLong ? `${text.slice(0, 8)}…${text.slice(-8)}` : text
}

const cell = (shape: Shape, value: unknown, io: CliIo): string => {
  if (value === undefined) return ''
  switch (shape.type) {
    case 'choice':
      return printable(String(value))
    case 'scalar':
      if (shape.scalar === 'timestamp') return new Date(Number(value)).toISOString().replace(/\.\d+Z$/, 'Z')
      if (io.isTerminal && (shape.scalar === 'msat' || shape.scalar === 'sat')) return grouped(String(value))
      if (typeof value === 'object') return printable(JSON.stringify(value))
      return printable(String(value))
    case 'list': {
      const items = value as readonly unknown[]
      if (isCell(shape.item)) return items.map((item) => cell(shape.item, item, io)).join(', ')
      return items.map((item) => cell(shape.item, item, io)).join('; ')
    }
    case 'object':
      return shape.members
        .filter(({ key }) => (value as Row)[key] !== undefined)
        .map(({ key, shape: inner }) => `${label(key)} ${cell(inner, (value as Row)[key], io)}`)
        .join(', ')
    case 'union':
      return printable(JSON.stringify(value))
  }
}

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',')

const dim = (text: string, { env }: CliIo): string => (env.NO_COLOR ? text : `\x1b[2m${text}\x1b[22m`)

/** One line for an event. */
export const renderEvent = (data: string, io: CliIo): string => {
  const { at, type, payload } = JSON.parse(data) as { at: number; type: string; payload: Row }
  const time = new Date(at).toISOString()
  const fields = Object.entries(payload).map(([key, value]) => `${key}=${brief(value)}`)
  return io.isTerminal
    ? `${dim(time, io)} ${type}  ${fields.join(' ')}\n`
    : `${time}\t${type}\t${printable(JSON.stringify(payload))}\n`
}

const brief = (value: unknown): string => {
  if (typeof value === 'string' && /^[0-9a-f]{64,66}$/.test(value)) return `${value.slice(0, 8)}…`
  if (Array.isArray(value) || (typeof value === 'object' && value !== null)) return printable(JSON.stringify(value))
  return printable(String(value))
}
