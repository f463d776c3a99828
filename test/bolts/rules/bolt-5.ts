import type { BoltRules } from './rule.ts'

/** What happens on the chain. */
export const BOLT_5: BoltRules = {
  bolt: 5,
  text: {
    commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff',
    file: '05-onchain.md',
    parts: [
      { part: 'General nomenclature', from: 44, musts: 3 },
      { part: 'Failing a channel', from: 119, musts: 5 },
      { part: 'Unilateral close, local commitment', from: 179, musts: 3 },
      { part: 'Local commitment, local offers', from: 221, musts: 7 },
      { part: 'Local commitment, remote offers', from: 303, musts: 5 },
      { part: 'Unilateral close, remote commitment', from: 348, musts: 4 },
      { part: 'Remote commitment, local offers', from: 396, musts: 4 },
      { part: 'Remote commitment, remote offers', from: 468, musts: 2 },
      { part: 'Revoked transaction close', from: 505, musts: 7 },
      { part: 'Generation of HTLC transactions', from: 611, musts: 4 },
      { part: 'General requirements', from: 636, musts: 1 },
    ],
  },
  sections: [
    {
      section: 'general nomenclature',
      rules: [
        {
          rule: 'an output that is not resolved is watched from the block that holds it, and claimed at its height, however dear blocks are',
          lines: [70],
        },
        {
          rule: 'a channel ends when every output is resolved, and each offered HTLC has one outcome by then',
          lines: [72],
        },
        { rule: 'what a reorganisation undoes is resolved again', lines: [73] },
        {
          rule: 'every output of our commitment that concerns us is resolved on the chain, each at the height that it waits for',
          lines: [160],
        },
        'every output of the peer’s commitment that concerns us is resolved on the chain, each at the height that it waits for',
      ],
    },
    {
      section: 'failing a channel',
      rules: [
        { rule: 'a channel in which nothing is ours is not forgotten before its end is deep', lines: [140] },
        {
          rule: 'our commitment is not published once it is known to be old, whatever else would call for it',
          lines: [147],
        },
        { rule: 'our last commitment is published, with good signatures of both', lines: [149] },
        { rule: 'our anchor is spent with the fee that the commitment lacks', lines: [151] },
        'the spend of our anchor lifts the commitment to the rate that was asked for, on the chain',
      ],
    },
    {
      section: 'mutual close handling',
      rules: ['a closing transaction that is deep enough ends the channel'],
    },
    {
      section: 'mutual close',
      rules: ['one five deep that is undone is published again at once, at every block, and is watched'],
    },
    {
      section: 'unilateral close, local commitment',
      rules: [
        { rule: 'to_local is spent to the wallet when its delay is over, and not before', lines: [198] },
        { rule: 'HTLCs of both directions are handled, each from the height at which it can be', lines: [207, 209] },
      ],
    },
    {
      section: 'local commitment, local offers',
      rules: [
        'a preimage that the peer shows on the chain fulfils the incoming HTLC at once',
        {
          rule: 'the preimage is read from the witness of the peer’s spend, in the mempool and in a block',
          lines: [239],
        },
        {
          rule: 'an HTLC that has expired is resolved by HTLC-timeout, and the incoming one failed once that is deep enough',
          lines: [242, 245],
        },
        { rule: 'the output of an HTLC-timeout transaction is resolved after its delay', lines: [246, 252] },
        { rule: 'an HTLC without an output whose preimage is known fulfils the incoming one', lines: [258] },
        { rule: 'an HTLC without an output is failed upstream once the commitment is deep enough', lines: [261] },
      ],
    },
    {
      section: 'local commitment, remote offers',
      rules: [
        { rule: 'a received HTLC is resolved by HTLC-success as soon as its preimage is known', lines: [330] },
        {
          rule: 'no preimage is shown for an HTLC that we have not decided to fulfil, though we know it',
          lines: [332],
        },
        { rule: 'the output of an HTLC-success transaction is resolved after its delay', lines: [333, 339] },
        {
          rule: 'what the peer is not irrevocably committed to is not spent, though its preimage is known',
          lines: [336],
        },
        'a received HTLC without preimage is not spent, and is the peer’s once it has expired',
      ],
    },
    {
      section: 'local offers',
      rules: [
        'a relayed HTLC without an output is failed upstream once the commitment is deep',
        'a preimage that the peer shows on its own commitment ends our payment, and is passed upstream in time',
      ],
    },
    {
      section: 'remote offers',
      rules: [
        'an HTLC on the commitment that its offerer has published is taken with the preimage that comes from downstream',
      ],
    },
    {
      section: 'unilateral close, remote commitment',
      rules: [
        {
          rule: 'each output is handled: our main output, HTLCs with a preimage, and those that we offered',
          lines: [365, 374, 376],
        },
        { rule: 'what we cannot handle is told to the operator', lines: [379] },
        'our main output is spent to the wallet, and the channel ends when that is deep',
        'the commitment that the peer has not acknowledged yet is handled as the current one is',
        'after our loss of data our main output is claimed from a commitment that we do not know',
      ],
    },
    {
      section: 'remote commitment, local offers',
      rules: [
        {
          rule: 'the preimage is read from the witness of the peer’s HTLC-success, in the mempool and in a block',
          lines: [413],
        },
        { rule: 'an HTLC that has expired is taken back, and the incoming one failed when that is deep', lines: [418] },
        { rule: 'an HTLC without an output whose preimage is known fulfils the incoming one', lines: [422] },
        { rule: 'an HTLC without an output is failed upstream once the commitment is deep enough', lines: [425] },
        'a preimage that the peer shows on its own commitment fulfils the incoming HTLC at once, and it never fails after that',
        'a preimage that the peer shows on a commitment that we do not know is passed upstream too',
      ],
    },
    {
      section: 'remote commitment, remote offers',
      rules: [
        { rule: 'a received HTLC is claimed with a preimage that was known, and with one learnt later', lines: [497] },
        {
          rule: 'what the peer is not irrevocably committed to is not spent, though its preimage is known',
          lines: [500],
        },
        'no preimage is shown for an HTLC that we have not decided to fulfil, though we know it',
        'of two HTLCs of one hash only the one that we have decided to fulfil is taken',
      ],
    },
    {
      section: 'revoked transaction close',
      rules: [
        {
          rule: 'a commitment of ours whose secret we have given away is never published, by no command and after no restart',
          lines: [518],
        },
        {
          rule: 'everything in a revoked commitment is taken at once, HTLCs that are still alive included',
          lines: [524, 526, 530],
        },
        {
          rule: 'the chain takes every penalty at once, also of what its owner has taken by an HTLC transaction',
          lines: [534],
        },
        { rule: 'the output of the peer’s HTLC transaction is taken before its delay is over', lines: [536] },
        {
          rule: 'a penalty that an HTLC transaction of the peer has made void is followed by one of its output',
          lines: [549],
        },
        'HTLC outputs are ours also where the HTLC has ended since: what is kept of it is asked for, and all is taken at once',
        'what was recalled while the commitment waited for a block is used in that block, and is asked for again after a restart',
        'who publishes what it has revoked ends with nothing',
        'each output of a revoked commitment has a penalty of its own',
        'the penalty of the main output waits for none that the peer can hold up',
        'an HTLC of ours that is not worth its fee has its outcome before the channel ends, and not before it expires',
      ],
    },
    {
      section: 'penalty transactions weight calculation',
      rules: [
        'penalties weigh what appendix A reckons, and three more for the delay that anchors put into HTLC scripts',
      ],
    },
    {
      section: 'generation of HTLC transactions',
      rules: [
        { rule: 'the peer’s signature lets inputs and outputs be added', lines: [617] },
        { rule: 'our own signature covers every input and output', lines: [619] },
        { rule: 'an HTLC transaction without a fee gets inputs that pay for it', lines: [624, 632] },
      ],
    },
    {
      section: 'general requirements',
      rules: [
        {
          rule: 'a spend of the funding that is no commitment and pays nothing of what is ours is told to the operator',
          lines: [642],
        },
      ],
    },
  ],
}
