import { join } from 'node:path'
import { invariant } from '../../lib/errors.ts'
import type { Cleanup } from '../cleanup.ts'
import { sat } from '../devnet/describe-event.ts'
import { type DevChain, openDevChain } from '../devnet/dev-chain.ts'
import { type KnownNode, type NodeProcess, startNodeProcess } from '../devnet/devnet-node.ts'
import { installFeeManager } from '../devnet/fee-manager-plugin.ts'
import { connectPeers, fundWallets, type OpenedChannel, openChannels, untilUsable } from '../devnet/open-channels.ts'
import { until } from '../devnet/until.ts'
import type { Terminal } from '../terminal.ts'
import { BalanceSheet } from './balance-sheet.ts'
import { auditChain } from './chain-audit.ts'
import { type PaidInvoice, payInvoice, relayMatches, type Spokes } from './payments.ts'

/** The result of the demonstration, as `--json` prints it. */
export interface DemoOutcome {
  readonly channels: number
  readonly paymentsSettled: number
  readonly paymentsFailed: number
  readonly relayed: number
  readonly pluginActions: number
  readonly balancesMatch: boolean
}

/** At once, so that every relay changes its fees. */
const FEE_MANAGER = {
  minPpm: 10,
  maxPpm: 2_000,
  halfLifeSeconds: 0,
  minChangePercent: 1,
  minIntervalSeconds: 0,
  reviewSeconds: 3_600,
}

const NAMES = ['us', 'alice', 'bob', 'carol'] as const
const TIMEOUT_MS = 20_000
/** How deep a closing transaction must be before its channel is finished. */
const CLOSING_DEPTH = 6
const LEAST_PART_MSAT = 1n

type Nodes = Readonly<Record<(typeof NAMES)[number], NodeProcess>>

