import type { Topic } from '../rule.ts'

const NOT_BUILT = 'The node does not do this yet.'

/** Blinded routes, and payments over them. */
export const BLINDED: Topic = {
  parts: [
    { part: 'Payload format, hops of blinded routes: recipient and writer', from: 186, musts: 12, notOurs: NOT_BUILT },
    { part: 'Payload format, hops of blinded routes: the reader', from: 291, musts: 17, notOurs: NOT_BUILT },
    { part: 'Route blinding', from: 439, musts: 25, notOurs: NOT_BUILT },
    { part: 'Failures within a blinded route', from: 1432, musts: 2, notOurs: NOT_BUILT },
  ],
  sections: [
    {
      section: 'route blinding',
      rules: [
        'the data, keys and ids of the vector are made',
        'each node of the vector reads its data, and finds the next path key, the override first',
        'data that cannot be decrypted, are no stream or hold unknown even records are refused',
        'all nodes get data of one length',
        'a path is written and read; one of no hops, or with a point off the curve, is refused',
        'any bytes are read or refused, never thrown at',
      ],
    },
    {
      section: 'blinded payments',
      rules: [
        'the onion of the vector is made, from a path that somebody else has made',
        'each node of the vector finds what to relay, by which terms, and to whom',
        'the costs of a path are added up from its end',
        'a path that we make names its next nodes, relays and constraints, and leads to us',
        'a path may begin with us',
        'what the reader of a payload refuses, and tells in one way only',
        'a path key in a payload that is not blinded is an unknown record',
        'any onion is read or refused, never thrown at',
      ],
    },
    {
      section: 'creating blinded paths for payments',
      rules: [
        'a path begins at a peer that relays in it, and leads to us with our path id',
        'a path holds for as long as its invoice, with time for slow payers, and no longer',
        'without a peer that takes part, the path begins with us',
      ],
    },
    {
      section: 'receiving over blinded paths',
      rules: [
        'what comes by the invoice’s paths pays it, in one part or in several',
        'what comes by no path, by another, for too little or too close to its expiry is refused',
      ],
    },
    {
      section: 'relaying within a blinded path',
      rules: [
        'the next node may be named by its id: any channel with it will do',
        'the recipient’s terms have to meet ours, to the millisatoshi that they are rounded by',
      ],
    },
    {
      section: 'failures within a blinded route',
      rules: ['what is wrong with a payload is told as invalid_onion_blinding, where the path begins and further on'],
    },
    {
      section: 'sending over blinded paths',
      rules: [
        'a part is paid to the first node of a path, which is told the path key; what the path asks for is added',
        'parts go over several paths, none beyond what its path takes, and fees stay within the limit',
        'what fails inside counts against the path, and not against its first node',
        'where the path begins with the payee, a refusal of it is final',
        'a path may begin at an end of a channel; one that begins with us is entered at its second node',
        'a path takes room in the onion, and one that no onion holds is not used',
      ],
    },
  ],
}
