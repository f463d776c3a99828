import type { Topic } from '../rule.ts'

/** What no codec can see to: where something was sent, by which way it came, what was known before. */
export const BY_THE_NODE: Topic = {
  parts: [],
  sections: [
    {
      section: 'offers',
      rules: [
        { rule: 'a node with private channels alone includes paths', lines: [265] },
        { rule: 'no invoice is paid for another amount than the offer let expect', lines: [316] },
        { rule: 'a request goes by a path of the offer, or to its issuer', lines: [322, 324] },
      ],
    },
    {
      section: 'requests read',
      rules: [
        { rule: 'no request is answered with the invoice of another', lines: [517] },
        { rule: 'the invoice for a refund goes by one of its paths, or to its payer', lines: [547] },
      ],
    },
    {
      section: 'invoices read',
      rules: [{ rule: 'it is paid in parts where it has to be, and nowhere else', lines: [793, 797] }],
    },
    {
      section: 'invoice errors',
      rules: [{ rule: 'what is suggested is a valid value of the field', lines: [889] }],
    },
  ],
}
