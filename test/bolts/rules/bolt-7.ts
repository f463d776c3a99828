import type { BoltRules } from './rule.ts'

const NO_SPLICE = '`option_splice` is not offered: a channel has one funding.'

/** The network's gossip, as far as this node takes part in it. */
export const BOLT_7: BoltRules = {
  bolt: 7,
  text: {
    commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff',
    file: '07-routing-gossip.md',
    parts: [
      { part: 'announcement_signatures', from: 65, musts: 7 },
      { part: 'channel_announcement', from: 128, musts: 18 },
      { part: 'node_announcement', from: 283, musts: 15 },
      { part: 'channel_update', from: 424, musts: 24 },
      { part: 'Query messages', from: 608, musts: 1 },
      { part: 'query_short_channel_ids', from: 636, musts: 15 },
      { part: 'query_channel_range', from: 747, musts: 13 },
      { part: 'gossip_timestamp_filter', from: 865, musts: 6 },
      { part: 'Rebroadcasting', from: 935, musts: 1 },
      { part: 'HTLC fees', from: 972, musts: 0 },
      { part: 'Pruning the network view', from: 983, musts: 1 },
    ],
  },
  sections: [
    {
      section: 'announcement_signatures',
      rules: [
        {
          rule: 'both sides send theirs once the funding is 6 deep, and each has the whole announcement',
          lines: [88, 173, 178, 188, 189, 192, 194, 198, 201, 204, 205],
        },
        { rule: 'none goes out before the sixth confirmation', lines: [208] },
        'the peer may send its own earlier, and the channel is announced at the sixth confirmation',
        {
          rule: 'none for a channel that was opened without announce_channel, and none after shutdown',
          lines: [92],
        },
        {
          rule: 'without those of the peer, ours are sent again on the next connection; with them only as an answer',
          lines: [95, 97],
        },
        'those of another funding get a warning, and nothing else happens',
        'a wrong signature ends the connection, and the channel lives on',
        'those that come before our channel_ready are kept until it is sent',
        'in another block the funding has another id, and both sign anew',
        { rule: 'each splice is announced', lines: [90, 99, 101, 181], notOurs: NO_SPLICE },
      ],
    },
    {
      section: 'channel_announcement',
      rules: [
        { rule: 'mainnet is named by the hash of its first block', lines: [176] },
        { rule: 'all four signatures must be valid', lines: [211, 232] },
        'the signatures cover what follows the fields, and it is passed on as it came',
        { rule: 'one of another chain is ignored', lines: [221] },
        'node ids that are not in ascending order are refused',
        'one whose funding has not six confirmations, or nearly, is ignored',
        {
          rule: 'the output is the P2WSH of both bitcoin keys and unspent, or the message is ignored',
          lines: [219],
        },
        { rule: 'one with an unknown even bit is kept, and no payment goes through its channel', lines: [214] },
        'the first valid one of a channel counts',
        {
          rule: 'the nodes of two announcements of one channel are banned',
          lines: [],
          notOurs:
            'It is a SHOULD. The first announcement counts, so that keys that leaked cannot take a node’s channels from it.',
        },
        'a spent channel is forgotten 72 blocks later',
      ],
    },
    {
      section: 'node_announcement',
      rules: [
        {
          rule: 'ours has its addresses in ascending order of their types',
          lines: [342],
        },
        {
          rule: 'ours has zeroes behind the alias, and a timestamp greater than every one before',
          lines: [328, 337],
        },
        { rule: 'ours is signed by our node', lines: [331] },
        { rule: 'ours says how many bytes its addresses have', lines: [341] },
        { rule: 'ours has the features that BOLT 9 has for nodes', lines: [348] },
        {
          rule: 'of our addresses one without a port, a second name, and a name that is not ASCII are refused',
          lines: [321, 322, 345, 352],
        },
        { rule: 'the signature must be valid, and covers what follows the fields', lines: [364] },
        { rule: 'a node id that is no point is refused', lines: [358] },
        'a node without a known channel is ignored',
        'one that is not newer than the last is ignored',
        'the first address of an unknown type is ignored, and what follows it',
        'an address that is cut off is a fault of its sender',
        'addresses without a port and of Tor v2 are ignored',
        {
          rule: 'of several hostnames the first one counts, and the announcement is not forwarded',
          lines: [392],
        },
        { rule: 'one with an unknown even bit is kept, and no payment goes through its node', lines: [368, 369] },
      ],
    },
    {
      section: 'channel_update',
      rules: [
        { rule: 'none goes out before the peer’s channel_ready', lines: [481] },
        {
          rule: 'ours for the peer alone has its alias or the real id, and is not to be forwarded',
          lines: [486, 488],
        },
        {
          rule: 'ours is signed by our node, and names the chain, the channel and the side of its announcement',
          lines: [493, 495, 499, 501],
        },
        { rule: 'ours has must_be_one, our direction and no flag without a meaning', lines: [506, 507] },
        { rule: 'ours has a greater timestamp than every one before, whatever the clock says', lines: [514] },
        {
          rule: 'ours says at least what the channel can carry, in halves of its capacity, and no more than the operator lets it',
          lines: [502],
        },
        {
          rule: 'ours allows no more than the channel and the peer, and no less than its own minimum',
          lines: [503, 504, 505, 521],
        },
        {
          rule: 'ours has the fees and blocks that we ask for, and at least what the peer accepts',
          lines: [517, 519, 522, 524],
        },
        'ours is not made anew while it says the same, until it is a week old',
        {
          rule: 'the signature of the node at whose end the direction begins must be valid, and covers what follows the fields',
          lines: [544],
        },
        { rule: 'one of another chain is ignored', lines: [547] },
        { rule: 'one of a channel that was not announced is ignored', lines: [532] },
        { rule: 'one that says so is not forwarded, and not kept among those that are', lines: [489] },
        { rule: 'of a spent channel only what disables it counts', lines: [535] },
        'one that is not newer than the last of its direction is ignored',
        'one more than a day in the future, or more than two weeks old, is ignored',
        'flags without a meaning change nothing, and must_be_one is not looked at',
        'a channel of which at least is more than at most, or at most more than it holds, is left out of routes',
      ],
    },
    {
      section: 'query messages',
      rules: [{ rule: 'the encoding of zlib is neither written nor read', lines: [623] }],
    },
    {
      section: 'query_short_channel_ids',
      rules: [
        {
          rule: 'each known channel is answered with its announcement, updates and nodes, and an end follows',
          lines: [710, 713, 730],
        },
        'each node is told of once in an answer',
        { rule: 'with flags only what they ask for is sent', lines: [719, 721, 723, 725, 727] },
        'a query that cannot be read, or has not a flag for each id, is a fault',
        { rule: 'of another chain nothing is told but the end, which says so', lines: [732] },
        'a further question before the answer to the last one is not answered',
        {
          rule: 'one question at a time, with a flag for each id, until all is asked',
          lines: [680, 681, 683, 684, 689, 691],
        },
      ],
    },
    {
      section: 'query_channel_range',
      rules: [
        {
          rule: 'one reply or more list the channels of the blocks, and only the last says that it is',
          lines: [832, 833, 842, 845],
        },
        {
          rule: 'replies cover the blocks that were asked for, in their order, also where a block has more than fit',
          lines: [834, 838, 839, 841, 844],
        },
        'times and checksums of the updates are added if they are asked for, with zeroes for what there is not',
        'of another chain, and of spent channels, nothing is listed',
        { rule: 'all blocks up to ours are asked for, at least one', lines: [822, 824, 825] },
        {
          rule: 'nothing is asked of a peer that has not answered the last question, however long that takes',
          lines: [821],
        },
      ],
    },
    {
      section: 'gossip_timestamp_filter',
      rules: [
        { rule: 'only what is within it is passed on, and nothing without one', lines: [933, 953] },
        { rule: 'ours names our chain', lines: [883] },
        'what is our own goes to every peer, whatever its filter',
        {
          rule: 'what is known is sent if it is within, a channel before its updates and nodes and never without an update',
          lines: [899, 903, 906],
        },
      ],
    },
    {
      section: 'reply_channel_range',
      rules: ['the checksum of an update leaves out its signature and timestamp'],
    },
    {
      section: 'rebroadcasting',
      rules: [
        'what is new is passed on once: a channel, its updates, its nodes',
        { rule: 'a channel is passed on when its first update comes, and with the time of that', lines: [904] },
        'the latest word of each origin takes the place of an earlier one',
      ],
    },
    {
      section: 'pruning',
      rules: [
        { rule: 'who says what is outdated hears nothing of it, and is listened to further', lines: [1007] },
        'a channel whose older update is more than two weeks old is removed',
        'what was spent long ago or is stale is removed, and the nodes that have no other channel',
      ],
    },
  ],
}
