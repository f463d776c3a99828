import type { Topic } from '../rule.ts'

/** What a payload says outside of blinded routes. */
export const PAYLOAD: Topic = {
  parts: [
    { part: 'Payload format, hops outside of blinded routes: the writer', from: 277, musts: 9 },
    { part: 'Payload format, hops outside of blinded routes: the reader', from: 327, musts: 5 },
  ],
  sections: [
    {
      section: 'payload format',
      rules: [
        'those of the vector are read and written',
        {
          rule: 'a hop is told the amount and expiry to pass on and the channel, and nothing that is for the payee',
          lines: [278, 280, 281],
        },
        {
          rule: 'the payee is told its amount and expiry, its secret, the total and its metadata, and no channel',
          lines: [283, 285, 286, 287, 289, 690],
        },
        { rule: 'metadata may be as long as the onion has room', lines: [290] },
        { rule: 'a path key outside of a blinded route is refused', lines: [328] },
        {
          rule: 'one without amount or expiry, or at a relay without a channel, is refused',
          lines: [329],
        },
        { rule: 'a relay passes on what pays its fee and leaves its blocks, and nothing else', lines: [331] },
        {
          rule: 'the payee takes nothing that is less, or ends sooner, than its payload and its invoice say',
          lines: [338],
        },
        { rule: 'without a total the HTLC is all there is', lines: [337] },
      ],
    },
  ],
}
