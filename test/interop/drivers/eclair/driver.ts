import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { toHex } from '../../../../core/src/lib/bytes.ts'
import { formatShortChannelId, parseShortChannelId } from '../../../../core/src/lib/ids.ts'
import { whyNoBitcoind } from '../../../bitcoind/support/bitcoind.ts'
import { freePort } from '../../../support/free-port.ts'
import { waitFor } from '../../../support/wait-for.ts'
import { type Ground, scriptOf } from '../../stage/ground.ts'
import { Child } from '../child.ts'
import type {
  Abilities,
  AnnouncedNode,
  CloseOptions,
  GivenPart,
  InvoiceRequest,
  Opening,
  Outcome,
  Particular,
  PayOptions,
  Peer,
  PeerChannel,
  PeerDriver,
  PeerInvoice,
  Received,
  RelayFees,
} from '../driver.ts'

import { started } from '../started.ts'
import { type EclairApi, type EclairParams, eclairApi } from './api.ts'
import { type EclairChannel, type EclairUpdate, peerChannelOf, scidOf } from './channels.ts'
import { type EclairPayment, type EclairSent, outcomeOf, outcomeOfParts } from './outcomes.ts'

const NOT_ZERO_CONF = 'it has channels without confirmations only with nodes that its settings name'
const FIXED_FEERATES = 'on regtest its fee rates are settings, which it reads when it starts'
const NO_HOLD = 'it holds no payments: that takes a plugin of its own'

const abilities: Abilities = {
  hold: NO_HOLD,
  'any-amount': true,
  'multi-part': true,
  keysend: true,
  'keysend-in-parts': true,
  'custom-records': 'it sends no records of its own with a keysend',
  'htlc-records': 'it sends no such records',
  'amp-invoice': 'it makes no AMP invoices',
  offers: true,
  refunds: 'it has no refunds',
  'blinded-invoice': 'it makes no BOLT 11 invoices with blinded paths',
  'attribution-data': true,
  'failure-names': true,
  'private-hints': true,
  'refuse-openings': 'it refuses openings by a plugin of its own only',
  push: true,
  'announced-opening': true,
  'scid-alias-opening': true,
  'taproot-opening': true,
  'zero-conf-opening': NOT_ZERO_CONF,
  'zero-conf-accepting': 'the suite does not tell it to trust us yet',
  'zero-conf-using': 'the suite does not try it yet',
  'large-opening': true,
  'small-opening': true,
  'fee-estimates': FIXED_FEERATES,
  'commitment-feerate': FIXED_FEERATES,
  'close-feerate': true,
  'close-to-script': true,
  'close-to-future-script': true,
  'close-to-legacy-script': 'it closes to segwit scripts only',
  'simple-close': true,
  'replacements-at-once': 'it signs one close of the other side every three blocks',
  'close-with-htlcs': true,
  'message-log': true,
  'closes-on-error': true,
  particular: true,
  restart: true,
  kill: true,
  'old-database': true,
  'keeps-backups': true,
  'static-backup': 'it has no static backups',
  'force-close': true,
  'revoked-close': 'it gives no commitment away, and publishes none that it has revoked',
  'error-on-force-close': true,
  'crossing-openings': true,
  cuts: 'it cannot be told where to lose a connection',
  'many-pings': 'two pings that wait for their answers are a flood to it',
  'error-on-bad-preimage': true,
  'close-max-feerate': true,
  'hangs-up-on-fee-dispute': 'it stays connected there',
  'pays-again': true,
  'stays-on-fee-dispute': true,
  'dual-funding': 'it always offers it: so does every scenario',
  'opening-terms': 'its operator names none',
  'close-to-at-opening': 'its operator names none',
  'relay-fees': true,
  'old-relay-fees': true,
  'close-deadline': 'it closes alone only when told to',
  'pays-far-ahead': true,
  'relay-expiry': true,
  'beside-others': true,
  'relays-messages': true,
  'own-messages': 'it sends no messages of its own',
  'node-details': true,
}

