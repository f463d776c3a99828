import type {
  AcceptCommand,
  AddHtlcCommand,
  AskedCommand,
  ChainInput,
  ChannelCommand,
  ChannelMessage,
  CloseCommand,
  CommandResult,
  Epoch,
  ForceCloseCommand,
  FundingCreatedByWallet,
  FundingFailed,
  OpenCommand,
  RejectCommand,
  SetHtlcMaximumCommand,
  SetInboundDiscountCommand,
  SetRelayFeesCommand,
  SettleHtlcCommand,
  SpecHtlc,
  TimerName,
  UpdateFeeCommand,
} from '../../channel/index.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { ChannelAnnouncement } from '../../wire/messages/gossip.ts'
import type { Alongside } from '../events/alongside.ts'
import type { ConnectionRef } from './connection-ref.ts'

type Asked<C extends ChannelCommand & { readonly type: AskedCommand }> = {
  readonly request: Omit<C, 'requestId' | 'type'>
  readonly reply: CommandResult<C['type']>
}

/** What was complained about before a connection ended, by the peer or by us: this channel alone, another one as well, or nothing. */
export type ComplainedAbout = 'this-channel' | 'others' | 'nothing'

/** What a channel's actor is told and asked. */
export type ChannelProtocol = {
  peerMessage: { readonly request: { readonly epoch: Epoch; readonly message: ChannelMessage }; readonly reply: void }
  connected: {
    readonly request: { readonly connection: ConnectionRef; readonly remoteFeatures: FeatureVector }
    readonly reply: void
  }
  disconnected: { readonly request: { readonly epoch: Epoch; readonly about: ComplainedAbout }; readonly reply: void }
  chain: { readonly request: ChainInput; readonly reply: void }
  /**
   * Answered once the outcome, and everything that belongs with it, is stored with the channel's state in one commit: whether that is
   * `alongside`.
   */
  settle: { readonly request: Settlement; readonly reply: boolean }
  open: Asked<OpenCommand>
  addHtlc: Asked<AddHtlcCommand>
  updateFee: Asked<UpdateFeeCommand>
  setRelayFees: Asked<SetRelayFeesCommand>
  setHtlcMaximum: Asked<SetHtlcMaximumCommand>
  setInboundDiscount: Asked<SetInboundDiscountCommand>
  close: Asked<CloseCommand>
  forceClose: Asked<ForceCloseCommand>
  /** Ends a quarantine; `false` if there is none. */
  release: { readonly request: undefined; readonly reply: boolean }
  /** Gives up an opening; `false` if the channel exists by now. */
  abandon: { readonly request: undefined; readonly reply: boolean }
  /** The wallet's answer. */
  funded: { readonly request: FundingCreatedByWallet | FundingFailed; readonly reply: void }
  /** The node's decision about a channel that the peer proposes. */
  decided: { readonly request: AcceptCommand | RejectCommand; readonly reply: void }
  /** `funding_signed` never left. */
  unsigned: { readonly request: undefined; readonly reply: void }
  /** The network has this announcement of the channel, which lacks what its peer has signed for it. */
  announcementFound: { readonly request: ChannelAnnouncement; readonly reply: void }
  /** The HTLCs that `recall-htlcs` asked for. */
  recalled: {
    readonly request: { readonly remoteIndex: number; readonly htlcs: readonly SpecHtlc[] }
    readonly reply: void
  }
  timer: { readonly request: { readonly timer: TimerName }; readonly reply: void }
  /** It is known whether the chain has decided while the node was off. */
  sighted: { readonly request: undefined; readonly reply: void }
  /** Something of the channel threw outside its own turn. */
  failed: { readonly request: { readonly error: unknown }; readonly reply: void }
}

/** How one of the channel's received HTLCs ends, and what belongs in the same commit. */
export interface Settlement {
  readonly command: SettleHtlcCommand
  /** Also committed if the HTLC was settled before, so that everything that waited for it is cleaned up. */
  readonly alongside?: Alongside
  /** Committed in its place if a fulfilment comes too late: the HTLC is given back, by us or by the chain, and is not paid. */
  readonly ifUnpaid?: Alongside
}
