import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { PEER_TITLES, type PeerName } from '../drivers/driver.ts'

/** What every run so far came to, as the table shows it. */
const KNOWN = new URL('runs.json', import.meta.url)

/** Where a run leaves what came of it, for the table. Not part of the repository. */
export const RESULTS = new URL('../results/', import.meta.url)

/** A remark is what is known of a scenario that does not hold, or which of several answers the peer gives in one that does. */
export type Verdict = { readonly passed: boolean; readonly remark?: string } | { readonly notAsked: string }

/** How one scenario went with one peer, last time. */
export interface Run {
  readonly peer: PeerName
  readonly version: string
  /** As 2026-11-25. */
  readonly date: string
  /** Its title. */
  readonly scenario: string
  readonly verdict: Verdict
}

export const readRuns = (): readonly Run[] =>
  existsSync(KNOWN) ? (JSON.parse(readFileSync(KNOWN, 'utf8')) as readonly Run[]) : []

/** What has been run since, oldest first. */
export const readResults = (): readonly Run[] => {
  if (!existsSync(RESULTS)) return []
  const files = readdirSync(RESULTS).filter((name) => name.endsWith('.jsonl'))
  return files.flatMap((name) =>
    readFileSync(new URL(name, RESULTS), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Run),
  )
}

/** The last run of each scenario with each peer; of scenarios that there still are, in their order. */
export const mergeRuns = (runs: readonly Run[], scenarios: readonly string[]): readonly Run[] => {
  const last = new Map(runs.map((run) => [`${run.scenario} ${run.peer}`, run]))
  return scenarios.flatMap((scenario) =>
    (Object.keys(PEER_TITLES) as PeerName[]).flatMap((peer) => last.get(`${scenario} ${peer}`) ?? []),
  )
}

export const writeRuns = (runs: readonly Run[]): void =>
  writeFileSync(KNOWN, `[\n${runs.map((run) => `  ${JSON.stringify(run)}`).join(',\n')}\n]\n`)
