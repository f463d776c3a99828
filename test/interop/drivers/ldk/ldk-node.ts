import { readFile } from 'node:fs/promises'
import * as ldk from 'lightningdevkit'
import { WitnessVersion } from 'lightningdevkit/structs/CommonBase.mjs'
import { decodeBlock } from '../../../../core/src/bitcoin/block.ts'
import { parseWitnessProgram } from '../../../../core/src/bitcoin/script.ts'
import { formatOutPoint } from '../../../../core/src/bitcoin/transaction.ts'
import { sha256 } from '../../../../core/src/crypto/hashes.ts'
import { fromHex, toHex } from '../../../../core/src/lib/bytes.ts'
import { PATIENCE_MS } from '../../../support/patience.ts'
import type { LdkChain } from './ldk-chain.ts'
import { ldkSockets } from './ldk-sockets.ts'
import { type LdkWallet, ldkWallet } from './ldk-wallet.ts'

/** What LDK reported, in order, with ids in hexadecimal and amounts in millisatoshis. */
type LdkEvent =
  | { readonly type: 'channel-pending'; readonly channelId: string; readonly peer: string }
  | { readonly type: 'channel-ready'; readonly channelId: string; readonly peer: string }
  | { readonly type: 'channel-closed'; readonly channelId: string; readonly reason: string }
  | { readonly type: 'open-failed'; readonly reason: string }
  | { readonly type: 'payment-claimable'; readonly paymentHash: string; readonly amountMsat: bigint }
  | { readonly type: 'payment-claimed'; readonly paymentHash: string; readonly amountMsat: bigint }
  | { readonly type: 'payment-sent'; readonly paymentHash: string; readonly preimage: string; readonly feeMsat: bigint }
  | { readonly type: 'payment-failed'; readonly paymentHash: string; readonly reason: string }
  | { readonly type: 'payment-forwarded'; readonly amountMsat: bigint; readonly feeMsat: bigint }
  | { readonly type: 'htlc-failed' }
  | { readonly type: 'swept'; readonly outputs: number }
  | { readonly type: 'other'; readonly name: string }

export interface LdkChannel {
  readonly channelId: string
  readonly peer: string
  readonly isOpener: boolean
  readonly isReady: boolean
  readonly isUsable: boolean
  readonly capacitySat: bigint
  /** All that is LDK's, HTLCs in flight apart. LDK tells no balance below the reserve: 0 stands for all of these. */
  readonly localMsat: bigint
  readonly outboundMsat: bigint
  readonly inboundMsat: bigint
  /** Of the commitments. */
  readonly feeratePerKw: number | undefined
  /** What the peer's `channel_update` asks of those who pay LDK through the peer. */
  readonly peerPolicy: LdkPeerPolicy | undefined
  readonly fundingOutpoint: string | undefined
  readonly shortChannelId: bigint | undefined
  /** What the peer calls the channel: the alias by which it may be paid. */
  readonly inboundAlias: bigint | undefined
  readonly pendingHtlcs: number
}

interface LdkPeerPolicy {
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: number
  readonly cltvExpiryDelta: number
}

export interface LdkNodeOptions {
  readonly chain: LdkChain
  /** Any number: keys are derived from it. */
  readonly seed: number
  readonly name: string
  /** LDK's log lines, for a test that fails. */
  readonly onLog?: (line: string) => void
}

interface LdkOpening {
  readonly pushMsat?: bigint
  readonly kind?: 'announced' | 'scid-alias'
}

interface LdkClosing {
  /** A witness program. */
  readonly script?: Uint8Array
  readonly feeratePerKw?: number
}

type LdkOutcome = Extract<LdkEvent, { type: 'payment-sent' | 'payment-failed' }>

