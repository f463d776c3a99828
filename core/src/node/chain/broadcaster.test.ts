import test from 'ava'
import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import type { ChainBackend } from '../../chain/chain-backend.ts'
import { EMPTY } from '../../lib/bytes.ts'
import { ok } from '../../lib/result.ts'
import { silentLog } from '../node-log.ts'
import { Broadcaster } from './broadcaster.ts'

const tx = (number: number): Tx => ({
  version: 2,
  inputs: [
    { outpoint: { txid: new Uint8Array(32).fill(number), index: 0 }, sequence: 0, scriptSig: EMPTY, witness: [] },
  ],
  outputs: [{ amount: 1_000n, script: new Uint8Array(34) }],
  lockTime: number,
})

const rig = () => {
  const handedIn: (readonly Tx[])[] = []
  let onBlock = (_height: number): void | Promise<void> => {}
  const take = async (txs: readonly Tx[]) => {
    handedIn.push(txs)
    return ok(undefined)
  }
  const backend: Pick<ChainBackend, 'broadcast' | 'broadcastPackage'> = {
    broadcast: (alone) => take([alone]),
    broadcastPackage: take,
  }
  const broadcaster = new Broadcaster(
    backend,
    {
      watchHeight(handler) {
        onBlock = handler
        return () => {}
      },
      watchConfirmed: () => () => {},
    },
    silentLog,
  )
  return { broadcaster, block: () => onBlock(1), takeAll: () => handedIn.splice(0) }
}

test('a transaction — is handed in at once and with each block, until another takes its place', (t) => {
  const { broadcaster, block, takeAll } = rig()
  broadcaster.publish(tx(1), 'claim')
  broadcaster.publish(tx(1), 'claim')
  t.deepEqual(takeAll(), [[tx(1)]])
  void block()
  t.deepEqual(takeAll(), [[tx(1)]])
  broadcaster.withdraw(txidOf(tx(1)))
  void block()
  t.deepEqual(takeAll(), [])
})

test('a child that was handed in alone — goes with its parent from when that is known', (t) => {
  const { broadcaster, block, takeAll } = rig()
  // At the start, the wallet knows nothing of the commitment that its child brings into a block.
  broadcaster.publish(tx(2), 'wallet')
  t.deepEqual(takeAll(), [[tx(2)]])
  broadcaster.publish(tx(2), 'anchor', [tx(1)])
  t.deepEqual(takeAll(), [[tx(1), tx(2)]])
  broadcaster.publish(tx(2), 'wallet')
  void block()
  t.deepEqual(takeAll(), [[tx(1), tx(2)]])
})
