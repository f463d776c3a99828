import type { Topic } from '../rule.ts'

/** Messages in onions. */
export const ONION_MESSAGES: Topic = {
  parts: [{ part: 'Onion messages', from: 1592, musts: 24 }],
  sections: [
    {
      section: 'onion messages',
      rules: [
        {
          rule: 'the message of the vector is made, joined to a path that somebody else has made',
          lines: [521, 522, 1672, 1673, 1674],
        },
        {
          rule: 'each node of the vector forwards it as it is there, and the last one reads it',
          lines: [1695, 1716],
        },
        {
          rule: 'a node is reached over others or directly, and answers by the reply path',
          lines: [1678, 1681, 1684, 1685],
        },
        {
          rule: 'a path that we make says where it goes on and whom it began with, and nothing of payments',
          lines: [1666, 1667, 1668, 1682],
        },
        'a packet is as long as a payment’s, or of the larger size if it has to be',
        'a path that begins with ourselves is entered at its second node',
        {
          rule: 'what the reader ignores, on the way and at the end',
          lines: [1697, 1699, 1704, 1706, 1725],
        },
        'any packet is read or ignored, never thrown at',
      ],
    },
    {
      section: 'onion messages on the node',
      rules: [
        {
          rule: 'a message goes over nodes that relay them to whom it is for',
          lines: [1688],
        },
        {
          rule: 'a path is joined where it begins, named by a node or by a channel',
          lines: [1727, 1728],
        },
        {
          rule: 'an answer comes by the reply path alone, and nothing else comes by it',
          lines: [1720, 1723],
        },
        'what cannot be read, or has no next peer, is dropped without a word',
        {
          rule: 'a channel names the next peer by an alias of ours, or by its id unless that is hidden',
          lines: [1713],
        },
      ],
    },
  ],
}
