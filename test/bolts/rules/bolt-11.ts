import type { BoltRules } from './rule.ts'

/** Invoices: the text, and what is asked for and paid by it. */
export const BOLT_11: BoltRules = {
  bolt: 11,
  text: {
    commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff',
    file: '11-payment-encoding.md',
    parts: [
      { part: 'Encoding overview', from: 19, musts: 3 },
      { part: 'Human-readable part', from: 47, musts: 8 },
      { part: 'Data part', from: 104, musts: 3 },
      { part: 'Tagged fields', from: 133, musts: 30 },
      { part: 'Feature bits', from: 303, musts: 3 },
      { part: 'Payer and payee interactions', from: 328, musts: 0 },
    ],
  },
  sections: [
    {
      section: 'encoding',
      rules: [
        { rule: 'one is written in bech32, in lower case, and longer than an address may be', lines: [37] },
        {
          rule: 'one is read in upper or in lower case, and of any length, and says what was written',
          lines: [42],
        },
        { rule: 'one whose checksum is wrong is refused', lines: [45] },
        'any text is read or refused, never thrown at',
      ],
    },
    {
      section: 'human-readable part',
      rules: [
        { rule: 'the prefix says the network, whatever the amount behind it', lines: [66, 68] },
        {
          rule: 'the amount is written with the largest multiplier that leaves it whole, and no zero in front',
          lines: [69, 70],
        },
        { rule: 'the prefix of no network is refused, and so is that of another than ours', lines: [76] },
        {
          rule: 'an amount that is no number, has an unknown multiplier or a part of a millisatoshi is refused',
          lines: [82, 87],
        },
        { rule: 'an amount is multiplied by its multiplier', lines: [84] },
      ],
    },
    {
      section: 'data part',
      rules: [
        { rule: 'the time is in seconds, in 35 bits', lines: [115] },
        {
          rule: 'the signature covers what is before it, filled up with zeroes to a byte, and says how its key is recovered',
          lines: [117],
        },
        { rule: 'a wrong signature is refused', lines: [124] },
      ],
    },
    {
      section: 'tagged fields written',
      rules: [
        { rule: 'there is one hash and one secret', lines: [168, 169] },
        {
          rule: 'the hash is that of the preimage, and what the invoice asks for is what its row has',
          lines: [170, 184],
        },
        { rule: 'there is one description of UTF-8, or the hash of one', lines: [172, 174] },
        {
          rule: 'a description of which there is only the hash can be had elsewhere',
          lines: [177],
          notOurs: 'It is for whoever gives the node the hash to have the description ready.',
        },
        {
          rule: 'numbers and features are as short as can be, and no features have no field',
          lines: [182, 186, 203, 206],
        },
        {
          rule: 'a payee that is named is the signer',
          lines: [188],
          notOurs: 'Invoices of this node do not name the payee: it is recovered from the signature.',
        },
        { rule: 'a fallback is a witness version with its program, or a hash behind 17 or 18', lines: [191] },
        { rule: 'hints lead to us over our channels, those that can bring it all first', lines: [194, 195] },
        { rule: 'what is no multiple of five bits is filled up with zeroes', lines: [207] },
        { rule: 'of several fields of a kind the preferred ones come first', lines: [209] },
      ],
    },
    {
      section: 'tagged fields read',
      rules: [
        { rule: 'a fallback of an unknown version, or of no length of its version, is skipped', lines: [212] },
        // One of the valid examples has fields of wrong lengths to be skipped, so the payment does not fail for that alone.
        {
          rule: 'a field of another length than its kind has is skipped, and the invoice refused if it lacks it then',
          lines: [213],
        },
        { rule: 'one of `d` and `h` has to be there, and not both', lines: [214] },
        { rule: 'an unknown odd feature is ignored, and an unknown even one refused', lines: [216, 218] },
        {
          rule: 'a description is held against its hash',
          lines: [220],
          notOurs: 'Nothing brings the node a description that an invoice has only the hash of.',
        },
        {
          rule: 'a payee that is given has to be the signer, its S low; without one it is recovered, of either S',
          lines: [223, 225, 227],
        },
        { rule: 'a payment hash and a secret have to be there', lines: [229] },
        {
          rule: 'the payee is told the secret and the metadata of its invoice, and gets the blocks that it asks for',
          lines: [231, 233, 235],
        },
        'numbers and features that begin with zeroes are refused',
      ],
    },
    {
      section: 'feature bits',
      rules: [
        { rule: 'ours are those that BOLT 9 has for invoices, with what they depend on', lines: [316] },
        { rule: 'features without those that they depend on are refused', lines: [321] },
        { rule: 'a payment goes in parts only if basic_mpp is offered', lines: [325] },
      ],
    },
    {
      section: 'examples',
      rules: [
        'the valid ones are read',
        'those with our order of fields are written to the letter',
        'the invalid ones are refused',
      ],
    },
  ],
}
