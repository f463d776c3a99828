import type { BoltRules } from './rule.ts'

const NO_INTERACTIVE_TX = 'No transaction is built together with a peer: dual funding and splices are not offered.'
const NO_SPLICE = '`option_splice` is not offered: there is one funding.'

/** Channels: opening, operating, closing, and what is said after a reconnection. */
export const BOLT_2: BoltRules = {
  bolt: 2,
  text: {
    commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff',
    file: '02-peer-protocol.md',
    parts: [
      { part: 'Interactive transactions', from: 100, musts: 45, notOurs: NO_INTERACTIVE_TX },
      { part: 'open_channel', from: 670, musts: 32 },
      { part: 'accept_channel', from: 888, musts: 9 },
      { part: 'funding_created', from: 949, musts: 6 },
      { part: 'funding_signed', from: 990, musts: 5 },
      { part: 'channel_ready', from: 1027, musts: 9 },
      { part: 'Establishment, version 2', from: 1117, musts: 30, notOurs: '`option_dual_fund` is not offered.' },
      { part: 'Quiescence', from: 1468, musts: 12, notOurs: '`option_quiesce` is not offered.' },
      { part: 'Splices', from: 1536, musts: 61, notOurs: '`option_splice` is not offered.' },
      { part: 'shutdown', from: 2113, musts: 10 },
      { part: 'closing_complete and closing_sig', from: 2202, musts: 35 },
      { part: 'closing_signed', from: 2388, musts: 10 },
      { part: 'Forwarding HTLCs', from: 2551, musts: 4 },
      { part: 'cltv_expiry_delta selection', from: 2591, musts: 6 },
      { part: 'Bounding exposure to trimmed HTLCs', from: 2703, musts: 0 },
      { part: 'update_add_htlc', from: 2749, musts: 21 },
      { part: 'Removing an HTLC', from: 2885, musts: 8 },
      {
        part: 'start_batch',
        from: 3002,
        musts: 9,
        notOurs: 'It is for splices, which are not offered; a peer’s is ignored.',
      },
      { part: 'commitment_signed', from: 3056, musts: 20 },
      { part: 'revoke_and_ack', from: 3168, musts: 5 },
      { part: 'update_fee', from: 3212, musts: 5 },
      { part: 'Message retransmission', from: 3306, musts: 41 },
    ],
  },
  sections: [
    {
      section: 'open_channel',
      rules: [
        {
          rule: 'it names our chain, valid keys, the point of commitment 0 and the smallest form of a defined type, and sets no flag that is not defined',
          lines: [791, 798, 799, 801, 808, 809, 810],
        },
        { rule: 'each opening has a temporary id of its own', lines: [792] },
        { rule: 'what its sender must not send is not sent', lines: [796, 797] },
        {
          rule: 'an upfront script is always in it and in accept_channel: the one that we promise, or an empty one',
          lines: [803, 807],
        },
        { rule: 'a hidden id is not asked for in a channel that is to be announced', lines: [813] },
        { rule: 'flags that are not defined are ignored', lines: [823] },
        { rule: 'one without a channel_type is refused', lines: [824] },
        {
          rule: 'one where dual funding was negotiated is refused',
          lines: [830],
          notOurs: '`option_dual_fund` is not offered.',
        },
        {
          rule: 'one that its receiver must or may refuse is refused with an error',
          lines: [843, 844, 845, 846, 847, 848, 850, 851, 852, 855],
        },
        { rule: 'in the first commitment one side is above the reserve, to the satoshi', lines: [853] },
        { rule: '2^24 satoshis and more need option_support_large_channel', lines: [854] },
        { rule: 'option_zeroconf is refused unless the node trusts the sender, in words', lines: [856] },
        {
          rule: 'what a channel brings before its funding is deep enough is not ours yet, push_msat included',
          lines: [859],
        },
        'one in which neither side is above the reserve is refused',
        'the last value that is allowed is accepted',
        'a type with a feature that the peer does not offer is not asked for',
        'option_scid_alias is for channels that are not announced',
        'one with the id of a channel or of another opening is answered by a warning, and neither ends',
      ],
    },
    { section: 'defined channel types', rules: ['each is opened, accepted and remembered'] },
    {
      section: 'accept_channel',
      rules: [
        { rule: 'it has the temporary id and the type of open_channel', lines: [923, 933] },
        { rule: 'with option_zeroconf any depth but zero is refused', lines: [928] },
        {
          rule: 'both reserves are at least both dust limits, however small the channel',
          lines: [800, 931, 932],
        },
        { rule: 'one that its receiver must or may refuse is refused with an error', lines: [939, 945] },
        {
          rule: 'one without a type, or whose dust limit is above the reserve that it was asked for, is refused',
          lines: [941, 943],
        },
        'the reserve that is asked of us is held against our dust limit, not the peer’s',
      ],
    },
    {
      section: 'funding_created',
      rules: [
        {
          rule: 'it has the temporary id, the funding’s outpoint and a good signature, and nothing is broadcast with it',
          lines: [965, 967, 968, 969],
        },
        { rule: 'the funding spends segwit coins alone, so that its id cannot change', lines: [966] },
        { rule: 'a signature with a high S is refused with an error', lines: [978] },
        'a bad signature ends the opening',
      ],
    },
    {
      section: 'funding_signed',
      rules: [
        {
          rule: 'every commitment has the format of the channel’s type: both have their anchors from the first on',
          lines: [1006],
        },
        {
          rule: 'the channel’s id is the funding’s txid with the output’s number in its last two bytes',
          lines: [1009, 1010],
        },
        {
          rule: 'another id, and a signature with a high S, are refused with an error, and nothing is published',
          lines: [1014],
        },
        { rule: 'a bad signature ends the opening, and nothing is published before a good one', lines: [1016] },
      ],
    },
    {
      section: 'channel_ready',
      rules: [
        { rule: 'only when the funding output is the one that was agreed on', lines: [1049] },
        { rule: 'it has the point of commitment 1 and an alias that is not the real id', lines: [1054, 1058] },
        { rule: 'each channel has an alias of its own, which no real id can be', lines: [1065, 1066] },
        {
          rule: 'a channel goes by its real id and by every alias that we gave out, unless it goes by aliases only',
          lines: [1068, 1070],
        },
        {
          rule: 'before the funding is as deep as was agreed it is not sent, by either side, and the channel is not used',
          lines: [1073],
        },
        { rule: 'a redundant one is ignored, but for a new alias', lines: [3449] },
        { rule: 'invoices call a channel with a hidden id by its alias, and a payment comes that way', lines: [1085] },
        'with option_zeroconf both send it as soon as both have signed, and the channel is used',
        'the real id of a channel that was used unconfirmed comes with six confirmations, and the aliases stay',
        'a restart watches a confirmed funding of a channel that was used unconfirmed six deep, as before',
        'a channel with option_scid_alias is called by the peer’s alias outside, and never by its real id',
        'another alias is taken, a repetition changes nothing',
        'a funding that never comes: a channel that was never used is forgotten after 2016 blocks',
        'a funding that never comes: one that was used fails, is kept as long again, and its HTLCs get their outcome',
        'a funding that comes late, after the channel has failed, brings our commitment to the chain',
      ],
    },
    {
      section: 'shutdown',
      rules: [
        {
          rule: 'none is asked for before the commitments are signed, and one that comes then ends the opening with an error',
          lines: [2128],
        },
        { rule: 'it follows the signature of what was proposed before it', lines: [2131] },
        {
          rule: 'one is sent on each connection, however often a close is asked for, and it is sent again on the next',
          lines: [2132, 3522],
        },
        { rule: 'not while a splice is not locked', lines: [2133], notOurs: NO_SPLICE },
        { rule: 'once ours is sent or the peer’s has come, we add no HTLC', lines: [2134] },
        {
          rule: 'once no HTLC is left and no revocation owed, no update is sent; while there is one, the fee rate may change',
          lines: [2137],
        },
        { rule: 'a script that was promised at the opening is the one that is sent', lines: [2140] },
        {
          rule: 'to be paid elsewhere than was promised, or to a script of another form than those listed, is refused',
          lines: [2141],
        },
        { rule: 'the answer comes once our own updates are signed, and not before', lines: [2161] },
        { rule: 'a script named at the opening binds the peer, where both offer to be bound', lines: [2164] },
        'a script that was named while the peer was away, and that it does not know, is not sent, and the operator is told once',
        'an HTLC that the peer adds after ours is not routed; one that it had added before is',
        'HTLCs of both directions and dust are settled first, and the close has what they ended with',
        'a script of a form that is not allowed is refused, and only the peer may use the old ones',
        'a script of another form is answered with a warning, and the connection stays',
      ],
    },
    {
      section: 'closing_complete',
      rules: [
        { rule: 'who has less and could keep only dust gives it up as the fee', lines: [2272, 2354] },
        { rule: 'the fee leaves who has more an output that is not dust', lines: [2273] },
        {
          rule: 'it names our script and the peer’s last, our locktime, and signs each variant of the transaction of BOLT 3',
          lines: [2274, 2276, 2291, 2292],
        },
        {
          rule: 'to another script, before and after the peer was told: a close that pays there replaces the others',
          lines: [2275, 2331],
        },
        {
          rule: 'who has more signs with and without the other’s output, who has less only with both',
          lines: [2278, 2279, 2282, 2287, 2288, 2290],
        },
        {
          rule: 'an OP_RETURN of our own has no amount',
          lines: [2285],
          notOurs: 'This node gives its part away to nobody, whatever it is worth.',
        },
        { rule: 'another one waits for the answer to the last', lines: [2297] },
        {
          rule: 'a fee above the balance, scripts that may not be, and a signature that lacks or is bad are refused by hanging up, and nothing is signed',
          lines: [2302, 2324, 2326, 2328],
        },
        { rule: 'a closer that gives its part away by OP_RETURN gets no amount', lines: [2312] },
        {
          rule: 'the variant to sign: ours is left out if it is dust, else both outputs if they were signed',
          lines: [2316, 2318, 2320, 2322],
        },
        {
          rule: 'both sides propose a close once shutdown went both ways, and each signs the other’s',
          lines: [2313, 2329, 2330, 2345],
        },
        'both name another script at the same time: both hang up, and the next connection agrees',
        'without an answer in time the connection ends, and the next one starts anew',
      ],
    },
    {
      section: 'closing_sig',
      rules: [
        {
          rule: 'anything but one valid signature of what was asked for is refused by hanging up',
          lines: [2335, 2337, 2339, 2341, 2343],
        },
      ],
    },
    {
      section: 'closing_signed',
      rules: [
        { rule: 'a peer that does not answer makes us publish our commitment in the end', lines: [2438] },
        { rule: 'the signatures of what is published are good', lines: [2442] },
        { rule: 'a signature with a high S fails the channel', lines: [2448] },
        {
          rule: 'ranges that do not overlap get a warning, and without another one in time the channel fails',
          lines: [2460],
        },
        {
          rule: 'a fee outside the overlap fails the opener’s channel, and another than its own the fundee’s',
          lines: [2464, 2470],
        },
        {
          rule: 'the fundee’s first offer is in the overlap, and the opener answers it with the same fee',
          lines: [2466, 2472],
        },
        {
          rule: 'without ranges an offer that is not strictly between the last two is refused, and ours is',
          lines: [2480],
        },
        {
          rule: 'an output below the dust limit of its script is not signed, and fails the channel',
          lines: [2485],
        },
        'a bad signature fails the channel',
        'without fee ranges the two meet',
      ],
    },
    {
      section: 'forwarding HTLCs',
      rules: [
        { rule: 'nothing is passed on before the incoming HTLC is irrevocably committed', lines: [2569] },
        {
          rule: 'a failure goes to the origin when the removal is irrevocably committed, and a preimage at once',
          lines: [2571],
        },
        {
          rule: 'one that has expired, or is nearer to its expiry than the outgoing channel’s delta, is given back',
          lines: [2574],
        },
        { rule: 'a preimage goes upstream, and what we earned is told', lines: [2578] },
        'a relay that waits is given back by the block at which it could not go out any more',
      ],
    },
    {
      section: 'cltv_expiry_delta selection',
      rules: [
        {
          rule: 'an HTLC that we offered fails the channel two blocks after its expiry, not before, and the peer is told',
          lines: [2687, 2688, 2692],
        },
        {
          rule: 'an HTLC that we have fulfilled fails the channel 18 blocks before its expiry, not before, and the peer is told',
          lines: [2696, 2701],
        },
        {
          rule: 'nothing goes out for an HTLC that could not be claimed, at first or when a channel has refused it',
          lines: [2697],
        },
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
        {
          rule: 'the opener keeps its reserve, the fee, the anchors and a buffer for a higher fee',
          lines: [2779, 2785],
        },
        { rule: 'nothing is offered below the peer’s htlc_minimum_msat, nor zero', lines: [2798, 2799] },
        { rule: 'an expiry is offered only below 500000000', lines: [2800] },
        { rule: 'no more HTLCs are offered than the peer accepts', lines: [2803] },
        { rule: 'no more value is offered than the peer lets be in flight', lines: [2806] },
        {
          rule: 'ids count up from 0 by 1, and go on over removals and reconnections',
          lines: [2808, 2809, 2815, 2816],
        },
        { rule: 'within a blinded route it has the next path key', lines: [2811] },
        { rule: 'it has to fit on every funding', lines: [2813, 2846] },
        { rule: 'several HTLCs may have the same payment hash', lines: [2832] },
        {
          rule: 'one that its sender has not seen acknowledged may come again after a reconnection, and is ignored',
          lines: [2834],
        },
        {
          rule: 'its onion is read with the payment’s hash, and its payload followed: to the next node, or to us',
          lines: [2838, 2840, 2844],
        },
        { rule: 'its onion is read with its path key, if it has one', lines: [2839] },
        {
          rule: 'an onion that cannot be read, of another hash for one, and a payload with unknown even records are answered by an error',
          lines: [2842],
        },
        'what its sender must not offer fails the channel',
        'the last millisatoshi that the sender can pay is taken',
        'more HTLCs than max_accepted_htlcs fail the channel',
        'htlc_minimum_msat 0 takes one millisatoshi, and the 483rd HTLC is taken where 483 are accepted',
        'an id that leaves one out, or is beyond any, fails the channel',
        'the fundee keeps its reserve',
        'the fundee does not offer what the opener could not pay the fee for',
      ],
    },
    {
      section: 'removing an HTLC',
      rules: [
        { rule: 'we remove none that is not irrevocably committed in both commitments', lines: [2942] },
        {
          rule: 'where a blinded path begins, all failures are told as invalid_onion_blinding',
          lines: [2947],
        },
        {
          rule: 'one that comes with a path key is failed as malformed, with invalid_onion_blinding, whatever is in it',
          lines: [2953],
        },
        { rule: 'failures and fulfilments carry attribution data', lines: [2959] },
        'what is sent again has the same attribution data',
        'a decision is final, and so are its attribution data',
        'attribution data of another length count as none, and keep nobody from the preimage or the reason',
        'a preimage that comes where it may not is told with its attribution data',
        {
          rule: 'an unknown id, a second removal and a preimage of another hash fail the channel',
          lines: [2963, 2967],
        },
        { rule: 'a malformed one without the BADONION bit fails the channel', lines: [2971] },
        { rule: 'an onion that the next node could not read is reported by us', lines: [2977] },
        'none is removed that is not irrevocably committed',
      ],
    },
    {
      section: 'commitment_signed',
      rules: [
        { rule: 'it is sent only with changes, and one at a time', lines: [3079] },
        {
          rule: 'HTLC signatures come in the order of the outputs, and another order fails the channel',
          lines: [3087],
        },
        { rule: 'it names the funding that the commitment spends, also when it is sent again', lines: [3089] },
        {
          rule: 'with splices pending there is one for each funding, in a batch',
          lines: [3094, 3096, 3097, 3098, 3100, 3117, 3121, 3123, 3125, 3127, 3129, 3132, 3134],
          notOurs: NO_SPLICE,
        },
        {
          rule: 'a bad signature and a wrong number of HTLC signatures fail the channel',
          lines: [3106, 3110],
        },
        {
          rule: 'a signature with a high S fails the channel, of the commitment or of an HTLC',
          lines: [3113],
        },
        {
          rule: 'a good one is answered by one revoke_and_ack, with the secret of the commitment before and the point of the next',
          lines: [3136, 3191, 3193, 3195],
        },
        'there is one for each funding, and one that lacks is a fault',
      ],
    },
    {
      section: 'revoke_and_ack',
      rules: [
        {
          rule: 'one that is not owed, and a secret of another commitment, fail the channel',
          lines: [3200],
        },
        {
          rule: 'what has been revoked is never published: after any step it is the latest commitment that is',
          lines: [3206],
        },
        'a secret that is no key fails the channel, and so does a point that is none',
        'a secret that does not follow from those before it fails the channel',
      ],
    },
    {
      section: 'update_fee',
      rules: [
        { rule: 'it is for the opener alone, and for what it can pay', lines: [3241] },
        { rule: 'it is refused if the opener can pay it on only one of two fundings', lines: [3253, 3274] },
        {
          rule: 'one by the fundee, out of bounds, or that the opener cannot pay is refused',
          lines: [3257, 3260],
        },
        'however far the estimate drifts, the opener’s rate is taken, below ours and above',
        'a rate that nobody relays, or an absurd one, ends the connection with a warning, and never the channel',
        'the last of several counts, and the bounds are taken at their last value',
      ],
    },
    {
      section: 'message retransmission',
      rules: [
        {
          rule: 'the funder forgets what it has not published, the fundee what it has not signed, and both remember the rest',
          lines: [3374, 3381],
        },
        {
          rule: 'over any order of payments, disconnections and crashes both agree and lose nothing',
          lines: [3386, 3514],
        },
        {
          rule: 'with a connection our unsigned addition goes back to its origin, the peer’s is forgotten, and ids are used again',
          lines: [3388],
        },
        {
          rule: 'nothing is said of a channel before the peer’s channel_reestablish but our own',
          lines: [3399, 3400],
        },
        {
          rule: 'an opening that is not signed is forgotten with its connection, and the wallet gets its inputs back',
          lines: [826],
        },
        {
          rule: 'a commitment_signed that was lost is signed again under the same number, once',
          lines: [3452],
        },
        {
          rule: 'whatever was lost may have arrived: a commitment that was signed and not acknowledged is known when it is published',
          lines: [3516],
        },
        { rule: 'for a channel that has failed the error is the answer, and the only one', lines: [3535] },
        'of a channel that the chain decides nothing is said first, though the text asks for it',
        'after closing_signed no commitment is signed again',
        'a channel that is closed or was never known is reestablished with the number zero, and told to be unknown',
      ],
    },
    {
      section: 'channel_reestablish',
      rules: [
        {
          rule: 'it says the next commitment and revocation that are expected, the last secret that was received, zeroes if none, and a valid point',
          lines: [3404, 3406, 3408, 3410, 3412, 3420],
        },
        {
          rule: 'it names an interactive transaction that is not signed by both, and what was signed of one is sent again',
          lines: [3415, 3416, 3418, 3489, 3492, 3494, 3497, 3499],
          notOurs: NO_INTERACTIVE_TX,
        },
        {
          rule: 'it names the last funding that is locked, and what is missing for its announcement',
          lines: [3423, 3425, 3427, 3429, 3433, 3435, 3505, 3511],
          notOurs: NO_SPLICE,
        },
        {
          rule: 'a next_commitment_number that nobody has signed makes us publish at once',
          lines: [3439],
        },
        {
          rule: 'channel_ready is sent again as long as no commitment follows the first, and not after that',
          lines: [3444, 3446],
        },
        'channel_ready is sent again also while the block of the funding is undone, and the channel is not usable then',
        {
          rule: 'a commitment_signed that arrived is not sent again, its revoke_and_ack is',
          lines: [3460],
        },
        {
          rule: 'a revocation and a signature are sent again in the order in which they were first sent',
          lines: [3463],
        },
        { rule: 'what the peer says is its current point does not matter', lines: [3474] },
        { rule: 'a peer that proves to be ahead stops us from publishing, and is told', lines: [3478] },
        'of all numbers that a peer may say with a true secret, one more or less than ours is told apart',
        'a lost commitment_signed is sent again with its updates',
        'what we have published already and a proof shows to be old is not handed in again, and the operator is told',
        'in a close by the peer that is not mined, a proof forbids to publish a commitment later',
        'in a mutual close that is not mined, a proof still forbids to publish a commitment',
        'of a node that knows nothing of the channel makes the peer publish',
        'a proof that we have lost data forbids to publish, whatever next_commitment_number asks for',
        'while a peer is behind, nothing is offered to it, deadlines go on, and its silence is no news',
        'a peer that has fallen behind and finds its latest state goes on with the channel',
        'a peer that has fallen behind is waited for, and at its error we publish and it does not',
        'a secret with next_revocation_number zero is out of step, so we publish',
        'a peer that claims to be ahead without proof makes us publish',
        'channel_ready of a channel that is used unconfirmed is sent again until a commitment follows the first',
      ],
    },
  ],
}
