import test from 'ava'
import { play } from './support/play.ts'

const SHAPE = { nodes: 10, channels: 24, payments: 150, seed: 1 } as const

test('a network of whole nodes — every payment ends, nothing is lost or gained, and what is possible is paid', async (t) => {
  t.timeout(600_000)
  const flow = await play({ ...SHAPE, search: 'flow' })
  t.log(
    `${flow.paidOfPossible} of ${flow.possible} possible payments paid, ${(flow.partsOfPaid / flow.paid).toFixed(2)} HTLCs each`,
  )
  t.deepEqual(flow.faults, [])
  t.is(flow.payments, SHAPE.payments)
  t.true(flow.paidOfPossible >= 0.97 * flow.possible)
  t.true(flow.parts > flow.paid, 'some go in parts, or are tried again')
})
