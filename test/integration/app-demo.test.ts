import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { LAUNCHER } from '../support/launcher.ts'
import { PATIENCE_MS } from '../support/patience.ts'

test('the demonstration ends with every balance right, and says so in one JSON object', async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [LAUNCHER, 'demo', '--json'], { timeout: PATIENCE_MS })
  const outcome = JSON.parse(stdout)
  t.like(outcome, { channels: 3, paymentsSettled: 60, paymentsFailed: 0, relayed: 30, balancesMatch: true })
  t.true(outcome.pluginActions > 0)
})
