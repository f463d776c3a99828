import type { HtlcRef, SettleEffect } from '../../channel/index.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { TrampolineEnv, TrampolinePart, TrampolinePolicy } from '../../payment/trampoline/trampoline-protocol.ts'
import type { PeerEvents } from '../events/peer-events.ts'
import type { PeerRelays } from './peer-relays.ts'
import type { RelayDecisions } from './relay-decisions.ts'
import type { MostOfPeer } from './relayer-actor.ts'
import type { SearchInput } from './route-searches.ts'
import type { AddedInput, SendingServices } from './sending.ts'
import type { Upstream } from './upstream.ts'

export interface TrampolineServices extends SendingServices {
  readonly upstream: Upstream
  readonly peerEvents: PeerEvents
  readonly policy: TrampolinePolicy | undefined
  /** What comes in counts with what the same peer has us relay otherwise. */
  readonly peerRelays: Pick<PeerRelays, 'begun' | 'ended' | 'hasRoom' | 'count' | 'refused'>
  readonly mostOfPeer: MostOfPeer
  readonly decisions: RelayDecisions
  readonly recipientPaths: TrampolineEnv['recipientPaths']
  readonly minCltvExpiryDelta: number
}

/** What the trampoline relayer is told. */
export type TrampolineProtocol = {
  part: { readonly request: TrampolinePart; readonly reply: void }
  /** Parts have waited long enough for the others. */
  timeout: { readonly request: { readonly set: string }; readonly reply: void }
  /** The outcome of an HTLC whose reference is one of ours. */
  settled: { readonly request: SettleEffect; readonly reply: void }
  added: { readonly request: { readonly relay: string; readonly input: AddedInput }; readonly reply: void }
  searched: { readonly request: { readonly relay: string; readonly input: SearchInput }; readonly reply: void }
  /** Whether an incoming channel has taken the outcome. */
  ended: {
    readonly request: { readonly relay: string; readonly htlc: HtlcRef; readonly isTold: boolean }
    readonly reply: void
  }
  /** Another block is handled. */
  block: { readonly request: { readonly height: BlockHeight }; readonly reply: void }
  /** At the start, before any peer is connected: which attempts are held by some channel or outbox row, by relay. */
  resume: {
    readonly request: {
      readonly held: Readonly<Record<string, readonly number[]>>
      /** Begun before the database was put back: attempts may be out that no row has. */
      readonly unsure: readonly string[]
    }
    readonly reply: void
  }
  /** What was unsure at the start is certain: no channel has done anything that the database lacks. */
  cleared: { readonly request: Record<string, never>; readonly reply: void }
  /** The node connects to its peers from now on. */
  connecting: { readonly request: Record<string, never>; readonly reply: void }
  /** Peers have had time to come. */
  started: { readonly request: Record<string, never>; readonly reply: void }
}

export const TRAMPOLINE_LANES = {
  part: 'priority',
  timeout: 'priority',
  settled: 'priority',
  added: 'priority',
  searched: 'priority',
  ended: 'priority',
  block: 'priority',
  resume: 'priority',
  cleared: 'priority',
  connecting: 'priority',
  started: 'priority',
} as const
