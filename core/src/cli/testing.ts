import type { CliIo } from './io.ts'
import { run } from './run.ts'

export interface CliOutcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

export const noApp = () => Promise.reject(new Error('not started in this test'))

/** Its surroundings beside a node of this data folder. */
export const ioIn = (folder: string): CliIo => ({
  out: () => {},
  err: () => {},
  isTerminal: false,
  columns: 120,
  env: { FULGURITE_DATA: folder },
  cwd: '/somewhere',
  home: '/home/someone',
  readFile: () => '{}',
  ask: () => Promise.resolve(undefined),
  askSecretly: () => Promise.resolve(undefined),
  readInput: () => Promise.resolve(undefined),
  watch: () => () => {},
  randomKey: () => 'cli-random',
  pause: () => Promise.resolve(),
  interrupted: new AbortController().signal,
})

/** The command line as it is typed beside a node of this data folder. */
export const cliIn =
  (folder: string) =>
  async (args: readonly string[], overrides: Partial<CliIo> = {}): Promise<CliOutcome> => {
    let [out, err] = ['', '']
    const io: CliIo = {
      ...ioIn(folder),
      out: (text) => {
        out += text
      },
      err: (text) => {
        err += text
      },
      ...overrides,
    }
    const code = await run(args, io, noApp)
    return { code, out, err }
  }
