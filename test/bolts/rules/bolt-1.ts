import type { BoltRules } from './rule.ts'

const NO_DUAL_FUND = '`option_dual_fund` is not offered.'

/** Messages: their form, what is said first, errors, pings, and backups that peers keep. */
export const BOLT_1: BoltRules = {
  bolt: 1,
  text: {
    commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff',
    file: '01-messaging.md',
    parts: [
      { part: 'Connection handling and multiplexing', from: 39, musts: 1 },
      { part: 'Lightning message format', from: 43, musts: 7 },
      { part: 'Type-length-value format', from: 115, musts: 12 },
      { part: 'Fundamental types', from: 221, musts: 4 },
      { part: 'init', from: 270, musts: 11 },
      { part: 'error and warning', from: 345, musts: 8 },
      { part: 'ping and pong', from: 424, musts: 5 },
      { part: 'Peer storage', from: 507, musts: 6 },
    ],
  },
  sections: [
    {
      section: 'connection handling',
      rules: [{ rule: 'a peer has one connection', lines: [41] }],
    },
    {
      section: 'messages',
      rules: [
        { rule: 'we have none of an even type that no BOLT lists', lines: [67] },
        {
          rule: 'no record is sent that has to be understood and was not agreed on',
          lines: [68],
          notOurs: 'What is sent has the records that its own BOLT defines, and no others.',
        },
        {
          rule: 'what an option adds to a message is in it once the option is agreed on',
          lines: [70],
          notOurs: 'Each is a rule of its own, of the message that it is about.',
        },
        { rule: 'one of an unknown odd type is ignored', lines: [81] },
        { rule: 'one of an unknown even type, or that cannot be read, ends the connection', lines: [83, 86, 91] },
        'the extensions of appendix C are read or refused',
      ],
    },
    {
      section: 'type-length-value format',
      rules: [
        {
          rule: 'records are written in order, each type once, with types and lengths as short as can be',
          lines: [147, 148, 149],
        },
        { rule: 'the valid streams of appendix B are read, and written again', lines: [161, 170, 179] },
        { rule: 'the invalid streams of appendix B are refused', lines: [163, 168, 172, 174, 177] },
        { rule: 'a higher record after a lower one is read, and in no other order', lines: [166] },
      ],
    },
    {
      section: 'fundamental types',
      rules: [
        'each bigsize of appendix A is read and written, or refused',
        {
          rule: 'an amount is at most that of all bitcoin',
          lines: [244, 247, 248],
          notOurs: 'No amount that is sent is more than a channel holds, or an invoice may ask for.',
        },
        { rule: 'a text is UTF-8', lines: [266] },
      ],
    },
    {
      section: 'init',
      rules: [
        {
          rule: 'ours comes first, with our features and our chain, and nothing else before that of the peer',
          lines: [278, 303, 304, 305, 317],
        },
        {
          rule: 'the address that the peer calls from is told to it as a descriptor',
          lines: [313],
          notOurs: '`remote_addr` is not set.',
        },
        { rule: 'both feature vectors count', lines: [318] },
        { rule: 'a feature is negotiated if both offer it, or we require it', lines: [319] },
        { rule: 'one with unknown odd features and records, or without networks, is accepted', lines: [321] },
        {
          rule: 'one that cannot be read, or asks for what we do not have, ends the connection',
          lines: [323, 327],
        },
      ],
    },
    {
      section: 'error',
      rules: [
        { rule: 'those of an opening name it by its temporary id', lines: [367, 371] },
        { rule: 'those of an opening by version 2 do, too', lines: [375, 379], notOurs: NO_DUAL_FUND },
        { rule: 'one is said only where the channel ends or is no more', lines: [385] },
        { rule: 'all zeroes name every channel', lines: [396] },
        // A departure: five texts are known to come from peers that go on, and a channel is worth more than the letter.
        { rule: 'one fails its channel, unless its text is known to mean something else', lines: [398] },
        { rule: 'one that names no channel of the peer is ignored', lines: [403] },
      ],
    },
    {
      section: 'ping and pong',
      rules: [
        {
          rule: 'a ping is answered with as many zeroes as it asks for, and one that asks for 65532 or more is not',
          lines: [459, 464, 466],
        },
        { rule: 'a ping that is not answered ends the connection, and nothing else', lines: [451, 455] },
      ],
    },
    {
      section: 'peer storage',
      rules: [
        { rule: 'what a peer is given is of one size, however many channels there are', lines: [539] },
        {
          rule: 'a sealed backup is read with its own key and on its own network alone, and not once it was changed anywhere',
          lines: [540],
        },
        {
          rule: 'the last blob of a peer with a channel is kept, over restarts, and a stranger’s is not',
          lines: [546],
        },
        { rule: 'a peer that sends a blob a second has one written a minute, the last', lines: [551] },
        'a blob is kept for 2,016 blocks after the last channel with its peer, and longer if there is another',
        {
          rule: 'a node that has its words and the address of a peer alone gets its backup back from it, and its share',
          lines: [552, 556],
        },
        'of the backups that peers give back the newest says which channels there are, over restarts',
        'what a peer gives back adds the channel that an older file did not know',
        'what a peer gives back that is not ours, or tells of no lost channel, changes nothing',
      ],
    },
  ],
}
