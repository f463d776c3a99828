import type { Ground } from '../stage/ground.ts'

/** The implementations that there is a driver for, and what each is called in the table. */
export const PEER_TITLES = {
  'core-lightning': 'Core Lightning',
  eclair: 'eclair',
  ldk: 'LDK',
  lnd: 'LND',
} as const

export type PeerName = keyof typeof PEER_TITLES

/**
 * What not every implementation does, or not by what a driver can ask of it. A scenario names what it needs; where a peer
 * lacks it, its driver says why, and the table says "not asked".
 */
export type Ability =
  /** Takes a payment without settling it, and settles or fails it when told. */
  | 'hold'
  /** Invoices without an amount. */
  | 'any-amount'
  /** Splits a payment over channels. */
  | 'multi-part'
  /** Pays without an invoice, by a preimage in the onion. */
  | 'keysend'
  /** Puts the parts of a keysend together. */
  | 'keysend-in-parts'
  /** Sends record types of its own (65536 and above) in the onion of a keysend. */
  | 'custom-records'
  /** Sends record types of 65536 and above in `update_add_htlc` itself. */
  | 'htlc-records'
  | 'amp-invoice'
  | 'blinded-invoice'
  /** Makes offers of BOLT 12, and pays them. */
  | 'offers'
  /** Promises money to the first who sends an invoice for it (BOLT 12, invoice requests without an offer), and fetches such. */
  | 'refunds'
  /** Says for how long it held an HTLC, and passes on what others say (`option_attribution_data`). */
  | 'attribution-data'
  /** Tells which failures came back to it, and pays by hints that a test made up. */
  | 'failure-names'
  /** Names channels that are not announced, and our node, in an invoice. */
  | 'private-hints'
  /** Refuses the openings of others when told to. */
  | 'refuse-openings'
  | 'push'
  | 'announced-opening'
  | 'scid-alias-opening'
  | 'taproot-opening'
  | 'zero-conf-opening'
  /** Uses channels of ours before their funding confirms, when told to. */
  | 'zero-conf-accepting'
  /** Uses channels of its own so, where we accept them with a depth of zero. */
  | 'zero-conf-using'
  /** Opens a channel of 2^24 sat and more. */
  | 'large-opening'
  /** Opens a channel while the other side opens one to it. */
  | 'crossing-openings'
  /** Opens a channel that is too small for us. */
  | 'small-opening'
  /** Takes what a test says for the chain's fee rate. */
  | 'fee-estimates'
  /** Gives commitments that it funds the chain's fee rate at once. */
  | 'commitment-feerate'
  /** Closes at a fee rate that it is told. */
  | 'close-feerate'
  /** Closes at no more than the fee rate that it is told, as who pays. */
  | 'close-max-feerate'
  /** Closes to a script that it is told, of BOLT 2's forms. */
  | 'close-to-script'
  /** The same for witness versions that do not exist yet. */
  | 'close-to-future-script'
  /** The same for p2pkh and p2sh. */
  | 'close-to-legacy-script'
  /** Closes by `closing_complete`, and pays more for a close when told again. */
  | 'simple-close'
  /** Signs closes of the other side one upon another. */
  | 'replacements-at-once'
  /** Sends `shutdown` while HTLCs are under way. */
  | 'close-with-htlcs'
  /** Writes down what came as `warning` and `error`, where a driver can read it. */
  | 'message-log'
  /** Closes all channels with a peer whose `error` names none. */
  | 'closes-on-error'
  /** Keeps its state, and is stopped in good order and started again. */
  | 'restart'
  /** The same by SIGKILL. */
  | 'kill'
  /** Started on an old copy of its database. */
  | 'old-database'
  /** Keeps the backup that we give it (`option_provide_storage`), and gives it back. */
  | 'keeps-backups'
  /** Gets its share of channels that it has lost by a static backup of its own. */
  | 'static-backup'
  /** Closes a channel alone when told to, and claims on the chain what is its own. */
  | 'force-close'
  /** Publishes a commitment of its own that it has revoked. */
  | 'revoked-close'
  /** Sends `error` then, to a peer that is connected. */
  | 'error-on-force-close'
  /** Loses the connection at the messages that it is told. */
  | 'cuts'
  /** Can be asked for what is in `Particular`. */
  | 'particular'
  /** Answers pings that come one upon another. */
  | 'many-pings'
  /** Offers channels that both sides fund. */
  | 'dual-funding'
  /** Asks for the reserve that it is told. */
  | 'opening-terms'
  /** Names the script of its close as it opens, also to who does not offer that this binds. */
  | 'close-to-at-opening'
  /** Changes what it asks for relaying. */
  | 'relay-fees'
  /** Lets those pay the old fees for a while who know no others. */
  | 'old-relay-fees'
  /** Pays with HTLCs that expire later than BOLT 4's 2016 blocks from now, when told to. */
  | 'pays-far-ahead'
  /** Relays up to the expiry that it is told. */
  | 'relay-expiry'
  /** Closes the channel of a preimage that is none. */
  | 'error-on-bad-preimage'
  /** Stays connected where the two do not come to agree on the fee of a close. */
  | 'stays-on-fee-dispute'
  /** Hangs up there, whenever our offer is outside of what it was told. */
  | 'hangs-up-on-fee-dispute'
  /** Pays by itself once more what was lost before it was signed. */
  | 'pays-again'
  /** Closes alone where a close has not come to its end in time. */
  | 'close-deadline'
  /** Lives on a chain that other implementations are on, too. */
  | 'beside-others'
  /** Passes on onion messages, and payments over blinded paths. */
  | 'relays-messages'
  /** Sends messages of types that BOLT 1 leaves to everybody. */
  | 'own-messages'
  /** Tells what a node has announced of itself. */
  | 'node-details'

