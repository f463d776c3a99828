import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { concat, toHex, u16be } from '../../../../core/src/lib/bytes.ts'
import { formatAddress } from '../../../../core/src/node/peer/socket-address.ts'
import { whyNoBitcoind } from '../../../bitcoind/support/bitcoind.ts'
import { freePort } from '../../../support/free-port.ts'
import { waitFor } from '../../../support/wait-for.ts'
import { addressOf, type Ground, scriptOf } from '../../stage/ground.ts'
import { Child } from '../child.ts'
import type {
  Abilities,
  AnnouncedNode,
  CloseOptions,
  Cut,
  InvoiceRequest,
  Opening,
  Outcome,
  PayOptions,
  Peer,
  PeerChannel,
  PeerDriver,
  PeerInvoice,
  PeerSettings,
  Received,
  RelayFees,
} from '../driver.ts'
import { failureNamesIn } from '../failure-names.ts'
import { started } from '../started.ts'
import { PLUGIN_METHODS } from './plugin-state.ts'
import { type CoreLightningRpc, coreLightningRpc } from './rpc.ts'

const abilities: Abilities = {
  hold: true,
  'any-amount': true,
  'multi-part': true,
  keysend: true,
  'keysend-in-parts': 'it takes each part for a payment of its own',
  'custom-records': true,
  'htlc-records': 'it adds records of its own only to what it relays',
  'amp-invoice': 'it makes no AMP invoices',
  offers: true,
  refunds: true,
  'blinded-invoice': 'it puts blinded paths into BOLT 12 invoices only',
  'attribution-data': 'it knows no attribution data',
  'failure-names': true,
  'private-hints': true,
  'refuse-openings': true,
  push: true,
  'announced-opening': true,
  'scid-alias-opening': true,
  'taproot-opening': 'it has no taproot channels',
  'zero-conf-opening': true,
  'zero-conf-accepting': true,
  'zero-conf-using': true,
  'large-opening': true,
  'crossing-openings': 'its program ends with a failed assertion (`peer_start_openingd`) where both sides open at once',
  'small-opening': true,
  'fee-estimates': true,
  'commitment-feerate': true,
  'close-feerate': true,
  'close-to-script': true,
  'close-to-future-script': true,
  'close-to-legacy-script': 'it closes to segwit scripts only',
  'simple-close': 'it closes by closing_signed only',
  'replacements-at-once': 'it closes by closing_signed only',
  'close-with-htlcs': true,
  'message-log': true,
  'closes-on-error': 'an error that names no channel ends the connection, and no channel',
  restart: true,
  kill: true,
  'old-database': true,
  'keeps-backups': true,
  'static-backup': true,
  'force-close': true,
  'revoked-close': true,
  'error-on-force-close': 'its command that closes alone at once says nothing to the peer',
  cuts: true,
  'many-pings': true,
  particular: 'only what can be asked of all is asked of it',
  'dual-funding': true,
  'opening-terms': true,
  'close-to-at-opening': true,
  'error-on-bad-preimage': 'it answers with a warning and hangs up',
  'close-max-feerate': true,
  'hangs-up-on-fee-dispute': true,
  'pays-again': 'it gives up a payment whose HTLC was lost before it was signed',
  'stays-on-fee-dispute': 'it answers with a warning and hangs up, each time',
  'relay-fees': true,
  'old-relay-fees': true,
  'close-deadline': true,
  'pays-far-ahead': 'it knows no expiry beyond 2016 blocks',
  'relay-expiry': 'it relays up to the 2016 blocks of BOLT 4, and so far we pay',
  'beside-others': true,
  'relays-messages': true,
  'own-messages': true,
  'node-details': true,
}

const program = (): string => process.env.LIGHTNINGD ?? ''

/** It speaks with bitcoind by this program only. */
const bitcoinCli = (): string =>
  process.env.BITCOIND === undefined ? 'bitcoin-cli' : join(dirname(process.env.BITCOIND), 'bitcoin-cli')

