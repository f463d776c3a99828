import type { Topic } from '../rule.ts'

const NOT_READ = 'It has no account yet.'

/** Payments in parts. */
export const MULTI_PART: Topic = {
  parts: [{ part: 'Basic multi-part payments', from: 346, musts: 14, notOurs: NOT_READ }],
  sections: [],
}
