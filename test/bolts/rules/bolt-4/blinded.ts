import type { Topic } from '../rule.ts'

/** Blinded routes, and payments over them. */
export const BLINDED: Topic = {
  parts: [
    { part: 'Payload format, hops of blinded routes: recipient and writer', from: 186, musts: 12 },
    { part: 'Payload format, hops of blinded routes: the reader', from: 291, musts: 17 },
    { part: 'Route blinding', from: 439, musts: 25 },
    { part: 'Failures within a blinded route', from: 1432, musts: 2 },
  ],
  sections: [
    {
      section: 'route blinding',
      rules: [
        {
          rule: 'the data, keys and ids of the vector are made',
          lines: [495, 496, 497, 502, 503, 505, 506, 508, 511],
        },
        {
          rule: 'each node of the vector reads its data, and finds the next path key, the override first',
          lines: [529, 530, 531, 532, 536, 538],
        },
        {
          rule: 'data that cannot be decrypted, are no stream or hold unknown even records are refused',
          lines: [534],
        },
        'all nodes get data of one length',
        'a path is written and read; one of no hops, or with a point off the curve, is refused',
        'any bytes are read or refused, never thrown at',
      ],
    },
    {
      section: 'blinded payments',
      rules: [
        {
          rule: 'the onion of the vector is made, from a path that somebody else has made',
          lines: [267, 269, 271, 276, 515, 516, 524],
        },
        {
          rule: 'each node of the vector finds what to relay, by which terms, and to whom',
          lines: [297, 300, 309, 318],
        },
        { rule: 'the costs of a path are added up from its end', lines: [258] },
        {
          rule: 'a path that we make names its next nodes, relays and constraints, and leads to us',
          lines: [247, 248, 249, 250, 262],
        },
        {
          rule: 'a path asks for no features',
          lines: [257],
          notOurs: 'Our paths leave `allowed_features` out, which means the same.',
        },
        'a path may begin with us',
        {
          rule: 'what the reader of a payload refuses, and tells in one way only',
          lines: [296, 299, 302, 305, 310, 315, 316, 317, 322, 323, 325],
        },
        'a path key in a payload that is not blinded is an unknown record',
        'any onion is read or refused, never thrown at',
      ],
    },
    {
      section: 'creating blinded paths for payments',
      rules: [
        {
          rule: 'a path begins at a peer that relays in it, and leads to us with our path id',
          lines: [492, 493],
        },
        'a path holds for as long as its invoice, with time for slow payers, and no longer',
        'without a peer that takes part, the path begins with us',
      ],
    },
    {
      section: 'receiving over blinded paths',
      rules: [
        'what comes by the invoice’s paths pays it, in one part or in several',
        {
          rule: 'what comes by no path, by another, for too little or too close to its expiry is refused',
          lines: [324, 326, 542],
        },
      ],
    },
    {
      section: 'relaying within a blinded path',
      rules: [
        { rule: 'the next node may be named by its id: any channel with it will do', lines: [539] },
        'the recipient’s terms have to meet ours, to the millisatoshi that they are rounded by',
      ],
    },
    {
      section: 'failures within a blinded route',
      rules: [
        {
          rule: 'what is wrong with a payload is told as invalid_onion_blinding, where the path begins and further on',
          lines: [1435, 1438],
        },
        'where the path begins, a failure is held back for a random time',
      ],
    },
    {
      section: 'sending over blinded paths',
      rules: [
        {
          rule: 'a part is paid to the first node of a path, which is told the path key; what the path asks for is added',
          lines: [273],
        },
        'parts go over several paths, none beyond what its path takes, and fees stay within the limit',
        'what fails inside counts against the path, and not against its first node',
        'where the path begins with the payee, a refusal of it is final',
        'a path may begin at an end of a channel; one that begins with us is entered at its second node',
        'a path takes room in the onion, and one that no onion holds is not used',
      ],
    },
  ],
}
