/** Where the command line reads its surroundings and writes to. */
export interface CliIo {
  out(text: string): void
  err(text: string): void
  /** Whether standard output is a terminal: colours and tables are for people. */
  readonly isTerminal: boolean
  readonly columns: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
  readFile(path: string): string
  /** Calls back when something in a folder, or below it, may have changed. Throws if the folder is missing. Returns how to end it. */
  watch(folder: string, onChange: () => void): () => void
  /** Shows a question and resolves to the line that is typed; `undefined` if nobody can be asked, or nobody answers. */
  ask(question: string): Promise<string | undefined>
  /** The same, without showing what is typed. */
  askSecretly(question: string): Promise<string | undefined>
  /** All of standard input; `undefined` if it is a terminal. */
  readInput(): Promise<string | undefined>
  randomKey(): string
  /** Resolves after this time, or at once when interrupted. */
  pause(ms: number): Promise<void>
  /** Aborted when the user interrupts a command that does not end by itself. */
  readonly interrupted: AbortSignal
}

/** Exit codes that a script can tell apart. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3, unknown: 4 } as const
