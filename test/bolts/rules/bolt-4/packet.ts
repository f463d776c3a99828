import type { Topic } from '../rule.ts'

/** Packets: how one is made, and what each hop does with it. */
export const PACKET: Topic = {
  parts: [
    { part: 'Overview', from: 3, musts: 2 },
    { part: 'Payload for the last node', from: 688, musts: 1 },
    { part: 'Packet construction', from: 746, musts: 1 },
    { part: 'Onion decryption', from: 900, musts: 11 },
  ],
  sections: [
    {
      section: 'packets',
      rules: [
        'the onion of the vector is made, and each of its hops finds its payload',
        'every hop of any route peels its own payload and shares the origin’s secret, at any length',
        { rule: 'a route leads from us over channels, each from the node that the last one led to', lines: [752] },
        {
          rule: 'one of an unknown version, without a valid key or with a wrong HMAC is given back, and says which',
          lines: [42, 43, 913, 915, 933],
        },
        {
          rule: 'a payload of a reserved length, or that is not all there, is refused, and its origin can be told',
          lines: [938, 940, 942, 945, 948],
        },
        { rule: 'an HTLC that cannot be passed on is failed', lines: [957] },
        {
          rule: 'HMACs are compared in a time that says nothing',
          lines: [931],
          notOurs: 'No test tells: the comparison is that of Node’s crypto, which is made for it.',
        },
        {
          rule: 'a packet that came before is failed',
          lines: [921],
          notBuilt:
            'Packets that came before are not remembered, as in Core Lightning, eclair and LDK. One that comes again is bound to the hash of the same payment, has to bring its amount and fees again, and is judged again: the payee takes none for an invoice that is paid, so no money depends on it. What could be learnt by sending it again is when and where it fails, which whoever sends it has seen before. To remember packets until they expire, over a restart, would be a write for each HTLC.',
        },
      ],
    },
    {
      section: 'non-strict forwarding',
      rules: ['another channel with the same peer steps in, the one with the most room first'],
    },
  ],
}
