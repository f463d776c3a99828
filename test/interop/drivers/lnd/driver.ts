import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseTxid } from '../../../../core/src/bitcoin/transaction.ts'
import { channelIdOf } from '../../../../core/src/channel/transitions/opening/opening.ts'
import { sha256 } from '../../../../core/src/crypto/hashes.ts'
import { fromHex, toHex } from '../../../../core/src/lib/bytes.ts'
import { parseShortChannelId } from '../../../../core/src/lib/ids.ts'
import { whyNoBitcoind } from '../../../bitcoind/support/bitcoind.ts'
import { freePort } from '../../../support/free-port.ts'
import { waitFor } from '../../../support/wait-for.ts'
import { addressOf, type Ground, scriptOf } from '../../stage/ground.ts'
import { Child } from '../child.ts'
import type {
  Abilities,
  AnnouncedNode,
  CloseOptions,
  InvoiceRequest,
  Opening,
  OurPolicy,
  Outcome,
  PayOptions,
  Peer,
  PeerChannel,
  PeerDriver,
  PeerInvoice,
  Received,
  RelayFees,
} from '../driver.ts'
import { failureNamesIn } from '../failure-names.ts'
import { started } from '../started.ts'
import { type Acceptor, answerOpenings } from './acceptor.ts'
import { type FeeSource, serveFees } from './fees.ts'
import { type LndRest, lndRest } from './rest.ts'

const abilities: Abilities = {
  hold: true,
  'any-amount': true,
  'multi-part': true,
  keysend: true,
  'keysend-in-parts': 'it takes none in parts',
  'custom-records': true,
  'htlc-records': true,
  'amp-invoice': true,
  offers: 'it has no offers',
  refunds: 'it has no refunds',
  'blinded-invoice': 'it makes them over announced channels only',
  'attribution-data': 'it knows no attribution data',
  'failure-names': true,
  'private-hints': true,
  'refuse-openings': true,
  push: true,
  'announced-opening': true,
  'scid-alias-opening': true,
  'taproot-opening': true,
  'zero-conf-opening': true,
  'zero-conf-accepting': true,
  'zero-conf-using': true,
  'large-opening': true,
  'crossing-openings': true,
  'small-opening': 'it opens none below 20,000 sat',
  'fee-estimates': true,
  'commitment-feerate': 'it changes the fee rate of commitments at a random time of 10 to 60 minutes',
  'close-feerate': true,
  'close-to-script': true,
  'close-to-future-script': 'it knows no address of a witness version above 1',
  'close-to-legacy-script': true,
  'simple-close': true,
  'replacements-at-once': true,
  'close-with-htlcs': true,
  'message-log': true,
  'closes-on-error': 'it closes no channel because of an error',
  restart: true,
  kill: true,
  'old-database': true,
  'keeps-backups': 'it keeps nothing for its peers',
  'static-backup': true,
  'force-close': true,
  'revoked-close': 'it gives no commitment away, and publishes none that it has revoked',
  'error-on-force-close': 'it says nothing when it closes alone',
  cuts: 'it cannot be told where to lose a connection',
  'many-pings': true,
  particular: 'only what can be asked of all is asked of it',
  'dual-funding': 'it funds channels alone',
  'opening-terms': true,
  'close-to-at-opening': 'it names one only to who offers the feature',
  'error-on-bad-preimage': true,
  'close-max-feerate': true,
  'hangs-up-on-fee-dispute': 'it stays connected there',
  'pays-again': true,
  'stays-on-fee-dispute': true,
  'relay-fees': true,
  'old-relay-fees': 'it asks for new fees at once',
  'close-deadline': 'it closes alone only when told to',
  'pays-far-ahead': 'it knows no expiry beyond 2016 blocks',
  'relay-expiry': true,
  'beside-others': true,
  'relays-messages': true,
  'own-messages': true,
  'node-details': true,
}

const program = (): string => process.env.LND ?? ''

