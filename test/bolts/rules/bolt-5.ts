import type { BoltRules } from './rule.ts'

/** What happens on the chain. */
export const BOLT_5: BoltRules = {
  bolt: 5,
  sections: [
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
      section: 'mutual close',
      rules: ['one five deep that is undone is published again at once, at every block, and is watched'],
    },
    {
      section: 'revoked transaction close',
      rules: [],
    },
    {
      section: 'general nomenclature',
      rules: [
        'an output that is not resolved is watched from the block that holds it, and claimed at its height, however dear blocks are',
        'a channel ends when every output is resolved, and each offered HTLC has one outcome by then',
        'every output of our commitment that concerns us is resolved on the chain, each at the height that it waits for',
        'every output of the peer’s commitment that concerns us is resolved on the chain, each at the height that it waits for',
      ],
    },
    {
      section: 'failing a channel',
      rules: [
        'our last commitment is published, with good signatures of both',
        'our anchor is spent with the fee that the commitment lacks',
        'the spend of our anchor lifts the commitment to the rate that was asked for, on the chain',
      ],
    },
    {
      section: 'mutual close handling',
      rules: ['a closing transaction that is deep enough ends the channel'],
    },
    {
      section: 'unilateral close, local commitment',
      rules: [
        'to_local is spent to the wallet when its delay is over, and not before',
        'HTLCs of both directions are handled, each from the height at which it can be',
      ],
    },
    {
      section: 'local commitment, local offers',
      rules: [
        'a preimage that the peer shows on the chain fulfils the incoming HTLC at once',
        'the preimage is read from the witness of the peer’s spend, in the mempool and in a block',
        'an HTLC that has expired is resolved by HTLC-timeout, and the incoming one failed once that is deep enough',
        'the output of an HTLC-timeout transaction is resolved after its delay',
        'an HTLC without an output is failed upstream once the commitment is deep enough',
      ],
    },
    {
      section: 'local commitment, remote offers',
      rules: [
        'a received HTLC is resolved by HTLC-success as soon as its preimage is known',
        'a received HTLC without preimage is not spent, and is the peer’s once it has expired',
      ],
    },
    {
      section: 'unilateral close, remote commitment',
      rules: [
        'each output is handled: our main output, HTLCs with a preimage, and those that we offered',
        'our main output is spent to the wallet, and the channel ends when that is deep',
        'the commitment that the peer has not acknowledged yet is handled as the current one is',
        'after our loss of data our main output is claimed from a commitment that we do not know',
      ],
    },
    {
      section: 'remote commitment, local offers',
      rules: [
        'a preimage that the peer shows on a commitment that we do not know is passed upstream too',
        'the preimage is read from the witness of the peer’s HTLC-success, in the mempool and in a block',
        'a preimage that the peer shows on its own commitment fulfils the incoming HTLC at once, and it never fails after that',
        'an HTLC that has expired is taken back, and the incoming one failed when that is deep',
      ],
    },
    {
      section: 'remote commitment, remote offers',
      rules: [
        'a received HTLC is claimed with a preimage that was known, and with one learnt later',
        'of two HTLCs of one hash only the one that we have decided to fulfil is taken',
      ],
    },
    {
      section: 'revoked transaction close',
      rules: [
        'everything in a revoked commitment is taken at once, HTLCs that are still alive included',
        'HTLC outputs are ours also where the HTLC has ended since: what is kept of it is asked for, and all is taken at once',
        'what was recalled while the commitment waited for a block is used in that block, and is asked for again after a restart',
        'who publishes what it has revoked ends with nothing',
        'each output of a revoked commitment is taken by a penalty transaction of its own',
        'the output of the peer’s HTLC transaction is taken before its delay is over',
        'the chain takes every penalty at once, also of what its owner has taken by an HTLC transaction',
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
        'an HTLC transaction without a fee gets inputs that pay for it',
        'the peer’s signature lets inputs and outputs be added',
      ],
    },
  ],
}
