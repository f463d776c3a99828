import test from 'ava'
import { meetsAllDeadlines } from '../scenarios/support/fee-pressure.ts'
import { whyNoBitcoind } from './support/bitcoind.ts'
import { BitcoindMarket } from './support/bitcoind-market.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

real(
  'fees rise fifty-fold while a channel with twenty HTLCs is closed alone — bitcoind takes every replacement, and every claim is in a block in time',
  async (t) => {
    t.timeout(280_000)
    const market = await BitcoindMarket.start()
    t.teardown(() => market.close())
    await meetsAllDeadlines(t, market)
  },
)
