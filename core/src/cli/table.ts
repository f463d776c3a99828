import type { CliIo } from './io.ts'

/** A column of a table, its cells in the order of the rows. */
export interface Column {
  readonly name: string
  readonly cells: readonly string[]
  readonly right?: boolean
  /** The width that it may be cut down to, so that others fit; a column without one is shown in full or not at all. */
  readonly least?: number
  /** The last column, which is never cut: what does not fit continues on the next line. */
  readonly whole?: boolean
}

const GAP = 2
/** How much room a whole column needs on its first line. */
const WHOLE_LEAST = 16

/**
 * The columns that fit into a width; those that matter more come first. As many as possible are kept, counted with every column cut
 * as far as it can be, and then no column is cut further than needed.
 */
export const fitting = (columns: readonly Column[], room: number): readonly (Column & { readonly width: number })[] => {
  const whole = columns.find((column) => column.whole)
  let kept = columns.filter((column) => !column.whole)
  const reserve = whole === undefined ? 0 : Math.min(natural(whole), WHOLE_LEAST) + GAP
  const least = (column: Column): number => Math.min(natural(column), column.least ?? Number.POSITIVE_INFINITY)
  while (kept.length > 1 && sum(kept.map(least)) + reserve > room) kept = kept.slice(0, -1)
  let over = sum(kept.map(natural)) + reserve - room
  const sized = kept.map((column) => {
    const cut = Math.min(Math.max(over, 0), natural(column) - least(column))
    over -= cut
    return { ...column, width: natural(column) - cut }
  })
  if (whole === undefined) return sized
  return [
    ...sized,
    { ...whole, width: Math.max(room - sized.reduce((used, { width }) => used + width + GAP, 0), WHOLE_LEAST) },
  ]
}

const NUMBER = /^(?:≥ |[+-])?[\d,]+(\.\d+)?$/

/** Numbers below each other with their points in one line: what has no fraction, or a shorter one, ends sooner. */
export const pointed = (columns: readonly Column[]): readonly Column[] =>
  columns.map((column) => {
    const fractions = column.cells.map((text) => NUMBER.exec(text)?.[1]?.length ?? 0)
    const longest = Math.max(0, ...fractions)
    if (column.right !== true || longest === 0) return column
    const cells = column.cells.map((text, at) =>
      NUMBER.test(text) ? text + ' '.repeat(longest - (fractions[at] ?? 0)) : text,
    )
    return { ...column, cells }
  })

const natural = ({ name, cells }: Column): number =>
  cells.reduce((most, { length }) => Math.max(most, length), name.length)

const sum = (widths: readonly number[]): number => widths.reduce((total, width) => total + width + GAP, -GAP)

/** The table as text, its head dimmed. */
export const table = (
  columns: readonly (Column & { readonly width: number })[],
  io: CliIo,
  headless = false,
): string => {
  const before = columns.slice(0, -1).reduce((used, { width }) => used + width + GAP, 0)
  const line = (texts: readonly string[]): string =>
    columns
      .map(({ width, right, whole }, i) => {
        const text = texts[i] ?? ''
        if (whole) return wrapped(text, width).join(`\n${' '.repeat(before)}`)
        return right ? cut(text, width).padStart(width) : cut(text, width).padEnd(width)
      })
      .join(' '.repeat(GAP))
      .trimEnd()
  const rows = columns[0]?.cells.map((_, i) => line(columns.map(({ cells }) => cells[i] ?? ''))) ?? []
  const head = headless ? [] : [dim(line(columns.map(({ name }) => name)), io)]
  return `${[...head, ...rows].join('\n')}\n`
}

const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`

export const dim = (text: string, { env }: CliIo): string => (env.NO_COLOR ? text : `\x1b[2m${text}\x1b[22m`)

/** Words on lines of at most so many characters, unless one alone is longer. */
export const wrapped = (text: string, width: number): readonly string[] => {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
