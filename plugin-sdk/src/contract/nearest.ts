/** Mistakes that a word may have and still be taken for another. */
const MOST_MISTAKES = 2

/** What was probably meant: the one that differs in the fewest letters, and in few. */
export const nearest = (word: string, names: readonly string[]): string | undefined => {
  const most = Math.min(MOST_MISTAKES, Math.floor(word.replace(/^-+/, '').length / 2))
  const [best] = names
    .map((name) => ({ name, mistakes: mistakes(word, name) }))
    .filter((one) => one.mistakes <= most)
    .sort((a, b) => a.mistakes - b.mistakes)
  return best?.name
}

/** Letters to add, take out, change, or swap with the next one, to come from one word to the other. */
const mistakes = (from: string, to: string): number => {
  if (Math.abs(from.length - to.length) > MOST_MISTAKES) return Number.POSITIVE_INFINITY
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, j) => j)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1]
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    beforeLast = last
    last = row
  }
  return last[to.length] ?? 0
}
