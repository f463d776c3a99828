import test from 'ava'
import { PEER_TITLES, type PeerDriver } from './drivers/driver.ts'
import { SCENARIOS } from './scenarios/all.ts'
import { Theatre } from './stage/theatre.ts'
import { type Recorder, startRecorder } from './table/recorder.ts'

/** Makes a test of every scenario for one peer. What the peer cannot do is not asked of it, and said so. */
export const register = (driver: PeerDriver): void => {
  const peer = PEER_TITLES[driver.peer]
  const missing = driver.whyMissing()
  if (missing !== undefined) {
    test.skip(`${peer} is not tried: ${missing}`, (t) => t.pass())
    return
  }
  const theatre = new Theatre(driver)
  let recorder: Recorder
  test.before(async () => {
    recorder = await startRecorder(driver)
  })
  test.after.always(() => theatre.close())

  for (const scenario of SCENARIOS) {
    const { title, needs = [], ownPeers = false, timeoutMs } = scenario
    const lacks = needs.map((ability) => driver.abilities[ability]).find((able) => able !== true)
    if (lacks !== undefined) {
      test.skip(`${title} — not asked of ${peer}: ${lacks}`, (t) => t.pass())
      test.before(() => recorder.record(scenario, { notAsked: String(lacks) }))
      continue
    }
    test.serial(title, async (t) => {
      if (timeoutMs !== undefined) t.timeout(timeoutMs)
      t.teardown(() => {
        const remarks = t.passed ? driver.notes : driver.remarks
        recorder.record(scenario, verdictOf(t.passed, remarks?.[title]))
      })
      await scenario.run(await theatre.stage(t, ownPeers))
    })
  }
}

const verdictOf = (passed: boolean, remark: string | undefined) =>
  remark === undefined ? { passed } : { passed, remark }
