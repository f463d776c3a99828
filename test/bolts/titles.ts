import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ROOMS = ['core/src', 'test']

/** The title of a test, and the file that it is in, from the repository's root. */
export interface Title {
  readonly title: string
  readonly file: string
}

// In whatever way a test gets its title, it stands in the file as a text.
const NAMED = /(['`])(BOLT (?:[1-57-9]|11|12), .+?)\1/g

const FILLED_IN = /\$\{.*\}/g

/** The titles of all tests that name a rule of one of the BOLTs that are accounted for. For what is filled in, they have an ellipsis. */
export const readTitles = (): readonly Title[] =>
  ROOMS.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .sort()
      .flatMap((name) => {
        const path = join(ROOT, room, name)
        const titles = [...readFileSync(path, 'utf8').matchAll(NAMED)]
        return titles.map(([, , title = '']) => ({ title: title.replace(FILLED_IN, '…'), file: relative(ROOT, path) }))
      }),
  )
