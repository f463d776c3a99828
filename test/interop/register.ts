import test from 'ava'
import { PEER_TITLES, type PeerDriver } from './drivers/driver.ts'
import { SCENARIOS } from './scenarios/all.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { Theatre } from './stage/theatre.ts'
import { type Recorder, startRecorder } from './table/recorder.ts'

/**
 * Makes a test of every scenario for one peer, and for one of another implementation beside it. What a peer cannot do is
 * not asked of it, and said so.
 */
export const register = (driver: PeerDriver, beside?: PeerDriver): void => {
  const peer = PEER_TITLES[driver.peer]
  const missing = driver.whyMissing()
  if (missing !== undefined) {
    test.skip(`${peer} is not tried: ${missing}`, (t) => t.pass())
    return
  }
  const theatre = new Theatre(driver, beside)
  let recorder: Recorder
  test.before(async () => {
    recorder = await startRecorder(driver)
  })
  test.after.always(() => theatre.close())

  for (const scenario of SCENARIOS) {
    const { title, ownPeers = false, timeoutMs, besideNeeds } = scenario
    const lacks = whatLacks(scenario, driver, beside)
    if (lacks !== undefined) {
      test.skip(`${title} — not asked of ${peer}: ${lacks}`, (t) => t.pass())
      test.before(() => recorder.record(scenario, { notAsked: lacks }))
      continue
    }
    const noOther = besideNeeds === undefined ? undefined : beside?.whyMissing()
    if (noOther !== undefined) {
      test.skip(`${title} — not tried with ${peer}: ${noOther}`, (t) => t.pass())
      continue
    }
    const other = besideNeeds === undefined || beside === undefined ? undefined : besides(beside)
    test.serial(title, async (t) => {
      if (timeoutMs !== undefined) t.timeout(timeoutMs)
      t.teardown(() => {
        const remarks = t.passed ? driver.notes : driver.remarks
        recorder.record(scenario, verdictOf(t.passed, remarks?.[title] ?? other))
      })
      await scenario.run(await theatre.stage(t, ownPeers))
    })
  }
}

const besides = ({ peer }: PeerDriver): string => `the other is ${PEER_TITLES[peer]}`

/** Why the scenario is not asked of these two. */
const whatLacks = (scenario: Scenario, driver: PeerDriver, beside: PeerDriver | undefined): string | undefined => {
  const { needs = [], besideNeeds } = scenario
  const own = besideNeeds === undefined ? needs : [...needs, 'beside-others' as const]
  const lacks = own.map((ability) => driver.abilities[ability]).find((able) => able !== true)
  if (lacks !== undefined) return lacks
  const others = besideNeeds?.map((ability) => beside?.abilities[ability]).find((able) => able !== true)
  return others === undefined || beside === undefined ? undefined : `${besides(beside)}: ${others}`
}

const verdictOf = (passed: boolean, remark: string | undefined) =>
  remark === undefined ? { passed } : { passed, remark }
