import type { SourceMap } from 'node:module'

const FRAME = /plugin\.js:(\d+):(\d+)/g
// The bundle is compiled behind this on its first line.
const WRAPPER_COLUMNS = '(function (module, exports, require) {'.length

/** A stack with its places in the author's own files. */
export const originalStack = (stack: string, map: SourceMap): string =>
  stack.replaceAll(FRAME, (frame, line: string, column: string) => {
    const row = Number(line) - 1
    const entry = map.findEntry(row, Number(column) - 1 - (row === 0 ? WRAPPER_COLUMNS : 0))
    if (!('originalSource' in entry) || entry.originalSource === undefined) return frame
    return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  })
