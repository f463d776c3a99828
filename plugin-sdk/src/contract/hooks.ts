import { z } from 'zod'
import { Side } from './channels.ts'
import { hook } from './define.ts'
import { field, named, publicly } from './field.ts'
import { ChannelId, Feerate, Flag, integer, Msat, NodeId, Sat, text } from './scalars.ts'

/** What acceptance may come with. */
const terms = {
  reserveSat: field(Sat, {
    summary: 'The least that the peer must keep in the channel, if that is more than what the node asks for.',
  }).optional(),
  upfrontShutdown: field(Flag, {
    summary:
      'Promises the peer that a close together pays us to one script, fixed now, whoever asks for another later.',
  }).optional(),
}

const channelAccept = hook('channel.accept', {
  summary: 'A peer wants to open a channel with us. Every plugin must accept it, or it is refused.',
  request: z.object({
    temporaryChannelId: ChannelId,
    peer: NodeId,
    initiator: Side,
    fundingSat: Sat,
    pushMsat: Msat,
    feerate: Feerate,
    channelType: publicly(text(64)),
    announce: Flag,
    zeroConf: field(Flag, {
      summary:
        'Whether the peer asks to use the channel before its funding confirms: only if this node trusts it to fund it.',
    }),
    dustLimitSat: Sat,
    channelReserveSat: Sat,
    htlcMinimumMsat: Msat,
    maxHtlcValueInFlightMsat: Msat,
    maxAcceptedHtlcs: integer(0, 0xffff),
    toSelfDelay: integer(0, 0xffff),
  }),
  verdict: named(
    'ChannelAcceptVerdict',
    'Accept, perhaps asking for more than the node would; accept and use the channel before its funding confirms; or reject.',
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('accept'), minimumDepth: integer(1, 144).optional(), ...terms }),
      z.strictObject({ type: z.literal('reject'), reason: text(256, 'Told to the peer.') }),
      z.strictObject({ type: z.literal('accept-zero-conf'), ...terms }),
    ]),
  ),
  deadlineMs: 5_000,
  combiner: 'all-accept',
  onFailure: 'closed',
})

export const hooks = { 'channel.accept': channelAccept } as const

export type HookName = keyof typeof hooks

export type HookRequest<Name extends HookName> = z.output<(typeof hooks)[Name]['request']>
export type HookVerdict<Name extends HookName> = z.output<(typeof hooks)[Name]['verdict']>

/** What one plugin made of a question: its verdict, or why there is none. */
export type HookAnswer<Name extends HookName> =
  | { readonly type: 'verdict'; readonly plugin: string; readonly verdict: HookVerdict<Name> }
  | {
      readonly type: 'no-verdict'
      readonly plugin: string
      readonly code: 'timed-out' | 'faulted' | 'invalid' | 'not-running' | 'overloaded'
    }

/** Verdict and whose it was; `by` is not there when everyone accepted. */
export interface CombinedVerdict<Name extends HookName> {
  readonly verdict: HookVerdict<Name>
  readonly by?: string
}
