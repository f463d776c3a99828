import { toHex, utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Store } from '../../store/store.ts'
import { TABLE } from '../storage/tables.ts'

/** What the operator calls peers. A name stands for one peer, whatever its case. */
export class PeerNames {
  readonly #store: Store
  readonly #names = new Map<string, string>()
  readonly #owners = new Map<string, string>()

  private constructor(store: Store) {
    this.#store = store
  }

  static async open(store: Store): Promise<PeerNames> {
    const names = new PeerNames(store)
    for (const { key, value } of await store.scan(TABLE.peerName)) names.#put(toHex(key), utf8Decode(value))
    return names
  }

  of(nodeId: string): string | undefined {
    return this.#names.get(nodeId)
  }

  /** The node id of the peer that is called so. */
  find(name: string): string | undefined {
    return this.#owners.get(name.toLowerCase())
  }

  /** Every peer that has a name, by its node id. */
  nodeIds(): Iterable<string> {
    return this.#names.keys()
  }

  /** Resolves when the name, or that there is none any more, is durable. */
  give(
    nodeId: NodeId,
    name: string | undefined,
  ): Promise<Result<void, { readonly code: 'name-taken'; owner: string }>> {
    const id = toHex(nodeId)
    const owner = name === undefined ? undefined : this.find(name)
    if (owner !== undefined && owner !== id) return Promise.resolve(err({ code: 'name-taken', owner }))
    const before = this.#names.get(id)
    if (before !== undefined) this.#owners.delete(before.toLowerCase())
    this.#names.delete(id)
    if (name !== undefined) this.#put(id, name)
    const value = name === undefined ? undefined : utf8Encode(name)
    return new Promise((resolve) => {
      this.#store.submit([{ table: TABLE.peerName, key: nodeId, value }], () => resolve(ok(undefined)))
    })
  }

  #put(id: string, name: string): void {
    this.#names.set(id, name)
    this.#owners.set(name.toLowerCase(), id)
  }
}
