import type { Tx } from '../../../core/src/bitcoin/transaction.ts'
import { fundingOutputScript } from '../../../core/src/channel/commitments/build-commitment.ts'
import { latest } from '../../../core/src/channel/commitments/commitments.ts'
import { type ChannelState, newChannel } from '../../../core/src/channel/state/channel-state.ts'
import type { Effect } from '../../../core/src/channel/state/effects.ts'
import type { ChannelInput, ChannelMessage } from '../../../core/src/channel/state/inputs.ts'
import { newSession } from '../../../core/src/channel/state/session.ts'
import { FEATURES, TestParty } from '../../../core/src/channel/transitions/fixtures/test-party.ts'
import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../../core/src/crypto/secp256k1.ts'
import { encodeInvoice } from '../../../core/src/invoice/encode-invoice.ts'
import { toHex, utf8Encode } from '../../../core/src/lib/bytes.ts'
import { initOf, nodeOf, RawPeer } from '../../../core/src/node/connection/fixtures/raw-peer.ts'
import { formatFeatures } from '../../../core/src/wire/features.ts'
import type { Message, UnknownMessage } from '../../../core/src/wire/messages/message.ts'
import type { TestNode } from './world.ts'

/** One of the peer's channels; the peer's own end of it is a pure state machine, which the test may go past. */
interface ScriptedChannel {
  readonly party: TestParty
  readonly temporaryChannelId: string
}

/** What the peer does with a message before its channels see it; `true`: nothing more. */
export type Habit = (message: Message | UnknownMessage) => boolean

/**
 * A peer of another make: it keeps its channels as the protocol says, pays out what it is paid, and has the habits that the
 * test gives it.
 */
export class ScriptedPeer {
  readonly nodeId: Uint8Array
  readonly received: (Message | UnknownMessage)[] = []
  habits: Habit[] = []
  /** What becomes of its channels' messages before they leave. */
  alter: (message: ChannelMessage) => ChannelMessage = (message) => message
  readonly #node: TestNode
  readonly #byte: number
  readonly #channels: ScriptedChannel[] = []
  readonly #preimages = new Map<string, Uint8Array>()
  #raw: RawPeer | undefined
  #epoch = 0
  #opened = 0
  #invoices = 0
  #waiting: (() => void)[] = []

  constructor(node: TestNode, byte: number) {
    this.#node = node
    this.#byte = byte
    this.nodeId = nodeOf(byte).nodeId
  }

  get id(): string {
    return toHex(this.nodeId)
  }

  get isConnected(): boolean {
    return this.#raw !== undefined
  }