export interface LdkNode {
  readonly name: string
  readonly nodeId: string
  readonly events: readonly LdkEvent[]
  readonly wallet: Pick<LdkWallet, 'script' | 'balanceSat'>
  listen(port?: number): Promise<number>
  /** Resolves once both sides have sent `init`. */
  connect(host: string, port: number, nodeId: string): Promise<void>
  disconnect(nodeId: string): void
  isConnected(nodeId: string): boolean
  /** Resolves with the channel's id once the funding transaction is broadcast. */
  openChannel(nodeId: string, capacitySat: bigint, options?: LdkOpening): Promise<string>
  channels(): readonly LdkChannel[]
  createInvoice(amountMsat: bigint | undefined): string
  /** Resolves with the outcome; the payment is not awaited longer than `until` waits. */
  pay(bolt11: string, amountMsat?: bigint): Promise<LdkOutcome>
  /** Pays a direct peer without an invoice, by a preimage in the onion. */
  keysend(nodeId: string, amountMsat: bigint, records?: Readonly<Record<number, Uint8Array>>): Promise<LdkOutcome>
  /** Whether LDK takes the channels that peers open, as it does at first. */
  setAcceptChannels(on: boolean): void
  /** Whether payments received are claimed at once, as they are at first. */
  setAutoClaim(on: boolean): void
  /** What comes for this hash is not claimed at once, whatever is done with others. */
  hold(paymentHash: string): void
  isHeld(paymentHash: string): boolean
  /** All that is held, or what is for one hash. */
  claimHeld(paymentHash?: string): void
  failHeld(paymentHash?: string): void
  closeChannel(channelId: string, options?: LdkClosing): void
  forceClose(channelId: string): void
  /** What LDK takes for the fee rate from now on. It changes the commitments that it pays for. */
  setFeerate(feeratePerKw: number): void
  /** Has LDK resend its on-chain claims, as it does now and then by itself. */
  rebroadcast(): void
  /** Waits until the condition holds, looked at after everything that LDK does. Rejects after `timeoutMs`. */
  until(what: string, condition: () => boolean, timeoutMs?: number): Promise<void>
  stop(): Promise<void>
}

const PUMP_INTERVAL_MS = 20
const PING_INTERVAL_MS = 10_000
const LOWEST_FEERATE = 253

let wasm: Promise<void> | undefined

const loadWasm = (): Promise<void> => {
  wasm ??= readFile(new URL(import.meta.resolve('lightningdevkit/liblightningjs.wasm'))).then((bytes) =>
    ldk.initializeWasmFromBinary(bytes),
  )
  return wasm
}

/** Starts an LDK node in this process, at the tip of the chain. It keeps nothing: a stopped node is gone. */
export const startLdkNode = async (options: LdkNodeOptions): Promise<LdkNode> => {
  await loadWasm()
  return new Node(options)
}

class Node implements LdkNode {
  readonly name: string
  readonly nodeId: string
  readonly events: LdkEvent[] = []
  readonly wallet: LdkWallet
  readonly #chain: LdkChain
  readonly #manager: ldk.ChannelManager
  readonly #monitor: ldk.ChainMonitor
  readonly #peers: ldk.PeerManager
  readonly #keys: ldk.KeysManager
  readonly #bumper: ldk.BumpTransactionEventHandler
  readonly #broadcaster: ldk.BroadcasterInterface
  readonly #sockets: ReturnType<typeof ldkSockets>
  readonly #waiters = new Set<() => void>()
  readonly #toHold = new Set<string>()
  readonly #held = new Map<string, { preimage: Uint8Array; hash: Uint8Array }>()
  readonly #intervals: NodeJS.Timeout[]
  readonly #endBlocks: () => void
  #feerate = LOWEST_FEERATE
  #acceptChannels = true
  #autoClaim = true
  #pumping = false
  #stopped = false

