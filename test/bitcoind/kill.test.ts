import test from 'ava'
import { killAtRandom, killsAsked } from '../crash/support/kill-at-random.ts'
import { whyNoBitcoind } from './support/bitcoind.ts'
import { bitcoindRig } from './support/bitcoind-rig.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

const KILLS = killsAsked(5)

real(
  `${KILLS} kills at random moments under load, on bitcoind — nothing is lost, nothing is paid twice, no channel is closed`,
  async (t) => {
    await killAtRandom(t, await bitcoindRig(), KILLS)
  },
)
