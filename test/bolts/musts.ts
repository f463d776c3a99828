const HEAD_OF_LIST = /^[^\s#].*\bMUST\b.*:\s*$/
const ITEM = /^ {2}- /
const MUST = /\bMUST\b/

/**
 * The lines of a BOLT that ask for something: each one with a MUST or MUST NOT. Where a paragraph with a MUST heads a list ("The sender MUST:"),
 * the list's items ask instead of it. Counted from 1.
 */
export const mustsOf = (text: string): readonly number[] => {
  const found: number[] = []
  let isListed = false
  for (const [at, line] of text.split('\n').entries()) {
    if (HEAD_OF_LIST.test(line)) isListed = true
    else if (isListed && line.trim() === '') isListed = false
    else if (MUST.test(line) || (isListed && ITEM.test(line))) found.push(at + 1)
  }
  return found
}