export const coreLightningDriver: PeerDriver = {
  peer: 'core-lightning',
  abilities,
  remarks: {
    'we want the peer to relay less than the next node takes — we read its amount_below_minimum, and pay on':
      'it answers temporary_channel_failure, also for an amount that the next node does not take',
    'each finds the other behind us by announced channels, and sends it a keysend — the fees are ours':
      'its keysends to eclair expire after 22 blocks, and eclair takes none of less than 30',
    'the peer fetches a refund of ours — we pay it once, and none that we have taken back':
      'it takes no refund without a signature, and BOLT 12 has a refund carry none',
    'the peer loses all but its words and its static backup — we close when it asks, and its share comes back':
      'its program for closes ends with "Could not find resolution for output 1": by its backup it knows the number of our commitment, and not all of its outputs',
  },
  notes: {
    'we want the peer to relay to one that is away — we read that this channel is of no use now, and pay later':
      'it answers temporary_channel_failure',
  },
  ground: 'bitcoind',
  whyMissing() {
    if (program() === '') return 'set LIGHTNINGD to the path of lightningd (26.06 or later)'
    if (!existsSync(program())) return `LIGHTNINGD names ${program()}, which is not there`
    const noBitcoind = whyNoBitcoind()
    if (noBitcoind !== undefined) return noBitcoind
    return process.env.BITCOIND !== undefined && !existsSync(bitcoinCli())
      ? `Core Lightning wants ${bitcoinCli()}, which is not there`
      : undefined
  },
  async version() {
    return execFileSync(program(), ['--version'], { encoding: 'utf8' }).trim()
  },
  async start(ground, name) {
    return started(await CoreLightningPeer.make(ground, name))
  },
}

interface ListedChannel {
  readonly peer_id: string
  readonly peer_connected: boolean
  readonly reestablished?: boolean
  readonly state: string
  readonly channel_id: string
  readonly short_channel_id?: string
  readonly alias?: { readonly remote?: string; readonly local?: string }
  readonly opener: 'local' | 'remote'
  readonly total_msat: number
  readonly to_us_msat: number
  readonly feerate?: { readonly perkw: number }
  readonly htlcs?: readonly { readonly direction: 'in' | 'out'; readonly amount_msat: number }[]
  readonly updates?: {
    readonly remote?: {
      readonly fee_base_msat: number
      readonly fee_proportional_millionths: number
      readonly cltv_expiry_delta: number
    }
  }
}

interface Paid {
  readonly amount_msat: number
  readonly amount_sent_msat: number
  readonly payment_preimage: string
}

/** Of a channel that its opener may close without a word to the chain, or that both can use. */
const LIVING = new Set([
  'OPENINGD',
  'CHANNELD_AWAITING_LOCKIN',
  'CHANNELD_NORMAL',
  'DUALOPEND_AWAITING_LOCKIN',
  'DUALOPEND_OPEN_COMMITTED',
  'DUALOPEND_OPEN_INIT',
])

/** BOLT 9's bits of the channel types. */
const STATIC_REMOTE_KEY = 12
const ANCHORS = 22
const SCID_ALIAS = 46
const ZERO_CONF = 50

const OPENING_KINDS: Readonly<Record<NonNullable<Opening['kind']>, object>> & { readonly plain: object } = {
  plain: { announce: false, channel_type: [STATIC_REMOTE_KEY, ANCHORS] },
  announced: { announce: true },
  'scid-alias': { announce: false, channel_type: [STATIC_REMOTE_KEY, ANCHORS, SCID_ALIAS] },
  taproot: {},
  'zero-conf': { announce: false, mindepth: 0, channel_type: [STATIC_REMOTE_KEY, ANCHORS, ZERO_CONF] },
}

const PLUGIN = fileURLToPath(new URL('plugin.ts', import.meta.url))
const OPENING_FEERATE = '1000perkw'
const MOST_HTLCS = 30
/** What travels at all. */
const LEAST_FEERATE = 253

class CoreLightningPeer implements Peer {
  readonly name: string
  readonly address: string
  readonly precisionMsat = 1n
  readonly leastHtlcMsat = 1n
  readonly mostHtlcs = MOST_HTLCS
  readonly #ground: Ground
  readonly #folder: string
  readonly #child: Child
  readonly #rpc: CoreLightningRpc
  #nodeId = ''
  #labels = 0

