import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { toHex } from '../../../../core/src/lib/bytes.ts'
import { whyNoBitcoind } from '../../../bitcoind/support/bitcoind.ts'
import { freePort, waitFor } from '../../../support/node-process.ts'
import { type Ground, scriptOf } from '../../stage/ground.ts'
import { Child } from '../child.ts'
import type {
  Abilities,
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
} from '../driver.ts'
import { type EclairApi, type EclairParams, eclairApi } from './api.ts'
import { ECLAIR_FAILURES } from './failures.ts'

const NOT_ZERO_CONF = 'it has channels without confirmations only with nodes that its settings name'
const FIXED_FEERATES = 'on regtest its fee rates are settings, which it reads when it starts'
const NO_HOLD = 'it holds no payments: that takes a plugin of its own'

const abilities: Abilities = {
  hold: NO_HOLD,
  'any-amount': true,
  'multi-part': true,
  keysend: true,
  'custom-records': 'it sends no records of its own with a keysend',
  'htlc-records': 'it sends no such records',
  'amp-invoice': 'it makes no AMP invoices',
  'blinded-invoice': 'it makes no BOLT 11 invoices with blinded paths',
  'failure-names': true,
  'private-hints': true,
  'refuse-openings': 'it refuses openings by a plugin of its own only',
  push: true,
  'announced-opening': true,
  'scid-alias-opening': true,
  'taproot-opening': true,
  'zero-conf-opening': NOT_ZERO_CONF,
  'large-opening': true,
  'small-opening': true,
  'fee-estimates': FIXED_FEERATES,
  'commitment-feerate': FIXED_FEERATES,
  'close-feerate': true,
  'close-to-script': true,
  'close-to-future-script': true,
  'close-to-legacy-script': 'it closes to segwit scripts only',
  'close-with-htlcs': true,
  'message-log': true,
  'closes-on-error': true,
  restart: true,
  kill: true,
  'old-database': true,
  'force-close': true,
  'error-on-force-close': true,
  'crossing-openings': true,
  cuts: 'it cannot be told where to lose a connection',
  'many-pings': 'two pings that wait for their answers are a flood to it',
}

const home = (): string => process.env.ECLAIR_HOME ?? ''
const program = (): string => join(home(), 'bin', 'eclair-node.sh')

export const eclairDriver: PeerDriver = {
  peer: 'eclair',
  abilities,
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
    const eclair = await EclairPeer.make(ground, name)
    await eclair.start()
    return eclair
  },
}

interface EclairChannel {
  readonly nodeId: string
  readonly channelId: string
  readonly state: string
  readonly data: {
    readonly type: string
    readonly commitments: {
      readonly channelParams: { readonly localParams: { readonly isChannelOpener: boolean } }
      readonly active: readonly EclairCommitment[]
    }
    readonly aliases?: { readonly localAlias: string; readonly remoteAlias?: string }
    readonly localShutdown?: unknown
    readonly remoteShutdown?: unknown
  }
}

interface EclairCommitment {
  readonly fundingAmount: number
  readonly localFunding: { readonly shortChannelId?: string }
  readonly localCommit: { readonly spec: EclairSpec }
  readonly remoteCommit: { readonly spec: EclairSpec }
}

interface EclairSpec {
  readonly htlcs: readonly unknown[]
  readonly commitTxFeerate: number
  readonly toLocal: number
}

interface EclairUpdate {
  readonly shortChannelId: string
  readonly channelFlags: { readonly isNode1: boolean }
  readonly cltvExpiryDelta: number
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: number
}

type EclairPayment =
  | { readonly type: 'payment-sent'; readonly paymentPreimage: string; readonly fees: number }
  | { readonly type: 'payment-failed'; readonly failures: readonly EclairFailure[] }

interface EclairFailure {
  /** What came back, in words. */
  readonly e?: { readonly failureMessage?: string }
  /** Why nothing was sent. */
  readonly t?: string
}

