import { readFileSync } from 'node:fs'
import test from 'ava'
import { BOLTS, misfits, renderPage } from './page.ts'
import { readTitles } from './titles.ts'

test('every rule of a BOLT has a test, and every test that names one names one that is listed', (t) => {
  t.deepEqual(misfits(BOLTS, readTitles()), [])
})

test('a rule without a test is found, and so is a test without a rule', (t) => {
  const bolts = [{ bolt: 9, sections: [{ section: 'a section', rules: ['one', 'another', 'a third', 'a third'] }] }]
  const named = (title: string) => ({ title: `BOLT 9, a section — ${title}`, file: 'x.test.ts' })
  t.deepEqual(misfits(bolts, [named('one'), named('a third: in part'), named('one more')]), [
    'no test: BOLT 9, a section — another',
    'no rule: BOLT 9, a section — one more',
    'twice: BOLT 9, a section — a third',
  ])
})

test('the page of rules is fresh (npm run bolts)', (t) => {
  const page = readFileSync(new URL('../../docs/reference/bolts.md', import.meta.url), 'utf8')
  t.is(page, renderPage(BOLTS, readTitles()))
})
