import { mustsOf } from './musts.ts'
import type { BoltRules, ReadText, Reason, Rule } from './rules/rule.ts'

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
  /** Lines that rules with tests cover, lines that do not concern us, and lines that we do not keep. */
  readonly tested: number
  readonly notOurs: number
  readonly notBuilt: number
  /** Why none of the part has tests. */
  readonly reason?: string
}

export const accountOf = (bolt: BoltRules): readonly PartAccount[] =>
  (bolt.text?.parts ?? []).map((whole, at, parts) => {
    const { part, from, musts } = whole
    const end = parts[at + 1]?.from ?? Number.POSITIVE_INFINITY
    const lines = (fate: Fate): number => {
      const rules = rulesOf(bolt).filter((rule) => fateOf(rule) === fate)
      const named = new Set(rules.flatMap((rule) => rule.lines).filter((line) => line >= from && line < end)).size
      return named + (reasonOf(whole) !== undefined && fateOf(whole) === fate ? musts : 0)
    }
    const counted = {
      part,
      musts,
      tested: lines('tested'),
      notOurs: lines('not ours'),
      notBuilt: lines('not built'),
    }
    const reason = reasonOf(whole)
    return reason === undefined ? counted : { ...counted, reason }
  })

type Fate = 'tested' | 'not ours' | 'not built'

const fateOf = ({ notOurs, notBuilt }: Reason): Fate =>
  notBuilt !== undefined ? 'not built' : notOurs !== undefined ? 'not ours' : 'tested'

export const reasonOf = ({ notOurs, notBuilt }: Reason): string | undefined => notOurs ?? notBuilt

/** Parts of which some line is in no rule, or in more than one. */
export const miscounted = (bolt: BoltRules): readonly string[] => {
  const lines = rulesOf(bolt).flatMap((rule) => rule.lines)
  return [
    ...accountOf(bolt)
      .map(({ tested, notOurs, notBuilt, ...rest }) => ({ ...rest, named: tested + notOurs + notBuilt }))
      .filter(({ musts, named }) => named !== musts)
      .map(({ part, musts, named }) => `${named} of ${musts}: BOLT ${bolt.bolt}, ${part}`),
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
      .filter((line) => !read.has(line) && reasonOf(partOf(line) ?? {}) === undefined)
      .map((line) => `line ${line} is in no rule (${partOf(line)?.part ?? 'no part'})`),
    ...[...read].filter((line) => !musts.includes(line)).map((line) => `line ${line} asks for nothing`),
    ...parts.flatMap(({ part, musts: noted }) => {
      const found = musts.filter((line) => partOf(line)?.part === part).length
      return found === noted ? [] : [`${part} has ${found} and not ${noted}`]
    }),
  ]
}
