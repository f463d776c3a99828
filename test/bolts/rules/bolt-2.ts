import type { BoltRules } from './rule.ts'

/** Channels: opening, operating, closing, and what is said after a reconnection. */
export const BOLT_2: BoltRules = {
  bolt: 2,
  sections: [
    {
      section: 'update_fee',
      rules: ['however far the estimate drifts, the opener’s rate is taken, below ours and above'],
    },
    {
      section: 'channel_reestablish',
      rules: [
        'of a node that knows nothing of the channel makes the peer publish',
        'a proof that we have lost data forbids to publish, whatever next_commitment_number asks for',
        'what the peer says is its current point does not matter',
        'while a peer is behind, nothing is offered to it, deadlines go on, and its silence is no news',
        'a peer that has fallen behind and finds its latest state goes on with the channel',
        'a peer that has fallen behind is waited for, and at its error we publish and it does not',
        'a next_commitment_number that is … fails the channel: we publish',
        'channel_ready of a channel that is used unconfirmed is sent again until a commitment follows the first',
      ],
    },
    {
      section: 'defined channel types',
      rules: ['… is opened, accepted and remembered'],
    },
    {
      section: 'accept_channel',
      rules: ['with option_zeroconf any depth but zero is refused'],
    },
    {
      section: 'open_channel',
      rules: [
        'a type with a feature that the peer does not offer is not asked for',
        'option_zeroconf is refused unless the node trusts the sender, in words',
        'what a channel brings before its funding is deep enough is not ours yet, push_msat included',
      ],
    },
    {
      section: 'channel_ready',
      rules: [
        'invoices call a channel with a hidden id by its alias, and a payment comes that way',
        'a funding that comes late, after the channel has failed, brings our commitment to the chain',
        'a funding that never comes: one that was used fails, is kept as long again, and its HTLCs get their outcome',
        'a funding that never comes: a channel that was never used is forgotten after 2016 blocks',
        'the real id of a channel that was used unconfirmed comes with six confirmations, and the aliases stay',
        'with option_zeroconf both send it as soon as both have signed, and the channel is used',
        'a channel with option_scid_alias is called by the peer’s alias outside, and never by its real id',
      ],
    },
    {
      section: 'shutdown',
      rules: ['a script of a form that is not allowed is refused, and only the peer may use the old ones'],
    },
    {
      section: 'message retransmission',
      rules: [
        'a channel that is closed or was never known is reestablished with the number zero, and told to be unknown',
        'a commitment_signed that was lost is sent again with its updates',
        'a commitment_signed that arrived is not sent again, its revoke_and_ack is',
        'channel_ready is sent again as long as no commitment follows the first',
      ],
    },
  ],
}
