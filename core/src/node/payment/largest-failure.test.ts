import test from 'ava'
import type { SettleEffect, SettleHtlcCommand } from '../../channel/index.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { seededRng } from '../../lib/rng.ts'
import { unwrapFailureOnion } from '../../onion/failure-onion.ts'
import { failureCommand } from '../../payment/upstream-failure.ts'
import { encodeMessage } from '../../wire/message-codecs.ts'
import { outboxRow, readOutboxRow } from '../channel/settlement-outbox.ts'

/** BOLT 8: a message has at most 65,535 bytes. Of an `update_fail_htlc` 2 are its type, 32 and 8 name the HTLC, and 2 are the length of the reason. */
const LARGEST_REASON = 65_535 - 2 - 32 - 8 - 2

/** Has the one that was offered an HTLC fail it. Returns what its peer makes of that. */
const failed = (command: SettleHtlcCommand) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  two.run(two.bob, command)
  const [message] = two.sentBy(two.bob)
  two.settle()
  const settled = two.alice.effects.find((effect): effect is SettleEffect => effect.type === 'settle')
  if (message === undefined || settled === undefined) throw new Error('not failed')
  return { bytes: encodeMessage(message).length, settled }
}

const reasonOf = ({ outcome }: SettleEffect): Uint8Array => {
  if (outcome.type !== 'failed' || outcome.failure.type !== 'fail') throw new Error('no failure')
  return outcome.failure.reason
}

test('a failure that fills a message — is kept whole over a restart, and goes upstream as long as it came, once more encrypted, and without attribution data', (t) => {
  const reason = seededRng(7).bytes(LARGEST_REASON)
  const downstream = failed({ type: 'fail-htlc', htlcId: 0n, reason })
  t.is(downstream.bytes, 65_535)
  const { key, value } = outboxRow(downstream.settled)
  const kept = readOutboxRow({ key, value: value as Uint8Array })
  t.deepEqual(reasonOf(kept), reason)

  const sharedSecret = new Uint8Array(32).fill(5)
  const place = { type: 'open', sharedSecret } as const
  const upstream = failed(failureCommand(0n, { type: 'downstream', reason: reasonOf(kept) }, 0, place))
  t.is(upstream.bytes, 65_535)
  t.false('attribution' in upstream.settled.outcome)
  const arrived = reasonOf(upstream.settled)
  t.notDeepEqual(arrived, reason)
  t.deepEqual(unwrapFailureOnion([sharedSecret], arrived), reason)
})

test('the largest failure that has room for attribution data — fills a message with them', (t) => {
  const reason = seededRng(7).bytes(LARGEST_REASON - 924)
  const place = { type: 'open', sharedSecret: new Uint8Array(32).fill(5) } as const
  const { bytes, settled } = failed(failureCommand(0n, { type: 'downstream', reason }, 0, place))
  t.is(bytes, 65_535)
  t.true('attribution' in settled.outcome)
})
