import { addressToScript, scriptToAddress } from '../../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { decodeTx, type Tx } from '../../../core/src/bitcoin/transaction.ts'
import { bitcoindBackend } from '../../../core/src/chain/bitcoind/bitcoind-backend.ts'
import type { ChainBackend } from '../../../core/src/chain/chain-backend.ts'
import { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import { devchainBackend } from '../../../core/src/chain/devchain/devchain-backend.ts'
import { fromHex } from '../../../core/src/lib/bytes.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { type RunningBitcoind, startBitcoind } from '../../bitcoind/support/bitcoind.ts'
import { serveDevchain } from '../../support/chain-rig.ts'
import type { NodeChain } from '../../support/node-process.ts'

/** The chain that a scenario plays on. */
export interface Ground {
  readonly backendName: 'bitcoind' | 'devchain'
  backend(): ChainBackend
  /** Pays an output in the next block. */
  pay(script: Uint8Array, sat: bigint): Promise<void>
  /** Resolves with the new height. */
  mine(blocks: number): Promise<number>
  height(): Promise<number>
  mempool(): Promise<readonly Tx[]>
  /** For nodes of ours in processes of their own. */
  forProcesses(): Promise<NodeChain>
  /** The chain inside this process, where there is one. */
  readonly devchain?: Devchain
  /** The program, where there is one. */
  readonly bitcoind?: RunningBitcoind
  close(): Promise<void>
}

export const embeddedGround = async (): Promise<Ground & { readonly devchain: Devchain }> => {
  const devchain = Devchain.open({ clock: systemClock })
  let served: ReturnType<typeof serveDevchain> | undefined
  return {
    backendName: 'devchain',
    devchain,
    backend: () => devchainBackend(devchain),
    async pay(script, sat) {
      const funded = devchain.fund([{ amount: sat, script }])
      if (!funded.ok) throw new Error(funded.error.code)
    },
    async mine(blocks) {
      return devchain.mine(blocks).at(-1)?.height as number
    },
    async height() {
      return devchain.tip.height
    },
    async mempool() {
      return devchain.mempool.map(({ tx }) => tx)
    },
    async forProcesses() {
      served ??= serveDevchain(devchain)
      return await served
    },
    async close() {
      await (await served)?.stop()
      devchain.close()
    },
  }
}

/** Coins of the first blocks can be spent at this depth. */
const MATURE = 101
/** On a busy machine many blocks in one call take longer than a call is waited for. */
const MINED_AT_ONCE = 20
const REGTEST = NETWORKS.regtest
/** bitcoind makes its estimates of what it sees: so they stay at the least that travels. */
const SAT_PER_VBYTE = 1

/** eclair asks for an index of transactions, and for a wallet of segwit outputs alone. */
const BITCOIND_ARGS = ['-txindex=1', '-addresstype=bech32m', '-changetype=bech32m']

export const bitcoindGround = async (): Promise<Ground> => {
  const bitcoind = await startBitcoind({ wallet: true, args: BITCOIND_ARGS })
  const { rpc } = bitcoind
  const minerAddress = await rpc<string>('getnewaddress')
  const mine = async (blocks: number): Promise<number> => {
    for (let left = blocks; left > 0; left -= MINED_AT_ONCE)
      await rpc('generatetoaddress', [Math.min(left, MINED_AT_ONCE), minerAddress])
    return rpc<number>('getblockcount')
  }
  await mine(MATURE)
  return {
    backendName: 'bitcoind',
    bitcoind,
    backend: () =>
      bitcoindBackend({
        network: REGTEST,
        rpc: { url: bitcoind.rpcUrl, auth: bitcoind.auth },
        zmqUrl: bitcoind.zmqUrl,
        clock: systemClock,
      }),
    async pay(script, sat) {
      const address = scriptToAddress(script, REGTEST)
      if (address === undefined) throw new Error('a script without an address')
      const amount = `${sat / 100_000_000n}.${String(sat % 100_000_000n).padStart(8, '0')}`
      await rpc('sendtoaddress', [address, amount, '', '', false, true, null, 'unset', false, SAT_PER_VBYTE])
    },
    mine,
    height: () => rpc<number>('getblockcount'),
    async mempool() {
      const txids = await rpc<string[]>('getrawmempool')
      // What has been replaced or mined meanwhile is not there any more.
      const raw = await Promise.all(
        txids.map((txid) => rpc<string>('getrawtransaction', [txid]).catch(() => undefined)),
      )
      return raw.flatMap((hex) => {
        if (hex === undefined) return []
        const decoded = decodeTx(fromHex(hex))
        return decoded.ok ? [decoded.value] : []
      })
    },
    forProcesses: async () => bitcoind,
    close: () => bitcoind.stop(),
  }
}

export const scriptOf = (address: string): Uint8Array => {
  const script = addressToScript(address, REGTEST)
  if (!script.ok) throw new Error(`${address}: ${script.error.code}`)
  return script.value
}

export const addressOf = (script: Uint8Array): string => {
  const address = scriptToAddress(script, REGTEST)
  if (address === undefined) throw new Error('a script without an address')
  return address
}
