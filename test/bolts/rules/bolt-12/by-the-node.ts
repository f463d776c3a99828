import type { Topic } from '../rule.ts'

const NOT_IN_USE = 'The node makes and pays no offers yet: whoever wires these parts into it sees to it.'

/** What no codec can see to: where something was sent, by which way it came, what was known before. */
export const BY_THE_NODE: Topic = {
  parts: [],
  sections: [
    {
      section: 'offers',
      rules: [
        { rule: 'a node with private channels alone includes paths', lines: [265] },
        {
          rule: 'a user is warned of an invoice that differs from what the offer let expect',
          lines: [316],
          notOurs: NOT_IN_USE,
        },
        {
          rule: 'a request goes by a path of the offer, or to its issuer',
          lines: [322, 324],
          notOurs: NOT_IN_USE,
        },
      ],
    },
    {
      section: 'requests read',
      rules: [
        { rule: 'no request is answered with the invoice of another', lines: [517] },
        {
          rule: 'the invoice for a refund goes by one of its paths, or to its payer',
          lines: [547],
          notOurs: NOT_IN_USE,
        },
      ],
    },
    {
      section: 'invoices read',
      rules: [
        { rule: 'it is paid in parts where it has to be, and nowhere else', lines: [793, 797], notOurs: NOT_IN_USE },
      ],
    },
    {
      section: 'invoice errors',
      rules: [
        {
          rule: 'what is suggested is a valid value of the field',
          lines: [889],
          notOurs: 'This node says what is wrong in words, and suggests no values.',
        },
      ],
    },
  ],
}
