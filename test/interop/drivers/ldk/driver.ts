import { readFile } from 'node:fs/promises'
import { encodeTx } from '../../../../core/src/bitcoin/transaction.ts'
import { parseShortChannelId } from '../../../../core/src/lib/ids.ts'
import type { Ground } from '../../stage/ground.ts'
import type { Abilities, Ability, Outcome, Peer, PeerChannel, PeerDriver } from '../driver.ts'
import { failureNamesIn } from '../failure-names.ts'
import { paymentHashOf } from '../payment-hash.ts'
import { backendChain } from './backend-chain.ts'
import type { LdkChannel } from './ldk-channels.ts'
import { type LdkNode, startLdkNode } from './ldk-node.ts'

const abilities: Abilities = {
  hold: true,
  'any-amount': true,
  'multi-part': true,
  keysend: true,
  'keysend-in-parts': true,
  'custom-records': true,
  'htlc-records': 'it sends no such records',
  'amp-invoice': 'it makes no AMP invoices',
  offers: true,
  refunds: true,
  'blinded-invoice': 'it makes no BOLT 11 invoices with blinded paths',
  'attribution-data': 'it knows no attribution data',
  'failure-names': true,
  'private-hints': true,
  'refuse-openings': true,
  push: true,
  'announced-opening': true,
  'scid-alias-opening': true,
  'taproot-opening': 'it has no taproot channels',
  'zero-conf-opening': 'it asks for no zero-conf channels',
  'zero-conf-accepting': true,
  'zero-conf-using': true,
  'large-opening': true,
  'crossing-openings': true,
  'small-opening': true,
  'fee-estimates': true,
  'commitment-feerate': true,
  'close-feerate': true,
  'close-to-script': true,
  'close-to-future-script': true,
  'close-to-legacy-script': 'it closes to the forms of BOLT 2 only',
  'simple-close': 'it closes by closing_signed only',
  'replacements-at-once': 'it closes by closing_signed only',
  'close-with-htlcs': true,
  'message-log': true,
  'closes-on-error': true,
  restart: true,
  kill: 'it lives in this process, which cannot be killed',
  'old-database': 'it ends its process when it learns that it is behind',
  'keeps-backups': 'this version keeps nothing for its peers',
  'static-backup': 'it has no static backups',
  'force-close': true,
  'revoked-close': true,
  'error-on-force-close': true,
  cuts: 'it cannot be told where to lose a connection',
  'many-pings': true,
  particular: 'only what can be asked of all is asked of it',
  'dual-funding': 'it funds channels alone',
  'opening-terms': 'its wallet and its channels are set up by this suite',
  'close-to-at-opening': 'its operator names none',
  'error-on-bad-preimage': true,
  'close-max-feerate': 'it names a target, and no maximum',
  'hangs-up-on-fee-dispute': 'it stays connected there',
  'pays-again': true,
  'stays-on-fee-dispute': true,
  'relay-fees': 'it keeps to the fees that this suite sets up',
  'old-relay-fees': 'it keeps to the fees that this suite sets up',
  'close-deadline': 'it closes alone only when told to',
  'pays-far-ahead': true,
  'relay-expiry': 'it relays up to the 2016 blocks of BOLT 4, and so far we pay',
  'beside-others': 'it lives on a chain inside this process',
  'relays-messages': true,
  'own-messages': 'its handler of such messages is none',
  'node-details': 'the suite does not look into its graph for them',
}

export const ldkDriver: PeerDriver = {
  peer: 'ldk',
  abilities,
  notes: {
    'we want the peer to relay to one that is away — we read that this channel is of no use now, and pay later':
      'it answers temporary_channel_failure',
  },
  ground: 'embedded',
  whyMissing: () => undefined,
  async version() {
    const file = new URL('package.json', import.meta.resolve('lightningdevkit/package.json'))
    return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version
  },
  start: (ground, name, number) => startLdk(ground, name, number),
}