  constructor({ chain, seed, name, onLog }: LdkNodeOptions) {
    this.name = name
    this.#chain = chain
    const seedBytes = new Uint8Array(32)
    new DataView(seedBytes.buffer).setUint32(28, seed)
    this.wallet = ldkWallet(seedBytes)

    const logger = ldk.Logger.new_impl({
      log: (record) => onLog?.(`${name} ${record.get_module_path()}:${record.get_line()} ${record.get_args()}`),
    })
    const feeEstimator = ldk.FeeEstimator.new_impl({ get_est_sat_per_1000_weight: () => this.#feerate })
    this.#broadcaster = ldk.BroadcasterInterface.new_impl({
      broadcast_transactions: (txs) => chain.broadcast(txs.map((tx) => Uint8Array.from(tx))),
    })
    const completed = ldk.ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed
    const persister = ldk.Persist.new_impl({
      persist_new_channel: () => completed,
      update_persisted_channel: () => completed,
      archive_persisted_channel: () => undefined,
    })
    this.#monitor = ldk.ChainMonitor.constructor_new(
      ldk.Option_FilterZ.constructor_none(),
      this.#broadcaster,
      logger,
      feeEstimator,
      persister,
    )
    this.#keys = ldk.KeysManager.constructor_new(seedBytes, 42n, 42)
    const network = ldk.Network.LDKNetwork_Regtest
    const graph = ldk.NetworkGraph.constructor_new(network, logger)
    const scorer = ldk.ProbabilisticScorer.constructor_new(
      ldk.ProbabilisticScoringDecayParameters.constructor_default(),
      graph,
      logger,
    )
    const entropy = this.#keys.as_EntropySource()
    const signer = this.#keys.as_NodeSigner()
    this.#manager = ldk.ChannelManager.constructor_new(
      feeEstimator,
      this.#monitor.as_Watch(),
      this.#broadcaster,
      ldk.DefaultRouter.constructor_new(
        graph,
        logger,
        entropy,
        ldk.MultiThreadedLockableScore.constructor_new(scorer.as_Score()).as_LockableScore(),
        ldk.ProbabilisticScoringFeeParameters.constructor_default(),
      ).as_Router(),
      ldk.DefaultMessageRouter.constructor_new(graph, entropy).as_MessageRouter(),
      logger,
      entropy,
      signer,
      this.#keys.as_SignerProvider(),
      userConfig(),
      ldk.ChainParameters.constructor_new(network, ldk.BestBlock.constructor_new(chain.tip.hash, chain.tip.height)),
      Math.floor(Date.now() / 1000),
    )
    this.nodeId = toHex(this.#manager.get_our_node_id())
    const ignorer = ldk.IgnoringMessageHandler.constructor_new()
    this.#peers = ldk.PeerManager.constructor_new(
      this.#manager.as_ChannelMessageHandler(),
      ldk.P2PGossipSync.constructor_new(
        graph,
        ldk.Option_UtxoLookupZ.constructor_none(),
        logger,
      ).as_RoutingMessageHandler(),
      ignorer.as_OnionMessageHandler(),
      ignorer.as_CustomMessageHandler(),
      Math.floor(Date.now() / 1000),
      entropy.get_secure_random_bytes(),
      logger,
      signer,
    )
    this.#bumper = ldk.BumpTransactionEventHandler.constructor_new(
      this.#broadcaster,
      ldk.Wallet.constructor_new(this.wallet.source, logger).as_CoinSelectionSource(),
      this.#keys.as_SignerProvider(),
      logger,
    )
    this.#sockets = ldkSockets(this.#peers, () => this.#pump())
    this.#endBlocks = chain.onBlock(({ height, bytes }) => {
      const block = decodeBlock(bytes)
      if (block.ok) for (const tx of block.value.txs) this.wallet.confirmed(tx)
      this.#manager.as_Listen().block_connected(bytes, height)
      this.#monitor.as_Listen().block_connected(bytes, height)
      this.#pump()
    })
    this.#intervals = [
      setInterval(() => this.#pump(), PUMP_INTERVAL_MS),
      setInterval(() => this.#peers.timer_tick_occurred(), PING_INTERVAL_MS),
    ]
  }

  listen(port = 0): Promise<number> {
    return this.#sockets.listen(port)
  }

  async connect(host: string, port: number, nodeId: string): Promise<void> {
    await this.#sockets.connect(host, port, fromHex(nodeId))
    await this.until(`a connection to ${nodeId}`, () => this.isConnected(nodeId))
  }

  disconnect(nodeId: string): void {
    this.#peers.disconnect_by_node_id(fromHex(nodeId))
    this.#pump()
  }

  isConnected(nodeId: string): boolean {
    return this.#peers.list_peers().some((peer) => toHex(peer.get_counterparty_node_id()) === nodeId)
  }

  async openChannel(nodeId: string, capacitySat: bigint, options: LdkOpening = {}): Promise<string> {
    const before = this.events.length
    const config = options.kind === undefined ? null : userConfig(options.kind)
    const push = options.pushMsat ?? 0n
    const created = this.#manager.create_channel(fromHex(nodeId), capacitySat, push, 0n, null, config)
    if (!(created instanceof ldk.Result_ChannelIdAPIErrorZ_OK))
      throw new Error(`LDK refuses to open: ${apiError(created)}`)
    this.#pump()
    let outcome: LdkEvent | undefined
    await this.until('the funding transaction', () => {
      // The peer may open a channel at the same time.
      const isOurs = (channelId: string): boolean =>
        this.channels().some((channel) => channel.channelId === channelId && channel.isOpener)
      outcome = this.events
        .slice(before)
        .find(
          (event) =>
            event.type === 'channel-closed' ||
            event.type === 'open-failed' ||
            (event.type === 'channel-pending' && isOurs(event.channelId)),
        )
      return outcome !== undefined
    })
    if (outcome?.type !== 'channel-pending') throw new Error(`the channel did not open: ${describe(outcome)}`)
    return outcome.channelId
  }

  channels(): readonly LdkChannel[] {
    return this.#manager.list_channels().map((details) => {
      // The bindings give null where no funding exists yet, whatever their types say.
      const funding = details.get_funding_txo() as ldk.OutPoint | null
      return {
        channelId: toHex(details.get_channel_id().get_a()),
        peer: toHex(details.get_counterparty().get_node_id()),
        isOpener: Boolean(details.get_is_outbound()),
        isReady: Boolean(details.get_is_channel_ready()),
        isUsable: Boolean(details.get_is_usable()),
        capacitySat: details.get_channel_value_satoshis(),
        localMsat: balanceOf(details),
        outboundMsat: details.get_outbound_capacity_msat(),
        inboundMsat: details.get_inbound_capacity_msat(),
        feeratePerKw: optionalNumber(details.get_feerate_sat_per_1000_weight()),
        peerPolicy: peerPolicyOf(details),
        fundingOutpoint:
          funding === null ? undefined : formatOutPoint({ txid: funding.get_txid(), index: funding.get_index() }),
        shortChannelId: optional(details.get_short_channel_id()),
        inboundAlias: optional(details.get_inbound_scid_alias()),
        pendingHtlcs: details.get_pending_inbound_htlcs().length + details.get_pending_outbound_htlcs().length,
      }
    })
  }

  createInvoice(amountMsat: bigint | undefined): string {
    const amount =
      amountMsat === undefined ? ldk.Option_u64Z.constructor_none() : ldk.Option_u64Z.constructor_some(amountMsat)
    const created = ldk.UtilMethods.constructor_create_invoice_from_channelmanager(
      this.#manager,
      amount,
      `to ${this.name}`,
      3600,
      ldk.Option_u16Z.constructor_none(),
    )
    if (!(created instanceof ldk.Result_Bolt11InvoiceSignOrCreationErrorZ_OK)) throw new Error('LDK makes no invoice')
    return created.res.to_str()
  }

  async pay(bolt11: string, amountMsat?: bigint): Promise<LdkOutcome> {
    const parsed = ldk.Bolt11Invoice.constructor_from_str(bolt11)
    if (!(parsed instanceof ldk.Result_Bolt11InvoiceParseOrSemanticErrorZ_OK))
      throw new Error('LDK cannot read the invoice')
    const parameters =
      amountMsat === undefined
        ? ldk.UtilMethods.constructor_payment_parameters_from_invoice(parsed.res)
        : ldk.UtilMethods.constructor_payment_parameters_from_variable_amount_invoice(parsed.res, amountMsat)
    if (!(parameters instanceof ldk.Result_C3Tuple_ThirtyTwoBytesRecipientOnionFieldsRouteParametersZNoneZ_OK))
      throw new Error('the invoice has no amount, or another one')
    const hash = parameters.res.get_a()
    const paymentHash = toHex(hash)
    const before = this.events.length
    const sent = this.#manager.send_payment(
      hash,
      parameters.res.get_b(),
      hash,
      parameters.res.get_c(),
      ldk.Retry.constructor_attempts(1),
    )
    if (!(sent instanceof ldk.Result_NoneRetryableSendFailureZ_OK)) {
      const reason = sent instanceof ldk.Result_NoneRetryableSendFailureZ_Err ? ldk.RetryableSendFailure[sent.err] : ''
      return { type: 'payment-failed', paymentHash, reason: reason ?? '' }
    }
    return this.#outcome(paymentHash, before)
  }

  keysend(nodeId: string, amountMsat: bigint, records: Readonly<Record<number, Uint8Array>> = {}): Promise<LdkOutcome> {
    const before = this.events.length
    const preimage = new Uint8Array(32).fill(Number(amountMsat % 251n))
    const paymentHash = sha256(preimage)
    const sent = this.#manager.send_spontaneous_payment(
      ldk.Option_ThirtyTwoBytesZ.constructor_some(preimage),
      recipientFields(records),
      paymentHash,
      ldk.RouteParameters.constructor_from_payment_params_and_value(
        ldk.PaymentParameters.constructor_for_keysend(fromHex(nodeId), 40, false),
        amountMsat,
      ),
      ldk.Retry.constructor_attempts(0),
    )
    if (!(sent instanceof ldk.Result_ThirtyTwoBytesRetryableSendFailureZ_OK)) throw new Error('LDK sends no keysend')
    return this.#outcome(toHex(paymentHash), before)
  }

  async #outcome(paymentHash: string, before: number): Promise<LdkOutcome> {
    this.#pump()
    let outcome: LdkOutcome | undefined
    await this.until(`the outcome of payment ${paymentHash}`, () => {
      for (const event of this.events.slice(before))
        if ((event.type === 'payment-sent' || event.type === 'payment-failed') && event.paymentHash === paymentHash)
          outcome = event
      return outcome !== undefined
    })
    if (outcome === undefined) throw new Error('unreachable')
    return outcome
  }

  setAcceptChannels(on: boolean): void {
    this.#acceptChannels = on
  }

  setAutoClaim(on: boolean): void {
    this.#autoClaim = on
  }

  hold(paymentHash: string): void {
    this.#toHold.add(paymentHash)
  }

  isHeld(paymentHash: string): boolean {
    return this.#held.has(paymentHash)
  }

  claimHeld(paymentHash?: string): void {
    for (const { preimage } of this.#release(paymentHash)) this.#manager.claim_funds(preimage)
    this.#pump()
  }

  failHeld(paymentHash?: string): void {
    for (const { hash } of this.#release(paymentHash)) this.#manager.fail_htlc_backwards(hash)
    this.#pump()
  }

  #release(paymentHash: string | undefined) {
    const released = [...this.#held].filter(([hash]) => paymentHash === undefined || hash === paymentHash)
    for (const [hash] of released) this.#held.delete(hash)
    return released.map(([, held]) => held)
  }

  closeChannel(channelId: string, { script, feeratePerKw }: LdkClosing = {}): void {
    const { id, peer } = this.#channel(channelId)
    const feerate =
      feeratePerKw === undefined ? ldk.Option_u32Z.constructor_none() : ldk.Option_u32Z.constructor_some(feeratePerKw)
    const target = script === undefined ? null : shutdownScript(script)
    const closed = this.#manager.close_channel_with_feerate_and_script(id, peer, feerate, target)
    if (!(closed instanceof ldk.Result_NoneAPIErrorZ_OK)) throw new Error(`LDK refuses to close: ${apiError(closed)}`)
    this.#pump()
  }

  forceClose(channelId: string): void {
    const { id, peer } = this.#channel(channelId)
    const closed = this.#manager.force_close_broadcasting_latest_txn(id, peer, 'asked to')
    if (!(closed instanceof ldk.Result_NoneAPIErrorZ_OK)) throw new Error(`LDK refuses to close: ${apiError(closed)}`)
    this.#pump()
  }

  setFeerate(feeratePerKw: number): void {
    this.#feerate = feeratePerKw
    this.#manager.timer_tick_occurred()
    this.#pump()
  }

  rebroadcast(): void {
    this.#monitor.rebroadcast_pending_claims()
    this.#pump()
  }

  until(what: string, condition: () => boolean, timeoutMs = PATIENCE_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(check)
      }
      const check = (): void => {
        try {
          if (!condition()) return
        } catch (error) {
          end()
          reject(error)
          return
        }
        end()
        resolve()
      }
      const timer = setTimeout(() => {
        end()
        reject(
          new Error(`${this.name} waited ${timeoutMs} ms for ${what}; events: ${this.events.map(describe).join(', ')}`),
        )
      }, timeoutMs)
      this.#waiters.add(check)
      check()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const interval of this.#intervals) clearInterval(interval)
    this.#endBlocks()
    this.#peers.disconnect_all_peers()
    await this.#sockets.close()
  }

  #channel(channelId: string): { id: ldk.ChannelId; peer: Uint8Array } {
    const found = this.#manager.list_channels().find((details) => toHex(details.get_channel_id().get_a()) === channelId)
    if (found === undefined) throw new Error(`${this.name} has no channel ${channelId}`)
    return { id: found.get_channel_id(), peer: found.get_counterparty().get_node_id() }
  }

  /** Lets LDK do what it has to: events may cause messages, and messages events. */
  #pump(): void {
    // LDK must not be entered again from inside one of its own calls.
    if (this.#pumping || this.#stopped) return
    this.#pumping = true
    this.#peers.process_events()
    for (let events = this.#takeEvents(); events.length > 0; events = this.#takeEvents()) {
      for (const event of events) this.#handle(event)
      this.#peers.process_events()
    }
    this.#pumping = false
    for (const check of [...this.#waiters]) check()
  }

  #takeEvents(): readonly ldk.Event[] {
    const events: ldk.Event[] = []
    const handler = ldk.EventHandler.new_impl({
      handle_event(event) {
        events.push(event)
        return ldk.Result_NoneReplayEventZ.constructor_ok()
      },
    })
    this.#manager.as_EventsProvider().process_pending_events(handler)
    this.#monitor.as_EventsProvider().process_pending_events(handler)
    return events
  }

  #handle(event: ldk.Event): void {
    if (event instanceof ldk.Event_OpenChannelRequest) {
      const { temporary_channel_id: id, counterparty_node_id: peer } = event
      if (this.#acceptChannels) this.#manager.accept_inbound_channel(id, peer, 0n)
      else this.#manager.force_close_without_broadcasting_txn(id, peer, 'no more channels')
    } else if (event instanceof ldk.Event_FundingGenerationReady) {
      this.#fund(event)
    } else if (event instanceof ldk.Event_PendingHTLCsForwardable) {
      this.#manager.process_pending_htlc_forwards()
    } else if (event instanceof ldk.Event_PaymentClaimable) {
      this.#claimable(event)
    } else if (event instanceof ldk.Event_BumpTransaction) {
      this.#bumper.handle_event(event.bump_transaction)
    } else if (event instanceof ldk.Event_SpendableOutputs) {
      this.#sweep(event)
    } else this.events.push(reported(event))
  }

  #fund(event: ldk.Event_FundingGenerationReady): void {
    const { temporary_channel_id: temporaryId, counterparty_node_id: peer } = event
    const fund = async (): Promise<void> => {
      const script = Uint8Array.from(event.output_script)
      const tx = await this.#chain.fund({ script, amountSat: event.channel_value_satoshis })
      if (this.#stopped) return
      const taken = this.#manager.funding_transaction_generated(temporaryId, peer, tx)
      if (!(taken instanceof ldk.Result_NoneAPIErrorZ_OK)) throw new Error(apiError(taken))
    }
    fund()
      .catch((error: unknown) => this.events.push({ type: 'open-failed', reason: String(error) }))
      .finally(() => this.#pump())
  }

  #claimable(event: ldk.Event_PaymentClaimable): void {
    const paymentHash = toHex(event.payment_hash)
    this.events.push({ type: 'payment-claimable', paymentHash, amountMsat: event.amount_msat })
    const preimage = event.purpose.preimage()
    if (!(preimage instanceof ldk.Option_ThirtyTwoBytesZ_Some)) return
    if (this.#autoClaim && !this.#toHold.has(paymentHash)) this.#manager.claim_funds(preimage.some)
    else this.#held.set(paymentHash, { preimage: preimage.some, hash: event.payment_hash })
  }

  #sweep(event: ldk.Event_SpendableOutputs): void {
    const spent = this.#keys
      .as_OutputSpender()
      .spend_spendable_outputs(
        event.outputs,
        [],
        this.wallet.script,
        LOWEST_FEERATE,
        ldk.Option_u32Z.constructor_none(),
      )
    if (!(spent instanceof ldk.Result_TransactionNoneZ_OK)) return
    this.events.push({ type: 'swept', outputs: event.outputs.length })
    this.#chain.broadcast([Uint8Array.from(spent.res)])
  }
}

