import test from 'ava'
import { putInDoubt } from '../../channel/index.ts'
import { at, commitmentOf, seeClose } from '../../channel/transitions/fixtures/closing.ts'
import type { TestParty } from '../../channel/transitions/fixtures/test-party.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { tellWaits } from './tell-waits.ts'

/** What is told of the steps of a party from here on. */
const listen = (party: TestParty) => {
  let last = party.state.durable
  const told: string[] = []
  const tell = (was = last, wasQuarantined = false, quarantined = false): readonly string[] => {
    const report = (_: unknown, __: unknown, payload: unknown): void => {
      const { waitsFor } = payload as {
        readonly waitsFor: readonly { readonly kind: string; readonly count: number }[]
      }
      told.push(waitsFor.map(({ kind, count }) => `${kind} ${count}`).join() || 'nothing')
    }
    const before = { durable: was, quarantined: wasQuarantined }
    tellWaits({ report }, before, { durable: party.state.durable, quarantined }, () => party.env)
    last = party.state.durable
    return told.splice(0)
  }
  return tell
}

test('a change of what a channel waits for is told, whatever brought it; payments and connections are none', (t) => {
  const two = new TwoParties()
  two.open()
  const tell = listen(two.alice)
  two.confirm(two.alice)
  t.deepEqual(tell(), ['channel-ready 1'])
  two.confirm(two.bob)
  two.settle()
  t.deepEqual(tell(), ['nothing'])
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  t.deepEqual(tell(), [])
  two.disconnect()
  two.connect()
  two.settle()
  t.deepEqual(tell(), [])
  two.run(two.alice, { type: 'close' })
  t.deepEqual(tell(), ['shutdown 1'])
  two.settle()
  t.deepEqual(tell(), ['htlcs 1'])
  two.run(two.alice, { type: 'force-close' })
  t.deepEqual(tell(), ['close-confirmation 1'])
  seeClose(two.alice, commitmentOf(two.alice))
  t.deepEqual(tell(), ['claim 2'])
  for (let height = 1001; height < 1200; height++) {
    at(two.alice, height)
    t.deepEqual(tell(), [])
  }
})

test('doubt and quarantine are told as they come and go', (t) => {
  const two = new TwoParties().ready()
  const tell = listen(two.alice)
  const certain = two.alice.funded
  two.alice.state = { durable: putInDoubt(certain) }
  t.deepEqual(tell(), ['proof-of-state 1'])
  two.alice.state = { durable: certain }
  t.deepEqual(tell(), ['nothing'])
  t.deepEqual(tell(certain, false, true), ['release 1'])
  t.deepEqual(tell(certain, true, false), ['nothing'])
})
