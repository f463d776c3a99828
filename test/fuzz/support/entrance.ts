import { Random } from './random.ts'

/** A way for what others say into the core. */
export interface Entrance {
  readonly name: string
  /** How many of a thousand inputs of a run come this way. */
  readonly share: number
  open(): Promise<OpenEntrance>
}

export interface OpenEntrance {
  /** Makes an input, notes it, hands it in, and throws what is wrong with the answer. */
  feed(random: Random, note: (input: unknown) => void): void | Promise<void>
  close?(): Promise<void>
}

/** An entrance that is a function: it needs nothing around it. */
export const pureEntrance = (name: string, share: number, feed: OpenEntrance['feed']): Entrance => ({
  name,
  share,
  open: async () => ({ feed }),
})

/** Words of a library, or of the language, that no answer may hold. */
const FOREIGN =
  /\bzod\b|ZodError|Invalid input|Too (big|small)|invalid_type|Cannot (convert|read|mix)|TypeError|RangeError|SyntaxError|is not a function|Maximum call/g

class ForeignWords extends Error {
  readonly words: readonly string[]

  constructor(said: string, words: readonly string[]) {
    super(`an answer with words that are not ours: ${said.slice(0, 300)}`)
    this.words = words
  }
}

/** The answer is one of ours. */
export const mustBeOurs = (said: string): void => {
  const words = said.match(FOREIGN)
  if (words !== null) throw new ForeignWords(said, words)
}

/** The same of a value made of JSON: however odd, nothing threw while it was looked at. */
export const mustBeReadable = (words: string): void => {
  mustBeOurs(words)
  must(!words.includes('cannot be read'), `JSON can always be read: ${words.slice(0, 300)}`)
}

export const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what)
}

export interface Run {
  readonly seed: number
  readonly inputs: number
  /** Only this one of them. */
  readonly at?: number
}

/** The input that took longest. */
export interface Slowest {
  readonly at: number
  readonly ms: number
}

/** Feeds an entrance. Throws with what makes the input again. */
export const run = async (entrance: Entrance, { seed, inputs, at }: Run): Promise<Slowest> => {
  const open = await entrance.open()
  let slowest: Slowest = { at: 0, ms: 0 }
  try {
    for (let i = at ?? 0; i < (at === undefined ? inputs : at + 1); i++) {
      let input: unknown
      const begun = performance.now()
      try {
        const fed = open.feed(new Random(seed, i), (made) => {
          input = made
        })
        if (fed !== undefined) await fed
        const ms = performance.now() - begun
        if (ms > slowest.ms) slowest = { at: i, ms }
      } catch (thrown) {
        // An answer names the field that it refuses, whatever the other side has called it.
        if (thrown instanceof ForeignWords && thrown.words.every((word) => textOf(input).includes(word))) continue
        throw new Error(
          `${entrance.name}: ${thrown instanceof Error ? thrown.stack : typeof thrown}\ninput: ${shown(input)}\n` +
            `again: npm run fuzz -- --only ${entrance.name} --seed ${seed} --at ${i}`,
        )
      }
    }
    return slowest
  } finally {
    await open.close?.()
  }
}

const shown = (input: unknown): string => textOf(input).slice(0, 2_000)

const textOf = (input: unknown): string => {
  try {
    return typeof input === 'string' ? input : (JSON.stringify(input) ?? '')
  } catch {
    return `a ${typeof input} that is no data`
  }
}
