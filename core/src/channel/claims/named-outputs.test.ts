import test from 'ava'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { OutputLock } from '../commitment/output-lock.ts'
import { namedOutputs } from './named-outputs.ts'

const htlc = (id: bigint, amountMsat: bigint): SpecHtlc => ({
  direction: 'offered',
  id,
  amountMsat,
  paymentHash: new Uint8Array(32),
  cltvExpiry: 1144,
})

const script = Uint8Array.of(0, 32)
const lock: OutputLock = { type: 'witness-script', outputScript: script, witnessScript: Uint8Array.of(1) }

test('outputs of one script and amount — each is another HTLC’s, and there are no more than there are HTLCs', (t) => {
  const named = namedOutputs([htlc(0n, 20_000_000n), htlc(1n, 30_000_000n), htlc(2n, 20_000_999n)], () => lock)
  t.is(named(script, 20_000n)?.htlc.id, 0n)
  t.is(named(script, 20_000n)?.htlc.id, 2n)
  t.is(named(script, 20_000n), undefined)
  t.is(named(script, 30_000n)?.htlc.id, 1n)
  t.is(named(Uint8Array.of(1), 30_000n), undefined)
})
