import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { parseTxid } from '../../bitcoin/transaction.ts'
import { FailureError, invariant } from '../../lib/errors.ts'
import type { TxId } from '../../lib/ids.ts'
import type { DevChain } from './dev-chain.ts'
import { refusedAs } from './devnet-client.ts'
import type { KnownNode } from './devnet-node.ts'
import { until } from './until.ts'

/** A planned channel. */
export interface PlannedChannel {
  readonly from: KnownNode
  readonly to: KnownNode
  readonly fundingSat: bigint
  /** The peer's part of it, so that both sides can pay. */
  readonly pushMsat: bigint
}

export interface OpenedChannel extends PlannedChannel {
  readonly channelId: string
  readonly fundingTxid: TxId
  readonly fundingOutputIndex: number
  /** Of the funding transaction. */
  readonly feeSat: bigint
}

type Channel = ReplyOf<'channels', 'list'>['items'][number]

const TIMEOUT_MS = 20_000
/** Enough for the fees of a few transactions. */
const MARGIN_SAT = 100_000n

/** The channels of a node that carry payments, or will. */
export const livingChannels = async ({ client }: KnownNode): Promise<readonly Channel[]> => {
  const { items } = await client.ask('channels', 'list', {})
  return items.filter(({ state }) => state !== 'closing' && state !== 'closed')
}

/** The planned channels that do not exist yet: a first start makes all of them, a start after an interrupted one makes the rest. */
export const missingChannels = async (planned: readonly PlannedChannel[]): Promise<readonly PlannedChannel[]> => {
  const found = await Promise.all(planned.map(({ from }) => livingChannels(from)))
  return planned.filter(({ to }, i) => !found[i]?.some(({ peer }) => peer === to.nodeId))
}

/** Gives each opener one output for each channel, and waits until the wallets see them confirmed. */
export const fundWallets = async (
  chain: DevChain,
  planned: readonly PlannedChannel[],
): Promise<ReadonlyMap<KnownNode, bigint>> => {
  const given = new Map<KnownNode, bigint>()
  // Each output is enough for any of the channels, so that no coin selection takes two and leaves another channel short.
  let amountSat = 0n
  for (const { fundingSat } of planned) if (fundingSat + MARGIN_SAT > amountSat) amountSat = fundingSat + MARGIN_SAT
  const payments = await Promise.all(
    planned.map(async ({ from }) => {
      const { address } = await from.client.ask('wallet', 'newAddress', {})
      given.set(from, (given.get(from) ?? 0n) + amountSat)
      return { address, amountSat }
    }),
  )
  if (payments.length === 0) return given
  await chain.fund(payments)
  chain.chain.mine(1)
  await Promise.all(
    [...given].map(([{ client, name }, givenSat]) =>
      until(`${name}'s wallet is funded`, TIMEOUT_MS, async () => {
        const { confirmedSat } = await client.ask('wallet', 'balance', {})
        return confirmedSat >= givenSat ? true : undefined
      }),
    ),
  )
  return given
}

/** Connects each pair. A node that is connected already stays as it is. */
export const connectPeers = async (
  pairs: readonly { readonly from: KnownNode; readonly to: KnownNode }[],
): Promise<void> => {
  await Promise.all(
    pairs.map(({ from, to }) => from.client.ask('peers', 'connect', { nodeId: to.nodeId, address: to.listen })),
  )
}

/** Nothing is spent when an opening ends like this, and it may succeed a moment later. */
const PASSING: readonly string[] = ['peer-not-connected', 'peer-disconnected', 'chain-not-followed']

/**
 * After a crash both nodes dial each other, and one of the two connections is hung up: a channel that is opened over that one is opened
 * again over the other.
 */
const openNow = ({ from, to, fundingSat, pushMsat }: PlannedChannel): Promise<ReplyOf<'channels', 'open'>> =>
  until(`${from.name}'s channel with ${to.name} is open`, TIMEOUT_MS, async () => {
    const opened = await from.client.tryAsk('channels', 'open', { nodeId: to.nodeId, fundingSat, pushMsat })
    if (opened.ok) return opened.value
    if (!PASSING.includes(opened.error.code)) throw new FailureError(refusedAs('channels.open', opened.error))
    // If it fails, the next turn says why.
    await from.client.tryAsk('peers', 'connect', { nodeId: to.nodeId, address: to.listen })
    return undefined
  })

/** Opens the channels at once and mines until each can be used from both sides. */
export const openChannels = async (
  chain: DevChain,
  planned: readonly PlannedChannel[],
): Promise<readonly OpenedChannel[]> => {
  const opened = await Promise.all(
    planned.map(async (plan): Promise<OpenedChannel> => {
      const { from } = plan
      const reply = await openNow(plan)
      const txid = parseTxid(reply.fundingTxid)
      invariant(txid !== undefined, 'the contract carries transaction ids')
      await until(`the funding of ${from.name}'s channel is published`, TIMEOUT_MS, () =>
        chain.chain.mempoolEntry(txid) === undefined ? undefined : true,
      )
      const { channelId, fundingOutputIndex, feeSat } = reply
      return { ...plan, channelId, fundingTxid: txid, fundingOutputIndex, feeSat }
    }),
  )
  if (opened.length > 0) chain.chain.mine(1)
  return opened
}

/** Waits until these nodes know the whole chain and can use every channel; mines the blocks that they wait for. */
export const untilUsable = async (
  { chain }: DevChain,
  nodes: readonly KnownNode[],
  timeoutMs = TIMEOUT_MS,
): Promise<void> => {
  await Promise.all(
    nodes.map((node) =>
      until(`${node.name}'s channels are usable`, timeoutMs, async () => {
        if (chain.mempool.length > 0) chain.mine(1)
        const info = await node.client.ask('node', 'getInfo', {})
        if (!info.synced || info.blockHeight !== chain.tip.height) return undefined
        const channels = await livingChannels(node)
        return channels.every(({ state }) => state === 'usable') ? true : undefined
      }),
    ),
  )
}
