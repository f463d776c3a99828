import type { Topic } from '../rule.ts'

const NOT_BUILT = 'The node does not do this yet.'

/** Messages in onions. */
export const ONION_MESSAGES: Topic = {
  parts: [{ part: 'Onion messages', from: 1592, musts: 24, notOurs: NOT_BUILT }],
  sections: [
    {
      section: 'onion messages',
      rules: [
        'the message of the vector is made, joined to a path that somebody else has made',
        'each node of the vector forwards it as it is there, and the last one reads it',
        'a node is reached over others or directly, and answers by the reply path',
        'a packet is as long as a payment’s, or of the larger size if it has to be',
        'a path that begins with ourselves is entered at its second node',
        'what the reader ignores, on the way and at the end',
        'any packet is read or ignored, never thrown at',
      ],
    },
  ],
}