/** For each ability: whether the peer has it, and if not, why. */
export type Abilities = Readonly<Record<Ability, true | string>>

export interface PeerChannel {
  /** As BOLT 2 makes it. */
  readonly channelId: string
  readonly isUsable: boolean
  readonly isOpener: boolean
  readonly capacitySat: bigint
  /** All that is the peer's, HTLCs in flight apart; to whole satoshis where the peer tells no more. */
  readonly localMsat: bigint
  readonly pendingHtlcs: number
  /** Of the commitments, where the peer tells it. */
  readonly feeratePerKw?: number
  /** What our `channel_update` asks, as the peer has it. */
  readonly ourPolicy?: OurPolicy
}

export interface OurPolicy {
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: number
  readonly cltvExpiryDelta: number
}

export interface Opening {
  readonly capacitySat: bigint
  /** Whole satoshis. */
  readonly pushMsat?: bigint
  readonly kind?: 'announced' | 'scid-alias' | 'taproot' | 'zero-conf'
  /** What the other side is to keep. */
  readonly reserveSat?: bigint
  /** The script that its own share goes to when the channel is closed. */
  readonly closeTo?: Uint8Array
}

export interface InvoiceRequest {
  /** Any, if absent. */
  readonly amountMsat?: bigint
  /** What comes for it waits for `settleHeld` or `failHeld`. */
  readonly hold?: boolean
  /** The channel, not announced, that the payer's way leads through. */
  readonly through?: string
  readonly kind?: 'amp' | 'blinded'
}

export interface PeerInvoice {
  readonly bolt11: string
  readonly paymentHash: string
}

export interface PayOptions {
  /** For an invoice without one. */
  readonly amountMsat?: bigint
  /** In parts, where one channel does not carry it. */
  readonly split?: boolean
  /** Records for the first hop's `update_add_htlc`. */
  readonly htlcRecords?: Readonly<Record<number, Uint8Array>>
}

export type Outcome =
  | { readonly ok: true; readonly feeMsat: bigint; readonly preimage: string }
  /** With BOLT 4's names of the failures that came back, as `fee_insufficient`, where the peer tells them. */
  | { readonly ok: false; readonly reason: string; readonly failures: readonly string[] }

/** Where a peer loses the connection: at the next message of BOLT 2's name that it sends or gets. */
export interface Cut {
  readonly message: string
  readonly moment: 'before-sending' | 'after-sending' | 'after-receiving'
}

/** What an operator changes by starting it again. What is absent is as it is by default. */
export interface PeerSettings {
  /** One after the other. */
  readonly cuts?: readonly Cut[]
  readonly dualFunding?: boolean
}

export interface AnnouncedNode {
  readonly alias: string
  /** As `host:port`, an IPv6 host in brackets. */
  readonly addresses: readonly string[]
}

/** What came in for an invoice of the peer. */
export interface Received {
  readonly paymentHash: string
  readonly amountMsat: bigint
}

export interface CloseOptions {
  readonly script?: Uint8Array
  readonly feeratePerKw?: number
  readonly maxFeeratePerKw?: number
  /** After which it closes alone. */
  readonly deadlineSeconds?: number
}

export interface RelayFees {
  readonly feeBaseMsat: bigint
  readonly feeProportionalMillionths: number
}

/** A part of a payment to us, and the channel of ours that it comes by. */
export interface GivenPart {
  readonly channelId: string
  readonly amountMsat: bigint
}

/** What few peers can be asked for. */
export interface Particular {
  /** Opens a channel of the type that it takes by itself; as `openChannel`. */
  openOfItsChoice(nodeId: string, capacitySat: bigint): Promise<string>
  payByChannels(bolt11: string, parts: readonly GivenPart[]): Promise<Outcome>
  /** What it can send over a channel, by its own reckoning. */
  sendableMsat(channelId: string): Promise<bigint>
  /** Stops it and starts it again, with this for the chain's fee rate. */
  restartWithFeerate(feeratePerKw: number): Promise<void>
}

