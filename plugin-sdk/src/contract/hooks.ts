import { z } from 'zod'
import { Side } from './channels.ts'
import { hook, type OnFailure } from './define.ts'
import { field, named, publicly } from './field.ts'
import {
  BlockHeight,
  ChannelId,
  Feerate,
  Flag,
  integer,
  Msat,
  NodeId,
  PaymentHash,
  Sat,
  ShortChannelId,
  text,
} from './scalars.ts'

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
  mostWaiting: { perPlugin: 512, inAll: 1_024 },
})

/** Nothing of the onion: whom an HTLC comes from first and goes to last is not known here, and its secrets are the node's. */
const relayedHtlc = {
  channelId: ChannelId,
  peer: NodeId,
  shortChannelId: ShortChannelId.optional(),
  amountMsat: Msat,
  cltvExpiry: BlockHeight,
}

/** What a forwarding node may answer by BOLT 4 that says nothing of an amount, an expiry or a policy, which would not be true. */
const RelayRefusal = z.enum([
  'temporary-channel-failure',
  'permanent-channel-failure',
  'unknown-next-peer',
  'temporary-node-failure',
  'permanent-node-failure',
])

const htlcForward = hook('htlc.forward', {
  summary:
    'An HTLC that the node would relay. The first plugin that fails it, in the order of install, decides; what is let go on is checked once more. The HTLC waits meanwhile, and costs its channel. Of what the node relays as a trampoline node, a question joins all HTLCs that come in by one channel and go out by one: each such pair is asked about.',
  request: z.object({
    paymentHash: field(PaymentHash, {
      summary: 'The same in all parts of a payment, in its events, and at every node on its way: tell nobody.',
    }),
    incoming: z.object({ ...relayedHtlc, htlcId: integer(0, Number.MAX_SAFE_INTEGER) }),
    outgoing: field(z.object(relayedHtlc), {
      summary: 'As things are now: it may go out of another channel with the same peer, if this one cannot carry it.',
    }),
    feeMsat: field(Msat, { summary: 'What is left for us: of a trampoline relay, of all that comes in for it.' }),
    trampoline: field(Flag, {
      summary:
        'The node finds the way on itself, and there may be more of the payment in other channels. Absent: an ordinary relay.',
    }).optional(),
    blockHeight: BlockHeight,
  }),
  verdict: named(
    'HtlcForwardVerdict',
    'Let it go on, or give it back with a failure that the sender can read.',
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('continue') }),
      z.strictObject({
        type: z.literal('fail'),
        code: field(RelayRefusal, {
          summary: 'What the sender is told: `temporary-channel-failure` where nothing is given.',
        }).optional(),
      }),
    ]),
  ),
  deadlineMs: 2_000,
  combiner: 'first-decisive',
  onFailure: 'open',
  mostWaiting: { perPlugin: 512, inAll: 1_024 },
})

export const hooks = { 'channel.accept': channelAccept, 'htlc.forward': htlcForward } as const

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
      /** What that means, where it is not what the hook says. */
      readonly onFailure?: OnFailure
    }

/** Verdict and whose it was; `by` is not there when everyone accepted. */
export interface CombinedVerdict<Name extends HookName> {
  readonly verdict: HookVerdict<Name>
  readonly by?: string
}
