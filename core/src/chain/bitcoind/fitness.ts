import { displayBlockHash } from '../../bitcoin/block.ts'
import { NETWORKS, type Network } from '../../bitcoin/network.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { BlockHash } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { ChainTip } from '../chain-backend.ts'
import { type ChainInfo, isCatchingUp } from './backend-meter.ts'
import { RPC_IN_WARMUP } from './patient-rpc.ts'
import { readReply, replies } from './replies.ts'
import type { RpcClient, RpcError } from './rpc-client.ts'

/** Why a node cannot start on a bitcoind. */
export type BitcoindUnfit =
  | RpcError
  /** Another chain than ours; `actual` is bitcoind's own name for it, such as `main`. */
  | { readonly code: 'bitcoind-wrong-network'; readonly expected: string; readonly actual: string }
  /** A chain of the right name that begins with another block. */
  | { readonly code: 'bitcoind-wrong-genesis'; readonly expected: string; readonly actual: string }
  | { readonly code: 'bitcoind-version-too-old'; readonly version: number; readonly minimum: number }
  /** It reads its own files, as it does at each start. */
  | { readonly code: 'bitcoind-warming-up'; readonly detail: string }
  /** It has not caught up with the network, and a node that has followed no chain yet has nothing to look after until then. */
  | { readonly code: 'bitcoind-still-syncing'; readonly detail: string }
  /** It was waited for, and the start was given up. */
  | { readonly code: 'backend-stopped' }

export interface FitBitcoind {
  readonly tip: ChainTip
  readonly info: ChainInfo
  readonly subversion: string
}

/** Version 28, the first with packages that anchors can rely on. */
const MINIMUM_VERSION = 280_000

/** Asks once whether a bitcoind will do, for a node that has followed its chain before or for one that begins now. */
export const checkFitness = async (
  client: RpcClient,
  network: Network,
  isFirst: boolean,
): Promise<Result<FitBitcoind, BitcoindUnfit>> => {
  const chainReply = await client.call('getblockchaininfo')
  if (!chainReply.ok) return err(explained(chainReply.error))
  const chain = readReply(replies.blockchainInfo, 'getblockchaininfo', chainReply.value)
  if (!chain.ok) return chain
  const wrong = wrongNetwork(chain.value.chain, network)
  if (wrong !== undefined) return err(wrong)
  const networkReply = await client.call('getnetworkinfo')
  if (!networkReply.ok) return err(explained(networkReply.error))
  const info = readReply(replies.networkInfo, 'getnetworkinfo', networkReply.value)
  if (!info.ok) return info
  const { version, subversion } = info.value
  if (version < MINIMUM_VERSION) {
    return err({ code: 'bitcoind-version-too-old', version, minimum: MINIMUM_VERSION })
  }
  const { blocks, headers, bestblockhash } = chain.value
  if (isFirst && isCatchingUp(chain.value, { ignoresDownload: network.name === 'regtest' })) {
    return err({ code: 'bitcoind-still-syncing', detail: `${blocks} of ${headers} blocks` })
  }
  const first = await client.call('getblockhash', [0])
  const hash = first.ok ? readReply(replies.hash, 'getblockhash', first.value) : err(explained(first.error))
  if (!hash.ok) return hash
  const strange = wrongGenesis(hash.value, network)
  if (strange !== undefined) return err(strange)
  return ok({ tip: { height: blocks, hash: bestblockhash }, info: chain.value, subversion })
}

/** Asked with every look: what answers at an address may become another bitcoind while the node runs. */
export const wrongNetwork = (chain: string, { bitcoindChain, name }: Network): BitcoindUnfit | undefined =>
  chain === bitcoindChain ? undefined : { code: 'bitcoind-wrong-network', expected: name, actual: nameOf(chain) }

/** bitcoind calls mainnet `main`, and knows networks that we do not. */
const nameOf = (chain: string): string =>
  Object.values(NETWORKS).find(({ bitcoindChain }) => bitcoindChain === chain)?.name ?? chain

export const wrongGenesis = (hash: BlockHash, { chainHash }: Network): BitcoindUnfit | undefined =>
  equalBytes(hash, chainHash)
    ? undefined
    : { code: 'bitcoind-wrong-genesis', expected: displayBlockHash(chainHash), actual: displayBlockHash(hash) }

const explained = (error: RpcError): BitcoindUnfit =>
  error.code === 'bitcoind-error' && error.rpcCode === RPC_IN_WARMUP
    ? { code: 'bitcoind-warming-up', detail: error.message }
    : error
