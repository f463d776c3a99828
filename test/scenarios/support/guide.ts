import type { ExecutionContext } from 'ava'
import { blocks, page, type Reader } from './reader.ts'

const MARK = '--- next ---'

interface GuideStep {
  readonly commands: string
  /** What it prints according to the guide. */
  readonly prints: string | undefined
}

/** Each block of commands of a guide. */
export const stepsOf = (path: string): readonly GuideStep[] => {
  const found: GuideStep[] = []
  for (const { kind, text } of blocks(page(path))) {
    const last = found.at(-1)
    if (kind === 'sh') found.push({ commands: text, prints: undefined })
    else if (kind === 'text' && last !== undefined) found[found.length - 1] = { ...last, prints: text }
  }
  return found
}

/** `…` stands for anything on its line. */
const pattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .trim()
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}`,
  )

/** Does them in one shell, in their order, and compares what is printed where the guide says. Returns what each has printed. */
export const follow = async (
  t: ExecutionContext,
  { run }: Reader,
  steps: readonly GuideStep[],
): Promise<readonly string[]> => {
  const { code, out } = await run(steps.map(({ commands }) => commands).join(`\necho '${MARK}'\n`))
  t.is(code, 0, out)
  const printed = out.split(`${MARK}\n`)
  t.is(printed.length, steps.length)
  for (const [i, { commands, prints }] of steps.entries()) {
    if (prints !== undefined) t.regex((printed[i] ?? '').trim(), pattern(prints), commands)
  }
  return printed
}