  static async make(ground: Ground, name: string): Promise<CoreLightningPeer> {
    return new CoreLightningPeer(ground, name, await freePort())
  }

  private constructor(ground: Ground, name: string, port: number) {
    const { bitcoind } = ground
    if (bitcoind === undefined) throw new Error('Core Lightning lives on a bitcoind')
    this.#ground = ground
    this.name = name
    this.address = `127.0.0.1:${port}`
    this.#folder = mkdtempSync(join(tmpdir(), 'fulgurite-cln-'))
    mkdirSync(join(this.#folder, 'regtest'))
    const plugin = join(this.#folder, 'plugin.sh')
    writeFileSync(plugin, `#!/bin/sh\nexec '${process.execPath}' '${PLUGIN}'\n`, { mode: 0o755 })
    writeFileSync(this.#cuts, '')
    this.#rpc = coreLightningRpc(join(this.#folder, 'regtest', 'lightning-rpc'))
    this.#child = new Child(program(), [
      '--network=regtest',
      `--lightning-dir=${this.#folder}`,
      `--addr=${this.address}`,
      `--bitcoin-cli=${bitcoinCli()}`,
      `--bitcoin-datadir=${bitcoind.dataDir}`,
      `--bitcoin-rpcport=${new URL(bitcoind.rpcUrl).port}`,
      '--developer',
      '--dev-bitcoind-poll=1',
      '--dev-fast-gossip',
      // On a chain without traffic it estimates one thing or another.
      `--force-feerates=${LEAST_FEERATE}`,
      '--commit-feerate-offset=0',
      // As on the main network.
      `--max-concurrent-htlcs=${MOST_HTLCS}`,
      '--dev-fast-reconnect',
      `--dev-disconnect=${this.#cuts}`,
      '--log-level=debug',
      `--plugin=${plugin}`,
    ])
  }

  get nodeId(): string {
    return this.#nodeId
  }

  get isRunning(): boolean {
    return this.#child.isRunning
  }

  async start(): Promise<void> {
    this.#child.start()
    const height = await this.#ground.height()
    await this.#until('answers', () => this.knowsBlock(height))
    this.#nodeId = (await this.#rpc.call<{ id: string }>('getinfo')).id
  }

  async stop(): Promise<void> {
    await this.#child.end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#child.end('SIGKILL')
  }

  async saveDatabase(): Promise<void> {
    copyFileSync(this.#database, join(this.#folder, 'copy'))
  }

  async restoreDatabase(): Promise<void> {
    copyFileSync(join(this.#folder, 'copy'), this.#database)
  }

  async loseDatabase(): Promise<void> {
    rmSync(this.#database)
  }

  async restoreStaticBackup(): Promise<void> {
    await this.#rpc.call('emergencyrecover')
  }

  get #database(): string {
    return join(this.#folder, 'regtest', 'lightningd.sqlite3')
  }

  async restartWith({ cuts = [], dualFunding = false }: PeerSettings): Promise<void> {
    await this.stop()
    writeFileSync(this.#cuts, cuts.map((cut) => `${cutRule(cut)}\n`).join(''))
    writeFileSync(join(this.#folder, 'regtest', 'config'), dualFunding ? 'experimental-dual-fund\n' : '')
    await this.start()
  }

  get #cuts(): string {
    return join(this.#folder, 'cuts')
  }

  async knowsBlock(height: number): Promise<boolean> {
    const info = await this.#rpc.call<{ blockheight: number; warning_lightningd_sync?: string }>('getinfo')
    return info.warning_lightningd_sync === undefined && info.blockheight >= height
  }

  async newScript(): Promise<Uint8Array> {
    return scriptOf((await this.#rpc.call<{ bech32: string }>('newaddr', { addresstype: 'bech32' })).bech32)
  }

  async walletSat(): Promise<bigint> {
    const { outputs } = await this.#rpc.call<{ outputs: readonly { status: string; amount_msat: number }[] }>(
      'listfunds',
    )
    return outputs.reduce((sum, { status, amount_msat }) => sum + (status === 'confirmed' ? sat(amount_msat) : 0n), 0n)
  }

  async connect(nodeId: string, address: string): Promise<void> {
    const [host, port] = address.split(':')
    await this.#rpc.call('connect', { id: nodeId, host, port: Number(port) })
  }

  async disconnect(nodeId: string): Promise<void> {
    await this.#rpc.call('disconnect', { id: nodeId, force: true })
  }

  async isConnected(nodeId: string): Promise<boolean> {
    const { peers } = await this.#rpc.call<{ peers: readonly { connected: boolean }[] }>('listpeers', { id: nodeId })
    return peers[0]?.connected === true
  }

  async openChannel(
    nodeId: string,
    { capacitySat, pushMsat = 0n, kind, reserveSat, closeTo }: Opening,
  ): Promise<string> {
    if (kind === 'taproot') throw new Error(String(abilities['taproot-opening']))
    const opened = await this.#rpc.call<{ channel_id: string }>('fundchannel', {
      id: nodeId,
      amount: Number(capacitySat),
      push_msat: Number(pushMsat),
      feerate: OPENING_FEERATE,
      // Change of the openings before it is not buried yet.
      minconf: 0,
      ...(reserveSat === undefined ? {} : { reserve: Number(reserveSat) }),
      ...(closeTo === undefined ? {} : { close_to: addressOf(closeTo) }),
      ...OPENING_KINDS[kind ?? 'plain'],
    })
    return opened.channel_id
  }

  async setTrustsOpeners(on: boolean): Promise<void> {
    await this.#rpc.call(PLUGIN_METHODS.trustOpeners, { on })
  }

  async setAcceptChannels(on: boolean): Promise<void> {
    await this.#rpc.call(PLUGIN_METHODS.refuseOpenings, { on: !on })
  }

  async channels(): Promise<readonly PeerChannel[]> {
    return (await this.#list()).map(peerChannel)
  }

  async announcedDirections(shortChannelId: string): Promise<number | undefined> {
    const { channels } = await this.#rpc.call<{ channels: readonly { public: boolean }[] }>('listchannels', {
      short_channel_id: shortChannelId,
    })
    const announced = channels.filter((channel) => channel.public)
    return announced.length === 0 ? undefined : announced.length
  }

  async #list(): Promise<readonly ListedChannel[]> {
    const { channels } = await this.#rpc.call<{ channels: readonly ListedChannel[] }>('listpeerchannels')
    return channels.filter(({ state }) => LIVING.has(state))
  }

  async #channel(channelId: string): Promise<ListedChannel> {
    const channel = (await this.#list()).find(({ channel_id }) => channel_id === channelId)
    if (channel === undefined) throw new Error(`${this.name} has no channel ${channelId}`)
    return channel
  }

  /** Its command ends with the closing: this waits only until it has begun. */
  async closeChannel(channelId: string, options: CloseOptions = {}): Promise<void> {
    const { script, feeratePerKw, maxFeeratePerKw = feeratePerKw, deadlineSeconds } = options
    let refusal: Error | undefined
    this.#rpc
      .call('close', {
        id: channelId,
        ...(deadlineSeconds === undefined ? {} : { unilateraltimeout: deadlineSeconds }),
        ...(script === undefined ? {} : { destination: addressOf(script) }),
        ...(maxFeeratePerKw === undefined
          ? {}
          : { feerange: [`${feeratePerKw ?? LEAST_FEERATE}perkw`, `${maxFeeratePerKw}perkw`] }),
      })
      .catch((error: Error) => {
        refusal = error
      })
    await waitFor(`${this.name} closes the channel`, async () => {
      const lives = (await this.#list()).some(({ channel_id }) => channel_id === channelId)
      if (lives && refusal !== undefined) throw refusal
      return !lives
    })
  }

  async forceClose(channelId: string): Promise<void> {
    const { peer_id } = await this.#channel(channelId)
    const beside = (await this.#list()).filter((each) => each.peer_id === peer_id)
    if (beside.length === 1) await this.#rpc.call('dev-fail', { id: peer_id })
    // The command knows peers, not channels. A fee that nobody agrees to leaves the close to its deadline.
    else await this.closeChannel(channelId, { feeratePerKw: 100_000, deadlineSeconds: 1 })
  }

  async rememberCommitment(channelId: string): Promise<() => Promise<void>> {
    const { peer_id } = await this.#channel(channelId)
    const { tx } = await this.#rpc.call<{ tx: string }>('dev-sign-last-tx', { id: peer_id })
    return async () => {
      await this.#ground.bitcoind?.rpc('sendrawtransaction', [tx])
    }
  }

  async setRelayFees(nodeId: string, { feeBaseMsat, feeProportionalMillionths }: RelayFees): Promise<void> {
    const fees = { feebase: Number(feeBaseMsat), feeppm: feeProportionalMillionths }
    // It dates its updates by the second, and one of the same second as the last is, by BOLT 7, no news.
    const second = Math.floor(Date.now() / 1000)
    await waitFor('the next second', () => Math.floor(Date.now() / 1000) > second)
    await this.#rpc.call('setchannel', { id: nodeId, ...fees })
  }

  setMaxExpiryDelta(): Promise<void> {
    return Promise.reject(new Error(String(abilities['relay-expiry'])))
  }

  async setFeerate(feeratePerKw: number): Promise<void> {
    const funded = (await this.#list()).filter(({ opener, peer_connected }) => opener === 'local' && peer_connected)
    for (const id of new Set(funded.map(({ peer_id }) => peer_id)))
      await this.#rpc.call('dev-feerate', { id, feerate: feeratePerKw })
  }

  async createInvoice({ amountMsat, hold = false, through, kind }: InvoiceRequest): Promise<PeerInvoice> {
    if (kind !== undefined) throw new Error(String(abilities[`${kind}-invoice`]))
    const made = await this.#rpc.call<{ bolt11: string; payment_hash: string }>('invoice', {
      amount_msat: amountMsat === undefined ? 'any' : Number(amountMsat),
      label: `${this.name} ${process.pid} ${this.#labels++}`,
      description: `to ${this.name}`,
      ...(through === undefined ? {} : { exposeprivatechannels: [await this.#hint(through)] }),
    })
    if (hold) await this.#rpc.call(PLUGIN_METHODS.hold, { payment_hash: made.payment_hash })
    return { bolt11: made.bolt11, paymentHash: made.payment_hash }
  }

  async #hint(channelId: string): Promise<string> {
    const { short_channel_id, alias } = await this.#channel(channelId)
    const scid = short_channel_id ?? alias?.remote
    if (scid === undefined) throw new Error(`${this.name} has no short id for ${channelId}`)
    return scid
  }

  async isHeld(paymentHash: string): Promise<boolean> {
    const { held } = await this.#rpc.call<{ held: boolean }>(PLUGIN_METHODS.isHeld, { payment_hash: paymentHash })
    return held
  }

  async settleHeld(paymentHash: string): Promise<void> {
    await this.#rpc.call(PLUGIN_METHODS.settle, { payment_hash: paymentHash })
  }

  async failHeld(paymentHash: string): Promise<void> {
    await this.#rpc.call(PLUGIN_METHODS.fail, { payment_hash: paymentHash })
  }

  pay(bolt11: string, { amountMsat, htlcRecords }: PayOptions = {}): Promise<Outcome> {
    if (htlcRecords !== undefined) return Promise.reject(new Error(String(abilities['htlc-records'])))
    return this.#send('xpay', {
      invstring: bolt11,
      ...(amountMsat === undefined ? {} : { amount_msat: Number(amountMsat) }),
    })
  }

  async createOffer(amountMsat: bigint): Promise<string> {
    const params = { amount: Number(amountMsat), description: `to ${this.name} ${this.#labels++}` }
    return (await this.#rpc.call<{ bolt12: string }>('offer', params)).bolt12
  }

  async payOffer(offer: string): Promise<Outcome> {
    const fetched = await this.#rpc.call<{ invoice: string }>('fetchinvoice', { offer }).catch((error: Error) => error)
    return fetched instanceof Error
      ? { ok: false, reason: fetched.message, failures: [] }
      : this.#send('xpay', { invstring: fetched.invoice })
  }

  async createRefund(amountMsat: bigint): Promise<string> {
    const params = { amount: Number(amountMsat), description: `of ${this.name} ${this.#labels++}` }
    return (await this.#rpc.call<{ bolt12: string }>('invoicerequest', params)).bolt12
  }

  async claimRefund(invreq: string): Promise<string> {
    const params = { invreq, label: `${this.name} ${this.#labels++}` }
    return (await this.#rpc.call<{ payment_hash: string }>('sendinvoice', params)).payment_hash
  }

  keysend(nodeId: string, amountMsat: bigint, records: Readonly<Record<number, Uint8Array>> = {}): Promise<Outcome> {
    const extratlvs = Object.fromEntries(Object.entries(records).map(([type, value]) => [type, toHex(value)]))
    return this.#send('xkeysend', { destination: nodeId, amount_msat: Number(amountMsat), extratlvs })
  }

  async #send(method: string, params: object): Promise<Outcome> {
    const failures: string[] = []
    const onProgress = (text: string): void => void failures.push(...failureNamesIn(text))
    const paid = await this.#rpc.call<Paid>(method, params, { onProgress }).catch((error: Error) => error)
    if (paid instanceof Error) return { ok: false, reason: paid.message, failures: [...new Set(failures)] }
    return {
      ok: true,
      feeMsat: BigInt(paid.amount_sent_msat) - BigInt(paid.amount_msat),
      preimage: paid.payment_preimage,
    }
  }

  async forgetFailures(): Promise<void> {}

  async announcedNode(nodeId: string): Promise<AnnouncedNode | undefined> {
    const { nodes } = await this.#rpc.call<{
      nodes: readonly { alias?: string; addresses?: readonly { type: string; address: string; port: number }[] }[]
    }>('listnodes', { id: nodeId })
    const [node] = nodes
    if (node?.alias === undefined || node.addresses === undefined) return undefined
    const addresses = node.addresses.map(({ address, port }) => formatAddress({ host: address, port }))
    return { alias: node.alias, addresses }
  }

  async sendMessage(nodeId: string, type: number, data: Uint8Array): Promise<void> {
    await this.#rpc.call('sendcustommsg', { node_id: nodeId, msg: toHex(concat(u16be(type), data)) })
  }

  async received(): Promise<readonly Received[]> {
    const { invoices } = await this.#rpc.call<{
      invoices: readonly { payment_hash: string; status: string; amount_received_msat?: number }[]
    }>('listinvoices')
    return invoices.flatMap(({ payment_hash, status, amount_received_msat = 0 }) =>
      status === 'paid' ? [{ paymentHash: payment_hash, amountMsat: BigInt(amount_received_msat) }] : [],
    )
  }

  log(): readonly string[] {
    return this.#child.lines
  }

  diagnosis(): string {
    return this.#child.lines.slice(-80).join('\n')
  }

  async dispose(): Promise<void> {
    await this.#child.end('SIGKILL')
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

const peerChannel = (channel: ListedChannel): PeerChannel => {
  const { htlcs = [], updates, feerate } = channel
  // What it has offered is its own until the other side has the preimage.
  const offered = htlcs.reduce((sum, { direction, amount_msat }) => sum + (direction === 'out' ? amount_msat : 0), 0)
  const { remote } = updates ?? {}
  return {
    channelId: channel.channel_id,
    isUsable: channel.state === 'CHANNELD_NORMAL' && channel.peer_connected && channel.reestablished !== false,
    isOpener: channel.opener === 'local',
    capacitySat: sat(channel.total_msat),
    localMsat: BigInt(channel.to_us_msat - offered),
    pendingHtlcs: htlcs.length,
    ...(feerate === undefined ? {} : { feeratePerKw: feerate.perkw }),
    ...(remote === undefined
      ? {}
      : {
          ourPolicy: {
            feeBaseMsat: remote.fee_base_msat,
            feeProportionalMillionths: remote.fee_proportional_millionths,
            cltvExpiryDelta: remote.cltv_expiry_delta,
          },
        }),
  }
}

const CUT_SIGNS: Readonly<Record<Cut['moment'], string>> = {
  'before-sending': '-',
  'after-sending': '+',
  'after-receiving': '<',
}

const cutRule = ({ message, moment }: Cut): string => `${CUT_SIGNS[moment]}WIRE_${message.toUpperCase()}`

const sat = (msat: number): bigint => BigInt(msat) / 1000n
