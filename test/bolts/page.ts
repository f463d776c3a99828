import { accountOf, miscounted, type NamedRule, reasonOf, rulesOf } from './account.ts'
import { BOLT_1 } from './rules/bolt-1.ts'
import { BOLT_2 } from './rules/bolt-2.ts'
import { BOLT_3 } from './rules/bolt-3.ts'
import { BOLT_4 } from './rules/bolt-4.ts'
import { BOLT_5 } from './rules/bolt-5.ts'
import { BOLT_7 } from './rules/bolt-7.ts'
import { BOLT_8 } from './rules/bolt-8.ts'
import { BOLT_9 } from './rules/bolt-9.ts'
import { BOLT_11 } from './rules/bolt-11.ts'
import { BOLT_12 } from './rules/bolt-12.ts'
import type { BoltRules } from './rules/rule.ts'
import type { Title } from './titles.ts'

export const BOLTS: readonly BoltRules[] = [
  BOLT_1,
  BOLT_2,
  BOLT_3,
  BOLT_4,
  BOLT_5,
  BOLT_7,
  BOLT_8,
  BOLT_9,
  BOLT_11,
  BOLT_12,
]

const nameOf = (bolt: number, { section, rule }: Pick<NamedRule, 'section' | 'rule'>): string =>
  `BOLT ${bolt}, ${section} — ${rule}`

const shows = (title: string, name: string): boolean => title === name || title.startsWith(`${name}: `)

/**
 * What does not fit together: rules that no test names and that have no reason for it, or have both; tests that name no rule; rules that are
 * there twice; and lines of a text that no rule accounts for.
 */
export const misfits = (bolts: readonly BoltRules[], titles: readonly Title[]): readonly string[] => {
  const rules = bolts.flatMap((bolt) => rulesOf(bolt).map((rule) => ({ ...rule, name: nameOf(bolt.bolt, rule) })))
  const names = rules.map(({ name }) => name)
  const isShown = ({ name }: { readonly name: string }) => titles.some(({ title }) => shows(title, name))
  return [
    ...rules.filter((rule) => reasonOf(rule) === undefined && !isShown(rule)).map(({ name }) => `no test: ${name}`),
    ...rules
      .filter((rule) => reasonOf(rule) !== undefined && isShown(rule))
      .map(({ name }) => `a test, and a reason: ${name}`),
    ...titles.filter(({ title }) => !names.some((name) => shows(title, name))).map(({ title }) => `no rule: ${title}`),
    ...names.filter((name, at) => names.indexOf(name) !== at).map((name) => `twice: ${name}`),
    ...bolts.flatMap(miscounted),
  ]
}

const INTRODUCTION = `# The BOLTs, rule by rule

<!-- Made from the titles of tests by \`npm run bolts\`. Not edited by hand: a test holds it fresh. -->

What BOLT 1 to 5, 7 to 9, 11 and 12 ask of a node, in our own words, and the tests that show that this one does it, or why it does not
concern this node, or what is not built of it. A rule is added in \`test/bolts/rules\`, and a test with its name as title; a rule with neither a test nor
a reason fails the tests, and so does a test that names no rule. Where a text was read whole, every line of it that has a
MUST or MUST NOT is in one of the rules. What is not listed is not said to hold.`

export const renderPage = (bolts: readonly BoltRules[], titles: readonly Title[]): string => {
  const files = (name: string): string => {
    const found = titles.filter(({ title }) => shows(title, name)).map(({ file }) => file)
    return [...new Set(found)].map((file) => `[${file.split('/').at(-1)}](../../${file})`).join(', ')
  }
  const pages = bolts.map((bolt) => {
    const parts = bolt.sections.map(({ section }) => {
      const lines = rulesOf(bolt)
        .filter((rule) => rule.section === section)
        .map((rule) => `| ${rule.rule} | ${reasonOf(rule) ?? files(nameOf(bolt.bolt, rule))} |`)
      return `### ${capital(section)}\n\n| Rule | Tests, or why there are none |\n| --- | --- |\n${lines.join('\n')}`
    })
    return [`## BOLT ${bolt.bolt}`, ...account(bolt), ...parts].join('\n\n')
  })
  return `${[INTRODUCTION, ...pages].join('\n\n')}\n`
}

const account = (bolt: BoltRules): readonly string[] => {
  if (bolt.text === undefined) return []
  const { commit, file } = bolt.text
  const lines = accountOf(bolt).map(
    ({ part, musts, tested, notOurs, notBuilt, reason = '' }) =>
      `| ${part} | ${musts} | ${tested} | ${notOurs} | ${notBuilt} | ${reason} |`,
  )
  return [
    `Read: \`${file}\` of commit \`${commit}\` of the BOLTs. Its lines with a MUST or MUST NOT, a list that one heads counted by its items:`,
    `| Part | Lines | With tests | Not ours | Not built | Why |\n| --- | --- | --- | --- | --- | --- |\n${lines.join('\n')}`,
  ]
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
