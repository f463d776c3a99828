import { execFile } from 'node:child_process'

/**
 * No core dump, no byte into any file, few descriptors, no better priority than it was given; and stacks of a size that counts
 * little against the limit of memory, since each thread's is reserved whole.
 */
const LIMITS = ['--core=0', '--fsize=0', '--nofile=64', '--nice=0', '--stack=2097152'] as const

/** Puts limits of the kernel around a command; a user of its own gets few processes and threads, too. */
export const limited = (prlimit: string, ownUser: boolean): readonly string[] => [
  prlimit,
  ...LIMITS,
  ...(ownUser ? ['--nproc=256'] : []),
  '--',
]

/** Makes the kernel limit from now on what a process may reserve for writing. Resolves to whether it does. */
export type DataLimiter = (pid: number, bytes: number, actBy: readonly string[]) => Promise<boolean>

/** Limiting must not delay a cell for long: the limiter has this much time. */
const LIMITING_MS = 10_000

/** The limiter that `prlimit` is. */
export const dataLimiter = (prlimit: string | undefined, timeoutMs = LIMITING_MS): DataLimiter | undefined =>
  prlimit === undefined
    ? undefined
    : (pid, bytes, actBy) =>
        new Promise((resolve) => {
          const [file = '', ...args] = [...actBy, prlimit, '--pid', String(pid), `--data=${bytes}`]
          const options = { env: {}, timeout: timeoutMs, killSignal: 'SIGKILL' } as const
          execFile(file, args, options, (error) => resolve(error === null))
        })
