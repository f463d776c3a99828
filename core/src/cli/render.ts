import { actors, kebab, type ObjectShape, type Operation, type Shape, shapeOf } from '@fulgurite/plugin-sdk/contract'
import { cell, formOf, isCell, isNumber, isText, type Row, shortCell } from './cells.ts'
import { type CliFailure, usage } from './failure.ts'
import type { CliIo } from './io.ts'
import { label } from './names.ts'
import { printable } from './printable.ts'
import { type Column, dim, fitting, pointed, table, wrapped } from './table.ts'
import { type Shown, VIEWS } from './views.ts'

/** How a list is to be shown. */
export interface ListStyle {
  /** Only these columns, in this order. */
  readonly columns?: readonly string[]
  /** Every field in full, however wide the terminal is. */
  readonly wide?: boolean
  /** Without the names of the columns: the rows go on a list that is there already. */
  readonly headless?: boolean
}

/** The rows of the lists that an operation answers with; `undefined` where it answers with something else. */
export const rowsOf = ({ reply }: Operation): ObjectShape | undefined => {
  const shape = shapeOf(reply)
  if (shape.type !== 'object') return undefined
  const items = shape.members.find(({ key }) => key === 'items')?.shape
  return items?.type === 'list' && items.item.type === 'object' ? items.item : undefined
}

/** A reply for people: a table or a list of fields on a terminal, tab-separated lines elsewhere. */
export const renderReply = (operation: Operation, reply: unknown, io: CliIo, style: ListStyle = {}): string => {
  const shape = shapeOf(operation.reply)
  if (shape.type !== 'object') return ''
  const row = reply as Row
  const rows = rowsOf(operation)
  if (rows !== undefined) {
    const list = renderList(rows, row.items as readonly Row[], io, style)
    return list + beside(shape, row, io) + more(operation, row, io)
  }
  const shown = shape.members.filter(({ key }) => key !== 'asOf')
  const [only] = shown
  // A reply that is one object, such as `{ channel }`, is shown as that object.
  if (shown.length === 1 && only?.shape.type === 'object' && row[only.key] !== undefined)
    return renderFields(only.shape, row[only.key] as Row, io)
  if (shown.length === 0) return io.isTerminal ? 'done\n' : ''
  return renderFields({ ...shape, members: shown }, row, io)
}

const OF_A_LIST = ['items', 'next', 'asOf']

/** The fields of an answer besides its list, on a terminal; other programs read them with `--json`. */
const beside = (shape: ObjectShape, row: Row, io: CliIo): string => {
  const members = shape.members.filter(({ key }) => !OF_A_LIST.includes(key) && row[key] !== undefined)
  return members.length === 0 || !io.isTerminal ? '' : `\n${renderFields({ ...shape, members }, row, io)}`
}

const more = (operation: Operation, { next, items }: Row, io: CliIo): string => {
  const isEndless = operation.kind === 'query' && operation.resumable === true
  // A resumable list always has a `next`. In a list with an end, more rows may follow even a page without rows.
  if (!io.isTerminal || typeof next !== 'string' || !Array.isArray(items) || (isEndless && items.length === 0))
    return ''
  return `more: ${isEndless ? '--from' : '--after'} ${next}\n`
}

const renderFields = (shape: ObjectShape, row: Row, io: CliIo): string => {
  const members = shape.members.filter(({ key }) => row[key] !== undefined)
  if (io.isTerminal) return fieldLines({ ...shape, members }, row, io, '')
  return members.map(({ key, shape: inner }) => `${label(key)}\t${cell(inner, row[key], io)}\n`).join('')
}

/** For people: each field of a nested object, and each entry of a list of texts, is on a line of its own. */
const fieldLines = ({ members }: ObjectShape, row: Row, io: CliIo, indent: string): string => {
  const shown = members.filter(({ key }) => row[key] !== undefined)
  const width = Math.max(...shown.map(({ key, shape }) => (shape.type === 'object' ? 0 : label(key).length)))
  return shown
    .map(({ key, shape }) => {
      const value = row[key]
      const name = indent + dim(label(key).padEnd(width), io)
      if (shape.type === 'object')
        return `${indent}${dim(label(key), io)}\n${fieldLines(shape, value as Row, io, `${indent}  `)}`
      const room = io.columns - indent.length - width - 2
      if (shape.type === 'list' && isRows(shape.item) && !fits(shape.item, value as readonly Row[], io, room))
        return `${indent}${dim(label(key), io)}\n${entryLines(shape.item, value as readonly Row[], io, indent)}`
      const lines = linesOf(shape, value, io, room)
      const [only = '', ...others] = lines
      // An id, or an invoice, is copied whole: it has a line of its own where it would be broken.
      if (room >= LEAST_TEXT && others.length === 0 && only.length > room && !only.includes(' '))
        return `${indent}${dim(label(key), io)}\n${only.length + indent.length + 2 > io.columns ? '' : `${indent}  `}${only}\n`
      return `${name}  ${lines.join(`\n${indent}${' '.repeat(width)}  `)}\n`
    })
    .join('')
}

