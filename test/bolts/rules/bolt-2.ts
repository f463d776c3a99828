import type { BoltRules } from './rule.ts'

/** Channels: opening, operating, closing, and what is said after a reconnection. */
export const BOLT_2: BoltRules = {
  bolt: 2,
  sections: [
    {
      section: 'closing_complete',
      rules: [
        'the fee leaves who has more an output that is not dust',
        'who has less and could keep only dust gives it up as the fee',
        'who has more signs with and without the other’s output, who has less only with both',
        'both sides propose a close once shutdown went both ways, and each signs the other’s',
      ],
    },
    {
      section: 'revoke_and_ack',
      rules: ['one that is not owed, and a secret of another commitment, fail the channel'],
    },
    {
      section: 'commitment_signed',
      rules: [
        'it is sent only with changes, and one at a time',
        'a bad signature and a wrong number of HTLC signatures fail the channel',
      ],
    },
    {
      section: 'update_fee',
      rules: [
        'one by the fundee, out of bounds, or that the opener cannot pay is refused',
        'however far the estimate drifts, the opener’s rate is taken, below ours and above',
        'a rate that nobody relays, or an absurd one, ends the connection with a warning, and never the channel',
        'it is for the opener alone, and for what it can pay',
      ],
    },
    {
      section: 'removing an HTLC',
      rules: [
        'a malformed one without the BADONION bit fails the channel',
        'none is removed that is not irrevocably committed',
        'an unknown id, a second removal and a preimage of another hash fail the channel',
      ],
    },
    {
      section: 'bounding exposure to trimmed HTLCs',
      rules: [
        'with anchors a higher fee rate trims nothing more',
        'dust that the peer offers beyond the limit is failed once it is committed, and what is no dust is not',
        'no dust is offered beyond the limit',
      ],
    },
    {
      section: 'update_add_htlc',
      rules: [
        'several HTLCs may have the same payment hash',
        'more HTLCs than max_accepted_htlcs fail the channel',
        'the fundee does not offer what the opener could not pay the fee for',
        'the fundee keeps its reserve',
        'the opener keeps its reserve, the fee, the anchors and a buffer for a higher fee',
        'no more value is offered than the peer lets be in flight',
        'no more HTLCs are offered than the peer accepts',
        'nothing is offered below the peer’s htlc_minimum_msat, nor zero',
      ],
    },
    {
      section: 'channel_reestablish',
      rules: [
        'what we have published already and a proof shows to be old is not handed in again, and the operator is told',
        'in a close by the peer that is not mined, a proof forbids to publish a commitment later',
        'in a mutual close that is not mined, a proof still forbids to publish a commitment',
        'of a node that knows nothing of the channel makes the peer publish',
        'a proof that we have lost data forbids to publish, whatever next_commitment_number asks for',
        'what the peer says is its current point does not matter',
        'while a peer is behind, nothing is offered to it, deadlines go on, and its silence is no news',
        'a peer that has fallen behind and finds its latest state goes on with the channel',
        'a peer that has fallen behind is waited for, and at its error we publish and it does not',
        'a secret with next_revocation_number zero is out of step, so we publish',
        'a next_commitment_number that nobody has signed makes us publish at once',
        'a peer that claims to be ahead without proof makes us publish',
        'a peer that proves to be ahead stops us from publishing, and is told',
        'channel_ready of a channel that is used unconfirmed is sent again until a commitment follows the first',
      ],
    },
    {
      section: 'defined channel types',
      rules: ['each is opened, accepted and remembered'],
    },
    {
      section: 'funding_created',
      rules: ['a bad signature ends the opening'],
    },
    {
      section: 'funding_signed',
      rules: ['a bad signature ends the opening, and nothing is published before a good one'],
    },
    {
      section: 'message retransmission',
      rules: [
        'a channel that is closed or was never known is reestablished with the number zero, and told to be unknown',
        'an opening that is not signed is forgotten with its connection, and the wallet gets its inputs back',
      ],
    },
    {
      section: 'accept_channel',
      rules: [
        'one that its receiver must or may refuse is refused with an error',
        'with option_zeroconf any depth but zero is refused',
        'the reserve that is asked of us is held against our dust limit, not the peer’s',
        'both reserves are at least both dust limits, however small the channel',
      ],
    },
    {
      section: 'open_channel',
      rules: [
        'a type with a feature that the peer does not offer is not asked for',
        'option_zeroconf is refused unless the node trusts the sender, in words',
        'what a channel brings before its funding is deep enough is not ours yet, push_msat included',
        'the last value that is allowed is accepted',
        'what its sender must not send is not sent',
        '2^24 satoshis and more need option_support_large_channel',
        'option_scid_alias is for channels that are not announced',
        'one in which neither side is above the reserve is refused',
        'one without a channel_type is refused',
        'one that its receiver must or may refuse is refused with an error',
      ],
    },
    {
      section: 'channel_ready',
      rules: [
        'a restart watches a confirmed funding of a channel that was used unconfirmed six deep, as before',
        'invoices call a channel with a hidden id by its alias, and a payment comes that way',
        'a funding that comes late, after the channel has failed, brings our commitment to the chain',
        'a funding that never comes: one that was used fails, is kept as long again, and its HTLCs get their outcome',
        'a funding that never comes: a channel that was never used is forgotten after 2016 blocks',
        'the real id of a channel that was used unconfirmed comes with six confirmations, and the aliases stay',
        'with option_zeroconf both send it as soon as both have signed, and the channel is used',
        'only when the funding output is the one that was agreed on',
        'a channel with option_scid_alias is called by the peer’s alias outside, and never by its real id',
        'another alias is taken, a repetition changes nothing',
      ],
    },
    {
      section: 'shutdown',
      rules: ['a script of a form that is not allowed is refused, and only the peer may use the old ones'],
    },
  ],
}
