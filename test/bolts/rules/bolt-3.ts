import type { BoltRules } from './rule.ts'

/** Transactions, scripts and keys. */
export const BOLT_3: BoltRules = {
  bolt: 3,
  text: {
    commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff',
    file: '03-transactions.md',
    parts: [
      { part: 'Commitment transaction outputs', from: 100, musts: 1 },
      { part: 'Trimmed outputs', from: 280, musts: 9 },
      { part: 'Legacy closing transaction', from: 357, musts: 3 },
      { part: 'Closing transaction', from: 400, musts: 3 },
      { part: 'Fee calculation', from: 437, musts: 5 },
      { part: 'Per-commitment secret requirements', from: 785, musts: 4 },
      { part: 'Appendix B', from: 1180, musts: 1 },
    ],
  },
  sections: [
    {
      section: 'commitment transaction outputs',
      rules: [{ rule: 'amounts are rounded down, and outputs and fee add up to the funding', lines: [107] }],
    },
    {
      section: 'transaction output ordering',
      rules: ['outputs have one order, in whatever order HTLCs are listed'],
    },
    {
      section: 'trimmed outputs',
      rules: [
        { rule: 'the base fee and both anchors are taken from the opener, and from nobody else', lines: [297] },
        {
          rule: 'a main output below its owner’s dust limit is left out, and one at the limit is there',
          lines: [303, 308],
        },
        { rule: 'HTLCs are trimmed by the dust limit alone, in whole satoshis', lines: [314, 321] },
      ],
    },
    {
      section: 'HTLC-timeout and HTLC-success transactions',
      rules: ['HTLC transactions are those of appendix F, once signed'],
    },
    {
      section: 'legacy closing transaction',
      rules: [
        { rule: 'outputs are rounded down and sorted, and the opener pays the fee', lines: [377, 378] },
        { rule: 'an output below the dust limit is left out', lines: [379] },
      ],
    },
    {
      section: 'closing transaction',
      rules: [
        { rule: 'balances are rounded down, and an OP_RETURN has no amount', lines: [431, 433] },
        { rule: 'the closer pays, inputs are replaceable, the locktime is the message’s', lines: [432] },
      ],
    },
    {
      section: 'fee calculation',
      rules: [
        { rule: 'HTLC transactions pay nothing, at whatever rate', lines: [472, 478] },
        {
          rule: 'HTLC transactions without anchors pay by the weight of the kind that they are',
          lines: [473, 479],
          notOurs: 'only channels with anchors are opened and accepted',
        },
        { rule: 'fees are rounded down, as in the examples with anchors', lines: [483] },
        'the example holds with the weights that it assumes',
      ],
    },
    {
      section: 'dust limits',
      rules: ['each kind of output has its own'],
    },
    {
      section: 'per-commitment secret requirements',
      rules: [
        { rule: 'each channel has a seed of its own, which 256 bits of the node’s seed stand behind', lines: [788] },
        {
          rule: 'the seed stays with the signer, and the first secret is that of the highest index',
          lines: [789, 794],
        },
        'the secret of an index is the same, in whatever order they are asked for',
      ],
    },
    {
      section: 'efficient per-commitment secret storage',
      rules: ['every secret that was stored is given back, and none that was not'],
    },
    {
      section: 'appendix A',
      rules: ['the expected weight of a commitment is never below that of the signed transaction'],
    },
    {
      section: 'appendix B',
      rules: [
        { rule: 'the funding transaction pays the funding script, and its signature is good', lines: [1185] },
        'the funding script is the one published',
      ],
    },
    {
      section: 'appendix C',
      rules: [
        'derived keys, to_local script and obscured number are the ones published',
        {
          rule: 'commitments and HTLC transactions without anchors',
          lines: [],
          notOurs: 'only channels with anchors are opened and accepted',
        },
      ],
    },
    {
      section: 'appendix D',
      rules: [
        { rule: 'secrets are generated as published', lines: [798] },
        'secrets are stored, and wrong ones refused, as published',
      ],
    },
    {
      section: 'appendix E',
      rules: [
        'the points are those of the secrets',
        'localpubkey and localprivkey are the ones published',
        'revocationpubkey and revocationprivkey are the ones published',
        'the key of a penalty is the revocation key published',
      ],
    },
    {
      section: 'appendix F',
      rules: [{ rule: 'commitments and HTLC transactions are the ones published', lines: [305, 310, 316, 323] }],
    },
    {
      section: 'appendix G',
      rules: [{ rule: 'funding transactions of two sides', lines: [], notOurs: 'dual funding is not offered' }],
    },
  ],
}
