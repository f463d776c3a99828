import test from 'ava'
import { addressToScript, scriptToAddress } from '../bitcoin/address.ts'
import { NETWORKS } from '../bitcoin/network.ts'
import { fromHex } from '../lib/bytes.ts'
import { fallbackOf, scriptOfFallback } from './fallback-address.ts'

// BOLT 11, examples: the addresses of its invoices.
const examples = [
  ['1RustyRX2oai4EYYDpQGWvEL62BBGqN9T', 17],
  ['3EktnHQD7RiAE6uzMj2ZifT9YgRrkSgzQX', 18],
  ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 0],
  ['bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3', 0],
  ['bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr', 1],
] as const

test('a fallback — stands for the script of its address', (t) => {
  for (const [address, version] of examples) {
    const script = addressToScript(address, NETWORKS.mainnet)
    if (!script.ok) return t.fail(address)
    const fallback = fallbackOf(script.value)
    if (fallback === undefined) return t.fail(address)
    t.is(fallback.version, version)
    t.deepEqual(scriptOfFallback(fallback), script.value)
    t.is(scriptToAddress(scriptOfFallback(fallback), NETWORKS.mainnet), address)
  }
  t.is(fallbackOf(fromHex('6a')), undefined)
})
