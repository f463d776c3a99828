import { mustsOf } from './musts.ts'
import type { BoltRules, ReadText, Rule } from './rules/rule.ts'

/** A rule with its section; without lines if none is noted. */
export interface NamedRule extends Rule {
  readonly section: string
}

export const rulesOf = ({ sections }: BoltRules): readonly NamedRule[] =>
  sections.flatMap(({ section, rules }) =>
    rules.map((rule) => (typeof rule === 'string' ? { section, rule, lines: [] } : { section, ...rule })),
  )

/** What became of the lines of one part of a text. */
export interface PartAccount {
  readonly part: string
  readonly musts: number
  /** Lines that rules with tests cover, and lines that do not concern us. */
  readonly tested: number
  readonly notOurs: number
  /** Why the whole part does not concern us. */
  readonly reason?: string
}

export const accountOf = (bolt: BoltRules): readonly PartAccount[] =>
  (bolt.text?.parts ?? []).map(({ part, from, musts, notOurs: reason }, at, parts) => {
    const end = parts[at + 1]?.from ?? Number.POSITIVE_INFINITY
    const lines = (rules: readonly NamedRule[]): number =>
      new Set(rules.flatMap((rule) => rule.lines).filter((line) => line >= from && line < end)).size
    const [ours, others] = [rulesOf(bolt).filter(isOurs), rulesOf(bolt).filter((rule) => !isOurs(rule))]
    const counted = { part, musts, tested: lines(ours), notOurs: lines(others) }
    return reason === undefined ? counted : { ...counted, notOurs: counted.notOurs + musts, reason }
  })

export const isOurs = ({ notOurs }: Pick<Rule, 'notOurs'>): boolean => notOurs === undefined

/** Parts of which some line is in no rule, or in more than one. */
export const miscounted = (bolt: BoltRules): readonly string[] => {
  const lines = rulesOf(bolt).flatMap((rule) => rule.lines)
  return [
    ...accountOf(bolt)
      .filter(({ musts, tested, notOurs }) => tested + notOurs !== musts)
      .map(({ part, musts, tested, notOurs }) => `${tested + notOurs} of ${musts}: BOLT ${bolt.bolt}, ${part}`),
    ...lines.filter((line, at) => lines.indexOf(line) !== at).map((line) => `line ${line} twice: BOLT ${bolt.bolt}`),
  ]
}

/** Holds what the rules say of a text's lines against the text itself. */
export const differences = (bolt: BoltRules, text: string): readonly string[] => {
  const { parts } = bolt.text ?? ({ parts: [] } satisfies Pick<ReadText, 'parts'>)
  const read = new Set(rulesOf(bolt).flatMap((rule) => rule.lines))
  const musts = mustsOf(text)
  const partOf = (line: number) => parts.findLast(({ from }) => from <= line)
  return [
    ...musts
      .filter((line) => !read.has(line) && partOf(line)?.notOurs === undefined)
      .map((line) => `line ${line} is in no rule (${partOf(line)?.part ?? 'no part'})`),
    ...[...read].filter((line) => !musts.includes(line)).map((line) => `line ${line} asks for nothing`),
    ...parts.flatMap(({ part, musts: noted }) => {
      const found = musts.filter((line) => partOf(line)?.part === part).length
      return found === noted ? [] : [`${part} has ${found} and not ${noted}`]
    }),
  ]
}
