import type { Topic } from '../rule.ts'

const NOT_READ = 'It has no account yet.'

/** What a payload says outside of blinded routes. */
export const PAYLOAD: Topic = {
  parts: [
    { part: 'Payload format, hops outside of blinded routes: the writer', from: 277, musts: 9, notOurs: NOT_READ },
    { part: 'Payload format, hops outside of blinded routes: the reader', from: 327, musts: 5, notOurs: NOT_READ },
  ],
  sections: [],
}
