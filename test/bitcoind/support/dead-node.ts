import { join } from 'node:path'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { SIGHASH_ALL, segwitV0Sighash } from '../../../core/src/bitcoin/sighash.ts'
import { displayTxid, encodeTx, type Tx, withWitness } from '../../../core/src/bitcoin/transaction.ts'
import { witnessSignature } from '../../../core/src/channel/commitment/formats/anchors/anchors-witnesses.ts'
import { buildRemote } from '../../../core/src/channel/commitments/build-commitment.ts'
import { latest } from '../../../core/src/channel/commitments/commitments.ts'
import { isFunded } from '../../../core/src/channel/state/channel-state.ts'
import { equalBytes, fromHex, toHex } from '../../../core/src/lib/bytes.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { systemRng } from '../../../core/src/lib/rng.ts'
import { readChannels } from '../../../core/src/node/channel/channel-rows.ts'
import { keyTree } from '../../../core/src/node/keys/key-tree.ts'
import { loadOrCreateSeed } from '../../../core/src/node/keys/seed-file.ts'
import { localSigner } from '../../../core/src/node/keys/signer.ts'
import { readInvoice } from '../../../core/src/node/payment/receiver-actor.ts'
import { MIGRATIONS } from '../../../core/src/node/storage/tables.ts'
import { openSqliteStore } from '../../../core/src/store/sqlite-store.ts'
import type { NodeProcess } from '../../support/node-process.ts'

/** Enough for a transaction of this size, whatever the rate. */
const CLAIM_FEE_SAT = 1_000n

/**
 * What the peer could do on the chain if it lived: takes an HTLC that the other side offered out of that side's commitment,
 * with the preimage of the dead node's own invoice, to the node's key. The transaction is final and signed; hexadecimal.
 */
export const claimWithPreimage = async (
  dead: NodeProcess,
  commitmentTxid: string,
  paymentHash: string,
): Promise<{ readonly hex: string; readonly amountSat: bigint; readonly preimage: string }> => {
  const path = join(dead.dataDir, 'node.sqlite')
  const fatal = (error: Error): void => {
    throw error
  }
  const store = await openSqliteStore({ path, migrations: MIGRATIONS, onFatal: fatal })
  try {
    const seed = loadOrCreateSeed(join(dead.dataDir, 'seed'), systemRng)
    if (!seed.ok) throw new Error(seed.error.code)
    const hash = fromHex(paymentHash)
    const invoice = await readInvoice(store, hash)
    if (invoice === undefined) throw new Error('the dead node made no such invoice')
    for (const { durable } of await readChannels(store, systemClock)) {
      if (!isFunded(durable)) continue
      const { remote, remoteNext, remoteParams } = latest(durable)
      const published = [remote, remoteNext].find((one) => one && displayTxid(one.txid) === commitmentTxid)
      if (published === undefined) continue
      const transaction = buildRemote(remoteParams, published.index, published.spec, published.point)
      const htlc = transaction.htlcTransactions.find(({ htlc: each }) => equalBytes(each.paymentHash, hash))
      if (htlc === undefined) throw new Error('the commitment holds no such HTLC')
      const { preimage } = invoice
      if (preimage === undefined) throw new Error('the dead node does not know the preimage')
      const { outputIndex, lock, amount } = htlc
      const { witnessScript } = lock
      const script = durable.params.localShutdownScript
      const tx: Tx = {
        version: 2,
        // BOLT 3: with anchors the peer's claims wait for one block.
        inputs: [
          {
            outpoint: { txid: published.txid, index: outputIndex },
            sequence: 1,
            scriptSig: new Uint8Array(0),
            witness: [],
          },
        ],
        outputs: [{ amount: amount - CLAIM_FEE_SAT, script }],
        lockTime: 0,
      }
      const digest = segwitV0Sighash({ tx, inputIndex: 0, scriptCode: witnessScript, amount, sighashType: SIGHASH_ALL })
      const signer = localSigner(keyTree(seed.value, NETWORKS.regtest)).channel(durable.params.keyIndex)
      const signature = witnessSignature(
        signer.signAt('htlc', published.point, { scheme: 'ecdsa', digest }),
        SIGHASH_ALL,
      )
      const signed = withWitness(tx, 0, [signature, preimage, witnessScript])
      return { hex: toHex(encodeTx(signed)), amountSat: amount, preimage: toHex(preimage) }
    }
    throw new Error('the dead node knows nothing of that commitment')
  } finally {
    await store.close()
  }
}