export const lndDriver: PeerDriver = {
  peer: 'lnd',
  abilities,
  remarks: {
    'the peer hangs up while payments of both sides are under way — each settles once on both sides, or on neither':
      'on every new connection it settles a held HTLC again that it has settled already, fails its own link with "internal error", and never comes to read what we send it once more',
  },
  notes: {
    'we want the peer to relay to one that is away — we read that this channel is of no use now, and pay later':
      'it answers unknown_next_peer',
  },
  ground: 'bitcoind',
  whyMissing() {
    if (program() === '') return 'set LND to the path of lnd (0.20 or later)'
    if (!existsSync(program())) return `LND names ${program()}, which is not there`
    return whyNoBitcoind()
  },
  async version() {
    return /version (\S+)/.exec(execFileSync(program(), ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown'
  },
  async start(ground, name) {
    return started(await LndPeer.make(ground, name))
  },
}

interface LndChannel {
  readonly active: boolean
  readonly channel_point: string
  readonly chan_id: string
  readonly remote_pubkey: string
  readonly capacity: string
  readonly local_balance: string
  readonly fee_per_kw: string
  readonly initiator: boolean
  readonly pending_htlcs: readonly unknown[]
  readonly peer_scid_alias: string
}

interface LndPolicy {
  readonly fee_base_msat: string
  readonly fee_rate_milli_msat: string
  readonly time_lock_delta: number
}

interface LndEdge {
  readonly node1_pub: string
  readonly node1_policy: LndPolicy | null
  readonly node2_policy: LndPolicy | null
}

interface LndPayment {
  readonly status: string
  readonly fee_msat: string
  readonly payment_preimage: string
  readonly failure_reason: string
  readonly htlcs: readonly { readonly failure?: { readonly code: string } }[]
}

/** BOLT 3: the opener pays for both anchors, and for the weight of a commitment without HTLCs. */
const ANCHORS_SAT = 660n
const COMMITMENT_WEIGHT = 1_124n
const KEYSEND_PREIMAGE = 5_482_373_484
/** LND's own default. */
const RELAY_BLOCKS = 80
const PAY_SECONDS = 60

class LndPeer implements Peer {
  readonly name: string
  readonly address: string
  readonly precisionMsat = 1_000n
  readonly leastHtlcMsat = 1_000n
  readonly mostHtlcs = 483
  readonly #ground: Ground
  readonly #folder: string
  readonly #child: Child
  readonly #restUrl: string
  readonly #rest: LndRest
  #acceptor: Acceptor | undefined
  readonly #fees: FeeSource
  /** Of invoices that are held. */
  readonly #preimages = new Map<string, Uint8Array>()
  #nodeId = ''

  static async make(ground: Ground, name: string): Promise<LndPeer> {
    const ports = [await freePort(), await freePort(), await freePort()] as const
    return new LndPeer(ground, name, await serveFees(), ports)
  }

  private constructor(
    ground: Ground,
    name: string,
    fees: FeeSource,
    [port, rpcPort, restPort]: readonly [number, number, number],
  ) {
    this.#fees = fees
    const { bitcoind } = ground
    if (bitcoind === undefined) throw new Error('LND lives on a bitcoind')
    this.#ground = ground
    this.name = name
    this.address = `127.0.0.1:${port}`
    this.#folder = mkdtempSync(join(tmpdir(), 'fulgurite-lnd-'))
    this.#restUrl = `http://127.0.0.1:${restPort}`
    this.#rest = lndRest(this.#restUrl)
    this.#child = new Child(program(), [
      `--lnddir=${join(this.#folder, 'data')}`,
      '--noseedbackup',
      '--no-macaroons',
      '--no-rest-tls',
      '--nobootstrap',
      `--listen=${this.address}`,
      `--rpclisten=127.0.0.1:${rpcPort}`,
      `--restlisten=127.0.0.1:${restPort}`,
      '--accept-keysend',
      '--accept-amp',
      '--maxpendingchannels=20',
      '--trickledelay=50',
      `--fee.url=${fees.url}`,
      '--fee.min-update-timeout=250ms',
      '--fee.max-update-timeout=500ms',
      '--protocol.wumbo-channels',
      '--protocol.option-scid-alias',
      '--protocol.zero-conf',
      '--protocol.simple-taproot-chans',
      '--protocol.rbf-coop-close',
      '--bitcoin.regtest',
      '--bitcoin.node=bitcoind',
      `--bitcoind.rpchost=${new URL(bitcoind.rpcUrl).host}`,
      `--bitcoind.rpccookie=${bitcoind.cookiePath}`,
      `--bitcoind.zmqpubrawblock=${bitcoind.zmqUrl}`,
      `--bitcoind.zmqpubrawtx=${bitcoind.zmqTxUrl}`,
      '--debuglevel=info,PEER=debug,HSWC=debug',
    ])
  }

  get nodeId(): string {
    return this.#nodeId
  }

  get isRunning(): boolean {
    return this.#child.isRunning
  }

  async start(): Promise<void> {
    this.#acceptor = undefined
    this.#child.start()
    const height = await this.#ground.height()
    await this.#until('answers', async () => {
      const { state } = await this.#rest.call<{ state: string }>('GET', '/v1/state')
      return state === 'SERVER_ACTIVE' && (await this.knowsBlock(height))
    })
    this.#nodeId = (await this.#rest.call<{ identity_pubkey: string }>('GET', '/v1/getinfo')).identity_pubkey
  }

  async stop(): Promise<void> {
    await this.#child.end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#child.end('SIGKILL')
  }

  async saveDatabase(): Promise<void> {
    rmSync(join(this.#folder, 'copy'), { recursive: true, force: true })
    cpSync(join(this.#folder, 'data'), join(this.#folder, 'copy'), { recursive: true })
  }

  async restoreDatabase(): Promise<void> {
    rmSync(join(this.#folder, 'data'), { recursive: true, force: true })
    cpSync(join(this.#folder, 'copy'), join(this.#folder, 'data'), { recursive: true })
  }

  async loseDatabase(): Promise<void> {
    const chain = join(this.#folder, 'data', 'data', 'chain', 'bitcoin', 'regtest')
    // It writes over the file when it starts without channels.
    copyFileSync(join(chain, 'channel.backup'), this.#staticBackup)
    rmSync(join(this.#folder, 'data', 'data', 'graph'), { recursive: true })
  }

  async restoreStaticBackup(): Promise<void> {
    await this.#rest.call('POST', '/v1/channels/backup/restore', {
      multi_chan_backup: base64(readFileSync(this.#staticBackup)),
    })
  }

  get #staticBackup(): string {
    return join(this.#folder, 'channel.backup')
  }

  restartWith(): Promise<void> {
    return Promise.reject(new Error(String(abilities.cuts)))
  }

  async knowsBlock(height: number): Promise<boolean> {
    const info = await this.#rest.call<{ block_height: number; synced_to_chain: boolean }>('GET', '/v1/getinfo')
    return info.synced_to_chain && info.block_height >= height
  }

  async newScript(): Promise<Uint8Array> {
    const { address } = await this.#rest.call<{ address: string }>('GET', '/v1/newaddress?type=WITNESS_PUBKEY_HASH')
    return scriptOf(address)
  }

  async walletSat(): Promise<bigint> {
    const balance = await this.#rest.call<{ confirmed_balance: string }>('GET', '/v1/balance/blockchain')
    return BigInt(balance.confirmed_balance)
  }

  async connect(nodeId: string, address: string): Promise<void> {
    await this.#rest.call('POST', '/v1/peers', { addr: { pubkey: nodeId, host: address }, perm: false })
    await this.#until(`is connected to ${nodeId}`, () => this.isConnected(nodeId))
  }

  async disconnect(nodeId: string): Promise<void> {
    // The connection may end by itself just then.
    await this.#rest.call('DELETE', `/v1/peers/${nodeId}`).catch((error: Error) => {
      if (!error.message.includes('is not connected')) throw error
    })
  }

  async isConnected(nodeId: string): Promise<boolean> {
    const { peers } = await this.#rest.call<{ peers: readonly { pub_key: string }[] }>('GET', '/v1/peers')
    return peers.some((peer) => peer.pub_key === nodeId)
  }

  async openChannel(
    nodeId: string,
    { capacitySat, pushMsat = 0n, kind, reserveSat, closeTo }: Opening,
  ): Promise<string> {
    const opened = await this.#rest.call<{ funding_txid_bytes: string; output_index: number }>('POST', '/v1/channels', {
      node_pubkey: base64(fromHex(nodeId)),
      local_funding_amount: String(capacitySat),
      push_sat: String(pushMsat / 1000n),
      private: kind !== 'announced',
      sat_per_vbyte: '1',
      ...(reserveSat === undefined ? {} : { remote_chan_reserve_sat: String(reserveSat) }),
      ...(closeTo === undefined ? {} : { close_address: addressOf(closeTo) }),
      ...OPENING_KINDS[kind ?? 'plain'],
    })
    return toHex(channelIdOf({ txid: fromBase64(opened.funding_txid_bytes), index: opened.output_index }))
  }

  async setTrustsOpeners(on: boolean): Promise<void> {
    ;(await this.#answering()).trusts = on
  }

  async setAcceptChannels(on: boolean): Promise<void> {
    ;(await this.#answering()).accepts = on
  }

  async #answering(): Promise<Acceptor> {
    this.#acceptor ??= await answerOpenings(this.#restUrl)
    return this.#acceptor
  }

  async channels(): Promise<readonly PeerChannel[]> {
    const listed = await this.#list()
    return Promise.all(listed.map((channel) => this.#peerChannel(channel)))
  }

  async #list(): Promise<readonly LndChannel[]> {
    return (await this.#rest.call<{ channels: readonly LndChannel[] }>('GET', '/v1/channels')).channels
  }

  async #peerChannel(channel: LndChannel): Promise<PeerChannel> {
    // Its `commit_fee` has what both sides' balances were rounded down by in it, too.
    const fee = (BigInt(channel.fee_per_kw) * COMMITMENT_WEIGHT) / 1000n
    const withheld = channel.initiator ? fee + ANCHORS_SAT : 0n
    const ourPolicy = await this.#ourPolicy(channel)
    return {
      channelId: idOfPoint(channel.channel_point),
      isUsable: channel.active,
      isOpener: channel.initiator,
      capacitySat: BigInt(channel.capacity),
      localMsat: (BigInt(channel.local_balance) + withheld) * 1000n,
      pendingHtlcs: channel.pending_htlcs.length,
      feeratePerKw: Number(channel.fee_per_kw),
      ...(ourPolicy === undefined ? {} : { ourPolicy }),
    }
  }

  async announcedDirections(shortChannelId: string): Promise<number | undefined> {
    const edge = await this.#rest
      .call<LndEdge>('GET', `/v1/graph/edge/${parseShortChannelId(shortChannelId)}`)
      .catch(() => undefined)
    return edge && [edge.node1_policy, edge.node2_policy].filter((policy) => policy !== null).length
  }

  async #ourPolicy({ chan_id, remote_pubkey }: LndChannel): Promise<OurPolicy | undefined> {
    // The channel may be gone by now, or in no graph yet.
    const edge = await this.#rest.call<LndEdge>('GET', `/v1/graph/edge/${chan_id}`).catch(() => undefined)
    const policy = edge?.node1_pub === remote_pubkey ? edge.node1_policy : edge?.node2_policy
    if (policy === null || policy === undefined) return undefined
    return {
      feeBaseMsat: Number(policy.fee_base_msat),
      feeProportionalMillionths: Number(policy.fee_rate_milli_msat),
      cltvExpiryDelta: policy.time_lock_delta,
    }
  }

  async closeChannel(channelId: string, options: CloseOptions = {}): Promise<void> {
    const { script, feeratePerKw, maxFeeratePerKw = feeratePerKw } = options
    // LND counts by whole satoshis a virtual byte: four weight units each.
    const rate = (perKw: number): number => Math.ceil((perKw * 4) / 1000)
    const least = feeratePerKw === undefined ? 1 : rate(feeratePerKw)
    const at = maxFeeratePerKw === undefined ? '' : `&sat_per_vbyte=${least}&max_fee_per_vbyte=${rate(maxFeeratePerKw)}`
    const to = script === undefined ? '' : `&delivery_address=${addressOf(script)}`
    const path = `${await this.#closePath(channelId)}?no_wait=true${at}${to}`
    await this.#rest.follow('DELETE', path, undefined, () => true)
  }

  async forceClose(channelId: string): Promise<void> {
    await this.#rest.follow('DELETE', `${await this.#closePath(channelId)}?force=true`, undefined, () => true)
  }

  async #closePath(channelId: string): Promise<string> {
    const closing = await this.#rest.call<{
      readonly waiting_close_channels: readonly { readonly channel: { readonly channel_point: string } }[]
    }>('GET', '/v1/channels/pending')
    const points = [...(await this.#list()), ...closing.waiting_close_channels.map(({ channel }) => channel)]
    const found = points.find(({ channel_point }) => idOfPoint(channel_point) === channelId)
    if (found === undefined) throw new Error(`${this.name} has no channel ${channelId}`)
    return `/v1/channels/${found.channel_point.replace(':', '/')}`
  }

  rememberCommitment(): Promise<never> {
    return Promise.reject(new Error(String(abilities['revoked-close'])))
  }

  async setRelayFees(nodeId: string, fees: RelayFees): Promise<void> {
    for (const { channel_point } of (await this.#list()).filter(({ remote_pubkey }) => remote_pubkey === nodeId)) {
      const [funding_txid_str, index] = channel_point.split(':')
      await this.#rest.call('POST', '/v1/chanpolicy', {
        chan_point: { funding_txid_str, output_index: Number(index) },
        base_fee_msat: String(fees.feeBaseMsat),
        fee_rate_ppm: fees.feeProportionalMillionths,
        time_lock_delta: RELAY_BLOCKS,
      })
    }
  }

  async setFeerate(feeratePerKw: number): Promise<void> {
    this.#fees.set(feeratePerKw)
    await this.#until('knows the fee rate', async () => {
      const { sat_per_kw } = await this.#rest.call<{ sat_per_kw: string }>('GET', '/v2/wallet/estimatefee/6')
      return Number(sat_per_kw) === feeratePerKw
    })
  }

  async setMaxExpiryDelta(blocks: number): Promise<void> {
    await this.stop()
    writeFileSync(join(this.#folder, 'data', 'lnd.conf'), `[Application Options]\nmax-cltv-expiry=${blocks}\n`)
    await this.start()
  }

  async createInvoice({ amountMsat, hold = false, through, kind }: InvoiceRequest): Promise<PeerInvoice> {
    const common = {
      memo: `to ${this.name}`,
      ...(amountMsat === undefined ? {} : { value_msat: String(amountMsat) }),
      ...(through === undefined ? {} : { route_hints: [{ hop_hints: [await this.#hint(through)] }] }),
    }
    if (hold) {
      const preimage = randomBytes(32)
      const hash = sha256(preimage)
      const made = await this.#rest.call<{ payment_request: string }>('POST', '/v2/invoices/hodl', {
        ...common,
        hash: base64(hash),
      })
      this.#preimages.set(toHex(hash), preimage)
      return { bolt11: made.payment_request, paymentHash: toHex(hash) }
    }
    const made = await this.#rest.call<{ payment_request: string; r_hash: string }>('POST', '/v1/invoices', {
      ...common,
      ...(kind === 'amp' ? { is_amp: true } : {}),
      ...(kind === 'blinded' ? { is_blinded: true } : {}),
    })
    return { bolt11: made.payment_request, paymentHash: toHex(fromBase64(made.r_hash)) }
  }

  /** LND itself names no channel whose other end has announced none. */
  async #hint(channelId: string) {
    const channel = (await this.#list()).find(({ channel_point }) => idOfPoint(channel_point) === channelId)
    const policy = channel === undefined ? undefined : await this.#ourPolicy(channel)
    if (channel === undefined || policy === undefined) throw new Error(`${this.name} has no policy for ${channelId}`)
    return {
      node_id: channel.remote_pubkey,
      chan_id: channel.peer_scid_alias === '0' ? channel.chan_id : channel.peer_scid_alias,
      fee_base_msat: policy.feeBaseMsat,
      fee_proportional_millionths: policy.feeProportionalMillionths,
      cltv_expiry_delta: policy.cltvExpiryDelta,
    }
  }

  async isHeld(paymentHash: string): Promise<boolean> {
    const { state } = await this.#rest.call<{ state: string }>('GET', `/v1/invoice/${paymentHash}`)
    return state === 'ACCEPTED'
  }

  async settleHeld(paymentHash: string): Promise<void> {
    const preimage = this.#preimages.get(paymentHash)
    if (preimage === undefined) throw new Error(`${this.name} holds nothing for ${paymentHash}`)
    await this.#rest.call('POST', '/v2/invoices/settle', { preimage: base64(preimage) })
  }

  async failHeld(paymentHash: string): Promise<void> {
    await this.#rest.call('POST', '/v2/invoices/cancel', { payment_hash: base64(fromHex(paymentHash)) })
  }

  pay(bolt11: string, { amountMsat, htlcRecords, split = false }: PayOptions = {}): Promise<Outcome> {
    return this.#send({
      // Or it goes on for two minutes, in ever smaller parts.
      max_parts: split ? 16 : 1,
      payment_request: bolt11,
      ...(amountMsat === undefined ? {} : { amt_msat: String(amountMsat) }),
      ...(htlcRecords === undefined ? {} : { first_hop_custom_records: recordsOf(htlcRecords) }),
    })
  }

  createOffer(): Promise<string> {
    return Promise.reject(new Error(String(abilities.offers)))
  }

  payOffer(): Promise<Outcome> {
    return Promise.reject(new Error(String(abilities.offers)))
  }

  createRefund(): Promise<string> {
    return Promise.reject(new Error(String(abilities.refunds)))
  }

  claimRefund(): Promise<string> {
    return Promise.reject(new Error(String(abilities.refunds)))
  }

  keysend(nodeId: string, amountMsat: bigint, records: Readonly<Record<number, Uint8Array>> = {}): Promise<Outcome> {
    const preimage = randomBytes(32)
    return this.#send({
      dest: base64(fromHex(nodeId)),
      amt_msat: String(amountMsat),
      payment_hash: base64(sha256(preimage)),
      final_cltv_delta: 40,
      dest_custom_records: recordsOf({ ...records, [KEYSEND_PREIMAGE]: preimage }),
    })
  }

  async forgetFailures(): Promise<void> {
    await this.#rest.call('POST', '/v2/router/mc/reset', {})
  }

  async #send(request: object): Promise<Outcome> {
    const payment = await this.#rest
      .follow<LndPayment>(
        'POST',
        '/v2/router/send',
        { timeout_seconds: PAY_SECONDS, fee_limit_msat: '1000000000', no_inflight_updates: true, ...request },
        ({ status }) => status === 'SUCCEEDED' || status === 'FAILED',
      )
      .catch((error: Error) => error)
    if (payment instanceof Error) return { ok: false, reason: payment.message, failures: [] }
    if (payment.status === 'SUCCEEDED')
      return { ok: true, feeMsat: BigInt(payment.fee_msat), preimage: payment.payment_preimage }
    const failures = payment.htlcs.flatMap(({ failure }) => (failure === undefined ? [] : failureNamesIn(failure.code)))
    return { ok: false, reason: payment.failure_reason, failures }
  }

  async announcedNode(nodeId: string): Promise<AnnouncedNode | undefined> {
    const answer = await this.#rest
      .call<{ node: { alias: string; addresses: readonly { addr: string }[] } }>('GET', `/v1/graph/node/${nodeId}`)
      .catch(() => undefined)
    return answer && { alias: answer.node.alias, addresses: answer.node.addresses.map(({ addr }) => addr) }
  }

  async sendMessage(nodeId: string, type: number, data: Uint8Array): Promise<void> {
    await this.#rest.call('POST', '/v1/custommessage', { peer: base64(fromHex(nodeId)), type, data: base64(data) })
  }

  async received(): Promise<readonly Received[]> {
    const { invoices } = await this.#rest.call<{
      invoices: readonly { r_hash: string; state: string; amt_paid_msat: string }[]
    }>('GET', '/v1/invoices?num_max_invoices=10000')
    return invoices.flatMap(({ r_hash, state, amt_paid_msat }) =>
      state === 'SETTLED' ? [{ paymentHash: toHex(fromBase64(r_hash)), amountMsat: BigInt(amt_paid_msat) }] : [],
    )
  }

  log(): readonly string[] {
    return this.#child.lines
  }

  diagnosis(): string {
    return this.#child.lines.slice(-80).join('\n')
  }

  async dispose(): Promise<void> {
    this.#acceptor?.close()
    await this.#child.end('SIGKILL')
    this.#fees.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** While it starts it does not answer. */
  #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    return waitFor(`${this.name} ${what}`, async () => {
      if (!this.#child.isRunning) throw new Error(`${this.name} has ended\n${this.diagnosis()}`)
      return holds().catch(() => false)
    })
  }
}

const OPENING_KINDS: Readonly<Record<NonNullable<Opening['kind']> | 'plain', object>> = {
  plain: {},
  announced: {},
  'scid-alias': { commitment_type: 'ANCHORS', scid_alias: true },
  taproot: { commitment_type: 'SIMPLE_TAPROOT' },
  'zero-conf': { commitment_type: 'ANCHORS', zero_conf: true },
}

const idOfPoint = (point: string): string => {
  const [txid = '', index] = point.split(':')
  const parsed = parseTxid(txid)
  if (parsed === undefined) throw new Error(`no channel point: ${point}`)
  return toHex(channelIdOf({ txid: parsed, index: Number(index) }))
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'))

const recordsOf = (records: Readonly<Record<number, Uint8Array>>): Record<string, string> =>
  Object.fromEntries(Object.entries(records).map(([type, value]) => [type, base64(value)]))
