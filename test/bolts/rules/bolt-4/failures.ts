import type { Topic } from '../rule.ts'

const NOT_READ = 'It has no account yet.'

/** How a payment fails, and how its origin reads that. */
export const FAILURES: Topic = {
  parts: [
    { part: 'Erring node', from: 1041, musts: 1, notOurs: NOT_READ },
    { part: 'Intermediate nodes, the return packet', from: 1174, musts: 2, notOurs: NOT_READ },
    { part: 'Failure messages', from: 1236, musts: 0, notOurs: NOT_READ },
    { part: 'Failure messages, requirements', from: 1439, musts: 37, notOurs: NOT_READ },
    { part: 'Receiving failure codes', from: 1553, musts: 2, notOurs: NOT_READ },
  ],
  sections: [
    {
      section: 'returning errors',
      rules: ['each packet of the trace, and its failure with unknown records'],
    },
  ],
}