const home = (): string => process.env.ECLAIR_HOME ?? ''
const program = (): string => join(home(), 'bin', 'eclair-node.sh')

export const eclairDriver: PeerDriver = {
  peer: 'eclair',
  abilities,
  remarks: {
    'we change our fees again and again while each pays the other by announced channels — all payments arrive':
      'it learns the new fees of channels that are not its own by gossip alone, and gives up before that has come',
    'the peer wants us to relay over a channel that we have closed — it reads channel_disabled, and pays on':
      'it reads the flags of a channel_update where BOLT 4 has disabled_flags, which are zero: to it this failure is unreadable, and it tries the same way again',
  },
  notes: {
    'we want the peer to relay to one that is away — we read that this channel is of no use now, and pay later':
      'it answers channel_disabled',
  },
  ground: 'bitcoind',
  whyMissing() {
    if (home() === '') return 'set ECLAIR_HOME to the folder of an unpacked eclair (0.14 or later), and JAVA_HOME'
    if (!existsSync(program())) return `ECLAIR_HOME names ${home()}, where there is no bin/eclair-node.sh`
    return whyNoBitcoind()
  },
  async version() {
    const jars = readdirSync(join(home(), 'lib')).map((name) => /^eclair-node_[\d.]+-(.+)\.jar$/.exec(name)?.[1])
    return jars.find((version) => version !== undefined) ?? 'unknown'
  },
  async start(ground, name) {
    return started(await EclairPeer.make(ground, name))
  },
}

const PASSWORD = 'interop'
const PAY_SECONDS = 600
/** Or its API answers with a fault of Java where it should tell what a payment failed with. */
const FAILURES_READABLE = ['java.lang', 'java.util.concurrent']
  .map((part) => `--add-opens=java.base/${part}=ALL-UNNAMED`)
  .join(' ')
const OPENING_FEE_BUDGET_SAT = 20_000
const MAX_HTLCS_MSAT = 100_000_000_000

class EclairPeer implements Peer, Particular {
  readonly name: string
  readonly address: string
  readonly precisionMsat = 1n
  readonly leastHtlcMsat = 1n
  readonly mostHtlcs = 30
  readonly particular = this
  readonly #settings: readonly string[]
  #satPerVbyte = 1
  #maxExpiryDelta = 2_016
  readonly #ground: Ground
  readonly #folder: string
  readonly #child: Child
  readonly #api: EclairApi
  #nodeId = ''

  static async make(ground: Ground, name: string): Promise<EclairPeer> {
    const folder = mkdtempSync(join(tmpdir(), 'fulgurite-eclair-'))
    const wallet = `eclair-${randomBytes(8).toString('hex')}`
    await ground.bitcoind?.rpc('createwallet', [wallet])
    return new EclairPeer(ground, name, folder, wallet, [await freePort(), await freePort()])
  }

