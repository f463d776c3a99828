import test from 'ava'
import { failureOfMalformed } from '../onion/failure-message.ts'
import { createFailureOnion, decryptFailureOnion } from '../onion/failure-onion.ts'
import { named } from './fixtures/nodes.ts'
import { failureCommand, type UpstreamFailure } from './upstream-failure.ts'

const sharedSecret = named('shared secret')
const sha256OfOnion = named('onion')
const failures: readonly UpstreamFailure[] = [
  { type: 'own', failure: { type: 'temporary_channel_failure' } },
  { type: 'own', failure: failureOfMalformed(0xc018, named('onion of the next node')) ?? { type: 'mpp_timeout' } },
  { type: 'downstream', reason: createFailureOnion(named('another'), { type: 'unknown_next_peer' }) },
]

test('BOLT 4, failure messages — within a blinded route a relay tells that something is wrong with it, and no more', (t) => {
  const place = { sharedSecret, sha256OfOnion }
  const said = [...failures].map((failure) => failureCommand(5n, failure, 0, { type: 'introduction', ...place }))
  const [first, ...others] = said
  for (const other of others) t.deepEqual(other, first)
  const further = failures.map((failure) => failureCommand(5n, failure, 0, { type: 'within-path', sha256OfOnion }))
  for (const other of further) t.deepEqual(other, further[0])
})

test('BOLT 2, removing an HTLC — where a blinded path begins, all failures are told as invalid_onion_blinding: our own and those from further on', (t) => {
  for (const failure of failures) {
    const command = failureCommand(5n, failure, 0, { type: 'introduction', sharedSecret, sha256OfOnion })
    if (command.type !== 'fail-htlc') return t.fail()
    t.deepEqual(decryptFailureOnion([sharedSecret], command.reason), {
      ok: true,
      value: { originIndex: 0, failure: { type: 'invalid_onion_blinding', sha256OfOnion } },
    })
  }
})

test('BOLT 2, removing an HTLC — one that comes with a path key is failed as malformed, with invalid_onion_blinding, whatever is in it: our own failures and those from further on', (t) => {
  for (const failure of failures) {
    t.deepEqual(failureCommand(5n, failure, 0, { type: 'within-path', sha256OfOnion }), {
      type: 'fail-malformed-htlc',
      htlcId: 5n,
      sha256OfOnion,
      failureCode: 0xc018,
    })
  }
})
