import { concat, fromHex, toHex, u32be } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { TABLE } from '../storage/tables.ts'

export interface KeptBlobsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly channelDirectory: ChannelDirectory
  isPartner(nodeId: NodeId): boolean
}

/** BOLT 1, peer storage: a peer may be kept to one update in this time. */
const PACE_MS = 60_000
/** BOLT 1, peer storage: how long a blob is kept after the peer's last channel. */
const KEPT_BLOCKS = 2_016
/** How often that is looked at. */
const LOOK_BLOCKS = 36

interface Pace {
  readonly cancel: CancelTimer
  latest?: Uint8Array
}

const NODE_ID_BYTES = 33

/** Node id and a byte: the height at which the peer was first seen without a channel. */
const sinceKey = (nodeId: NodeId): Uint8Array => concat(nodeId, Uint8Array.of(0))

/**
 * What this node keeps for peers with whom it has channels (`option_provide_storage`): the last blob of each, of at most what a message holds.
 * A stranger's is not kept: it would be one of any number.
 */
export class KeptBlobs {
  readonly #options: KeptBlobsOptions
  readonly #has = new Set<string>()
  readonly #paces = new Map<string, Pace>()

  private constructor(options: KeptBlobsOptions) {
    this.#options = options
  }

  static async open(options: KeptBlobsOptions): Promise<KeptBlobs> {
    const blobs = new KeptBlobs(options)
    for (const { key } of await options.store.sizes(TABLE.peerStorage)) {
      if (key.length === NODE_ID_BYTES) blobs.#has.add(toHex(key))
    }
    return blobs
  }

  /** Whether anything is kept for the peer: known without asking the disk. */
  has(nodeId: NodeId): boolean {
    return this.#has.has(toHex(nodeId))
  }

  async get(nodeId: NodeId): Promise<Uint8Array | undefined> {
    return this.#paces.get(toHex(nodeId))?.latest ?? (await this.#options.store.get(TABLE.peerStorage, nodeId))
  }

  /** The latest is written at once, or when the last was written a minute ago. `false` for a stranger's, which is not kept. */
  keep(nodeId: NodeId, blob: Uint8Array): boolean {
    if (!this.#options.isPartner(nodeId)) return false
    const key = toHex(nodeId)
    const pace = this.#paces.get(key)
    if (pace !== undefined) {
      pace.latest = blob
      return true
    }
    this.#write(nodeId, blob)
    const cancel = this.#options.clock.setTimer(PACE_MS, () => {
      const { latest } = this.#paces.get(key) ?? {}
      this.#paces.delete(key)
      if (latest !== undefined) this.keep(nodeId, latest)
    })
    this.#paces.set(key, { cancel })
    return true
  }

  /** Peers without a channel are noted, and forgotten two weeks later. */
  async block(height: BlockHeight): Promise<void> {
    if (height % LOOK_BLOCKS !== 0) return
    const { store, channelDirectory } = this.#options
    const rows = await store.sizes(TABLE.peerStorage)
    const noted = new Set(rows.flatMap(({ key }) => (key.length === NODE_ID_BYTES ? [] : [toHex(key)])))
    for (const { key: nodeId } of rows) {
      if (nodeId.length !== NODE_ID_BYTES) continue
      const key = sinceKey(nodeId)
      const isNoted = noted.has(toHex(key))
      const [channel] = channelDirectory.ofPeer(nodeId)
      if (channel !== undefined) {
        if (isNoted) store.submit([{ table: TABLE.peerStorage, key, value: undefined }])
        continue
      }
      const since = isNoted ? await store.get(TABLE.peerStorage, key) : undefined
      if (since === undefined) store.submit([{ table: TABLE.peerStorage, key, value: u32be(height) }])
      else if (new DataView(since.buffer, since.byteOffset).getUint32(0) + KEPT_BLOCKS <= height) this.#forget(nodeId)
    }
  }

  stop(): void {
    for (const [key, { cancel, latest }] of this.#paces) {
      cancel()
      if (latest !== undefined) this.#write(fromHex(key), latest)
    }
    this.#paces.clear()
  }

  #write(nodeId: NodeId, blob: Uint8Array): void {
    this.#has.add(toHex(nodeId))
    this.#options.store.submit([{ table: TABLE.peerStorage, key: nodeId, value: blob }])
  }

  #forget(nodeId: NodeId): void {
    this.#has.delete(toHex(nodeId))
    this.#options.store.submit([
      { table: TABLE.peerStorage, key: nodeId, value: undefined },
      { table: TABLE.peerStorage, key: sinceKey(nodeId), value: undefined },
    ])
  }
}
