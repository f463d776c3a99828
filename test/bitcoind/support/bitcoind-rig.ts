import type { ChainRig } from '../../support/chain-rig.ts'
import { startBitcoind } from './bitcoind.ts'

/** A transaction of the chain, amounts in satoshis. */
export interface MinedTx {
  readonly txid: string
  readonly height: number
  readonly feeSat: bigint
  readonly inputs: readonly { readonly txid: string; readonly outputIndex: number }[]
  readonly outputsSat: readonly bigint[]
}

export interface BitcoindRig extends ChainRig {
  /** Every transaction mined since the rig was made, but those that make new coins. */
  minedTxs(): Promise<readonly MinedTx[]>
  /** The transaction that waits for a block and spends this output, if there is one. */
  waitingSpender(txid: string, outputIndex: number): Promise<string | undefined>
  /** Hands in a transaction; throws where it is refused. */
  submit(hex: string): Promise<string>
  /** Mines blocks without any transaction. Says how high the chain is then. */
  mineEmpty(blocks: number): Promise<number>
  /** Undoes blocks and mines one more without any transaction in their place. Says how high the chain is then. */
  reorganise(depth: number): Promise<number>
}

interface VerboseBlock {
  readonly height: number
  readonly tx: readonly {
    readonly txid: string
    readonly fee?: number
    readonly vin: readonly { readonly txid?: string; readonly vout?: number }[]
    readonly vout: readonly { readonly value: number }[]
  }[]
}

const MATURE = 101
/** On a busy machine many blocks in one call take longer than a call is waited for. */
const MINED_AT_ONCE = 20
const SAT_PER_BTC = 100_000_000

/** A real bitcoind whose own wallet has coins to give away. */
export const bitcoindRig = async (): Promise<BitcoindRig> => {
  const bitcoind = await startBitcoind({ wallet: true })
  const { rpc, rpcUrl, cookiePath, zmqUrl } = bitcoind
  const miner = await rpc<string>('getnewaddress')
  const mine = async (blocks: number): Promise<number> => {
    for (let left = blocks; left > 0; left -= MINED_AT_ONCE) {
      await rpc('generatetoaddress', [Math.min(left, MINED_AT_ONCE), miner])
    }
    return rpc<number>('getblockcount')
  }
  const mineEmpty = async (blocks: number): Promise<number> => {
    for (let i = 0; i < blocks; i++) await rpc('generateblock', [miner, []])
    return rpc<number>('getblockcount')
  }
  const startHeight = await mine(MATURE)
  return {
    rpcUrl,
    cookiePath,
    zmqUrl,
    mine,
    async fund(address, sat) {
      await rpc('sendtoaddress', [address, `${sat / BigInt(SAT_PER_BTC)}.${decimals(sat)}`])
    },
    async waitingSpender(txid, outputIndex) {
      const [spend] = await rpc<{ spendingtxid?: string }[]>('gettxspendingprevout', [[{ txid, vout: outputIndex }]])
      return spend?.spendingtxid
    },
    submit: (hex) => rpc<string>('sendrawtransaction', [hex]),
    mempool: () => rpc<string[]>('getrawmempool'),
    async minedTxs() {
      const mined: MinedTx[] = []
      const tip = await rpc<number>('getblockcount')
      for (let height = startHeight + 1; height <= tip; height++) {
        const hash = await rpc<string>('getblockhash', [height])
        const { tx: txs } = await rpc<VerboseBlock>('getblock', [hash, 2])
        for (const { txid, fee, vin, vout } of txs) {
          if (fee === undefined) continue
          const inputs = vin.map((input) => ({ txid: input.txid ?? '', outputIndex: input.vout ?? 0 }))
          mined.push({ txid, height, feeSat: sats(fee), inputs, outputsSat: vout.map(({ value }) => sats(value)) })
        }
      }
      return mined
    },
    async reorganise(depth) {
      const tip = await rpc<number>('getblockcount')
      await rpc('invalidateblock', [await rpc<string>('getblockhash', [tip - depth + 1])])
      return mineEmpty(depth + 1)
    },
    mineEmpty,
    stop: () => bitcoind.stop(),
  }
}

const decimals = (sat: bigint): string => String(sat % BigInt(SAT_PER_BTC)).padStart(8, '0')

// bitcoind writes eight decimals: the nearest satoshi is the one that was meant.
const sats = (btc: number): bigint => BigInt(Math.round(btc * SAT_PER_BTC))

/** The transaction of this id; throws where it is not in the chain. */
export const minedTx = (txs: readonly MinedTx[], txid: string): MinedTx => {
  const found = txs.find((tx) => tx.txid === txid)
  if (found === undefined) throw new Error(`${txid} was not mined`)
  return found
}
