import { writeFileSync } from 'node:fs'
import { BOLTS, renderPage } from './page.ts'
import { readTitles } from './titles.ts'

writeFileSync(new URL('../../docs/reference/bolts.md', import.meta.url), renderPage(BOLTS, readTitles()))
