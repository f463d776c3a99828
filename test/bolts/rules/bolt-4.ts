import type { BoltRules } from './rule.ts'

/** Onions. Of payments only what the sections below name: how they are sent, received and relayed has tests under titles of their own. */
export const BOLT_4: BoltRules = {
  bolt: 4,
  sections: [
    {
      section: 'returning errors',
      rules: ['each packet of the trace, and its failure with unknown records'],
    },
    {
      section: 'attribution data',
      rules: [
        'what each hop sends upstream is that of the trace',
        'the origin reads the hold times of the trace',
        'the origin reads every hop’s time up to the one that failed, and of at most 20 hops',
        'a change is found at the hop that received it, or at the one that made it',
        'a hop without support breaks what is behind it, and nothing before it',
        'any data are read, and never thrown at',
      ],
    },
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
      section: 'onion messages',
      rules: [
        'the message of the vector is made, joined to a path that somebody else has made',
        'each node of the vector forwards it as it is there, and the last one reads it',
        'a node is reached over others or directly, and answers by the reply path',
        'a packet is as long as a payment’s, or of the larger size if it has to be',
        'a path that begins with ourselves is entered at its second node',
        'what the reader ignores, on the way and at the end',
        'any packet is read or ignored, never thrown at',
      ],
    },
  ],
}