/** Plays through a node's life (channels, payments, relays, a plugin, closings), and computes every balance independently. */
export const demonstrate = async (folder: string, cleanup: Cleanup, terminal: Terminal): Promise<DemoOutcome> => {
  const { line, bold, dim, green, red } = terminal
  const startedAt = performance.now()
  let allMatch = true
  const check = (matches: boolean, text: string): void => {
    allMatch &&= matches
    line(`   ${matches ? green('✓') : red('✗')} ${text}`)
  }

  line(bold('1. Four nodes, each a process of its own, on an embedded chain'))
  const chain = await openDevChain(folder)
  cleanup.add(() => chain.close())
  const nodes = await startNodes(folder, chain, cleanup)
  const { us, alice, bob, carol } = nodes
  for (const { name, nodeId, pid } of Object.values(nodes)) {
    line(`   ${name.padEnd(6)} ${nodeId.slice(0, 20)}…  ${dim(`process ${pid}`)}`)
  }

  line(bold('2. Money from the faucet, channels around us'))
  const firstHeight = chain.chain.tip.height + 1
  const planned = [
    { from: alice, to: us, fundingSat: 5_000_000n, pushMsat: 2_000_000_000n },
    { from: us, to: bob, fundingSat: 4_000_000n, pushMsat: 1_500_000_000n },
    { from: carol, to: us, fundingSat: 3_000_000n, pushMsat: 1_000_000_000n },
  ]
  const [given] = await Promise.all([
    fundWallets(chain, planned),
    connectPeers(planned),
    installFeeManager(us.client, FEE_MANAGER),
  ])
  const channels = await openChannels(chain, planned)
  await untilUsable(chain, Object.values(nodes))
  const sheet = new BalanceSheet()
  for (const { channelId, from, to, fundingSat, pushMsat } of channels) {
    sheet.open(channelId, from.name, to.name, fundingSat * 1000n - pushMsat, pushMsat)
    line(`   ${from.name} → ${to.name}: ${sat(fundingSat * 1000n)}, of which ${sat(pushMsat)} are ${to.name}'s`)
  }
  const spokes: Spokes = new Map(channels.map(({ channelId, from, to }) => [from === us ? to : from, channelId]))
  const openingPolicies = await policiesOf(us)

  line(bold('3. Payments: to us and from us, and between the others through us'))
  const wishes = wishesOf(nodes)
  const paid = await payAll(wishes, (wish) => payInvoice(us, spokes, sheet, wish))
  const settled = paid.filter((payment) => payment !== undefined)
  const failed = paid.length - settled.length
  const throughUs = settled.filter(({ from, to }) => from !== us && to !== us)
  const direct = settled.length - throughUs.length
  line(`   ${direct} direct, ${throughUs.length} through us, ${failed} failed`)

  line(bold('4. The plugin fee-manager sees the relays and moves our fees'))
  const changes = await until('the plugin changes a relay fee', TIMEOUT_MS, async () => {
    const { payloads } = await us.client.eventsAfter(undefined, 'channel.relay-fees-changed')
    return payloads.length > 0 ? payloads : undefined
  })
  const relays = await until('every relay is told of', TIMEOUT_MS, async () => {
    const { payloads } = await us.client.eventsAfter(undefined, 'payment.relayed')
    return payloads.length >= throughUs.length ? payloads : undefined
  })
  const nameOf = new Map(Object.values(nodes).map(({ nodeId, name }) => [nodeId, name]))
  for (const { peer, previous, feeProportionalMillionths } of changes.slice(0, 6)) {
    line(`   to ${nameOf.get(peer)}: ${previous.feeProportionalMillionths} → ${feeProportionalMillionths} ppm`)
  }
  if (changes.length > 6) line(dim(`   … and ${changes.length - 6} more`))

  line(bold('5. Off-chain balances, to the millisatoshi'))
  const relaysByHash = new Map(relays.map((relay) => [relay.paymentHash, relay]))
  const told = throughUs.filter((payment) => {
    const channelId = spokes.get(payment.to)
    const policies = [...openingPolicies, ...changes].filter((policy) => policy.channelId === channelId)
    return relayMatches(payment, relaysByHash.get(payment.paymentHash), policies)
  })
  const earned = throughUs.reduce((sum, { feesMsat }) => sum + feesMsat, 0n)
  check(
    told.length === throughUs.length && relays.length === throughUs.length,
    `${relays.length} relays earned us ${sat(earned)}: sender and relay tell the same, at announced fees`,
  )
  for (const { channelId, from, to } of channels) {
    for (const owner of [from, to]) {
      const expected = sheet.balanceOf(channelId, owner.name)
      const actual = await settledBalance(owner, channelId)
      const other = owner === from ? to : from
      check(actual === expected, `${owner.name} with ${other.name}: ${sat(actual)}${difference(actual, expected)}`)
    }
  }

  line(bold('6. Every channel is closed together with its peer'))
  await closeAll(chain, us, channels)
  await untilClosed(chain, Object.values(nodes))
  const audit = auditChain(chain.chain)
  const expectedSat = new Map(Object.values(nodes).map((node) => [node.name, given.get(node) ?? 0n]))
  const add = (name: string, amountSat: bigint): void => {
    expectedSat.set(name, (expectedSat.get(name) ?? 0n) + amountSat)
  }
  for (const channel of channels) {
    const { from, to, fundingSat, feeSat, channelId } = channel
    const closing = audit.spendOf({ txid: channel.fundingTxid, index: channel.fundingOutputIndex })
    check(
      closing !== undefined,
      `${from.name} – ${to.name}: closed for a fee of ${closing?.feeSat ?? '?'} sat, ${us.name}'s`,
    )
    const shares = [from, to].map(({ name }) => sheet.balanceOf(channelId, name) / 1000n)
    const [openers = 0n, peers = 0n] = shares
    // What is below a satoshi on both sides goes to the miner too, and is part of the fee that the chain shows.
    const agreedFee = (closing?.feeSat ?? 0n) - (fundingSat - openers - peers)
    add(from.name, openers - fundingSat - feeSat)
    add(to.name, peers)
    // BOLT 2, option_simple_close: whoever asks for the close pays for it.
    add(us.name, -agreedFee)
  }

  line(bold('7. On-chain balances, to the satoshi'))
  let wallets = 0n
  for (const { name, client } of Object.values(nodes)) {
    const { confirmedSat } = await client.ask('wallet', 'balance', {})
    const expected = expectedSat.get(name) ?? 0n
    wallets += confirmedSat
    check(
      confirmedSat === expected,
      `${name}: ${sat(confirmedSat * 1000n)}${difference(confirmedSat * 1000n, expected * 1000n)}`,
    )
  }
  const faucet = [...given.values()].reduce((sum, amountSat) => sum + amountSat, 0n)
  const fees = audit.feesSinceSat(firstHeight)
  check(wallets + fees === faucet, `wallets ${sat(wallets * 1000n)} + fees ${fees} sat = faucet ${sat(faucet * 1000n)}`)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  line(allMatch ? green(`Everything matches, in ${seconds} s.`) : red('The balances do not match.'))
  return {
    channels: channels.length,
    paymentsSettled: settled.length,
    paymentsFailed: failed,
    relayed: relays.length,
    pluginActions: changes.length,
    balancesMatch: allMatch,
  }
}