/** A node of another implementation, as an operator would use it. Amounts in millisatoshis, ids in hexadecimal. */
export interface Peer {
  readonly name: string
  readonly nodeId: string
  /** Where it listens, the same over restarts. */
  readonly address: string
  /** What it rounds balances down to. */
  readonly precisionMsat: bigint
  /** It sends none below. */
  readonly leastHtlcMsat: bigint
  /** HTLCs that it takes in one channel. */
  readonly mostHtlcs: number
  readonly particular?: Particular
  /** Pays over the blinded paths of an invoice of BOLT 12 that nobody had asked for. */
  payOverPaths?(invoice: Uint8Array): Promise<Outcome>
  readonly isRunning: boolean
  /** Resolves when it answers and knows the chain's tip. */
  start(): Promise<void>
  /** In good order. */
  stop(): Promise<void>
  kill(): Promise<void>
  /** Copies what it keeps on disk, and puts the copy back. Only while it does not run. */
  saveDatabase(): Promise<void>
  restoreDatabase(): Promise<void>
  /** Loses all but its words and its static backup. Only while it does not run. */
  loseDatabase(): Promise<void>
  /** Asks for the end of the channels that its static backup names. */
  restoreStaticBackup(): Promise<void>
  restartWith(settings: PeerSettings): Promise<void>
  knowsBlock(height: number): Promise<boolean>
  /** Its wallet's next output script. */
  newScript(): Promise<Uint8Array>
  walletSat(): Promise<bigint>
  /** Resolves once both sides have sent `init`. */
  connect(nodeId: string, address: string): Promise<void>
  disconnect(nodeId: string): Promise<void>
  isConnected(nodeId: string): Promise<boolean>
  /** Resolves with the channel's id once the funding transaction is broadcast; rejects with what the peer says if not. */
  openChannel(nodeId: string, opening: Opening): Promise<string>
  setAcceptChannels(on: boolean): Promise<void>
  /** Whether it trusts those who open channels to it to fund them later. */
  setTrustsOpeners(on: boolean): Promise<void>
  /** Channels whose closing has not begun. */
  channels(): Promise<readonly PeerChannel[]>
  /** Of how many directions of an announced channel it knows the policy; `undefined` if it does not know the channel. */
  announcedDirections(shortChannelId: string): Promise<number | undefined>
  closeChannel(channelId: string, options?: CloseOptions): Promise<void>
  forceClose(channelId: string): Promise<void>
  /** Takes down its commitment of now. The answer publishes it, whatever has been revoked since. */
  rememberCommitment(channelId: string): Promise<() => Promise<void>>
  /** Of its channels with a node. */
  setRelayFees(nodeId: string, fees: RelayFees): Promise<void>
  /** The most blocks until the expiry of what it pays and relays; it may start again for it. */
  setMaxExpiryDelta(blocks: number): Promise<void>
  /** What it takes for the chain's fee rate from now on. */
  setFeerate(feeratePerKw: number): Promise<void>
  createInvoice(request: InvoiceRequest): Promise<PeerInvoice>
  isHeld(paymentHash: string): Promise<boolean>
  settleHeld(paymentHash: string): Promise<void>
  failHeld(paymentHash: string): Promise<void>
  /** Resolves with the outcome, however long it takes. */
  pay(bolt11: string, options?: PayOptions): Promise<Outcome>
  /** An offer for this amount, or for any. */
  createOffer(amountMsat: bigint): Promise<string>
  payOffer(offer: string, amountMsat: bigint): Promise<Outcome>
  /** A refund of this amount. */
  createRefund(amountMsat: bigint): Promise<string>
  /** Sends an invoice for it. Resolves with its payment hash, once it is paid where the peer waits for that. */
  claimRefund(refund: string): Promise<string>
  keysend(nodeId: string, amountMsat: bigint, records?: Readonly<Record<number, Uint8Array>>): Promise<Outcome>
  /** Tries again what failed, where it would avoid it for a while. */
  forgetFailures(): Promise<void>
  /** What a node has announced of itself, if it has. */
  announcedNode(nodeId: string): Promise<AnnouncedNode | undefined>
  /** A message of an odd type. */
  sendMessage(nodeId: string, type: number, data: Uint8Array): Promise<void>
  /** All that was paid to it and settled. */
  received(): Promise<readonly Received[]>
  /** The lines of its log since the start of the scenario, where it has the ability `message-log`. */
  log(): readonly string[]
  /** For a test that fails. */
  diagnosis(): string
  /** Ends it, and removes what it kept. */
  dispose(): Promise<void>
}

export interface PeerDriver {
  readonly peer: PeerName
  readonly abilities: Abilities
  /** By title of the scenario: what was found of the peer where one does not hold. */
  readonly remarks?: Readonly<Record<string, string>>
  /** By title, too: what the peer does where one holds, and allows more than one answer. */
  readonly notes?: Readonly<Record<string, string>>
  /** Why it cannot be tried here: which environment variables are missing. */
  whyMissing(): string | undefined
  version(): Promise<string>
  /** A peer in this process lives on the embedded chain, another on a bitcoind. */
  readonly ground: 'bitcoind' | 'embedded'
  /** The number tells the nodes of one test run apart. */
  start(ground: Ground, name: string, number: number): Promise<Peer>
}