const startLdk = async (ground: Ground, name: string, number: number): Promise<Peer> => {
  const { devchain } = ground
  if (devchain === undefined) throw new Error('LDK lives on the embedded chain')
  const chain = await backendChain(ground.backend(), async ({ script, amountSat }) => {
    const funded = devchain.fund([{ amount: amountSat, script }])
    if (!funded.ok) throw new Error(funded.error.code)
    return encodeTx(funded.value)
  })
  const lines: string[] = []
  const ldk = await startLdkNode({ chain, seed: number, name, onLog: (line) => void lines.push(line) })
  const port = await ldk.listen()

  const outcomeOf = (outcome: Awaited<ReturnType<LdkNode['pay']>>, logFrom: number): Outcome =>
    outcome.type === 'payment-sent'
      ? { ok: true, feeMsat: outcome.feeMsat, preimage: outcome.preimage }
      : {
          ok: false,
          reason: outcome.reason,
          failures: lines.slice(logFrom).flatMap((line) => (line.includes('Onion Error') ? failureNamesIn(line) : [])),
        }
  const cannot = (ability: Ability) => (): Promise<never> => Promise.reject(new Error(String(abilities[ability])))

  return {
    name,
    nodeId: ldk.nodeId,
    address: `127.0.0.1:${port}`,
    precisionMsat: 1n,
    leastHtlcMsat: 1n,
    mostHtlcs: 50,
    announcedNode: cannot('node-details'),
    sendMessage: cannot('own-messages'),
    get isRunning() {
      return ldk.isRunning
    },
    start: () => ldk.resume(port),
    stop: () => ldk.suspend(),
    kill: cannot('kill'),
    saveDatabase: cannot('old-database'),
    restoreDatabase: cannot('old-database'),
    loseDatabase: cannot('static-backup'),
    restoreStaticBackup: cannot('static-backup'),
    restartWith: cannot('cuts'),
    setRelayFees: cannot('relay-fees'),
    knowsBlock: async (height) => chain.tip.height >= height,
    newScript: async () => ldk.wallet.script,
    walletSat: async () => ldk.wallet.balanceSat,
    connect(nodeId, address) {
      const [host = '', peerPort] = address.split(':')
      return ldk.connect(host, Number(peerPort), nodeId)
    },
    disconnect: async (nodeId) => ldk.disconnect(nodeId),
    isConnected: async (nodeId) => ldk.isConnected(nodeId),
    async openChannel(nodeId, { capacitySat, pushMsat = 0n, kind }) {
      if (kind === 'taproot' || kind === 'zero-conf') throw new Error(String(abilities[`${kind}-opening`]))
      return ldk.openChannel(nodeId, capacitySat, { pushMsat, ...(kind === undefined ? {} : { kind }) })
    },
    setAcceptChannels: async (on) => ldk.setAcceptChannels(on),
    setTrustsOpeners: async (on) => ldk.setTrustsOpeners(on),
    channels: async () => ldk.channels().map(peerChannel),
    announcedDirections: async (shortChannelId) => {
      const id = parseShortChannelId(shortChannelId)
      return id === undefined ? undefined : ldk.announcedDirections(id)
    },
    closeChannel: async (channelId, options) => ldk.closeChannel(channelId, options),
    forceClose: async (channelId) => ldk.forceClose(channelId),
    async rememberCommitment(channelId) {
      const publish = ldk.rememberCommitment(channelId)
      return async () => publish()
    },
    setMaxExpiryDelta: async (blocks) => ldk.setMaxExpiryDelta(blocks),
    setFeerate: async (feeratePerKw) => ldk.setFeerate(feeratePerKw),
    async createInvoice({ amountMsat, hold = false, kind }) {
      if (kind !== undefined) throw new Error(String(abilities[`${kind}-invoice`]))
      const bolt11 = ldk.createInvoice(amountMsat)
      const paymentHash = paymentHashOf(bolt11)
      if (hold) ldk.hold(paymentHash)
      return { bolt11, paymentHash }
    },
    isHeld: async (paymentHash) => ldk.isHeld(paymentHash),
    settleHeld: async (paymentHash) => ldk.claimHeld(paymentHash),
    failHeld: async (paymentHash) => ldk.failHeld(paymentHash),
    async pay(bolt11, { amountMsat } = {}) {
      const logFrom = lines.length
      return outcomeOf(await ldk.pay(bolt11, amountMsat), logFrom)
    },
    createOffer: async () => ldk.createOffer(),
    async payOffer(offer) {
      const logFrom = lines.length
      return outcomeOf(await ldk.payOffer(offer), logFrom)
    },
    createRefund: async (amountMsat) => ldk.createRefund(amountMsat),
    claimRefund: async (refund) => ldk.claimRefund(refund),
    async payOverPaths(invoice) {
      const logFrom = lines.length
      return outcomeOf(await ldk.payOverPaths(invoice), logFrom)
    },
    async keysend(nodeId, amountMsat, records) {
      const logFrom = lines.length
      return outcomeOf(await ldk.keysend(nodeId, amountMsat, records), logFrom)
    },
    forgetFailures: async () => undefined,
    received: async () =>
      ldk.events.flatMap((event) =>
        event.type === 'payment-claimed' ? [{ paymentHash: event.paymentHash, amountMsat: event.amountMsat }] : [],
      ),
    log: () => lines,
    diagnosis: () => lines.slice(-60).join('\n'),
    async dispose() {
      await ldk.stop()
      await chain.stop()
    },
  }
}

const peerChannel = (channel: LdkChannel): PeerChannel => {
  const { channelId, isUsable, isOpener, capacitySat, localMsat, pendingHtlcs, feeratePerKw, peerPolicy } = channel
  return {
    channelId,
    isUsable,
    isOpener,
    capacitySat,
    localMsat,
    pendingHtlcs,
    ...(feeratePerKw === undefined ? {} : { feeratePerKw }),
    ...(peerPolicy === undefined ? {} : { ourPolicy: peerPolicy }),
  }
}
