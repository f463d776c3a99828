import type { BoltRules } from './rule.ts'

/** Features. */
export const BOLT_9: BoltRules = {
  bolt: 9,
  text: {
    commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff',
    file: '09-features.md',
    parts: [{ part: 'Requirements', from: 60, musts: 6 }],
  },
  sections: [
    {
      section: 'features',
      rules: [
        { rule: 'what we require is even, what we offer is odd, and never both', lines: [66, 71, 73] },
        { rule: 'each is shown in the messages that BOLT 9 has for it, and no other is set', lines: [69, 70] },
        { rule: 'what ours depend on is set too', lines: [72] },
        'with both bits set one is mandatory',
        'one without those that it depends on is refused',
      ],
    },
  ],
}
