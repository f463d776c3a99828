import test from 'ava'
import { type Secp256k1, secp256k1 } from '../../crypto/secp256k1.ts'
import { TwoParties } from '../transitions/fixtures/two-parties.ts'
import { nextKeys } from './next-keys.ts'

/** How many operations on points an act takes. */
const operations = (act: () => void): number => {
  const engine: { -readonly [Name in keyof Secp256k1]: Secp256k1[Name] } = secp256k1
  const { pointTweakAdd, pointMultiply, publicKey } = engine
  let count = 0
  const counted =
    <Given extends readonly unknown[], Result>(operation: (...given: Given) => Result) =>
    (...given: Given): Result => {
      count++
      return operation(...given)
    }
  engine.pointTweakAdd = counted(pointTweakAdd)
  engine.pointMultiply = counted(pointMultiply)
  engine.publicKey = counted(publicKey)
  try {
    act()
  } finally {
    Object.assign(engine, { pointTweakAdd, pointMultiply, publicKey })
  }
  return count
}

test.serial(
  'next keys — once all are derived, an HTLC is signed and checked without another, and none is derived twice',
  (t) => {
    const two = new TwoParties().ready()
    const { alice, bob } = two
    const derive = () => {
      for (const { funded, env } of [alice, bob]) for (const piece of nextKeys(funded, env.commitmentPoint)) piece()
    }
    two.add(alice, 1)
    derive()
    t.is(operations(derive), 0)
    t.is(
      operations(() => {
        two.sign(alice)
        two.deliver(alice)
        two.deliver(alice)
        two.sign(bob)
      }),
      0,
    )
    t.deepEqual(two.names(bob), ['revoke_and_ack', 'commitment_signed'])
    derive()
    // Whether the secret is that of the point.
    t.is(
      operations(() => two.deliver(bob)),
      1,
    )
    t.is(
      operations(() => two.deliver(bob)),
      0,
    )
  },
)

test('next keys — each piece is an operation or three', (t) => {
  const { alice } = new TwoParties().ready()
  const costs = nextKeys(alice.funded, alice.env.commitmentPoint).map(operations)
  t.true(Math.max(...costs) <= 3, `${costs}`)
})
