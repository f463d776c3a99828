import { readFileSync, writeFileSync } from 'node:fs'
import { SCENARIOS } from '../scenarios/all.ts'
import { renderTable } from './render.ts'
import { mergeRuns, readResults, readRuns, writeRuns } from './runs.ts'

const PAGE = new URL('../../../docs/reference/interop.md', import.meta.url)

/** Takes in what was run since the last time, and writes the page. Rows of peers that were not run stay as they are. */
export const writeTable = (): void => {
  const titles = SCENARIOS.map(({ title }) => title)
  const runs = mergeRuns([...readRuns(), ...readResults()], titles)
  writeRuns(runs)
  writeFileSync(PAGE, renderTable(SCENARIOS, runs))
}

export const readPage = (): string => readFileSync(PAGE, 'utf8')