const shutdownScript = (script: Uint8Array): ldk.ShutdownScript => {
  const parsed = parseWitnessProgram(script)
  if (parsed === undefined) throw new Error('not a witness program')
  const program = ldk.WitnessProgram.constructor_new(parsed.program, new WitnessVersion(parsed.version))
  const made = ldk.ShutdownScript.constructor_new_witness_program(program)
  if (!(made instanceof ldk.Result_ShutdownScriptInvalidShutdownScriptZ_OK)) throw new Error('LDK takes no such script')
  return made.res
}

const recipientFields = (records: Readonly<Record<number, Uint8Array>>): ldk.RecipientOnionFields => {
  const fields = ldk.RecipientOnionFields.constructor_spontaneous_empty()
  const tlvs = Object.entries(records).map(([type, value]) =>
    ldk.TwoTuple_u64CVec_u8ZZ.constructor_new(BigInt(type), value),
  )
  if (tlvs.length === 0) return fields
  const made = fields.with_custom_tlvs(tlvs)
  if (!(made instanceof ldk.Result_RecipientOnionFieldsNoneZ_OK)) throw new Error('LDK takes no such records')
  return made.res
}

const userConfig = (kind?: 'announced' | 'scid-alias'): ldk.UserConfig => {
  const config = ldk.UserConfig.constructor_default()
  const handshake = ldk.ChannelHandshakeConfig.constructor_default()
  handshake.set_negotiate_anchors_zero_fee_htlc_tx(true)
  handshake.set_minimum_depth(1)
  handshake.set_max_inbound_htlc_value_in_flight_percent_of_channel(100)
  handshake.set_our_htlc_minimum_msat(1n)
  handshake.set_announce_for_forwarding(kind === 'announced')
  if (kind === 'scid-alias') handshake.set_negotiate_scid_privacy(true)
  // Or it could close to this one script only.
  handshake.set_commit_upfront_shutdown_pubkey(false)
  config.set_channel_handshake_config(handshake)
  const limits = ldk.ChannelHandshakeLimits.constructor_default()
  limits.set_force_announced_channel_preference(false)
  config.set_channel_handshake_limits(limits)
  // Accepted by hand, or LDK would let an anchors channel become one without.
  config.set_manually_accept_inbound_channels(true)
  config.set_accept_forwards_to_priv_channels(true)
  return config
}