interface EclairSent {
  readonly status:
    | { readonly type: 'pending' }
    | { readonly type: 'sent'; readonly paymentPreimage: string; readonly feesPaid: number }
    | { readonly type: 'failed'; readonly failures: readonly { readonly failureMessage: string }[] }
}

/** The states, by what it keeps of a channel, before a closing begins. */
const OPEN = /^DATA_(NORMAL|WAIT_FOR_((DUAL_)?FUNDING_CONFIRMED|(CHANNEL|DUAL_FUNDING)_READY))$/
const PASSWORD = 'interop'
const PAY_SECONDS = 600
const OPENING_FEE_BUDGET_SAT = 20_000
const MAX_HTLCS_MSAT = 100_000_000_000

class EclairPeer implements Peer {
  readonly name: string
  readonly address: string
  readonly precisionMsat = 1n
  readonly leastHtlcMsat = 1n
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
    const settings = [
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
      // On regtest these are its estimates.
      'on-chain-fees.default-feerates { minimum = 1, slow = 1, medium = 1, fast = 1, fastest = 1 }',
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
      'router.channel-exclude-duration = 1 millisecond',
    ]
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'data', 'eclair.conf'), settings.map((setting) => `eclair.${setting}\n`).join(''))
    this.#child = new Child(program(), [`-Declair.datadir=${join(folder, 'data')}`], {
      JAVA_OPTS: `${process.env.JAVA_OPTS ?? '-Xmx512m'} -Declair.printToConsole`,
    })
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
    this.#nodeId = (await this.#api.call<{ nodeId: string }>('getinfo')).nodeId
  }

  async stop(): Promise<void> {
    await this.#child.end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#child.end('SIGKILL')
  }

  restartWithCuts(): Promise<void> {
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

  async openChannel(nodeId: string, { capacitySat, pushMsat = 0n, kind }: Opening): Promise<string> {
    const ask = (): Promise<string> =>
      this.#api.call<string>('open', {
        nodeId,
        fundingSatoshis: capacitySat,
        pushMsat,
        announceChannel: kind === 'announced',
        channelType: CHANNEL_TYPES[kind ?? 'plain'],
        fundingFeerateSatByte: 1,
        fundingFeeBudgetSatoshis: OPENING_FEE_BUDGET_SAT,
      })
    let said = ''
    // It looks at one opening with a peer at a time, its own or the peer's.
    await waitFor(`${this.name} opens`, async () => {
      said = await ask()
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

  setAcceptChannels(): Promise<void> {
    return lacks('refuse-openings')
  }

  async channels(): Promise<readonly PeerChannel[]> {
    const [listed, updates] = await Promise.all([
      this.#api.call<readonly EclairChannel[]>('channels'),
      this.#api.call<readonly EclairUpdate[]>('allupdates'),
    ])
    return listed.flatMap((channel) => {
      const { type, localShutdown, remoteShutdown } = channel.data
      const isOpen = OPEN.test(type) && localShutdown === undefined && remoteShutdown === undefined
      return isOpen ? this.#peerChannel(channel, updates) : []
    })
  }

  #peerChannel({ nodeId, channelId, state, data }: EclairChannel, updates: readonly EclairUpdate[]): PeerChannel[] {
    const [commitment] = data.commitments.active
    if (commitment === undefined) return []
    const { spec } = commitment.localCommit
    const names = new Set([commitment.localFunding.shortChannelId, ...Object.values(data.aliases ?? {})].map(scidOf))
    const isNode1 = nodeId < this.#nodeId
    const update = updates.find(
      ({ shortChannelId, channelFlags }) => channelFlags.isNode1 === isNode1 && names.has(scidOf(shortChannelId)),
    )
    return [
      {
        channelId,
        isUsable: state === 'NORMAL',
        isOpener: data.commitments.channelParams.localParams.isChannelOpener,
        capacitySat: BigInt(commitment.fundingAmount),
        localMsat: BigInt(spec.toLocal),
        pendingHtlcs: Math.max(spec.htlcs.length, commitment.remoteCommit.spec.htlcs.length),
        feeratePerKw: spec.commitTxFeerate,
        ...(update === undefined ? {} : { ourPolicy: policyOf(update) }),
      },
    ]
  }

  async closeChannel(channelId: string, { script, feeratePerKw }: CloseOptions = {}): Promise<void> {
    await this.#tellChannel('close', channelId, {
      scriptPubKey: script === undefined ? undefined : toHex(script),
      preferredFeerateSatByte: feeratePerKw === undefined ? undefined : satPerVbyte(feeratePerKw),
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
    if (payment instanceof Error) return { ok: false, reason: payment.message, failures: [] }
    if (payment.type === 'payment-sent')
      return { ok: true, feeMsat: BigInt(payment.fees), preimage: payment.paymentPreimage }
    return failed(payment.failures.map(({ e, t }) => e?.failureMessage ?? t ?? 'unreadable failure'))
  }

  async keysend(
    nodeId: string,
    amountMsat: bigint,
    records: Readonly<Record<number, Uint8Array>> = {},
  ): Promise<Outcome> {
    if (Object.keys(records).length > 0) return lacks('custom-records')
    const id = await this.#api.call<string>('sendtonode', { nodeId, amountMsat })
    let outcome: Outcome | undefined
    await waitFor(`the end of the payment ${id}`, async () => {
      const parts = (await this.#api.call<readonly EclairSent[]>('getsentinfo', { id })).map(({ status }) => status)
      if (parts.some(({ type }) => type === 'pending')) return false
      const sent = parts.flatMap((status) => (status.type === 'sent' ? [status] : []))
      const [first] = sent
      if (first !== undefined) {
        const feeMsat = sent.reduce((sum, { feesPaid }) => sum + BigInt(feesPaid), 0n)
        outcome = { ok: true, feeMsat, preimage: first.paymentPreimage }
      } else {
        const failures = parts.flatMap((status) => (status.type === 'failed' ? status.failures : []))
        if (parts.length > 0) outcome = failed(failures.map(({ failureMessage }) => failureMessage))
      }
      return outcome !== undefined
    })
    if (outcome === undefined) throw new Error('unreachable')
    return outcome
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

  /** While it starts it does not answer. */
  #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    return waitFor(`${this.name} ${what}`, async () => {
      if (!this.#child.isRunning) throw new Error(`${this.name} has ended\n${this.diagnosis()}`)
      return holds().catch(() => false)
    })
  }
}

