import type { Topic } from '../rule.ts'

const NOT_READ = 'It has no account yet.'

/** Packets: how one is made, and what each hop does with it. */
export const PACKET: Topic = {
  parts: [
    { part: 'Overview', from: 3, musts: 2, notOurs: NOT_READ },
    { part: 'Payload for the last node', from: 688, musts: 1, notOurs: NOT_READ },
    { part: 'Packet construction', from: 746, musts: 1, notOurs: NOT_READ },
    { part: 'Onion decryption', from: 900, musts: 11, notOurs: NOT_READ },
  ],
  sections: [],
}