const reported = (event: ldk.Event): LdkEvent => {
  if (event instanceof ldk.Event_ChannelPending)
    return {
      type: 'channel-pending',
      channelId: toHex(event.channel_id.get_a()),
      peer: toHex(event.counterparty_node_id),
    }
  if (event instanceof ldk.Event_ChannelReady)
    return {
      type: 'channel-ready',
      channelId: toHex(event.channel_id.get_a()),
      peer: toHex(event.counterparty_node_id),
    }
  if (event instanceof ldk.Event_ChannelClosed)
    return { type: 'channel-closed', channelId: toHex(event.channel_id.get_a()), reason: event.reason.to_str() }
  if (event instanceof ldk.Event_PaymentClaimed)
    return { type: 'payment-claimed', paymentHash: toHex(event.payment_hash), amountMsat: event.amount_msat }
  if (event instanceof ldk.Event_PaymentSent)
    return {
      type: 'payment-sent',
      paymentHash: toHex(event.payment_hash),
      preimage: toHex(event.payment_preimage),
      feeMsat: optional(event.fee_paid_msat) ?? 0n,
    }
  if (event instanceof ldk.Event_PaymentFailed)
    return { type: 'payment-failed', paymentHash: toHex(event.payment_id), reason: failureReason(event.reason) }
  if (event instanceof ldk.Event_PaymentForwarded)
    return {
      type: 'payment-forwarded',
      amountMsat: optional(event.outbound_amount_forwarded_msat) ?? 0n,
      feeMsat: optional(event.total_fee_earned_msat) ?? 0n,
    }
  if (event instanceof ldk.Event_HTLCHandlingFailed) return { type: 'htlc-failed' }
  return { type: 'other', name: event.constructor.name }
}