  /** Calls the node. Channels that live are reestablished, but those that the peer says nothing about. */
  async connect({ silentAbout = [] }: { readonly silentAbout?: readonly string[] } = {}): Promise<void> {
    const raw = await RawPeer.dial(this.#node.node.port ?? 0)
    await raw.initiate(this.#byte, this.#node.node.nodeId)
    raw.send(initOf(FEATURES))
    this.#raw = raw
    const epoch = ++this.#epoch
    for (const { party } of this.#channels) {
      if (!silentAbout.includes(channelIdOfParty(party))) {
        this.#run(party, { type: 'connected', epoch, remoteFeatures: FEATURES })
      }
    }
    void this.#listen(raw)
  }

  /** Hangs up, as a process that ends does. */
  async disconnect(): Promise<void> {
    const raw = this.#raw
    if (raw === undefined) return
    raw.socket.end()
    await raw.ended
    await this.until(() => this.#raw !== raw)
  }

  send(...messages: readonly Message[]): void {
    this.#raw?.send(...messages)
  }

  /** Looks again after each message and each end of a connection. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** The peer's end of a channel. */
  party(channelId: string): TestParty {
    const found = this.#channels.find(({ party }) => channelIdOfParty(party) === channelId)
    if (found === undefined) throw new Error('no such channel')
    return found.party
  }

  /** Tells the peer's end that the funding is deep enough. */
  confirm(channelId: string): void {
    const party = this.party(channelId)
    const commitment = latest(party.funded)
    const { fundingOutpoint, fundingAmount } = commitment.localParams
    const output = { amount: fundingAmount, script: fundingOutputScript(commitment) }
    const tx: Tx = { version: 2, inputs: [], outputs: Array(fundingOutpoint.index + 1).fill(output), lockTime: 0 }
    this.#run(party, { type: 'confirmed', txid: fundingOutpoint.txid, tx, blockHeight: 100, txIndex: 1 })
  }

  /** Begins to open a channel to the node; the funding is made up. */
  open(pushMsat: bigint): TestParty {
    const party = this.#begin(`of-${this.#byte}-${this.#opened++}`)
    this.#run(party, {
      type: 'open',
      requestId: 'open',
      keys: party.keys,
      funding: 200_000n,
      pushMsat,
      announce: false,
      fundingFeeratePerKw: 1000,
      upfrontShutdown: false,
    })
    return party
  }

  /** Forgets a channel. */
  forgetParty(party: TestParty): void {
    const at = this.#channels.findIndex((channel) => channel.party === party)
    this.#channels.splice(at, 1)
  }

  /** A payment of the peer's own. */
  hold(): { readonly paymentHash: Uint8Array } {
    return { paymentHash: sha256(utf8Encode(`held ${this.#byte} ${this.#invoices++}`)) }
  }

  invoice(amountMsat: bigint): string {
    const preimage = sha256(utf8Encode(`invoice ${this.#byte} ${this.#invoices++}`))
    const paymentHash = sha256(preimage)
    this.#preimages.set(toHex(paymentHash), preimage)
    return encodeInvoice(
      {
        network: 'regtest',
        amountMsat,
        timestamp: Math.floor(Date.now() / 1000),
        paymentHash,
        paymentSecret: sha256(paymentHash),
        description: 'scripted',
        expirySeconds: 3600,
        minFinalCltvExpiryDelta: 40,
        features: formatFeatures({ var_onion_optin: 'mandatory', payment_secret: 'mandatory' }, 'invoice'),
        routeHints: [],
        fallbackAddresses: [],
      },
      (digest) => secp256k1.signRecoverable(digest, nodeOf(this.#byte).privateKey),
    )
  }

  /** Gives an input to the peer's end of a channel, and sends what follows. */
  run(channelId: string, input: ChannelInput): readonly Effect[] {
    return this.#run(this.party(channelId), input)
  }

  runOf(party: TestParty, input: ChannelInput): readonly Effect[] {
    return this.#run(party, input)
  }

  async #listen(raw: RawPeer): Promise<void> {
    for (;;) {
      const message = await raw.message()
      if (this.#raw !== raw) return
      if (message === undefined) break
      this.received.push(message)
      if (!this.habits.some((habit) => habit(message))) this.#receive(message)
      this.#wake()
    }
    this.#raw = undefined
    for (const { party } of this.#channels) party.run({ type: 'disconnected', epoch: this.#epoch })
    this.#wake()
  }

  #receive(message: Message | UnknownMessage): void {
    if (message.type === 'open_channel') {
      const party = this.#begin(`to-${this.#byte}-${this.#opened++}`, message.temporaryChannelId)
      this.#run(party, { type: 'peer-message', epoch: this.#epoch, message })
      this.#run(party, { type: 'accept', keys: party.keys, upfrontShutdown: false })
      return
    }
    // BOLT 1, ping: one that asks for more than a message holds is not answered.
    if (message.type === 'ping' && message.numPongBytes < 65_532)
      this.send({ type: 'pong', ignored: new Uint8Array(message.numPongBytes) })
    const id = nameIn(message)
    const channel = this.#channels.find(
      ({ party, temporaryChannelId }) => temporaryChannelId === id || channelIdOfParty(party) === id,
    )
    if (channel === undefined) return
    const { party } = channel
    const input = { type: 'peer-message', epoch: this.#epoch, message: message as ChannelMessage } as const
    for (const effect of this.#run(party, input)) if (effect.type === 'forward') this.#payOut(party, effect)
    this.#run(party, { type: 'sign' })
  }

  #payOut(party: TestParty, { htlc }: Extract<Effect, { type: 'forward' }>): void {
    const preimage = this.#preimages.get(toHex(htlc.paymentHash))
    this.#run(
      party,
      preimage === undefined
        ? { type: 'fail-htlc', htlcId: htlc.id, reason: new Uint8Array(292) }
        : { type: 'fulfil-htlc', htlcId: htlc.id, preimage },
    )
  }

  #begin(name: string, temporaryChannelId: Uint8Array = sha256(utf8Encode(name))): TestParty {
    const party = new TestParty(name, 'node')
    const session = newSession(this.#epoch, FEATURES, true)
    party.state = newChannel(party.nodeId, party.keys.remoteNodeId, temporaryChannelId, session)
    this.#channels.push({ party, temporaryChannelId: toHex(temporaryChannelId) })
    return party
  }

  #run(party: TestParty, input: ChannelInput): readonly Effect[] {
    const effects = party.run(input)
    // Its updates would be signed by the party's key and not by the peer's.
    const messages = party.messages(effects).filter(({ type }) => type !== 'channel_update')
    if (messages.length > 0) this.send(...messages.map((message) => this.alter(message)))
    return effects
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}

/** What a message says it is about. */
export const nameIn = (message: Message | UnknownMessage): string | undefined => {
  if ('channelId' in message) return toHex(message.channelId)
  return 'temporaryChannelId' in message ? toHex(message.temporaryChannelId) : undefined
}

const channelIdOfParty = ({ state: { durable } }: { readonly state: ChannelState }): string => {
  if ('params' in durable) return toHex(durable.params.channelId)
  return durable.phase === 'closed' ? toHex(durable.channelId) : ''
}

/** As Core Lightning: any word about such a channel is answered by an error and the end of the connection. */
export const hangsUpAbout =
  (peer: ScriptedPeer, channelId: string): Habit =>
  (message) => {
    if (nameIn(message) !== channelId) return false
    peer.send({ type: 'error', channelId: channelIdBytes(message), data: utf8Encode('channel is closed') })
    void peer.disconnect()
    return true
  }

const channelIdBytes = (message: Message | UnknownMessage): Uint8Array => {
  if (!('channelId' in message)) throw new Error('about no channel')
  return message.channelId
}