  private constructor(
    ground: Ground,
    name: string,
    folder: string,
    wallet: string,
    [port, apiPort]: readonly [number, number],
  ) {
    const { bitcoind } = ground
    if (bitcoind === undefined) throw new Error('eclair lives on a bitcoind')
    this.#ground = ground
    this.#folder = folder
    this.name = name
    this.address = `127.0.0.1:${port}`
    this.#api = eclairApi(`http://127.0.0.1:${apiPort}`, PASSWORD)
    this.#settings = [
      'chain = regtest',
      `server { binding-ip = "127.0.0.1", port = ${port} }`,
      `api { enabled = true, binding-ip = "127.0.0.1", port = ${apiPort}, password = "${PASSWORD}" }`,
      'bitcoind.host = "127.0.0.1"',
      `bitcoind.rpcport = ${new URL(bitcoind.rpcUrl).port}`,
      'bitcoind.auth = safecookie',
      `bitcoind.cookie = "${bitcoind.cookiePath}"`,
      `bitcoind.wallet = "${wallet}"`,
      `bitcoind.zmqblock = "${bitcoind.zmqUrl}"`,
      `bitcoind.zmqtx = "${bitcoind.zmqTxUrl}"`,
      'bitcoind.startup-locked-utxos-behavior = unlock',
      'blockchain-watchdog.sources = []',
      'features.keysend = optional',
      'features.option_provide_storage = optional',
      // The least that it takes.
      'channel.min-depth-blocks = 6',
      // Half of a channel is too little for what the scenarios pay.
      `channel.max-htlc-value-in-flight-msat = ${MAX_HTLCS_MSAT}`,
      'channel.max-htlc-value-in-flight-percent = 100',
      // Pauses at random, by which a network's nodes do not all do the same at once.
      'channel.max-block-processing-delay = 50 milliseconds',
      'channel.max-restart-watch-delay = 50 milliseconds',
      'channel.max-tx-publish-retry-delay = 1 second',
      'initial-random-reconnect-delay = 1 second',
      'router.watch-spent-window = 1 second',
      // Once a minute it would tell the network what is new.
      'router.broadcast-interval = 1 second',
      'router.channel-exclude-duration = 1 millisecond',
    ]
    mkdirSync(join(folder, 'data'))
    this.#child = new Child(program(), [`-Declair.datadir=${join(folder, 'data')}`], {
      JAVA_OPTS: `${process.env.JAVA_OPTS ?? '-Xmx512m'} ${FAILURES_READABLE} -Declair.printToConsole`,
    })
  }

  get nodeId(): string {
    return this.#nodeId
  }

  get isRunning(): boolean {
    return this.#child.isRunning
  }

  async start(): Promise<void> {
    this.#writeSettings()
    this.#child.start()
    const height = await this.#ground.height()
    await this.#until('answers', () => this.knowsBlock(height))
    this.#nodeId = (await this.#api.call<{ nodeId: string }>('getinfo')).nodeId
  }

  async stop(): Promise<void> {
    await this.#child.end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#child.end('SIGKILL')
  }

  restartWith(): Promise<void> {
    return lacks('cuts')
  }

  async saveDatabase(): Promise<void> {
    rmSync(join(this.#folder, 'copy'), { recursive: true, force: true })
    cpSync(join(this.#folder, 'data'), join(this.#folder, 'copy'), { recursive: true })
  }

  async restoreDatabase(): Promise<void> {
    rmSync(join(this.#folder, 'data'), { recursive: true, force: true })
    cpSync(join(this.#folder, 'copy'), join(this.#folder, 'data'), { recursive: true })
  }

  loseDatabase(): Promise<void> {
    return lacks('static-backup')
  }

  restoreStaticBackup(): Promise<void> {
    return lacks('static-backup')
  }

  async knowsBlock(height: number): Promise<boolean> {
    return (await this.#api.call<{ blockHeight: number }>('getinfo')).blockHeight >= height
  }

  async newScript(): Promise<Uint8Array> {
    return scriptOf(await this.#api.call<string>('getnewaddress'))
  }

  async walletSat(): Promise<bigint> {
    return BigInt((await this.#api.call<{ confirmed: number }>('onchainbalance')).confirmed)
  }

  async connect(nodeId: string, address: string): Promise<void> {
    const said = await this.#api.call<string>('connect', { uri: `${nodeId}@${address}` })
    if (!said.includes('connected')) throw new Error(`connect: ${said}`)
    await this.#until(`is connected to ${nodeId}`, () => this.isConnected(nodeId))
  }

  async disconnect(nodeId: string): Promise<void> {
    await this.#api.call('disconnect', { nodeId })
  }

  async isConnected(nodeId: string): Promise<boolean> {
    const peers = await this.#api.call<readonly { nodeId: string; state: string }[]>('peers')
    return peers.some((peer) => peer.nodeId === nodeId && peer.state === 'CONNECTED')
  }

  openChannel(nodeId: string, { capacitySat, pushMsat = 0n, kind }: Opening): Promise<string> {
    const announceChannel = kind === 'announced'
    return this.#open({
      nodeId,
      fundingSatoshis: capacitySat,
      pushMsat,
      announceChannel,
      channelType: CHANNEL_TYPES[kind ?? 'plain'],
    })
  }

  openOfItsChoice(nodeId: string, capacitySat: bigint): Promise<string> {
    return this.#open({ nodeId, fundingSatoshis: capacitySat, announceChannel: false })
  }

  async #open(params: EclairParams): Promise<string> {
    const fees = { fundingFeerateSatByte: 1, fundingFeeBudgetSatoshis: OPENING_FEE_BUDGET_SAT }
    let said = ''
    // It looks at one opening with a peer at a time, its own or the peer's.
    await waitFor(`${this.name} opens`, async () => {
      said = await this.#api.call<string>('open', { ...params, ...fees })
      return said !== 'concurrent request rejected'
    })
    const created = /^created channel ([0-9a-f]{64}) with fundingTxId=([0-9a-f]{64})/.exec(said)
    if (created?.[1] === undefined) throw new Error(`open: ${said}`)
    await this.#until('has published the funding', async () => {
      await this.#ground.bitcoind?.rpc('getrawtransaction', [created[2]])
      return true
    })
    return created[1]
  }

  setTrustsOpeners(): Promise<void> {
    return Promise.reject(new Error('it is not told to trust us'))
  }

  setAcceptChannels(): Promise<void> {
    return lacks('refuse-openings')
  }

  async channels(): Promise<readonly PeerChannel[]> {
    const [listed, updates] = await Promise.all([
      this.#api.call<readonly EclairChannel[]>('channels'),
      this.#api.call<readonly EclairUpdate[]>('allupdates'),
    ])
    return listed.flatMap((channel) => peerChannelOf(channel, updates, this.#nodeId) ?? [])
  }

  async announcedDirections(shortChannelId: string): Promise<number | undefined> {
    const wanted = parseShortChannelId(shortChannelId)
    const is = (each: { readonly shortChannelId: string }): boolean => scidOf(each.shortChannelId) === wanted
    const [channels, updates] = await Promise.all([
      this.#api.call<readonly { shortChannelId: string }[]>('allchannels'),
      this.#api.call<readonly EclairUpdate[]>('allupdates'),
    ])
    return channels.some(is) ? updates.filter(is).length : undefined
  }

  async closeChannel(channelId: string, options: CloseOptions = {}): Promise<void> {
    const { script, feeratePerKw, maxFeeratePerKw } = options
    await this.#tellChannel('close', channelId, {
      scriptPubKey: script === undefined ? undefined : toHex(script),
      preferredFeerateSatByte: feeratePerKw === undefined ? undefined : satPerVbyte(feeratePerKw),
      maxFeerateSatByte: maxFeeratePerKw === undefined ? undefined : satPerVbyte(maxFeeratePerKw),
    })
  }

  async forceClose(channelId: string): Promise<void> {
    await this.#tellChannel('forceclose', channelId)
  }

  /** It answers a refusal in the same way as it does its consent. */
  async #tellChannel(method: string, channelId: string, params: EclairParams = {}): Promise<void> {
    const answers = await this.#api.call<Readonly<Record<string, string>>>(method, { channelId, ...params })
    const said = answers[channelId] ?? 'nothing'
    if (said !== 'ok' && !said.startsWith('closed channel')) throw new Error(`${method}: ${said}`)
  }

  async setMaxExpiryDelta(blocks: number): Promise<void> {
    await this.stop()
    this.#maxExpiryDelta = blocks
    await this.start()
  }

  setFeerate(): Promise<void> {
    return lacks('fee-estimates')
  }

  async createInvoice({ amountMsat, hold = false, through, kind }: InvoiceRequest): Promise<PeerInvoice> {
    if (hold) return lacks('hold')
    if (kind !== undefined) return lacks(kind === 'amp' ? 'amp-invoice' : 'blinded-invoice')
    const made = await this.#api.call<{ serialized: string; paymentHash: string }>('createinvoice', {
      description: `to ${this.name}`,
      amountMsat,
      privateChannelIds: through,
    })
    return { bolt11: made.serialized, paymentHash: made.paymentHash }
  }

  isHeld(): Promise<boolean> {
    return lacks('hold')
  }

  settleHeld(): Promise<void> {
    return lacks('hold')
  }

  failHeld(): Promise<void> {
    return lacks('hold')
  }

  async pay(bolt11: string, { amountMsat, htlcRecords }: PayOptions = {}): Promise<Outcome> {
    if (htlcRecords !== undefined) return lacks('htlc-records')
    const params = {
      invoice: bolt11,
      amountMsat,
      blocking: true,
      maxFeeFlatSat: 1_000_000,
      timeoutSeconds: PAY_SECONDS,
    }
    const payment = await this.#api.call<EclairPayment>('payinvoice', params).catch((error: Error) => error)
    return payment instanceof Error ? { ok: false, reason: payment.message, failures: [] } : outcomeOf(payment)
  }

  async createOffer(amountMsat: bigint): Promise<string> {
    const params = { description: `to ${this.name}`, amountMsat }
    return (await this.#api.call<{ encoded: string }>('createoffer', params)).encoded
  }

  async payOffer(offer: string, amountMsat: bigint): Promise<Outcome> {
    const params = { offer, amountMsat, blocking: true, maxFeeFlatSat: 1_000_000, timeoutSeconds: PAY_SECONDS }
    const payment = await this.#api.call<EclairPayment>('payoffer', params).catch((error: Error) => error)
    return payment instanceof Error ? { ok: false, reason: payment.message, failures: [] } : outcomeOf(payment)
  }

  createRefund(): Promise<string> {
    return lacks('refunds')
  }

  claimRefund(): Promise<string> {
    return lacks('refunds')
  }

  async keysend(
    nodeId: string,
    amountMsat: bigint,
    records: Readonly<Record<number, Uint8Array>> = {},
  ): Promise<Outcome> {
    if (Object.keys(records).length > 0) return lacks('custom-records')
    const id = await this.#api.call<string>('sendtonode', { nodeId, amountMsat })
    return this.#outcomeOf(id, 1)
  }

  async #outcomeOf(id: string, parts: number): Promise<Outcome> {
    let outcome: Outcome | undefined
    await waitFor(`the end of the payment ${id}`, async () => {
      outcome = outcomeOfParts(await this.#api.call<readonly EclairSent[]>('getsentinfo', { id }), parts)
      return outcome !== undefined
    })
    return outcome as Outcome
  }

  async forgetFailures(): Promise<void> {
    // It avoids no channel for longer than `channel-exclude-duration`.
  }

  async received(): Promise<readonly Received[]> {
    // By its own limit it leaves out invoices of this second.
    const to = Math.floor(Date.now() / 1000) + 3_600
    const payments = await this.#api.call<
      readonly { invoice: { paymentHash: string }; status: { type: string; amount: number } }[]
    >('listreceivedpayments', { to })
    return payments.flatMap(({ invoice, status }) =>
      status.type === 'received' ? [{ paymentHash: invoice.paymentHash, amountMsat: BigInt(status.amount) }] : [],
    )
  }

  async announcedNode(nodeId: string): Promise<AnnouncedNode | undefined> {
    const nodes = await this.#api.call<readonly AnnouncedNode[]>('nodes', { nodeIds: nodeId })
    return nodes[0] && { alias: nodes[0].alias, addresses: nodes[0].addresses }
  }

  sendMessage(): Promise<void> {
    return lacks('own-messages')
  }

  rememberCommitment(): Promise<never> {
    return Promise.reject(new Error(String(abilities['revoked-close'])))
  }

  async setRelayFees(nodeId: string, fees: RelayFees): Promise<void> {
    await this.#api.call('updaterelayfee', { nodeId, ...fees })
  }

  async payByChannels(bolt11: string, parts: readonly GivenPart[]): Promise<Outcome> {
    const channels = await this.#api.call<readonly EclairChannel[]>('channels')
    const recipientAmountMsat = parts.reduce((sum, { amountMsat }) => sum + amountMsat, 0n)
    let parentId: string | undefined
    for (const { channelId, amountMsat } of parts) {
      const aliases = channels.find((channel) => channel.channelId === channelId)?.data.aliases
      const alias = scidOf(aliases?.localAlias ?? '')
      if (alias === undefined) throw new Error(`${this.name} has no channel ${channelId}`)
      // As it prints aliases it does not take them.
      const shortChannelIds = formatShortChannelId(alias)
      const params = { amountMsat, recipientAmountMsat, invoice: bolt11, shortChannelIds, parentId }
      parentId = (await this.#api.call<{ parentId: string }>('sendtoroute', params)).parentId
    }
    return this.#outcomeOf(parentId ?? '', parts.length)
  }

  async sendableMsat(channelId: string): Promise<bigint> {
    const [channels, balances] = await Promise.all([
      this.#api.call<readonly EclairChannel[]>('channels'),
      this.#api.call<readonly EclairBalance[]>('usablebalances'),
    ])
    const alias = channels.find((channel) => channel.channelId === channelId)?.data.aliases?.localAlias
    const balance = balances.find(({ aliases }) => aliases.localAlias === alias)
    return BigInt(balance?.canSend ?? 0)
  }

  async restartWithFeerate(feeratePerKw: number): Promise<void> {
    await this.stop()
    this.#satPerVbyte = satPerVbyte(feeratePerKw)
    await this.start()
  }

  log(): readonly string[] {
    return this.#child.lines.map((line) => stripVTControlCharacters(line))
  }

  diagnosis(): string {
    return this.log()
      .slice(-80)
      .map((line) => line.slice(0, 600))
      .join('\n')
  }

  async dispose(): Promise<void> {
    await this.#child.end('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #writeSettings(): void {
    // On regtest these are its estimates.
    const names = ['slow', 'medium', 'fast', 'fastest']
    const feerates = names.map((name) => `${name} = ${this.#satPerVbyte}`).join(', ')
    const settings = [
      ...this.#settings,
      `on-chain-fees.default-feerates { minimum = 1, ${feerates} }`,
      `channel.max-expiry-delta-blocks = ${this.#maxExpiryDelta}`,
      `router.path-finding.default.boundaries.max-cltv = ${this.#maxExpiryDelta}`,
    ]
    const text = settings.map((setting) => `eclair.${setting}\n`).join('')
    writeFileSync(join(this.#folder, 'data', 'eclair.conf'), text)
  }

  /** While it starts it does not answer. */
  #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    return waitFor(`${this.name} ${what}`, async () => {
      if (!this.#child.isRunning) throw new Error(`${this.name} has ended\n${this.diagnosis()}`)
      return holds().catch(() => false)
    })
  }
}

const CHANNEL_TYPES: Readonly<Record<NonNullable<Opening['kind']> | 'plain', string>> = {
  plain: 'anchor_outputs_zero_fee_htlc_tx',
  announced: 'anchor_outputs_zero_fee_htlc_tx',
  'scid-alias': 'anchor_outputs_zero_fee_htlc_tx+scid_alias',
  taproot: 'simple_taproot_channel',
  'zero-conf': 'anchor_outputs_zero_fee_htlc_tx+zeroconf',
}

interface EclairBalance {
  readonly aliases: { readonly localAlias: string }
  readonly canSend: number
}

const lacks = (ability: keyof Abilities): Promise<never> => Promise.reject(new Error(String(abilities[ability])))

const satPerVbyte = (feeratePerKw: number): number => Math.max(1, Math.ceil((feeratePerKw * 4) / 1000))
