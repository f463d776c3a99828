import { readFileSync } from 'node:fs'
import test from 'ava'
import { ENDS } from '../../core/src/node/connection/connection-reactions.ts'
import { PASSED_OVER } from '../../core/src/node/peer/ignored-message.ts'
import { renderReactions } from './page.ts'

test('the page in the documentation is what the tables in the code say', (t) => {
  t.is(readFileSync(new URL('../../docs/reference/reactions.md', import.meta.url), 'utf8'), renderReactions())
})

test('a connection that ends fails no channel by it, what is passed over goes no further, and each has its clause', (t) => {
  for (const [code, { scope, answer, clause }] of Object.entries(ENDS)) {
    t.is(scope, 'connection', code)
    t.not(answer, 'error', code)
    t.regex(clause, /^(BOLT \d|Ours)/, code)
  }
  for (const [why, { scope, answer, clause }] of Object.entries(PASSED_OVER)) {
    t.like({ scope, answer }, { scope: 'message', answer: 'none' }, why)
    t.regex(clause, /^(BOLT \d|Ours)/, why)
  }
})
