import { formatOutPoint, type Tx, txidOf } from '../../../core/src/bitcoin/transaction.ts'
import type { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import { ALL_PUBLICATIONS, readPublicationRow } from '../../../core/src/node/publishing/publication-row.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { keyName } from '../../../core/src/store/waiting-writes.ts'
import type { Endings } from './endings.ts'
import type { SimulatedNode } from './simulated-node.ts'

/** What became of joint claims (ADR 40). A joint claim is a set of outputs that a node has taken by one transaction. */
const COUNTED = [
  'closesWithHtlcs',
  'closesWithJoint',
  'made',
  'replaced',
  'confirmed',
  'undone',
  'takenApart',
  'handedInAfterRestart',
] as const

export type JointCounts = Readonly<Record<(typeof COUNTED)[number], number>>

export const NO_JOINT_CLAIMS = Object.fromEntries(COUNTED.map((name) => [name, 0])) as JointCounts

export const sumOfJoint = (a: JointCounts, b: JointCounts): JointCounts =>
  Object.fromEntries(COUNTED.map((name) => [name, a[name] + b[name]])) as JointCounts

export const tellJoint = (counts: JointCounts): string =>
  `of ${counts.closesWithHtlcs} sequences with a close by force that has HTLCs, ${counts.closesWithJoint} made joint claims: ` +
  `${counts.made} made, ${counts.replaced} replaced, ${counts.handedInAfterRestart} handed in again after a restart, ` +
  `${counts.confirmed} confirmed, ${counts.undone} undone, ${counts.takenApart} taken apart`

interface JointClaim {
  readonly node: SimulatedNode
  readonly outputs: ReadonlySet<string>
  /** Its transactions, and in which life of the node each was handed in first. */
  readonly versions: Map<string, number>
  isAfterRestart: boolean
  isUndone: boolean
  isTakenApart: boolean
}

/** How the publisher calls the rows of joint claims. */
const PREFIX = 'claims '

/** Follows the joint claims of one sequence from what nodes hand in. */
export class JointClaims {
  readonly #claims: JointClaim[] = []
  readonly #byTxid = new Map<string, JointClaim>()

  get made(): number {
    return this.#claims.length
  }

  handedIn(node: SimulatedNode, tx: Tx): void {
    const txid = toHex(txidOf(tx))
    const outputs = new Set(tx.inputs.map(({ outpoint }) => formatOutPoint(outpoint)))
    const known = this.#byTxid.get(txid)
    if (known !== undefined) {
      if (known.versions.get(txid) !== node.lives) known.isAfterRestart = true
      return
    }
    for (const claim of this.#claims) {
      const isLess = !isSame(claim.outputs, outputs) && [...claim.outputs].some((name) => outputs.has(name))
      if (claim.node === node && isLess) claim.isTakenApart = true
    }
    if (outputs.size < 2 || !isJoint(node, txid)) return
    const same = this.#claims.find((claim) => claim.node === node && isSame(claim.outputs, outputs))
    const claim = same ?? {
      node,
      outputs,
      versions: new Map<string, number>(),
      isAfterRestart: false,
      isUndone: false,
      isTakenApart: false,
    }
    claim.versions.set(txid, node.lives)
    this.#byTxid.set(txid, claim)
    if (same === undefined) this.#claims.push(claim)
  }

  undone(tx: Tx): void {
    const claim = this.#byTxid.get(toHex(txidOf(tx)))
    if (claim !== undefined) claim.isUndone = true
  }

  /** At the end of the sequence. */
  counts(chain: Devchain, endings: Endings): JointCounts {
    const mined = new Set<string>()
    for (let height = 0; height <= chain.tip.height; height++) {
      for (const tx of chain.blockAt(height)?.txs.slice(1) ?? []) mined.add(toHex(txidOf(tx)))
    }
    const count = (holds: (claim: JointClaim) => boolean): number => this.#claims.filter(holds).length
    const isClosed = [...mined].some((txid) => endings.of(txid)?.htlcs.some(({ output }) => output !== undefined))
    return {
      closesWithHtlcs: isClosed ? 1 : 0,
      closesWithJoint: isClosed && this.#claims.length > 0 ? 1 : 0,
      made: this.#claims.length,
      replaced: this.#claims.reduce((sum, { versions }) => sum + versions.size - 1, 0),
      confirmed: count(({ versions }) => [...versions.keys()].some((txid) => mined.has(txid))),
      undone: count(({ isUndone }) => isUndone),
      takenApart: count(({ isTakenApart }) => isTakenApart),
      handedInAfterRestart: count(({ isAfterRestart }) => isAfterRestart),
    }
  }
}

const isSame = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((name) => b.has(name))

/** A transaction's row is on the disk before the node hands it in. */
const isJoint = (node: SimulatedNode, txid: string): boolean => {
  const [from, to] = [keyName(ALL_PUBLICATIONS.from), keyName(ALL_PUBLICATIONS.to)]
  for (const [key, row] of node.disk.table(TABLE.meta)) {
    if (key < from || key >= to) continue
    const { name, read } = readPublicationRow(row)
    if (name.startsWith(PREFIX) && read.ok && toHex(txidOf(read.value.tx)) === txid) return true
  }
  return false
}
