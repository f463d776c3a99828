import test from 'ava'
import { SCENARIOS } from './scenarios/all.ts'
import { renderTable } from './table/render.ts'
import { mergeRuns, type Run, readRuns } from './table/runs.ts'
import { readPage } from './table/write.ts'

test('the page in the documentation is what the runs came to, for the scenarios that there are', (t) => {
  const titles = SCENARIOS.map(({ title }) => title)
  t.is(new Set(titles).size, titles.length, 'the table goes by titles')
  t.is(readPage(), renderTable(SCENARIOS, mergeRuns(readRuns(), titles)))
})

test('a run takes the place of the last one with the same peer, and leaves those of others', (t) => {
  const run = (peer: Run['peer'], date: string, passed: boolean): Run => ({
    peer,
    version: '1',
    date,
    scenario: 'a',
    verdict: { passed },
  })
  const before = [run('lnd', '2026-01-01', false), run('ldk', '2026-01-02', true)]
  t.deepEqual(mergeRuns([...before, run('lnd', '2026-02-01', true)], ['a']), [
    run('ldk', '2026-01-02', true),
    run('lnd', '2026-02-01', true),
  ])
  t.deepEqual(mergeRuns(before, ['b']), [])
})
