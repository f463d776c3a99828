import { readFileSync, writeFileSync } from 'node:fs'
import { differences } from './account.ts'
import { BOLTS, renderPage } from './page.ts'
import { readTitles } from './titles.ts'

// `npm run bolts` writes the page; `npm run bolts -- 2 FILE` holds the rules of BOLT 2 against the text that they were made from.
const [bolt, file] = process.argv.slice(2)
if (file === undefined) {
  writeFileSync(new URL('../../docs/reference/bolts.md', import.meta.url), renderPage(BOLTS, readTitles()))
} else {
  const rules = BOLTS.find((each) => `${each.bolt}` === bolt)
  const found = rules === undefined ? [`no rules of BOLT ${bolt}`] : differences(rules, readFileSync(file, 'utf8'))
  process.stdout.write(`${found.join('\n') || 'every line is in a rule'}\n`)
  process.exitCode = found.length === 0 ? 0 : 1
}
