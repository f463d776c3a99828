import { runInNewContext } from 'node:vm'

/** Texts of this length or more are counted. */
const LONG_CHARS = 16_384
const KEPT_CHARS = 8 << 20

let chars = 0
let collect: (() => void) | undefined

/**
 * Counts a text that has passed between the core and the isolate. Used texts lie outside V8's heap, where V8 sees no reason to release
 * them: they would count as the plugin's memory until the plugin is ended for it. So V8 is told to release them now and then.
 */
export const passed = (text: string): void => {
  if (text.length < LONG_CHARS) return
  chars += text.length
  if (chars < KEPT_CHARS) return
  chars = 0
  collect ??= collector()
  collect()
}

/** The function is made in a context of its own; the plugin's, which exists already, is given none. */
const collector = (): (() => void) => {
  // Few cells need it, and it would delay the start of each by a millisecond.
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  setFlagsFromString('--no-expose-gc')
  return gc
}
