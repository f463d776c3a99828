import { BOLT_2 } from './rules/bolt-2.ts'
import { BOLT_3 } from './rules/bolt-3.ts'
import { BOLT_5 } from './rules/bolt-5.ts'
import type { BoltRules } from './rules/rule.ts'
import type { Title } from './titles.ts'

export const BOLTS: readonly BoltRules[] = [BOLT_2, BOLT_3, BOLT_5]

const nameOf = (bolt: number, section: string, rule: string): string => `BOLT ${bolt}, ${section} — ${rule}`

const names = (bolts: readonly BoltRules[]): readonly string[] =>
  bolts.flatMap(({ bolt, sections }) =>
    sections.flatMap(({ section, rules }) => rules.map((rule) => nameOf(bolt, section, rule))),
  )

const shows = (title: string, name: string): boolean => title === name || title.startsWith(`${name}: `)

/** What does not fit together: rules that no test names, tests that name no rule, rules that are there twice. */
export const misfits = (bolts: readonly BoltRules[], titles: readonly Title[]): readonly string[] => {
  const all = names(bolts)
  return [
    ...all.filter((name) => !titles.some(({ title }) => shows(title, name))).map((name) => `no test: ${name}`),
    ...titles.filter(({ title }) => !all.some((name) => shows(title, name))).map(({ title }) => `no rule: ${title}`),
    ...all.filter((name, at) => all.indexOf(name) !== at).map((name) => `twice: ${name}`),
  ]
}

const INTRODUCTION = `# The BOLTs, rule by rule

<!-- Made from the titles of tests by \`npm run bolts\`. Not edited by hand: a test holds it fresh. -->

What BOLT 2, 3 and 5 ask of a node, in our own words, and the tests that show that this one does it. A rule is added in
\`test/bolts/rules\`, and a test with its name as title; a rule without a test fails the tests, and so does a test that names
no rule. What is not listed is not said to hold.`

export const renderPage = (bolts: readonly BoltRules[], titles: readonly Title[]): string => {
  const files = (name: string): string => {
    const found = titles.filter(({ title }) => shows(title, name)).map(({ file }) => file)
    return [...new Set(found)].map((file) => `[${file.split('/').at(-1)}](../../${file})`).join(', ')
  }
  const pages = bolts.map(({ bolt, sections }) => {
    const parts = sections.map(({ section, rules }) => {
      const lines = rules.map((rule) => `| ${rule} | ${files(nameOf(bolt, section, rule))} |`)
      return `### ${section.charAt(0).toUpperCase()}${section.slice(1)}\n\n| Rule | Tests |\n| --- | --- |\n${lines.join('\n')}`
    })
    return `## BOLT ${bolt}\n\n${parts.join('\n\n')}`
  })
  return `${[INTRODUCTION, ...pages].join('\n\n')}\n`
}