/** What each entry of a list of objects looks like: one of several forms, by its tag, where it may be any of these. */
type RowShape = Extract<Shape, { type: 'object' | 'union' }>

const isRows = (shape: Shape): shape is RowShape => shape.type === 'object' || shape.type === 'union'

/** Whether each entry can stand on one line. */
const fits = (shape: RowShape, entries: readonly Row[], io: CliIo, room: number): boolean =>
  room < LEAST_TEXT || entries.every((entry) => cell(shape, entry, io).length <= room)

/** Each entry with its fields below each other. */
const entryLines = (shape: RowShape, entries: readonly Row[], io: CliIo, indent: string): string =>
  entries
    .map((entry) => `${indent}- ${fieldLines(formOf(shape, entry), entry, io, `${indent}  `).slice(indent.length + 2)}`)
    .join('')

/** A value on as many lines as it needs: one for each entry of a list, and indented JSON. */
const linesOf = (shape: Shape, value: unknown, io: CliIo, room: number): readonly string[] => {
  if (shape.type === 'scalar' && shape.scalar === 'json') {
    return JSON.stringify(value, undefined, 2).split('\n').map(printable)
  }
  if (shape.type !== 'list' || isCell(shape.item) !== isText(shape.item))
    return wrapped(cell(shape, value, io), Math.max(room, LEAST_TEXT))
  const entries = (value as readonly unknown[]).map((entry) => cell(shape.item, entry, io))
  return entries.length === 0 ? ['none'] : entries.flatMap((entry) => wrapped(entry, Math.max(room, LEAST_TEXT)))
}

const LEAST_COLUMNS = 3
const LEAST_TEXT = 16

/** Rows of the list that an operation answers with, without anything after them. */
export const renderRows = (operation: Operation, items: readonly object[], io: CliIo, style: ListStyle): string => {
  const shape = rowsOf(operation)
  return shape === undefined ? '' : renderList(shape, items as readonly Row[], io, style)
}

const renderList = (shape: ObjectShape, items: readonly Row[], io: CliIo, style: ListStyle): string => {
  const view = VIEWS[shape.name ?? '']
  const chosen = style.columns?.map((name) => chosenColumn(shape, name, io))
  if (items.length === 0) return io.isTerminal ? 'none\n' : ''
  const rows = view?.newestLast ? items.toReversed() : items
  const present = shape.members.filter(({ key }) => rows.some((row) => row[key] !== undefined))
  const fields = present
    .filter(({ shape: inner }) => isCell(inner))
    .map(({ key, shape: inner }) => fieldOf(key, inner, io))
  const filled = (columns: readonly Shown[]): readonly Column[] =>
    columns.map(({ show, total: _, ...column }) => ({ ...column, cells: rows.map((row) => readable(show, row)) }))
  if (!io.isTerminal) return tabbed(filled(chosen ?? fields), style.headless)
  if (chosen !== undefined || style.wide)
    return table(fitting(pointed(filled(chosen ?? fields)), Number.POSITIVE_INFINITY), io, style.headless)
  const columns = withTotals(
    rows,
    view?.columns ??
      byRank(
        shape,
        present.map(({ key }) => key),
        io,
      ),
  )
  const kept = fitting(pointed(columns), io.columns)
  // The terminal is too narrow for a useful table: each row is shown by itself, in full.
  if (kept.length < Math.min(columns.length, LEAST_COLUMNS)) {
    return rows.map((row) => renderFields(shape, row, io)).join('\n')
  }
  const left = columns.length - kept.length
  const note = left === 0 ? '' : `${dim(`(${left} more ${left === 1 ? 'column' : 'columns'}: --wide)`, io)}\n`
  return table(kept, io, style.headless) + note
}

