import { displayBlockHash } from '../../bitcoin/block.ts'
import type { BlockHash } from '../../lib/ids.ts'
import type { PatientRpc } from './patient-rpc.ts'
import { replies } from './replies.ts'

/** How often, and with what pause, a block that was asked for is looked for. */
const LOOKS = 20
const PAUSE_MS = 250
/** Each block is requested from this many peers at most before the next look begins anew. */
const PEERS = 3

/**
 * Lets bitcoind fetch a block that it has pruned from a peer that has all of them. Returns whether the block may be there now; bitcoind
 * keeps a fetched block until it prunes again.
 */
export const fetchPruned = async (
  rpc: PatientRpc,
  hash: BlockHash,
  isThere: () => Promise<boolean>,
): Promise<boolean> => {
  const peers = await rpc.ask(replies.peerInfo, 'getpeerinfo')
  // A peer with the service NETWORK serves every block, one with NETWORK_LIMITED the last 288.
  const full = peers.ok ? peers.value.filter(({ servicesnames }) => servicesnames.includes('NETWORK')) : []
  for (const { id } of full.slice(0, PEERS)) {
    const asked = await rpc.ask(replies.anything, 'getblockfrompeer', [displayBlockHash(hash), id])
    // bitcoind returns an error if this peer cannot supply the block, or if the block is already there or on its way.
    for (let look = 0; look < (asked.ok ? LOOKS : 1) && !rpc.stopped; look++) {
      if (await isThere()) return true
      if (asked.ok) await rpc.pause(PAUSE_MS)
    }
  }
  return false
}