const failureReason = (reason: ldk.Option_PaymentFailureReasonZ): string =>
  reason instanceof ldk.Option_PaymentFailureReasonZ_Some ? (ldk.PaymentFailureReason[reason.some] ?? '') : ''

// LDK counts what may be sent: what is left of its balance above the reserve that the peer asks for.
const balanceOf = (details: ldk.ChannelDetails): bigint => {
  const outbound = details.get_outbound_capacity_msat()
  return outbound === 0n ? 0n : outbound + (optional(details.get_unspendable_punishment_reserve()) ?? 0n) * 1000n
}

const peerPolicyOf = (details: ldk.ChannelDetails): LdkPeerPolicy | undefined => {
  // The bindings give null where no channel_update has come, whatever their types say.
  const info = details.get_counterparty().get_forwarding_info() as ldk.CounterpartyForwardingInfo | null
  return info === null
    ? undefined
    : {
        feeBaseMsat: info.get_fee_base_msat(),
        feeProportionalMillionths: info.get_fee_proportional_millionths(),
        cltvExpiryDelta: info.get_cltv_expiry_delta(),
      }
}

const optional = (value: ldk.Option_u64Z): bigint | undefined =>
  value instanceof ldk.Option_u64Z_Some ? value.some : undefined

const optionalNumber = (value: ldk.Option_u32Z): number | undefined =>
  value instanceof ldk.Option_u32Z_Some ? value.some : undefined

const apiError = (result: object): string => {
  const error: unknown = 'err' in result ? result.err : undefined
  return typeof error === 'object' && error !== null && 'err' in error ? String(error.err) : String(error)
}

const describe = (event: LdkEvent | undefined): string =>
  event === undefined ? 'nothing' : Object.values(event).map(String).join(' ')
