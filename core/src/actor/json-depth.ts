const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Whether brackets and braces nest deeper than `maxDepth`. Looked at before `JSON.parse`, which recurses; for text that is
 * not JSON the answer means nothing but is still found in one pass.
 */
export const nestsDeeperThan = (json: string, maxDepth: number): boolean => {
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
