import test from 'ava'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { SIGNATURE_WAIT_MS, SignatureWait } from './signature-wait.ts'

const AT_ONCE_MS = 1_000
const SMALL_MSAT = 1_000_000n

/** States of bob's: at rest, with a fulfilment to sign, with an addition to sign, and with five HTLCs. */
const states = () => {
  const two = new TwoParties().ready()
  const rest = two.bob.state
  two.add(two.alice, 1, SMALL_MSAT)
  two.sign(two.alice)
  while (two.deliver(two.alice) !== undefined);
  const addition = two.bob.state
  two.settle()
  two.fulfil(two.bob, 0n, 1)
  const fulfilment = two.bob.state
  for (const n of [2, 3, 4, 5, 6]) two.add(two.alice, n, SMALL_MSAT)
  two.settle()
  return { rest, addition, fulfilment, many: two.bob.state }
}

const { rest, addition, fulfilment, many } = states()

/** At 0, the end of a payment, which the next one follows. */
const inRun = (nextAt = SIGNATURE_WAIT_MS - 1): SignatureWait => {
  const wait = new SignatureWait()
  wait.isWorthIt(fulfilment, 0)
  wait.isWorthIt(rest, 1)
  wait.isWorthIt(addition, nextAt)
  return wait
}

test('a signature waits once an addition has followed a fulfilment within the time that it would wait', (t) => {
  t.false(new SignatureWait().isWorthIt(fulfilment, 0))
  t.true(inRun().isWorthIt(fulfilment, 60))
  t.false(inRun(SIGNATURE_WAIT_MS).isWorthIt(fulfilment, 60))
  const onlyAdditions = new SignatureWait()
  onlyAdditions.isWorthIt(addition, 0)
  onlyAdditions.isWorthIt(addition, 1)
  t.false(onlyAdditions.isWorthIt(fulfilment, 2))
})

test('neither nothing nor an addition waits, and both leave the run as it is', (t) => {
  const wait = inRun()
  t.false(wait.isWorthIt(rest, 60))
  t.false(wait.isWorthIt(addition, 70))
  t.true(wait.isWorthIt(fulfilment, 5_000))
})

test('after a wait in vain payments must follow each other closely again, and for a second nothing waits even so', (t) => {
  const wait = inRun()
  wait.wasInVain(100)
  t.false(wait.isWorthIt(fulfilment, 110))
  t.false(wait.isWorthIt(fulfilment, 100 + AT_ONCE_MS))
  wait.isWorthIt(addition, 101 + AT_ONCE_MS)
  t.true(wait.isWorthIt(fulfilment, 102 + AT_ONCE_MS))
  wait.wasInVain(2_000)
  wait.isWorthIt(fulfilment, 2_001)
  wait.isWorthIt(addition, 2_002)
  t.false(wait.isWorthIt(fulfilment, 1_999 + AT_ONCE_MS))
  t.true(wait.isWorthIt(fulfilment, 2_000 + AT_ONCE_MS))
})

test('for a second after many HTLCs were in the channel nothing waits', (t) => {
  const wait = inRun()
  wait.isWorthIt(many, 60)
  t.false(wait.isWorthIt(fulfilment, 59 + AT_ONCE_MS))
  t.true(wait.isWorthIt(fulfilment, 60 + AT_ONCE_MS))
})
