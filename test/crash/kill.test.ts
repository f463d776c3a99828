import test from 'ava'
import { devchainRig } from '../support/chain-rig.ts'
import { killAtRandom, killsAsked } from './support/kill-at-random.ts'

const KILLS = killsAsked(10)

test(`${KILLS} kills at random moments under load — nothing is lost, nothing is paid twice, no channel is closed`, async (t) => {
  await killAtRandom(t, await devchainRig(), KILLS)
})
