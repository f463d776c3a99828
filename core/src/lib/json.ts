import { err, ok, type Result } from './result.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Why a text is refused as JSON. */
export interface JsonFault {
  readonly code: 'not-json' | 'too-deep'
}

/** Reads a text that came from outside. It never throws, and counts the nesting before it parses. */
export const readJson = (text: string, maxDepth: number): Result<unknown, JsonFault> => {
  if (nestsDeeperThan(text, maxDepth)) return err({ code: 'too-deep' })
  try {
    return ok(JSON.parse(text))
  } catch {
    return err({ code: 'not-json' })
  }
}

/** Whether brackets and braces nest deeper than `maxDepth`; for text that is not JSON the answer means nothing. One pass. */
const nestsDeeperThan = (json: string, maxDepth: number): boolean => {
  let depth = 0
  let inString = false
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (inString) {
      if (code === BACKSLASH) i += 1
      else if (code === QUOTE) inString = false
    } else if (code === QUOTE) {
      inString = true
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1
      if (depth > maxDepth) return true
    } else if (code === 0x5d || code === 0x7d) {
      depth -= 1
    }
  }
  return false
}