/** The columns of a view, with a last row of totals where any of them has one. */
const withTotals = (rows: readonly Row[], columns: readonly Shown[]): readonly Column[] => {
  const hasTotals = rows.length > 1 && columns.some(({ total }) => total !== undefined)
  return columns.map(({ show, total, ...column }) => ({
    ...column,
    cells: [
      ...rows.map((row) => readable(show, row)),
      ...(hasTotals ? [total === undefined ? '' : readable(total, rows)] : []),
    ],
  }))
}

// A node of another version may answer in another form.
const readable = <Item>(show: (item: Item) => string, item: Item): string => {
  try {
    return show(item)
  } catch {
    return '?'
  }
}

const tabbed = (columns: readonly Column[], headless = false): string => {
  const rows = columns[0]?.cells.map((_, i) => columns.map(({ cells }) => cells[i] ?? '').join('\t')) ?? []
  return `${[...(headless ? [] : [columns.map(({ name }) => name).join('\t')]), ...rows].join('\n')}\n`
}

const fieldOf = (key: string, shape: Shape, io: CliIo): Shown => ({
  name: label(key),
  show: (row) => cell(shape, row[key], io),
  right: isNumber(shape),
})

/** The columns of rows without a view: what people look for first comes first. */
const byRank = (shape: ObjectShape, present: readonly string[], io: CliIo): readonly Shown[] =>
  shape.members
    .filter(({ key, shape: inner }) => isCell(inner) && present.includes(key))
    .map((member, order) => ({ ...member, rank: order === 0 ? -1 : rankOf(member.shape) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ key, shape: inner }) => ({
      ...fieldOf(key, inner, io),
      show: (row: Row) => shortCell(inner, row[key], io),
      ...(isText(inner) ? { least: LEAST_TEXT } : {}),
    }))

/** States and names, amounts, counts; long ids last. */
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

/** A column by the name that it has in the table, or a field by its path: `local-policy.cltv-expiry-delta`. */
const chosenColumn = (shape: ObjectShape, name: string, io: CliIo): Shown => {
  const wanted = name.trim().toLowerCase().replaceAll(' ', '-')
  const shown = VIEWS[shape.name ?? '']?.columns.find((column) => hyphened(column.name) === wanted)
  if (shown !== undefined) return shown
  const field = pathsOf(shape).find(({ path }) => path.map(kebab).join('.') === wanted)
  if (field === undefined) throw noColumn(shape, name)
  const at = (row: Row): unknown => field.path.reduce<unknown>((value, key) => (value as Row | undefined)?.[key], row)
  return {
    name: field.path.map(label).join(' '),
    show: (row) => cell(field.shape, at(row), io),
    right: isNumber(field.shape),
  }
}

const noColumn = (shape: ObjectShape, name: string): CliFailure =>
  usage(
    `--columns: there is no ${name.trim() || 'name'}; there are ${columnNames(shape).join(', ')}`,
    undefined,
    'columns',
  )

/** Throws for the first unknown name. */
export const checkColumns = (shape: ObjectShape, names: readonly string[], io: CliIo): void => {
  for (const name of names) chosenColumn(shape, name, io)
}

const hyphened = (name: string): string => name.replaceAll(' ', '-')

/** What `--columns` takes. */
const columnNames = (shape: ObjectShape): readonly string[] => [
  ...new Set([
    ...(VIEWS[shape.name ?? '']?.columns ?? []).map(({ name }) => hyphened(name)),
    ...pathsOf(shape).map(({ path }) => path.map(kebab).join('.')),
  ]),
]

const pathsOf = (
  { members }: ObjectShape,
  above: readonly string[] = [],
): readonly { readonly path: readonly string[]; readonly shape: Shape }[] =>
  members.flatMap(({ key, shape }) =>
    shape.type === 'object' ? pathsOf(shape, [...above, key]) : [{ path: [...above, key], shape }],
  )

/**
 * An event as it happens, as a page of events shows it: on a terminal within its width, if it is not to be shown in full. Other programs
 * get a line of three fields.
 */
export const renderEvent = (data: string, io: CliIo, wide = false): string => {
  const event = JSON.parse(data) as { readonly at: number; readonly type: string; readonly payload: Row }
  if (io.isTerminal) return renderRows(actors.events.operations.list, [event], io, { wide, headless: true })
  return `${new Date(event.at).toISOString()}\t${event.type}\t${printable(JSON.stringify(event.payload))}\n`
}
