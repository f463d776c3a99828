import test from 'ava'
import type { ChannelEvent, ChannelState, FundingSpend } from '../../channel/index.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { EventLog } from '../events/event-log.ts'
import type { PeerEvents } from '../events/peer-events.ts'
import { reportChannelEvent } from './report-channel-event.ts'

type Closing = Extract<ChannelEvent, { type: 'closing' }>
type Told = readonly [type: string, payload: Readonly<Record<string, unknown>>]

const id = { channelId: new Uint8Array(32), remoteNodeId: new Uint8Array(33) }

const told = (event: ChannelEvent): Told | undefined => reported(event).kept[0]

/** What is kept in any case, and what counts as caused by the peer. */
const reported = (event: ChannelEvent): { readonly kept: readonly Told[]; readonly byPeer: readonly Told[] } => {
  const [kept, byPeer]: [Told[], Told[]] = [[], []]
  const events = { append: (...entry: Told) => kept.push(entry) } as unknown as EventLog
  const peerEvents = { report: (_peer: NodeId, ...entry: Told) => byPeer.push(entry) } as unknown as PeerEvents
  const state = { durable: { phase: 'closed' } } as unknown as ChannelState
  reportChannelEvent({ events, peerEvents }, event, state, true)
  return { kept, byPeer }
}

const SPENDS: readonly (readonly [Closing['cause'], FundingSpend['kind'], string, string])[] = [
  ['operator', 'local', 'local-force', 'local'],
  ['remote-commitment', 'remote', 'remote-force', 'remote'],
  ['remote-commitment', 'remote-next', 'remote-force', 'remote'],
  ['revoked-commitment', 'revoked', 'revoked', 'remote'],
  ['unknown-spend', 'unknown', 'remote-force', 'remote'],
  ['revoked-local-commitment', 'revoked-local', 'local-force', 'local'],
]

test('a close that is seen on the chain has the same kind when it begins and when it is over', (t) => {
  for (const [cause, kind, name, initiator] of SPENDS) {
    const summary = { kind, closedAt: 1000, paidToUs: 0n }
    const [began, beginning] = told({ type: 'closing', ...id, cause }) ?? []
    const [ended, end] = told({ type: 'closed', ...id, summary }) ?? []
    t.deepEqual([began, ended], ['channel.closing', 'channel.closed'])
    t.like(beginning, { kind: name, initiator })
    t.like(end, { kind: name })
  }
})

test('a close that the peer replaces by another is on its account, and the first one is not', (t) => {
  const signed = { type: 'closing', ...id, cause: 'cooperative', txid: new Uint8Array(32) } as const
  const names = ({ kept, byPeer }: ReturnType<typeof reported>) =>
    [kept, byPeer].map((list) => list.map(([name]) => name))
  t.deepEqual(names(reported(signed)), [['channel.close-signed'], []])
  t.deepEqual(names(reported({ ...signed, isRepeated: true })), [[], ['channel.close-signed']])
})
