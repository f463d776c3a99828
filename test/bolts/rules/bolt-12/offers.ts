import type { Topic } from '../rule.ts'

/** How streams are written and signed, and offers. */
export const OFFERS: Topic = {
  parts: [
    { part: 'Encoding', from: 73, musts: 3 },
    { part: 'Signature calculation', from: 117, musts: 0 },
    { part: 'Offers', from: 182, musts: 33 },
  ],
  sections: [
    {
      section: 'encoding',
      rules: [
        'the examples of format-string-test.json',
        { rule: 'strings are read in either case, and written in lower case', lines: [86, 92] },
        { rule: 'a `+` between two characters is taken out with the white space behind it', lines: [95] },
        'any text is read or refused, never thrown at, in time that grows with it',
      ],
    },
    {
      section: 'signature calculation',
      rules: ['the examples of signature-test.json', 'a signature covers each record, and the name of its stream'],
    },
    {
      section: 'offers',
      rules: [
        'the valid examples of offers-test.json are read, and written again',
        'the invalid examples of offers-test.json are refused',
        {
          rule: 'an offer of ours says what its issuer chose, and nothing else',
          lines: [236, 238, 242, 245, 249, 254, 255, 261, 280, 283, 285],
        },
        { rule: 'an offer of ours that no reader would take is not made', lines: [243, 248, 251, 281] },
        {
          rule: 'an offer of ours without paths names our node, and one with paths a key of its own',
          lines: [272],
        },
        'an offer of ours is recognized by itself, and none that was changed, or is of another',
        { rule: 'features that we support are said', lines: [259], notOurs: 'No feature of offers is defined.' },
        { rule: 'a record outside of its ranges is refused', lines: [289] },
        { rule: 'an unknown odd feature is ignored, and an unknown even one refused', lines: [291, 293] },
        { rule: 'an offer for other chains than ours is not answered', lines: [297, 300] },
        {
          rule: 'an amount needs a description and is not zero, a currency needs an amount',
          lines: [302, 304, 306],
        },
        { rule: 'an offer that leads to nobody is refused', lines: [308, 310] },
        { rule: 'what is to be paid is the amount for each item, in the offer’s currency', lines: [312] },
        { rule: 'an offer is not answered after its expiry', lines: [319] },
        'an offer has one id, and each change another',
        'any text is read or refused, never thrown at, and what is read is written the same',
      ],
    },
  ],
}