/** What it makes of its own accord would be taproot. */
const CHANNEL_TYPES: Readonly<Record<NonNullable<Opening['kind']> | 'plain', string>> = {
  plain: 'anchor_outputs_zero_fee_htlc_tx',
  announced: 'anchor_outputs_zero_fee_htlc_tx',
  'scid-alias': 'anchor_outputs_zero_fee_htlc_tx+scid_alias',
  taproot: 'simple_taproot_channel',
  'zero-conf': 'anchor_outputs_zero_fee_htlc_tx+zeroconf',
}

const lacks = (ability: keyof Abilities): Promise<never> => Promise.reject(new Error(String(abilities[ability])))

const failed = (messages: readonly string[]): Outcome => ({
  ok: false,
  reason: messages.join('; '),
  failures: messages.flatMap((message) => {
    const name = ECLAIR_FAILURES.find(([words]) => message.startsWith(words))?.[1]
    return name === undefined ? [] : [name]
  }),
})

const policyOf = ({ feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta }: EclairUpdate): OurPolicy => ({
  feeBaseMsat,
  feeProportionalMillionths,
  cltvExpiryDelta,
})

/** eclair writes the same id as `103x1x0` or, an alias, as `0x1527ebce1e2569`. */
const scidOf = (text: string | undefined): bigint | undefined => {
  const [block, tx, output] = text?.split('x') ?? []
  if (text === undefined || block === undefined || tx === undefined) return undefined
  if (output === undefined) return BigInt(text)
  return (BigInt(block) << 40n) | (BigInt(tx) << 16n) | BigInt(output)
}

const satPerVbyte = (feeratePerKw: number): number => Math.max(1, Math.ceil((feeratePerKw * 4) / 1000))
