import type { Topic } from '../rule.ts'

/** Hold times, and who changed what came back. */
export const ATTRIBUTION: Topic = {
  parts: [
    { part: 'Erring node, attribution data', from: 1122, musts: 1 },
    { part: 'Intermediate nodes, attribution data', from: 1129, musts: 3 },
    { part: 'Hold times for successful payments', from: 1586, musts: 0 },
  ],
  sections: [
    {
      section: 'attribution data',
      rules: [
        { rule: 'who pays an HTLC, or fails it, adds its hold time to zeroes', lines: [1127] },
        { rule: 'a relay adds its hold time to what came from downstream, or to zeroes', lines: [1170, 1172, 1173] },
        'a failure that the next node could not read the onion of is attributed as ours',
        'where a blinded path begins we attribute a failure as ours, and a fulfilment as a relay does; within one nothing',
        'a trampoline node is the last one of the outer onion, whose origin reads its hold time',
        'false data keep nobody from a preimage or a failure',
        'an unreadable failure counts against the channel where it was changed, and not against the way before it',
        'where our peer may have changed it, or nobody tells, an unreadable failure counts against the whole way',
        'what each hop sends upstream is that of the trace',
        'the origin reads the hold times of the trace',
        'the origin reads every hop’s time up to the one that failed, and of at most 20 hops',
        'a change is found at the hop that received it, or at the one that made it',
        'a hop without support breaks what is behind it, and nothing before it',
        'any data are read, and never thrown at',
      ],
    },
  ],
}
