import { invariant } from '../lib/errors.ts'
import type { GossipLog } from './announced-graph.ts'
import type { LogPlace, LogRecord } from './gossip-log.ts'

/** A log for a node without a folder: all of it is gone with the node. */
export class MemoryLog implements GossipLog {
  readonly #records: LogRecord[] = []

  append(record: LogRecord): LogPlace {
    return { offset: this.#records.push(record) - 1, length: 'raw' in record ? record.raw.length : 1 }
  }

  read({ offset }: LogPlace): LogRecord {
    const record = this.#records[offset]
    invariant(record !== undefined, 'no record is there')
    return record
  }
}
