import type { ActorReport } from '../actor/types.ts'
import { stackOf } from '../lib/errors.ts'
import type { NodeLog } from './node-log.ts'

/** Writes the reports of the actor kernel to the log. While the node stops, it is no news that actors are gone. */
export const logReport = (log: NodeLog, report: ActorReport, isStopping: boolean): void => {
  switch (report.type) {
    case 'actor-faulted':
      log.error('actor.faulted', {
        path: report.path,
        command: report.command,
        decision: report.decision,
        error: stackOf(report.error),
      })
      break
    case 'message-dropped':
      if (isStopping && report.cause === 'actor-stopped') break
      log.warn('actor.message-dropped', { path: report.path, command: report.command, cause: report.cause })
      break
    case 'callback-threw':
      log.error('actor.callback-threw', { callback: report.callback, path: report.path, error: stackOf(report.error) })
      break
  }
}
