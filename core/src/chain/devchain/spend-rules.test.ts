import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { prepareCases } from '../fixtures/spend-cases.ts'
import { Devchain } from './devchain.ts'

const devchain = Devchain.open({ clock: virtualClock() })

for (const { spendCase, tx } of prepareCases(devchain)) {
  const { title, expected } = spendCase
  test(`the devchain — ${title}: ${expected}`, (t) => {
    const verdict = devchain.testTx(tx)
    const code: string = verdict.ok
      ? 'valid'
      : verdict.error.code === 'script-failed'
        ? verdict.error.fault
        : verdict.error.code
    t.is(code, expected)
  })
}
