import test from 'ava'
import { killAtRandom, killsAsked } from '../crash/support/kill-at-random.ts'
import { bitcoindRig } from './support/bitcoind-rig.ts'

const KILLS = killsAsked(5)

test(`${KILLS} kills at random moments under load, on bitcoind — nothing is lost, nothing is paid twice, no channel is closed`, async (t) => {
  await killAtRandom(t, await bitcoindRig(), KILLS)
})
