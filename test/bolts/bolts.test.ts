import { readFileSync } from 'node:fs'
import test from 'ava'
import { accountOf, differences } from './account.ts'
import { mustsOf } from './musts.ts'
import { BOLTS, misfits, renderPage } from './page.ts'
import type { BoltRules } from './rules/rule.ts'
import { readTitles } from './titles.ts'

test('every rule of a BOLT has a test or a reason, and every test that names one names one that is listed', (t) => {
  t.deepEqual(misfits(BOLTS, readTitles()), [])
})

const named = (title: string) => ({ title: `BOLT 0, a section — ${title}`, file: 'x.test.ts' })

test('a rule without a test is found, and so is a test without a rule', (t) => {
  const bolts = [{ bolt: 0, sections: [{ section: 'a section', rules: ['one', 'another', 'a third', 'a third'] }] }]
  t.deepEqual(misfits(bolts, [named('one'), named('a third: in part'), named('one more')]), [
    'no test: BOLT 0, a section — another',
    'no rule: BOLT 0, a section — one more',
    'twice: BOLT 0, a section — a third',
  ])
})

const TEXT = `# A
## First
The sender:
  - MUST speak.
  - SHOULD listen.
    - MUST NOT laugh.

The receiver MUST:
  - answer.
  - if it cannot:
    - say so.

It MAY sleep, and MUST wake.
## Second
Nobody MUST move.
## Third
Somebody MUST sit.
`

test('the lines that ask for something — a list that a MUST heads asks item by item', (t) => {
  t.deepEqual(mustsOf(TEXT), [4, 6, 9, 10, 13, 15, 17])
})

const bolt = (rules: BoltRules['sections'][number]['rules']): BoltRules => ({
  bolt: 0,
  text: {
    commit: 'c',
    file: 'f',
    parts: [
      { part: 'First', from: 2, musts: 5 },
      { part: 'Second', from: 14, musts: 1 },
      { part: 'Third', from: 16, musts: 1, notOurs: 'we stand' },
    ],
  },
  sections: [{ section: 'a section', rules }],
})

test('a line that no rule accounts for is found, with the text and without it', (t) => {
  const whole = bolt([
    { rule: 'one', lines: [4, 6] },
    { rule: 'two', lines: [9, 10] },
    { rule: 'three', lines: [13], notOurs: 'awake' },
    { rule: 'four', lines: [15], notBuilt: 'not yet' },
    'more',
  ])
  const titles = ['one', 'two', 'more'].map(named)
  t.deepEqual(misfits([whole], titles), [])
  t.deepEqual(differences(whole, TEXT), [])
  t.deepEqual(accountOf(whole), [
    { part: 'First', musts: 5, tested: 4, notOurs: 1, notBuilt: 0 },
    { part: 'Second', musts: 1, tested: 0, notOurs: 0, notBuilt: 1 },
    { part: 'Third', musts: 1, tested: 0, notOurs: 1, notBuilt: 0, reason: 'we stand' },
  ])
  const short = bolt([
    { rule: 'one', lines: [4, 5], notOurs: 'mute' },
    { rule: 'two', lines: [4, 10] },
  ])
  t.deepEqual(misfits([short], ['one', 'two'].map(named)), [
    'a test, and a reason: BOLT 0, a section — one',
    '4 of 5: BOLT 0, First',
    '0 of 1: BOLT 0, Second',
    'line 4 twice: BOLT 0',
  ])
  t.deepEqual(differences(short, TEXT.replace('SHOULD', 'MUST')), [
    'line 6 is in no rule (First)',
    'line 9 is in no rule (First)',
    'line 13 is in no rule (First)',
    'line 15 is in no rule (Second)',
    'First has 6 and not 5',
  ])
})

test('the page of rules is fresh (npm run bolts)', (t) => {
  const page = readFileSync(new URL('../../docs/reference/bolts.md', import.meta.url), 'utf8')
  t.is(page, renderPage(BOLTS, readTitles()))
})
