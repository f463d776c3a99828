import test, { type ExecutionContext } from 'ava'
import { scriptToAddress } from '../../core/src/bitcoin/address.ts'
import { displayBlockHash, encodeBlock } from '../../core/src/bitcoin/block.ts'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { txidOf } from '../../core/src/bitcoin/transaction.ts'
import { bitcoindBackend } from '../../core/src/chain/bitcoind/bitcoind-backend.ts'
import { Devchain } from '../../core/src/chain/devchain/devchain.ts'
import { firstCoin, OWNED, ownedCoins, payFrom } from '../../core/src/chain/fixtures/funded.ts'
import { SINK, type TestCoin } from '../../core/src/chain/fixtures/signing.ts'
import { type ChainWatcher, chainWatcher } from '../../core/src/chain/watcher.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import { RELAY_FEES } from './support/agreement.ts'
import { type RunningBitcoind, startBitcoind, whyNoBitcoind } from './support/bitcoind.ts'

const NEVER_MS = 3_600_000
const ADDRESS = scriptToAddress(SINK, NETWORKS.regtest) ?? ''

// The same block again would still be invalid.
const OTHER_ADDRESS = scriptToAddress(OWNED, NETWORKS.regtest) ?? ''

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

/** A bitcoind with the blocks of a devchain, on which we have confirmed coins. */
const withCoins = async (
  t: ExecutionContext,
  count: number,
): Promise<{ bitcoind: RunningBitcoind; coins: TestCoin[] }> => {
  const bitcoind = await startBitcoind({ args: RELAY_FEES })
  t.teardown(() => bitcoind.stop())
  const devchain = Devchain.open({ clock: systemClock })
  const coins = ownedCoins(devchain, count)
  for (let height = 1; height <= devchain.tip.height; height++) {
    const block = devchain.blockAt(height)
    if (block !== undefined)
      await bitcoind.rpc('submitblock', [toHex(encodeBlock({ header: block.header, txs: block.txs }))])
  }
  return { bitcoind, coins }
}

const backendOf = (bitcoind: RunningBitcoind, wake: 'zmq' | 'poll') =>
  bitcoindBackend({
    network: NETWORKS.regtest,
    clock: systemClock,
    rpc: { url: bitcoind.rpcUrl, auth: bitcoind.auth },
    ...(wake === 'zmq' ? { zmqUrl: bitcoind.zmqUrl, pollIntervalMs: NEVER_MS } : { pollIntervalMs: 50 }),
  })

const watcherOn = (t: ExecutionContext, backend: ReturnType<typeof bitcoindBackend>): ChainWatcher => {
  const cursor = { load: () => undefined, save: () => undefined }
  const watcher = chainWatcher({ backend, cursor, onFailed: (error) => t.fail(String(error)) })
  t.teardown(() => watcher.stop())
  return watcher
}

const reached = async (watcher: ChainWatcher, bitcoind: RunningBitcoind): Promise<void> => {
  const best = await bitcoind.rpc<string>('getbestblockhash')
  while (displayBlockHash(watcher.position()?.hash ?? new Uint8Array(32)) !== best) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

for (const wake of ['zmq', 'poll'] as const) {
  real(
    `the adapter, woken by ${wake} — follows a real bitcoind through confirmations and a reorganisation`,
    async (t) => {
      const { bitcoind, coins } = await withCoins(t, 1)
      const backend = backendOf(bitcoind, wake)
      const watcher = watcherOn(t, backend)
      const [coin] = coins
      if (coin === undefined) return t.fail()
      const tx = payFrom(coins, 1_000n)
      const events: string[] = []
      const note = ({ type }: { type: string }): void => void events.push(type)
      watcher.watchConfirmed({ txid: txidOf(tx), minDepth: 2, handler: note })
      watcher.watchSpent({ outpoint: coin.outpoint, handler: note })
      t.true((await watcher.start()).ok)

      t.deepEqual(await backend.broadcast(tx), { ok: true, value: undefined })
      t.deepEqual(await backend.mempoolSpend(coin.outpoint), tx)
      const [first = ''] = await bitcoind.rpc<string[]>('generatetoaddress', [2, ADDRESS])
      await reached(watcher, bitcoind)
      t.deepEqual(events, ['spent', 'confirmed'])
      t.like(await backend.getUtxo({ txid: txidOf(tx), index: 0 }), { amount: 99_000n, isCoinbase: false })
      t.is(await backend.getUtxo(coin.outpoint), undefined)
      t.deepEqual(await backend.broadcast(tx), { ok: true, value: undefined })

      await bitcoind.rpc('invalidateblock', [first])
      await bitcoind.rpc('generatetoaddress', [3, OTHER_ADDRESS])
      await reached(watcher, bitcoind)
      t.deepEqual(events.slice(2, 4).sort(), ['unconfirmed', 'unspent'])
      t.deepEqual(events.slice(4), ['spent', 'confirmed'])
    },
  )
}

real('the adapter — hands packages to a real bitcoind, and gives its reasons', async (t) => {
  const { bitcoind, coins } = await withCoins(t, 2)
  const backend = backendOf(bitcoind, 'poll')
  t.true((await watcherOn(t, backend).start()).ok)
  const [a, b] = coins
  if (a === undefined || b === undefined) return t.fail()
  const parent = payFrom([a], 110n, OWNED)
  const child = payFrom([firstCoin(parent)], 1_000n)
  t.deepEqual(await backend.broadcastPackage([parent, child]), { ok: true, value: undefined })
  t.deepEqual(await backend.broadcastPackage([parent, child]), { ok: true, value: undefined })
  // As on the devchain: only version 3 may pay for a parent below the relay fee.
  const free = payFrom([b], 0n, OWNED)
  const sponsor = payFrom([firstCoin(free)], 1_000n)
  t.like(await backend.broadcastPackage([free, sponsor]), { ok: false, error: { code: 'rejected' } })
  const poor = payFrom([firstCoin(parent)], 1n)
  t.like(await backend.broadcast(poor), { ok: false, error: { code: 'rejected' } })
  t.like(await backend.broadcast(payFrom([firstCoin(sponsor)], 1_000n)), {
    error: { code: 'rejected', reason: 'bad-txns-inputs-missingorspent' },
  })
  t.is(backend.estimateFeerate(6), 253)
})

real('start — a real bitcoind of another network, or with other credentials, is refused', async (t) => {
  const bitcoind = await startBitcoind()
  t.teardown(() => bitcoind.stop())
  const following = { fromHeight: 1, onEvent: () => undefined, onFailed: () => undefined }
  const start = (network: keyof typeof NETWORKS, auth = bitcoind.auth) =>
    bitcoindBackend({ network: NETWORKS[network], clock: systemClock, rpc: { url: bitcoind.rpcUrl, auth } }).start(
      following,
    )
  t.deepEqual(await start('mainnet'), {
    ok: false,
    error: { code: 'bitcoind-wrong-network', expected: 'mainnet', actual: 'regtest' } as never,
  })
  t.deepEqual(await start('regtest', { type: 'password', user: 'u', password: 'wrong' }), {
    ok: false,
    error: { code: 'bitcoind-unauthorized', url: bitcoind.rpcUrl } as never,
  })
})
