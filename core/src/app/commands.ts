import type { DemoOptions, ResetOptions, SeedOptions, StartOptions } from './options.ts'
import type { SeedIo } from './seed-commands.ts'

/** Runs a node until it is told to stop. Resolves to the process's exit code. */
export const start = async (options: StartOptions): Promise<number> => {
  if (options.devnet) {
    const { startDevnet } = await import('./devnet/start-devnet.ts')
    return startDevnet(options)
  }
  const { startOnBitcoind } = await import('./start-on-bitcoind.ts')
  return startOnBitcoind(options)
}

/** Runs the demonstration to its end. Resolves to the process's exit code: 0 only if everything matched. */
export const demo = async (options: DemoOptions): Promise<number> => {
  const { runDemo } = await import('./demo/run-demo.ts')
  return runDemo(options)
}

/** Removes a development network. Resolves to the process's exit code. */
export const resetDevnet = async (options: ResetOptions): Promise<number> => {
  const reset = await import('./devnet/reset-devnet.ts')
  return reset.resetDevnet(options)
}

/** Shows, encrypts, decrypts or restores the words of a node. Resolves to the process's exit code. */
export const seed = async (options: SeedOptions, io: SeedIo): Promise<number> => {
  const commands = await import('./seed-commands.ts')
  return commands.seed(options, io)
}
