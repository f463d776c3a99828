import { readFile } from 'node:fs/promises'
import * as ldk from 'lightningdevkit'
import { sha256 } from '../../../../core/src/crypto/hashes.ts'
import { fromHex, toHex, utf8Encode } from '../../../../core/src/lib/bytes.ts'
import type { ShortChannelId } from '../../../../core/src/lib/ids.ts'
import { PATIENCE_MS } from '../../../support/patience.ts'
import type { LdkBlock, LdkChain } from './ldk-chain.ts'
import { channelOf, type LdkChannel } from './ldk-channels.ts'
import { userConfig } from './ldk-config.ts'
import { describe, type LdkEvent, reported } from './ldk-events.ts'
import { assembleLdk, type LdkParts, type LdkState } from './ldk-parts.ts'
import { apiError, recipientFields, shutdownScript } from './ldk-values.ts'
import { type LdkWallet, ldkWallet } from './ldk-wallet.ts'

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
  /** Of how many directions of an announced channel its graph has an update; `undefined` if it has no such channel. */
  announcedDirections(shortChannelId: ShortChannelId): number | undefined
  createInvoice(amountMsat: bigint | undefined): string
  /** Resolves with the outcome; the payment is not awaited longer than `until` waits. */
  pay(bolt11: string, amountMsat?: bigint): Promise<LdkOutcome>
  /** The same for an invoice of BOLT 12, whoever asked for it. */
  payOverPaths(invoice: Uint8Array): Promise<LdkOutcome>
  /** Pays a direct peer without an invoice, by a preimage in the onion. */
  /** Of any amount. */
  createOffer(): string
  createRefund(amountMsat: bigint): string
  /** Its payment hash. */
  claimRefund(refund: string): string
  payOffer(offer: string): Promise<LdkOutcome>
  keysend(nodeId: string, amountMsat: bigint, records?: Readonly<Record<number, Uint8Array>>): Promise<LdkOutcome>
  /** Whether LDK takes the channels that peers open, as it does at first. */
  setAcceptChannels(on: boolean): void
  /** Whether LDK uses these before their funding confirms. */
  setTrustsOpeners(on: boolean): void
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
  /** Takes down the commitment of now. The answer publishes it. */
  rememberCommitment(channelId: string): () => void
  /** What LDK takes for the fee rate from now on. It changes the commitments that it pays for. */
  setFeerate(feeratePerKw: number): void
  /** Of the first HTLC of what it pays. */
  setMaxExpiryDelta(blocks: number): void
  /** Has LDK resend its on-chain claims, as it does now and then by itself. */
  rebroadcast(): void
  /** Waits until the condition holds, looked at after everything that LDK does. Rejects after `timeoutMs`. */
  until(what: string, condition: () => boolean, timeoutMs?: number): Promise<void>
  readonly isRunning: boolean
  /** Stops in good order, and keeps its state for `resume`, which listens on this port. What it reported stays reported. */
  suspend(): Promise<void>
  resume(port: number): Promise<void>
  stop(): Promise<void>
}

