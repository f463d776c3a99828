import type { BoltRules } from './rule.ts'

/** Transactions, scripts and keys. */
export const BOLT_3: BoltRules = {
  bolt: 3,
  sections: [
    {
      section: 'closing transaction',
      rules: ['the closer pays, inputs are replaceable, the locktime is the message’s'],
    },
    {
      section: 'commitment transaction outputs',
      rules: ['amounts are rounded down, and outputs and fee add up to the funding'],
    },
    {
      section: 'transaction output ordering',
      rules: ['outputs have one order, in whatever order HTLCs are listed'],
    },
    {
      section: 'trimmed outputs',
      rules: ['HTLCs are trimmed by the dust limit alone, in whole satoshis'],
    },
    {
      section: 'fee calculation',
      rules: [
        'the example holds with the weights that it assumes',
        'fees are rounded down, as in the examples with anchors',
      ],
    },
    {
      section: 'dust limits',
      rules: ['each kind of output has its own'],
    },
    {
      section: 'legacy closing transaction',
      rules: [
        'outputs are rounded down and sorted, and the opener pays the fee',
        'an output below the dust limit is left out',
      ],
    },
    {
      section: 'HTLC-timeout and HTLC-success transactions',
      rules: ['HTLC transactions are those of appendix F, once signed'],
    },
    {
      section: 'per-commitment secret requirements',
      rules: ['the secret of an index is the same, in whatever order they are asked for'],
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
        'the funding transaction pays the funding script, and its signature is good',
        'the funding script is the one published',
      ],
    },
    {
      section: 'appendix C',
      rules: ['derived keys, to_local script and obscured number are the ones published'],
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
      rules: ['commitments and HTLC transactions are the ones published'],
    },
  ],
}
