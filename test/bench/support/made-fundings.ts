import { readFileSync } from 'node:fs'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import type { TxOutput } from '../../../core/src/bitcoin/transaction.ts'
import { readLog } from '../../../core/src/graph/gossip-log.ts'
import { announcedOutput } from '../../../core/src/graph/rules/channel-announcement.ts'
import { decodeGossip } from '../../../core/src/wire/gossip-codecs.ts'

/** What the faucet can pay for all of them. */
export const MAX_FUNDING_SAT = 100_000n
/** Channels that one transaction funds, which is the only one of its block. */
const PER_BLOCK = 50

/** Where the funding of a channel is, by its number. */
export const outputOf = (firstBlock: number, channel: number) => ({
  blockHeight: firstBlock + Math.floor(channel / PER_BLOCK),
  txIndex: 1,
  outputIndex: channel % PER_BLOCK,
})

/** The outputs that a log's channels name, block by block. */
export const fundingsIn = (path: string): readonly (readonly TxOutput[])[] => {
  const blocks: TxOutput[][] = []
  readLog(readFileSync(path), NETWORKS.regtest.chainHash, (record) => {
    const decoded = record.type === 'channel' ? decodeGossip(record.raw) : undefined
    if (record.type !== 'channel' || !decoded?.ok || decoded.value.type !== 'channel_announcement') return
    if (blocks.length > 0 && blocks.at(-1)?.length !== PER_BLOCK)
      blocks.at(-1)?.push(outputFor(record.capacitySat, decoded.value))
    else blocks.push([outputFor(record.capacitySat, decoded.value)])
  })
  return blocks
}

const outputFor = (
  amount: bigint,
  { bitcoinKey1, bitcoinKey2 }: { bitcoinKey1: Uint8Array; bitcoinKey2: Uint8Array },
) => ({
  amount,
  script: announcedOutput(bitcoinKey1, bitcoinKey2),
})
