import type { Topic } from '../rule.ts'

const NOT_OFFERED = '`option_attribution_data` is not offered: the node has the functions, and uses them nowhere.'

/** Hold times, and who changed what came back. */
export const ATTRIBUTION: Topic = {
  parts: [
    { part: 'Erring node, attribution data', from: 1122, musts: 1, notOurs: NOT_OFFERED },
    { part: 'Intermediate nodes, attribution data', from: 1129, musts: 3, notOurs: NOT_OFFERED },
    { part: 'Hold times for successful payments', from: 1586, musts: 0, notOurs: NOT_OFFERED },
  ],
  sections: [
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
  ],
}
