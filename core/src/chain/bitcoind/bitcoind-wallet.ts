import type * as z from 'zod'
import { displayBlockHash } from '../../bitcoin/block.ts'
import type { Network } from '../../bitcoin/network.ts'
import { decodeTx, displayTxid, type Tx } from '../../bitcoin/transaction.ts'
import type { Clock } from '../../lib/clock.ts'
import type { BlockHash, OutPoint, TxId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { type BitcoindUnfit, checkFitness } from './fitness.ts'
import { readReply, replies } from './replies.ts'
import { type RpcError, type RpcOptions, rpcClient } from './rpc-client.ts'

/** Why a wallet of bitcoind cannot be the node's. */
export type BitcoindWalletUnfit =
  | BitcoindUnfit
  | { readonly code: 'bitcoind-wallet-not-loaded'; readonly wallet: string }
  /** It is encrypted, and its passphrase was not given to bitcoind. */
  | { readonly code: 'bitcoind-wallet-locked'; readonly wallet: string }
  /** bitcoind was built or started without wallets. */
  | { readonly code: 'bitcoind-without-wallets' }
  /** `legacy`: it has no descriptors. `watch-only`: it has no private keys. */
  | { readonly code: 'bitcoind-wallet-unfit'; readonly wallet: string; readonly reason: 'legacy' | 'watch-only' }
  /** It looks through blocks for its coins. */
  | { readonly code: 'bitcoind-wallet-scanning'; readonly wallet: string }

/** A descriptor with a range, of a wallet of bitcoind. */
export interface WalletDescriptorOfBitcoind {
  /** Without its checksum, hardened steps with `h`. Private ones are a secret. */
  readonly text: string
  /** New addresses are made of it: for change if it is internal. */
  readonly use: 'receive' | 'change' | 'none'
  /** The first index that bitcoind has not given out. */
  readonly next: number
  /** The last index whose payments bitcoind notices. */
  readonly last: number
}

/** A transaction that bitcoind's wallet knows. */
export interface TxOfBitcoind {
  readonly tx: Tx
  /** Where it is in a block. */
  readonly block?: { readonly height: BlockHeight; readonly time: number }
  /** It waits for a block. */
  readonly isInMempool: boolean
  /** Another has taken its place in a block, or the operator has given it up. */
  readonly isGone: boolean
}

type Reply<T> = Promise<Result<T, RpcError>>

/** A wallet of bitcoind, over its RPC. Each question is asked once. */
export interface BitcoindWallet {
  readonly name: string
  /** Looks whether it can be the node's wallet, and reads its descriptors with their private keys. Waits while bitcoind starts. */
  open(network: Network): Promise<Result<readonly WalletDescriptorOfBitcoind[], BitcoindWalletUnfit>>
  /** The same without private keys. */
  descriptors(): Reply<readonly WalletDescriptorOfBitcoind[]>
  /** Has bitcoind give out its next address: it counts as used from then on. */
  takeAddress(type: 'bech32' | 'bech32m', use: 'receive' | 'change'): Reply<unknown>
  /** Every output that it could spend now or when it is mature, in blocks and out of them; but for what is locked. */
  unspent(): Reply<readonly OutPoint[]>
  /** The transactions that are in no block: in the mempool or not, and given up or not. */
  unconfirmed(tip: BlockHash): Reply<readonly TxId[]>
  /** `undefined` if it does not know the transaction. */
  transaction(txid: TxId): Reply<TxOfBitcoind | undefined>
  /** The coins that it leaves alone, whoever asked for it. */
  locked(): Reply<readonly OutPoint[]>
  /** Has bitcoind leave a coin alone, also after it starts again, or lets it use the coin. One that it does not have is passed over. */
  setLocked(outpoint: OutPoint, isLocked: boolean): Reply<unknown>
  close(): void
}

export interface BitcoindWalletOptions {
  readonly name: string
  readonly rpc: RpcOptions
  readonly clock: Clock
  /** Ends an opening that waits for bitcoind. */
  readonly giveUp?: AbortSignal
}

const WARM_UP_MS = 1_000
/** In bitcoind's address book. */
const LABEL = 'fulgurite'
const MAX_CONFIRMATIONS = 9_999_999
const RPC_NOT_FOUND = -5
const RPC_INVALID_PARAMETER = -8
const RPC_UNLOCK_NEEDED = -13
export const RPC_WALLET_NOT_FOUND = -18
const RPC_METHOD_NOT_FOUND = -32_601

/** A wallet of a bitcoind, by its name there. */
export const bitcoindWallet = ({ name, rpc, clock, giveUp }: BitcoindWalletOptions): BitcoindWallet => {
  const bare = rpcClient(rpc)
  const client = rpcClient({ ...rpc, url: walletUrl(rpc.url, name) })
  const ask = async <T>(schema: z.ZodType<T>, method: string, params: readonly unknown[] = []): Reply<T> => {
    const reply = await client.call(method, params)
    return reply.ok ? readReply(schema, method, reply.value) : reply
  }
  const listed = async (isPrivate: boolean): Reply<readonly WalletDescriptorOfBitcoind[]> => {
    const reply = await ask(replies.descriptors, 'listdescriptors', [isPrivate])
    if (!reply.ok) return reply
    return ok(
      reply.value.descriptors.flatMap(({ desc, active, internal, range, next_index: next }) => {
        if (range === undefined || next === undefined) return []
        const [text = ''] = desc.replaceAll("'", 'h').split('#')
        return [{ text, use: active ? (internal ? 'change' : 'receive') : 'none', next, last: range[1] }]
      }),
    )
  }
  const outputs = async (method: string, params: readonly unknown[] = []): Reply<readonly OutPoint[]> => {
    const reply = await ask(replies.outputs, method, params)
    return reply.ok ? ok(reply.value.map(({ txid, vout }) => ({ txid, index: vout }))) : reply
  }
  const inMempool = async (txid: TxId): Reply<boolean> => {
    const entry = await ask(replies.anything, 'getmempoolentry', [displayTxid(txid)])
    if (entry.ok) return ok(true)
    return isRefused(entry.error, RPC_NOT_FOUND) ? ok(false) : entry
  }
  /** A wallet's name in the URL counts only once bitcoind answers: whether it does, and on the right chain, is asked first. */
  const whenWarm = async (network: Network): Promise<BitcoindUnfit | undefined> => {
    for (;;) {
      const fit = await checkFitness(bare, network, false)
      if (fit.ok) return undefined
      if (fit.error.code !== 'bitcoind-warming-up') return fit.error
      if (giveUp?.aborted) return { code: 'backend-stopped' }
      await new Promise<void>((resolve) => void clock.setTimer(WARM_UP_MS, resolve))
    }
  }
  const unfit = (error: RpcError): BitcoindWalletUnfit => {
    if (error.code !== 'bitcoind-error') return error
    switch (error.rpcCode) {
      case RPC_WALLET_NOT_FOUND:
        return { code: 'bitcoind-wallet-not-loaded', wallet: name }
      case RPC_UNLOCK_NEEDED:
        return { code: 'bitcoind-wallet-locked', wallet: name }
      case RPC_METHOD_NOT_FOUND:
        return { code: 'bitcoind-without-wallets' }
      default:
        return error
    }
  }
  const close = (): void => {
    bare.close()
    client.close()
  }
  const checked = async (
    network: Network,
  ): Promise<Result<readonly WalletDescriptorOfBitcoind[], BitcoindWalletUnfit>> => {
    const wrong = await whenWarm(network)
    if (wrong !== undefined) return err(wrong)
    const info = await ask(replies.walletInfo, 'getwalletinfo')
    if (!info.ok) return err(unfit(info.error))
    const { descriptors, private_keys_enabled: hasKeys, scanning } = info.value
    // Versions that can only have wallets with descriptors may stop saying so.
    if (descriptors === false) return err({ code: 'bitcoind-wallet-unfit', wallet: name, reason: 'legacy' })
    if (!hasKeys) return err({ code: 'bitcoind-wallet-unfit', wallet: name, reason: 'watch-only' })
    if (scanning !== undefined && scanning !== false) return err({ code: 'bitcoind-wallet-scanning', wallet: name })
    const secret = await listed(true)
    return secret.ok ? secret : err(unfit(secret.error))
  }

  return {
    name,
    async open(network) {
      const opened = await checked(network)
      if (!opened.ok) close()
      return opened
    },
    descriptors: () => listed(false),
    takeAddress: (type, use) =>
      use === 'change'
        ? ask(replies.anything, 'getrawchangeaddress', [type])
        : ask(replies.anything, 'getnewaddress', [LABEL, type]),
    unspent: () => outputs('listunspent', [0, MAX_CONFIRMATIONS, [], true, { include_immature_coinbase: true }]),
    locked: () => outputs('listlockunspent'),
    async unconfirmed(tip) {
      const reply = await ask(replies.sinceBlock, 'listsinceblock', [displayBlockHash(tip)])
      if (!reply.ok) return reply
      const waiting = reply.value.transactions.filter(({ confirmations }) => confirmations === 0)
      return ok([...new Map(waiting.map(({ txid }) => [displayTxid(txid), txid])).values()])
    },
    async transaction(txid) {
      const reply = await ask(replies.walletTx, 'gettransaction', [displayTxid(txid)])
      if (!reply.ok) return isRefused(reply.error, RPC_NOT_FOUND) ? ok(undefined) : reply
      const { hex, confirmations, blockheight: height, blocktime: time, details } = reply.value
      const tx = decodeTx(hex)
      if (!tx.ok) return err({ code: 'bitcoind-bad-reply', method: 'gettransaction', detail: tx.error.code })
      const isInMempool = confirmations === 0 ? await inMempool(txid) : ok(false)
      if (!isInMempool.ok) return isInMempool
      const isGivenUp = confirmations === 0 && details.some(({ abandoned }) => abandoned === true)
      return ok({
        tx: tx.value,
        ...(height === undefined || confirmations < 1 ? {} : { block: { height, time: time ?? 0 } }),
        isInMempool: isInMempool.value,
        isGone: confirmations < 0 || isGivenUp,
      })
    },
    async setLocked({ txid, index }, isLocked) {
      const coin = [{ txid: displayTxid(txid), vout: index }]
      const reply = await ask(replies.anything, 'lockunspent', isLocked ? [false, coin, true] : [true, coin])
      return !reply.ok && isRefused(reply.error, RPC_INVALID_PARAMETER) ? ok(undefined) : reply
    },
    close,
  }
}

const isRefused = (error: RpcError, rpcCode: number): boolean =>
  error.code === 'bitcoind-error' && error.rpcCode === rpcCode

const walletUrl = (url: string, name: string): string => {
  const at = new URL(url)
  at.pathname = `${at.pathname.replace(/(\/wallet\/.*|\/)$/, '')}/wallet/${encodeURIComponent(name)}`
  return at.href
}
