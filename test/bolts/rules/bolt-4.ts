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
  ],
}
