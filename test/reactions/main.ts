import { writeFileSync } from 'node:fs'
import { renderReactions } from './page.ts'

// `npm run reactions` writes the page.
writeFileSync(new URL('../../docs/reference/reactions.md', import.meta.url), renderReactions())
