import { SourceMap } from 'node:module'
import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'

/** Places in the runtime say nothing to the plugin's author. */
const OF_RUNTIME = /\n {4}at [^\n]{0,300}fulgurite:runtime:[^\n]*/g
const PLACE = /\n {4}at [^\n]{0,300}?([^\s()]{1,300}:\d{1,9}):\d{1,9}\)?(?=\n|$)/g
const FRAME = /plugin\.js:(\d{1,9}):(\d{1,9})/g
// The compiler puts this before the bundle's first line.
const WRAPPER_COLUMNS = '(function (module, exports, require) {'.length
/** Reading a map takes time of the core's thread, once in a run of the node: 0.1 s for the most expensive map of this size. */
export const MAX_SOURCE_MAP_CHARS = 1 << 20
const MAP_DEPTH = 2

/** What is read of a map. Node's own reader trusts its input: a `sources.length` of 1e308 keeps it busy for ever. */
const Map3 = z.object({
  version: z.literal(3),
  sources: z.array(z.string().max(4_096)).max(65_536),
  names: z.array(z.string().max(4_096)).max(1_000_000).default([]),
  mappings: z.string(),
})

/**
 * Replaces the bundle's files and lines by the author's own, in a stack. The map was made at the install from what the author wrote, and
 * may be damaged since: if it cannot be read, the stack stays as it is.
 */
export const originalPlaces = (sourceMap: string): ((stack: string) => string) => {
  const map = read(sourceMap)
  return (stack) => {
    const own = stack.replaceAll(OF_RUNTIME, '')
    if (map === undefined) return own
    return own.replaceAll(
      FRAME,
      (frame, line: string, column: string) => placeOf(map, Number(line) - 1, Number(column) - 1) ?? frame,
    )
  }
}

/** The first place of a stack that is in the author's own code, or in a package of theirs: `src/index.ts:10`. */
export const firstPlace = (stack: string): string | undefined => {
  const places = [...stack.matchAll(PLACE)].map(([, place = '']) => place)
  return places.find((place) => !place.includes('node_modules')) ?? places[0]
}

const read = (sourceMap: string): SourceMap | undefined => {
  if (sourceMap.length > MAX_SOURCE_MAP_CHARS) return undefined
  const json = readJson(sourceMap, MAP_DEPTH)
  const map = json.ok ? evaluate(Map3, json.value) : json
  if (!map.ok) return undefined
  try {
    return new SourceMap({ ...map.value, file: '', sourceRoot: '', sourcesContent: [] })
  } catch {
    return undefined
  }
}

const placeOf = (map: SourceMap, row: number, column: number): string | undefined => {
  try {
    const entry = map.findEntry(row, column - (row === 0 ? WRAPPER_COLUMNS : 0))
    if (!('originalSource' in entry) || typeof entry.originalSource !== 'string') return undefined
    return `${entry.originalSource.slice(0, 512)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  } catch {
    return undefined
  }
}
