import type { BoltRules } from './rule.ts'

const NOT_IN_USE = 'The node makes and pays no offers yet: whoever wires these parts into it sees to it.'

/** Offers, invoice requests and invoices, as pure functions that the node does not use yet. */
export const BOLT_12: BoltRules = {
  bolt: 12,
  text: {
    commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff',
    file: '12-offer-encoding.md',
    parts: [
      { part: 'Encoding', from: 73, musts: 3 },
      { part: 'Signature calculation', from: 117, musts: 0 },
      { part: 'Offers', from: 182, musts: 33 },
      { part: 'Invoice requests', from: 360, musts: 45 },
      { part: 'Invoices', from: 583, musts: 48 },
      { part: 'Invoice errors', from: 860, musts: 3 },
    ],
  },
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
        { rule: 'a node with private channels alone includes paths', lines: [265], notOurs: NOT_IN_USE },
        { rule: 'a record outside of its ranges is refused', lines: [289] },
        { rule: 'an unknown odd feature is ignored, and an unknown even one refused', lines: [291, 293] },
        { rule: 'an offer for other chains than ours is not answered', lines: [297, 300] },
        {
          rule: 'an amount needs a description and is not zero, a currency needs an amount',
          lines: [302, 304, 306],
        },
        { rule: 'an offer that leads to nobody is refused', lines: [308, 310] },
        { rule: 'what is to be paid is the amount for each item, in the offer’s currency', lines: [312] },
        {
          rule: 'a user is warned of an invoice that differs from what the offer let expect',
          lines: [316],
          notOurs: NOT_IN_USE,
        },
        { rule: 'an offer is not answered after its expiry', lines: [319] },
        {
          rule: 'a request goes by a path of the offer, or to its issuer',
          lines: [322, 324],
          notOurs: NOT_IN_USE,
        },
        'an offer has one id, and each change another',
        'any text is read or refused, never thrown at, and what is read is written the same',
      ],
    },
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
        { rule: 'no request is answered with the invoice of another', lines: [517], notOurs: NOT_IN_USE },
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
        {
          rule: 'the invoice for a refund goes by one of its paths, or to its payer',
          lines: [547],
          notOurs: NOT_IN_USE,
        },
        { rule: 'a request for another chain is refused', lines: [549, 551] },
        'any bytes are read or refused, never thrown at, and what is read is written the same',
      ],
    },
    {
      section: 'invoices written',
      rules: [
        {
          rule: 'the invoice of a request says all that it has to, and is read',
          lines: [719, 721, 730, 743, 752, 753, 754, 755],
        },
        {
          rule: 'all fields of the request go along but its signature, those too that we do not know',
          lines: [725, 736],
        },
        { rule: 'the amount is that of the request, or what the offer asks for', lines: [727, 729] },
        {
          rule: 'it is signed by the key that the offer names, our node’s or the offer’s own',
          lines: [733, 737],
        },
        {
          rule: 'it names the last id of the path that a request for an offer without an id came by',
          lines: [735],
          notOurs: 'Our offers all have an id.',
        },
        { rule: 'it says whether a payment may come in parts, or has to', lines: [710, 739, 741] },
        { rule: 'a fallback address is a witness version and its program', lines: [749] },
      ],
    },
    {
      section: 'invoices read',
      rules: [
        { rule: 'one without amount, time, hash or node id is refused', lines: [759, 760, 761, 762] },
        { rule: 'one for another chain is refused', lines: [764, 766] },
        { rule: 'an unknown odd feature is ignored, and an unknown even one refused', lines: [768, 770] },
        { rule: 'one is refused after its expiry, which is 7200 seconds if it says none', lines: [772, 774] },
        {
          rule: 'one without paths, with a path of no hops, or with other than one cost for each path is refused',
          lines: [775, 776, 777, 778],
        },
        {
          rule: 'a path whose costs have an unknown even feature is not used, and without another the invoice is refused',
          lines: [780, 781],
        },
        {
          rule: 'the answer to a request has the same fields, the unknown ones too, and its amount',
          lines: [783, 799],
        },
        {
          rule: 'the answer to an offer is signed by its issuer, or by the id that the request was sent to',
          lines: [785, 787],
        },
        { rule: 'one that its node has not signed is refused', lines: [790] },
        { rule: 'it is paid in parts where it has to be, and nowhere else', lines: [793, 797], notOurs: NOT_IN_USE },
        { rule: 'fallback addresses of no use are ignored', lines: [803, 804, 805] },
        {
          rule: 'one comes by the reply path, by a path of the refund, or by none for a refund without paths',
          lines: [807, 809, 811],
        },
        'any bytes are read or refused, never thrown at, and what is read is written the same',
      ],
    },
    {
      section: 'invoice errors',
      rules: [
        { rule: 'an error has words, and suggests a value for a field alone', lines: [883, 891] },
        { rule: 'what is suggested is a valid value of the field', lines: [889], notOurs: NOT_IN_USE },
      ],
    },
  ],
}
