import test from 'ava'
import {
  closeRefusal,
  openingBrokenOff,
  openingUnanswered,
  openRefusal,
  setRelayFeesRefusal,
} from './channels-refusals.ts'
import { connectRefusal } from './peers-handlers.ts'

const FEERATES = { commitment: 2_500, closing: 2_500, funding: 2_500 } as unknown as Parameters<typeof openRefusal>[1]

test('an opening whose peer goes away, or does not answer, is peer-disconnected; one broken off at the last moment is not', (t) => {
  for (const code of ['peer-not-connected', 'peer-not-answering'] as const) {
    t.is(openingBrokenOff(code).code, 'peer-disconnected')
  }
  t.is(openRefusal({ code: 'disconnected' }, FEERATES).code, 'peer-disconnected')
  t.is(openingBrokenOff('outcome-unknown').code, 'outcome-unknown')
  t.is(openingUnanswered({ code: 'actor-stopped', path: '/peers/x' }).code, 'outcome-unknown')
})

for (const phase of ['wait-for-funding-signed', 'aborted', 'closed'] as const) {
  test(`a channel that is not there yet, or not any more, is channel-not-found (${phase})`, (t) => {
    t.is(closeRefusal({ code: 'wrong-phase', phase }).code, 'channel-not-found')
    t.is(setRelayFeesRefusal({ code: 'wrong-phase', phase }).code, 'channel-not-found')
  })
}

test('a channel that closes has no fees to change', (t) => {
  t.is(setRelayFeesRefusal({ code: 'wrong-phase', phase: 'closing' }).code, 'already-closing')
})

test('a node that does not go together with this one is incompatible-peer, with the reason in words', (t) => {
  const { code, message } = connectRefusal({ code: 'wrong-chain' })
  t.is(code, 'incompatible-peer')
  t.regex(message, /another chain/)
  t.is(connectRefusal({ code: 'handshake-timeout' }).code, 'handshake-failed')
})

test('a node that cannot be reached is unreachable, with the reason in words', (t) => {
  for (const [cause, words] of [
    ['ECONNREFUSED', 'nothing listens there'],
    ['ETIMEDOUT', 'no answer in time'],
  ] as const) {
    const { code, message } = connectRefusal({ code: 'unreachable', cause })
    t.is(code, 'unreachable')
    t.true(message.includes(words), message)
    t.false(message.includes(cause), message)
  }
})

for (const failure of [{ code: 'closed-by-peer' }, { code: 'socket-error', cause: 'ECONNRESET' }] as const) {
  test(`a node that hangs up during the handshake is handshake-failed (${failure.code}), and both reasons for it are told`, (t) => {
    const { code, message } = connectRefusal(failure)
    t.is(code, 'handshake-failed')
    t.regex(message, /not the node of this id/)
    t.regex(message, /takes no more callers/)
  })
}
