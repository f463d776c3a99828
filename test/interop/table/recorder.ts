import { appendFileSync, mkdirSync } from 'node:fs'
import type { PeerDriver, PeerName } from '../drivers/driver.ts'
import type { Scenario } from '../scenarios/scenario.ts'

/** Where each run leaves what came of it, for the table. Not part of the repository. */
const RESULTS = new URL('../results/', import.meta.url)

type Verdict = { readonly passed: boolean } | { readonly notAsked: string }

/** How one scenario went with one peer, last time. */
interface Run {
  readonly peer: PeerName
  readonly version: string
  /** As 2026-11-25. */
  readonly date: string
  readonly scenario: string
  readonly verdict: Verdict
}

export interface Recorder {
  record(scenario: Scenario, verdict: Verdict): void
}

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
