import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { isFolder } from '../../lib/make-folder.ts'

/** Why no backup can be written into what the operator has named; `undefined` if it is a folder, or can become one. */
export const unfitFolder = (path: string): string | undefined => {
  if (!isAbsolute(path)) return 'the folder must be named from the root on'
  return existsSync(path) && !isFolder(path) ? 'it is a file: name the folder that the backup goes into' : undefined
}
