import type { Writable } from 'node:stream'
import { systemReason } from '../lib/system-reason.ts'
import { EXIT } from './io.ts'

/** The streams of a process, and how it ends. */
interface Outputs {
  readonly stdout: Pick<Writable, 'on'>
  readonly stderr: Pick<Writable, 'on' | 'write'>
  exit(code: number): void
}

/**
 * What happens when nothing more can be written, because a disk is full or a reader has gone. A node goes on: it guards money, and its log
 * is a file of its own. Any other command ends, and says what is wrong while somebody can still be told.
 */
export const watchOutputs = ({ stdout, stderr, exit }: Outputs, isNode: boolean): void => {
  // A reader such as `| head`, which has read enough.
  const hasLeft = ({ code }: NodeJS.ErrnoException): boolean => code === 'EPIPE'
  stderr.on('error', (error) => {
    if (!isNode && hasLeft(error)) exit(EXIT.done)
  })
  stdout.on('error', (error) => {
    if (isNode) return
    if (hasLeft(error)) return exit(EXIT.done)
    // The node may have done what was asked: only its answer is lost.
    stderr.write(`error: standard output cannot be written: ${systemReason(error)} [output-failed]\n`)
    exit(EXIT.unknown)
  })
}
