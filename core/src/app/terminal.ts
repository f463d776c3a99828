/** Text for people: colours only on a terminal. */
export interface Terminal {
  line(text?: string): void
  dim(text: string): string
  bold(text: string): string
  green(text: string): string
  red(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

/** Standard output. `NO_COLOR` is honoured. */
export const stdoutTerminal = (): Terminal => {
  const colours = process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === ''
  const paint =
    (code: number) =>
    (text: string): string =>
      colours ? `\x1b[${code}m${text}\x1b[0m` : text
  return {
    line: (text = '') => void process.stdout.write(`${text}\n`),
    dim: paint(2),
    bold: paint(1),
    green: paint(32),
    red: paint(31),
    yellow: paint(33),
    cyan: paint(36),
  }
}
