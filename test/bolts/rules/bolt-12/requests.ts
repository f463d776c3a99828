import type { Topic } from '../rule.ts'

/** Invoice requests. */
export const REQUESTS: Topic = {
  parts: [{ part: 'Invoice requests', from: 360, musts: 45 }],
  sections: [
    {
      section: 'requests written',
      rules: [
        { rule: 'all fields of the offer go along, those too that we do not know', lines: [463, 492] },
        { rule: 'the chain is said unless it is Bitcoin, and is one of the offer’s', lines: [465, 467] },
        {
          rule: 'the amount is said if the offer says none, and is at least what the offer asks for',
          lines: [470, 474, 495],
        },
        {
          rule: 'the payer id is a key for this request alone, found again by the request itself, and signs it',
          lines: [468, 475, 476, 493],
        },
        {
          rule: 'the quantity is said where the offer has room for it, above zero and within its maximum',
          lines: [478, 480, 482],
        },
        { rule: 'the name by which the offer was found goes along', lines: [500] },
        {
          rule: 'a refund says what it is and what it is worth, and has nothing of an offer’s that it may not have',
          lines: [484, 485, 486, 487, 488, 490, 491],
        },
        { rule: 'features that we support are said', lines: [498], notOurs: 'No feature of requests is defined.' },
      ],
    },
    {
      section: 'requests read',
      rules: [
        'the example of signature-test.json is read, and written again',
        { rule: 'one without metadata or payer id is refused', lines: [505] },
        { rule: 'a record outside of the ranges is refused, other signatures aside', lines: [506] },
        { rule: 'an unknown odd feature is ignored, and an unknown even one refused', lines: [508, 510] },
        { rule: 'one that is not signed by its payer is refused', lines: [511] },
        { rule: 'a path of no hops is refused, and so is a name of other characters', lines: [513, 553] },
        { rule: 'the offer’s fields are exactly those of an offer of ours that has not expired', lines: [519] },
        { rule: 'a request comes by a path of its offer, or by none if the offer has none', lines: [521, 523] },
        {
          rule: 'the quantity is there where the offer has room for it, above zero and within its maximum',
          lines: [525, 527, 529],
        },
        {
          rule: 'the amount is at least what the offer asks for, or is said if it asks for none',
          lines: [531, 536, 539],
        },
        {
          rule: 'a refund has an amount, and none of an offer’s chains, features and quantities',
          lines: [542, 544],
        },
        { rule: 'a request for another chain is refused', lines: [549, 551] },
        'any bytes are read or refused, never thrown at, and what is read is written the same',
      ],
    },
  ],
}
