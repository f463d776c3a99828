import type { BoltRules, ReadText, Topic } from './rule.ts'

/** One BOLT of several files. Parts are in the order of the text, and what two files say of one section is one section. */
export const joinTopics = (bolt: number, text: Omit<ReadText, 'parts'>, topics: readonly Topic[]): BoltRules => {
  const sections = topics.flatMap((topic) => topic.sections)
  const names = [...new Set(sections.map(({ section }) => section))]
  return {
    bolt,
    text: { ...text, parts: topics.flatMap(({ parts }) => parts).sort((one, other) => one.from - other.from) },
    sections: names.map((name) => ({
      section: name,
      rules: sections.filter(({ section }) => section === name).flatMap(({ rules }) => rules),
    })),
  }
}
