/** What the system says of a file or a stream, without the names of its error and its call: `no space left on device`. */
export const systemReason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/^E[A-Z0-9]+: /, '').replace(/, \w+(?: '.*)?$/s, '')
