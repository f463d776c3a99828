import type { ObjectShape, Shape } from '@fulgurite/plugin-sdk/contract'
import type { CliIo } from './io.ts'
import { label } from './names.ts'
import { printable } from './printable.ts'

export type Row = Readonly<Record<string, unknown>>

export const isCell = (shape: Shape): boolean => shape.type === 'scalar' || shape.type === 'choice'

export const isText = (shape: Shape): boolean => shape.type === 'scalar' && shape.scalar === 'text'

export const isNumber = (shape: Shape): boolean =>
  shape.type === 'scalar' && ['msat', 'sat', 'ppm', 'feerate', 'integer', 'block-height'].includes(shape.scalar)

const LONG = 40

/** A value on one line; a long value that is not text is shown by its two ends. */
export const shortCell = (shape: Shape, value: unknown, io: CliIo): string => {
  const text = cell(shape, value, io)
  return shape.type === 'scalar' && !isText(shape) && text.length > LONG ? shortId(text) : text
}

export const shortId = (id: string): string => `${id.slice(0, 8)}…${id.slice(-8)}`

/** A value on one line. */
export const cell = (shape: Shape, value: unknown, io: CliIo): string => {
  if (value === undefined) return ''
  switch (shape.type) {
    case 'choice':
      return printable(String(value))
    case 'scalar':
      if (shape.scalar === 'timestamp') return time(Number(value))
      if (io.isTerminal && (shape.scalar === 'msat' || shape.scalar === 'sat')) return grouped(String(value))
      if (typeof value === 'object') return printable(JSON.stringify(value))
      return printable(String(value))
    case 'list': {
      const items = value as readonly unknown[]
      if (isCell(shape.item)) return items.map((item) => cell(shape.item, item, io)).join(', ')
      return items.map((item) => cell(shape.item, item, io)).join('; ')
    }
    case 'object':
    case 'union':
      return inline(formOf(shape, value as Row), value as Row, io)
  }
}

/** The form of a row that may have any of several: the one that its tag names. A node of another version may have more. */
export const formOf = (shape: Extract<Shape, { type: 'object' | 'union' }>, row: Row): ObjectShape => {
  if (shape.type === 'object') return shape
  const { tag, options } = shape
  const isNamed = ({ members }: ObjectShape): boolean =>
    members.some(
      (member) =>
        member.key === tag && member.shape.type === 'choice' && member.shape.values.includes(String(row[tag])),
    )
  const json = { type: 'scalar', scalar: 'json', json: {}, dataClass: shape.dataClass } as const
  const members = Object.keys(row).map((key) => ({ key, optional: true, shape: json }))
  return options.find(isNamed) ?? { type: 'object', strict: false, members, dataClass: shape.dataClass }
}

const inline = ({ members }: ObjectShape, row: Row, io: CliIo): string =>
  members
    .filter(({ key }) => row[key] !== undefined)
    .map(({ key, shape }) => `${label(key)} ${cell(shape, row[key], io)}`)
    .join(', ')

export const time = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

export const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',')

/** The payload of an event in short: `channelId=0a1b2c3d… feeMsat=5`. */
export const brief = (payload: Row): string =>
  Object.entries(payload)
    .map(([key, value]) => `${printable(key)}=${briefly(value)}`)
    .join(' ')

const briefly = (value: unknown): string => {
  if (typeof value === 'string' && /^[0-9a-f]{64,66}$/.test(value)) return `${value.slice(0, 8)}…`
  if (Array.isArray(value)) return `[${value.map(briefly).join(', ')}]`
  if (typeof value === 'object' && value !== null) return `{${brief(value as Row)}}`
  return printable(String(value))
}
