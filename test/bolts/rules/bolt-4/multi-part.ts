import type { Topic } from '../rule.ts'

/** Payments in parts. */
export const MULTI_PART: Topic = {
  parts: [{ part: 'Basic multi-part payments', from: 346, musts: 14 }],
  sections: [
    {
      section: 'multi-part payments',
      rules: [
        { rule: 'all parts have the hash, the secret and the total of the payment', lines: [370, 383] },
        {
          rule: 'the total is what the invoice asks for, or what we choose where it leaves that to us',
          lines: [375, 378],
        },
        { rule: 'what is sent adds up to the total, and nothing is sent beyond it', lines: [379, 381] },
        { rule: 'without basic_mpp one HTLC brings the total', lines: [385] },
        {
          rule: 'without support for it an HTLC that is not the total is failed',
          lines: [391],
          notOurs: '`basic_mpp` is offered in every invoice.',
        },
        {
          rule: 'an HTLC joins those of its hash, none is fulfilled before their total is there, and then all are',
          lines: [393, 401, 407],
        },
        { rule: 'parts that wait too long are given back with mpp_timeout, and the invoice stays open', lines: [402] },
        { rule: 'each part has to have the secret', lines: [405] },
        'parts that name different totals are all given back',
      ],
    },
  ],
}
