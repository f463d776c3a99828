import test from 'ava'
import { blocks, canRead, page, reader } from './support/reader.ts'

// The guide as a reader goes through it: its commands in one shell, in their order, on a development network.

const MARK = '--- next ---'

/** Each block of commands, with what it prints according to the guide. */
const steps = (): readonly { readonly commands: string; readonly prints: string | undefined }[] => {
  const found: { commands: string; prints: string | undefined }[] = []
  for (const { kind, text } of blocks(page('docs/guides/http.md'))) {
    const last = found.at(-1)
    if (kind === 'sh') found.push({ commands: text, prints: undefined })
    else if (kind === 'text' && last !== undefined) last.prints = text
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

const canRun = canRead('curl')
const readers = canRun ? test : test.skip
if (!canRun) test('skipped: the guide is for a shell with curl, and there is none here', (t) => t.pass())

readers('every command of the HTTP guide does what the guide says', async (t) => {
  const { run, stop } = await reader(t)
  const all = steps()
  t.true(all.length >= 10)
  const { code, out } = await run(all.map(({ commands }) => commands).join(`\necho '${MARK}'\n`))
  t.is(code, 0, out)
  const printed = out.split(`${MARK}\n`)
  t.is(printed.length, all.length)
  for (const [i, { commands, prints }] of all.entries()) {
    const text = printed[i] ?? ''
    if (prints !== undefined) t.regex(text.trim(), pattern(prints), commands)
    else t.is(text, '', commands)
  }
  t.is(await stop(), 0)
})