const startNodes = async (folder: string, chain: DevChain, cleanup: Cleanup): Promise<Nodes> => {
  const starting = NAMES.map((name) => startNodeProcess({ name, data: join(folder, name), chain }))
  cleanup.add(async () => {
    const started = await Promise.allSettled(starting)
    await Promise.all(started.map((node) => (node.status === 'fulfilled' ? node.value.stop() : undefined)))
  })
  const [us, alice, bob, carol] = await Promise.all(starting)
  invariant(us && alice && bob && carol, 'there are as many nodes as names')
  return { us, alice, bob, carol }
}

/** What the channels of a node charge now. */
const policiesOf = async ({ client }: KnownNode) => {
  const { items } = await client.ask('channels', 'list', {})
  return items.map(({ channelId, localPolicy }) => ({ channelId, ...localPolicy }))
}

type Wish = Pick<PaidInvoice, 'from' | 'to' | 'amountMsat'>

/** Amounts that are not round, so that a lost millisatoshi is noticed. */
const wishesOf = ({ us, alice, bob, carol }: Nodes): readonly Wish[] => {
  const pairs = [
    [us, alice],
    [alice, us],
    [us, bob],
    [bob, us],
    [us, carol],
    [carol, us],
    [alice, bob],
    [bob, alice],
    [alice, carol],
    [carol, bob],
    [alice, bob],
    [alice, bob],
  ] as const
  return [0n, 1n, 2n, 3n, 4n].flatMap((round) =>
    pairs.map(([from, to], place) => ({
      from,
      to,
      amountMsat: 1_000_000n + round * 7_123_457n + BigInt(place) * 3_210_123n + LEAST_PART_MSAT,
    })),
  )
}

const AT_ONCE = 4

/** Makes all planned payments, a few at a time. */
const payAll = async (
  wishes: readonly Wish[],
  pay: (wish: Wish) => Promise<PaidInvoice | undefined>,
): Promise<readonly (PaidInvoice | undefined)[]> => {
  const waiting = [...wishes]
  const paid: (PaidInvoice | undefined)[] = []
  const payInTurn = async (): Promise<void> => {
    for (let wish = waiting.shift(); wish !== undefined; wish = waiting.shift()) paid.push(await pay(wish))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, payInTurn))
  return paid
}

/** A balance, once no HTLC is in flight any more. */
const settledBalance = ({ client, name }: KnownNode, channelId: string): Promise<bigint> =>
  until(`${name}'s payments have left the channel`, TIMEOUT_MS, async () => {
    const { channel } = await client.ask('channels', 'get', { channelId })
    return channel.htlcsInFlight === 0 ? channel.localMsat : undefined
  })

const closeAll = async (chain: DevChain, us: KnownNode, channels: readonly OpenedChannel[]): Promise<void> => {
  await Promise.all(channels.map(({ channelId }) => us.client.ask('channels', 'close', { channelId })))
  await until('the closing transactions are published', TIMEOUT_MS, () => {
    const published = channels.every(
      ({ fundingTxid, fundingOutputIndex }) =>
        chain.chain.mempoolSpender({ txid: fundingTxid, index: fundingOutputIndex }) !== undefined,
    )
    return published ? true : undefined
  })
  chain.chain.mine(CLOSING_DEPTH)
}

const untilClosed = async (chain: DevChain, nodes: readonly KnownNode[]): Promise<void> => {
  const { height } = chain.chain.tip
  await Promise.all(
    nodes.map(({ client, name }) =>
      until(`${name} has seen its channels closed`, TIMEOUT_MS, async () => {
        const [{ items }, info] = await Promise.all([
          client.ask('channels', 'list', {}),
          client.ask('node', 'getInfo', {}),
        ])
        const closed = items.every(({ state }) => state === 'closed')
        return closed && info.synced && info.blockHeight >= height ? true : undefined
      }),
    ),
  )
}

const difference = (actual: bigint, expected: bigint): string =>
  actual === expected ? '' : `, but ${sat(expected)} were expected`
