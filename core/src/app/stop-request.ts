import { isatty } from 'node:tty'

/** Why the process is asked to stop. */
export type StopReason = 'signal' | 'command' | 'parent-gone'

/** Waits for a request to stop this process. */
export interface StopRequest {
  /** Resolves once, with the first reason. */
  readonly asked: Promise<StopReason>
  ask(reason: StopReason): void
  /** Stops listening to the signals. */
  release(): void
}

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'
const EXIT_BY_SIGNAL = 130
/** Nobody asks twice so soon: what comes within it was sent to a launcher, too, which hands it on. */
const SAME_REQUEST_MS = 500

/** A parent sets this in the environment of a node that must not outlive it: the node then ends when its standard input does. */
export const ENDS_WITH_STDIN = 'FULGURITE_ENDS_WITH_STDIN'

/**
 * A terminal that closes sends SIGHUP to all that was started in it. `nohup` has it ignored, which Node undoes as it starts; what stays
 * of `nohup` is that none of our streams is the terminal.
 */
const signalsOf = (onTerminal: boolean): readonly Signal[] => [
  'SIGINT',
  'SIGTERM',
  ...(onTerminal ? (['SIGHUP'] as const) : []),
]

/** From now on a first signal asks for an orderly stop, and one that comes later ends the process at once. */
export const stopRequest = (onImpatience: () => void, onTerminal = [0, 1, 2].some(isatty)): StopRequest => {
  let resolve: (reason: StopReason) => void = () => {}
  const asked = new Promise<StopReason>((done) => {
    resolve = done
  })
  let askedAt: number | undefined
  const onSignal = (): void => {
    askedAt ??= performance.now()
    resolve('signal')
    if (performance.now() - askedAt < SAME_REQUEST_MS) return
    onImpatience()
    process.exit(EXIT_BY_SIGNAL)
  }
  const signals = signalsOf(onTerminal)
  for (const signal of signals) process.on(signal, onSignal)
  if (!onTerminal) process.on('SIGHUP', ignore)
  const onEnd = (): void => resolve('parent-gone')
  const watchesParent = process.env[ENDS_WITH_STDIN] === '1'
  if (watchesParent) {
    // The pipe closes however the parent ends, even by SIGKILL.
    process.stdin.once('end', onEnd).once('close', onEnd).once('error', onEnd).resume()
  }
  return {
    asked,
    ask: resolve,
    release() {
      for (const signal of signals) process.off(signal, onSignal)
      process.off('SIGHUP', ignore)
      if (watchesParent) process.stdin.destroy()
    },
  }
}

const ignore = (): void => {}
