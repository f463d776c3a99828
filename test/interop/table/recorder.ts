import { appendFileSync, mkdirSync } from 'node:fs'
import type { PeerDriver } from '../drivers/driver.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { RESULTS, type Run, type Verdict } from './runs.ts'

export interface Recorder {
  record(scenario: Scenario, verdict: Verdict): void
}

/** Writes down what comes of each scenario as it is run. */
export const startRecorder = async ({ peer, version }: PeerDriver): Promise<Recorder> => {
  const known = await version()
  mkdirSync(RESULTS, { recursive: true })
  return {
    record({ title }, verdict) {
      const date = new Date().toISOString().slice(0, 10)
      const run: Run = { peer, version: known, date, scenario: title, verdict }
      appendFileSync(new URL(`${peer}.jsonl`, RESULTS), `${JSON.stringify(run)}\n`)
    },
  }
}