const PUMP_INTERVAL_MS = 20
const PING_INTERVAL_MS = 10_000
const LOWEST_FEERATE = 253
/** In seconds since 1970: the year 2096. */
const NO_EXPIRY = 4_000_000_000n

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
  readonly #options: LdkNodeOptions
  readonly #seed: Uint8Array
  #parts: LdkParts
  readonly #waiters = new Set<() => void>()
  readonly #toHold = new Set<string>()
  readonly #held = new Map<string, { preimage: Uint8Array; hash: Uint8Array }>()
  readonly #intervals: NodeJS.Timeout[]
  readonly #endBlocks: () => void
  #feerate = LOWEST_FEERATE
  #maxExpiryDelta: number | undefined
  #acceptChannels = true
  #trustsOpeners = false
  #autoClaim = true
  #pumping = false
  #stopped = false
  #lives = 0
  /** What it keeps while it does not run. */
  #suspended: LdkState | undefined
  readonly #missed: LdkBlock[] = []

  constructor(options: LdkNodeOptions) {
    const { chain, seed, name } = options
    this.#options = options
    this.name = name
    this.#chain = chain
    this.#seed = new Uint8Array(32)
    new DataView(this.#seed.buffer).setUint32(28, seed)
    this.wallet = ldkWallet(this.#seed)
    this.#parts = this.#assemble()
    this.nodeId = toHex(this.#parts.manager.get_our_node_id())
    this.#endBlocks = chain.onBlock((block) => {
      if (this.#suspended !== undefined) {
        this.#missed.push(block)
        return
      }
      this.#parts.connectBlock(block)
      this.#pump()
    })
    this.#intervals = [
      setInterval(() => this.#pump(), PUMP_INTERVAL_MS),
      setInterval(() => this.#tick(), PING_INTERVAL_MS),
    ]
  }

  #assemble(state?: LdkState): LdkParts {
    const { chain, name, onLog } = this.#options
    return assembleLdk({
      chain,
      seed: this.#seed,
      wallet: this.wallet,
      lives: this.#lives++,
      ...(state === undefined ? {} : { state }),
      feerate: () => this.#feerate,
      log: (line) => onLog?.(`${name} ${line}`),
      pump: () => this.#pump(),
    })
  }

  #tick(): void {
    if (this.#suspended === undefined) this.#parts.peers.timer_tick_occurred()
  }

  get isRunning(): boolean {
    return this.#suspended === undefined
  }

  async suspend(): Promise<void> {
    this.#pump()
    const { peers, sockets } = this.#parts
    this.#suspended = this.#parts.save()
    peers.disconnect_all_peers()
    await sockets.close()
  }

  async resume(port: number): Promise<void> {
    if (this.#suspended === undefined) throw new Error(`${this.name} runs`)
    this.#parts = this.#assemble(this.#suspended)
    this.#suspended = undefined
    for (const block of this.#missed.splice(0)) this.#parts.connectBlock(block)
    await this.listen(port)
    this.#pump()
  }

  listen(port = 0): Promise<number> {
    return this.#parts.sockets.listen(port)
  }

  async connect(host: string, port: number, nodeId: string): Promise<void> {
    await this.#parts.sockets.connect(host, port, fromHex(nodeId))
    await this.until(`a connection to ${nodeId}`, () => this.isConnected(nodeId))
  }

  disconnect(nodeId: string): void {
    this.#parts.peers.disconnect_by_node_id(fromHex(nodeId))
    this.#pump()
  }

  isConnected(nodeId: string): boolean {
    return this.#parts.peers.list_peers().some((peer) => toHex(peer.get_counterparty_node_id()) === nodeId)
  }

  async openChannel(nodeId: string, capacitySat: bigint, options: LdkOpening = {}): Promise<string> {
    const before = this.events.length
    const config = options.kind === undefined ? null : userConfig(options.kind)
    const push = options.pushMsat ?? 0n
    const created = this.#parts.manager.create_channel(fromHex(nodeId), capacitySat, push, 0n, null, config)
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

  announcedDirections(shortChannelId: ShortChannelId): number | undefined {
    const graph = this.#parts.graph.read_only()
    try {
      const channel = graph.channel(shortChannelId)
      return channel && [channel.get_one_to_two(), channel.get_two_to_one()].filter((update) => update).length
    } finally {
      // A lock: LDK throws when it is collected as garbage.
      graph.free()
    }
  }

  channels(): readonly LdkChannel[] {
    return this.#parts.manager.list_channels().map(channelOf)
  }

  createInvoice(amountMsat: bigint | undefined): string {
    const amount =
      amountMsat === undefined ? ldk.Option_u64Z.constructor_none() : ldk.Option_u64Z.constructor_some(amountMsat)
    const created = ldk.UtilMethods.constructor_create_invoice_from_channelmanager(
      this.#parts.manager,
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
    if (this.#maxExpiryDelta !== undefined)
      parameters.res.get_c().get_payment_params().set_max_total_cltv_expiry_delta(this.#maxExpiryDelta)
    return this.#send(parameters.res.get_a(), parameters.res.get_b(), parameters.res.get_c())
  }

  async payOverPaths(bytes: Uint8Array): Promise<LdkOutcome> {
    const read = ldk.Bolt12Invoice.constructor_read(bytes)
    if (!(read instanceof ldk.Result_Bolt12InvoiceDecodeErrorZ_OK)) throw new Error('LDK cannot read the invoice')
    const invoice = read.res
    const parameters = ldk.PaymentParameters.constructor_blinded(invoice.payment_paths())
    return this.#send(
      invoice.payment_hash(),
      ldk.RecipientOnionFields.constructor_spontaneous_empty(),
      ldk.RouteParameters.constructor_from_payment_params_and_value(parameters, invoice.amount_msats()),
    )
  }

  async #send(hash: Uint8Array, told: ldk.RecipientOnionFields, parameters: ldk.RouteParameters): Promise<LdkOutcome> {
    const paymentHash = toHex(hash)
    const before = this.events.length
    const sent = this.#parts.manager.send_payment(hash, told, hash, parameters, ldk.Retry.constructor_attempts(1))
    if (!(sent instanceof ldk.Result_NoneRetryableSendFailureZ_OK)) {
      const reason = sent instanceof ldk.Result_NoneRetryableSendFailureZ_Err ? ldk.RetryableSendFailure[sent.err] : ''
      return { type: 'payment-failed', paymentId: paymentHash, reason: reason ?? '' }
    }
    return this.#outcome(paymentHash, before)
  }

  keysend(nodeId: string, amountMsat: bigint, records: Readonly<Record<number, Uint8Array>> = {}): Promise<LdkOutcome> {
    const before = this.events.length
    const preimage = new Uint8Array(32).fill(Number(amountMsat % 251n))
    const paymentHash = sha256(preimage)
    const sent = this.#parts.manager.send_spontaneous_payment(
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

  // What the bindings' builder is told does not come into the offer.
  createOffer(): string {
    const builder = this.#parts.manager.create_offer_builder(ldk.Option_u64Z.constructor_none())
    if (!(builder instanceof ldk.Result_OfferWithDerivedMetadataBuilderBolt12SemanticErrorZ_OK))
      throw new Error('LDK makes no offer')
    const offer = builder.res.build()
    if (!(offer instanceof ldk.Result_OfferBolt12SemanticErrorZ_OK)) throw new Error('LDK makes no such offer')
    return offer.res.to_str()
  }

  payOffer(text: string): Promise<LdkOutcome> {
    const offer = ldk.Offer.constructor_from_str(text)
    if (!(offer instanceof ldk.Result_OfferBolt12ParseErrorZ_OK)) throw new Error('LDK cannot read the offer')
    const before = this.events.length
    const paymentId = sha256(utf8Encode(`${text} ${before}`))
    const none = ldk.Option_u64Z.constructor_none()
    const asked = this.#parts.manager.pay_for_offer(
      offer.res,
      none,
      none,
      ldk.Option_StrZ.constructor_none(),
      paymentId,
      ldk.Retry.constructor_attempts(1),
      none,
    )
    if (!(asked instanceof ldk.Result_NoneBolt12SemanticErrorZ_OK)) throw new Error('LDK asks for no invoice')
    return this.#outcome(toHex(paymentId), before)
  }

  createRefund(amountMsat: bigint): string {
    const builder = this.#parts.manager.create_refund_builder(
      amountMsat,
      NO_EXPIRY,
      sha256(utf8Encode(`refund ${this.events.length}`)),
      ldk.Retry.constructor_attempts(1),
      ldk.Option_u64Z.constructor_none(),
    )
    if (!(builder instanceof ldk.Result_RefundMaybeWithDerivedMetadataBuilderBolt12SemanticErrorZ_OK))
      throw new Error('LDK makes no refund')
    const refund = builder.res.build()
    if (!(refund instanceof ldk.Result_RefundBolt12SemanticErrorZ_OK)) throw new Error('LDK makes no such refund')
    return refund.res.to_str()
  }

  claimRefund(text: string): string {
    const refund = ldk.Refund.constructor_from_str(text)
    if (!(refund instanceof ldk.Result_RefundBolt12ParseErrorZ_OK)) throw new Error('LDK cannot read the refund')
    const invoice = this.#parts.manager.request_refund_payment(refund.res)
    if (!(invoice instanceof ldk.Result_Bolt12InvoiceBolt12SemanticErrorZ_OK)) throw new Error('LDK sends no invoice')
    this.#pump()
    return toHex(invoice.res.payment_hash())
  }

  async #outcome(paymentId: string, before: number): Promise<LdkOutcome> {
    this.#pump()
    let outcome: LdkOutcome | undefined
    await this.until(`the outcome of payment ${paymentId}`, () => {
      for (const event of this.events.slice(before))
        if ((event.type === 'payment-sent' || event.type === 'payment-failed') && event.paymentId === paymentId)
          outcome = event
      return outcome !== undefined
    })
    if (outcome === undefined) throw new Error('unreachable')
    return outcome
  }

  setAcceptChannels(on: boolean): void {
    this.#acceptChannels = on
  }

  setTrustsOpeners(on: boolean): void {
    this.#trustsOpeners = on
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
    for (const { preimage } of this.#release(paymentHash)) this.#parts.manager.claim_funds(preimage)
    this.#pump()
  }

  failHeld(paymentHash?: string): void {
    for (const { hash } of this.#release(paymentHash)) this.#parts.manager.fail_htlc_backwards(hash)
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
    const closed = this.#parts.manager.close_channel_with_feerate_and_script(id, peer, feerate, target)
    if (!(closed instanceof ldk.Result_NoneAPIErrorZ_OK)) throw new Error(`LDK refuses to close: ${apiError(closed)}`)
    this.#pump()
  }

  forceClose(channelId: string): void {
    const { id, peer } = this.#channel(channelId)
    const closed = this.#parts.manager.force_close_broadcasting_latest_txn(id, peer, 'asked to')
    if (!(closed instanceof ldk.Result_NoneAPIErrorZ_OK)) throw new Error(`LDK refuses to close: ${apiError(closed)}`)
    this.#pump()
  }

  rememberCommitment(channelId: string): () => void {
    const found = this.#parts.manager
      .list_channels()
      .find((details) => toHex(details.get_channel_id().get_a()) === channelId)
    if (found === undefined) throw new Error(`${this.name} has no channel ${channelId}`)
    const outpoint = found.get_funding_txo()
    const bytes = this.#parts.saved(outpoint)
    return () => {
      for (const event of this.#parts.publishFrom(bytes)) this.#handle(event)
      this.#pump()
    }
  }

  setFeerate(feeratePerKw: number): void {
    this.#feerate = feeratePerKw
    this.#parts.manager.timer_tick_occurred()
    this.#pump()
  }

  setMaxExpiryDelta(blocks: number): void {
    this.#maxExpiryDelta = blocks
  }

  rebroadcast(): void {
    this.#parts.monitor.rebroadcast_pending_claims()
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
    if (this.#suspended !== undefined) return
    this.#parts.peers.disconnect_all_peers()
    await this.#parts.sockets.close()
  }

  #channel(channelId: string): { id: ldk.ChannelId; peer: Uint8Array } {
    const found = this.#parts.manager
      .list_channels()
      .find((details) => toHex(details.get_channel_id().get_a()) === channelId)
    if (found === undefined) throw new Error(`${this.name} has no channel ${channelId}`)
    return { id: found.get_channel_id(), peer: found.get_counterparty().get_node_id() }
  }

  /** Lets LDK do what it has to: events may cause messages, and messages events. */
  #pump(): void {
    // LDK must not be entered again from inside one of its own calls.
    if (this.#pumping || this.#stopped || this.#suspended !== undefined) return
    this.#pumping = true
    this.#parts.peers.process_events()
    for (let events = this.#takeEvents(); events.length > 0; events = this.#takeEvents()) {
      for (const event of events) this.#handle(event)
      this.#parts.peers.process_events()
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
    this.#parts.manager.as_EventsProvider().process_pending_events(handler)
    this.#parts.monitor.as_EventsProvider().process_pending_events(handler)
    return events
  }

  #handle(event: ldk.Event): void {
    if (event instanceof ldk.Event_OpenChannelRequest) {
      const { temporary_channel_id: id, counterparty_node_id: peer } = event
      const { manager } = this.#parts
      if (this.#trustsOpeners) manager.accept_inbound_channel_from_trusted_peer_0conf(id, peer, 0n)
      else if (this.#acceptChannels) manager.accept_inbound_channel(id, peer, 0n)
      else this.#parts.manager.force_close_without_broadcasting_txn(id, peer, 'no more channels')
    } else if (event instanceof ldk.Event_FundingGenerationReady) {
      this.#fund(event)
    } else if (event instanceof ldk.Event_PendingHTLCsForwardable) {
      this.#parts.manager.process_pending_htlc_forwards()
    } else if (event instanceof ldk.Event_PaymentClaimable) {
      this.#claimable(event)
    } else if (event instanceof ldk.Event_BumpTransaction) {
      this.#parts.bumper.handle_event(event.bump_transaction)
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
      const taken = this.#parts.manager.funding_transaction_generated(temporaryId, peer, tx)
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
    if (this.#autoClaim && !this.#toHold.has(paymentHash)) this.#parts.manager.claim_funds(preimage.some)
    else this.#held.set(paymentHash, { preimage: preimage.some, hash: event.payment_hash })
  }

  #sweep(event: ldk.Event_SpendableOutputs): void {
    const spent = this.#parts.keys
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
