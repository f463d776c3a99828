import { rmSync } from 'node:fs'
import { AnnouncedGraph } from '../../graph/announced-graph.ts'
import type { LogFault } from '../../graph/gossip-log.ts'
import type { GraphSink } from '../../graph/graph-sink.ts'
import { LogFile } from './log-file.ts'

/** A file that could not be used, where it is now, and why: its content is asked of the peers again. */
export interface SetAside {
  readonly path: string
  readonly fault: LogFault
}

const thrown = (error: unknown): never => {
  throw error
}

/** The graph that the log at this path tells of: an empty one if there is none, or none that can be used. */
export const openGraph = (
  path: string,
  chainHash: Uint8Array,
  sink: GraphSink,
  onFailed: (error: unknown) => void = thrown,
): { readonly graph: AnnouncedGraph; readonly log: LogFile; readonly setAside?: SetAside } => {
  const log = new LogFile(path, chainHash, onFailed)
  const graph = new AnnouncedGraph(log, sink)
  const read = log.readAll((record, place) => graph.takeUp(record, place))
  if (read.ok) return { graph, log }
  graph.giveUp()
  const setAside = { path: log.setAside(), fault: read.error }
  const empty = new LogFile(path, chainHash, onFailed)
  return { graph: new AnnouncedGraph(empty, sink), log: empty, setAside }
}

/** At least this much of a log must be of no use before it is written anew, in bytes. */
const WORTH_IT = 1_024 * 1_024

/** Writes the log anew if most of it is of no use any more. Returns the one that is in use then. */
export const compact = (
  graph: AnnouncedGraph,
  log: LogFile,
  path: string,
  chainHash: Uint8Array,
  onFailed: (error: unknown) => void = thrown,
): LogFile => {
  const live = graph.liveBytes()
  if (log.size - live <= Math.max(live, WORTH_IT)) return log
  const beside = `${path}-new`
  rmSync(beside, { force: true })
  const smaller = new LogFile(beside, chainHash, onFailed)
  graph.moveTo(smaller)
  smaller.replace(log)
  return smaller
}
