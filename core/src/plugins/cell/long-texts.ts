import { runInNewContext } from 'node:vm'

/** From this length on it matters. */
const LONG_CHARS = 16_384
const KEPT_CHARS = 8 << 20

let chars = 0
let collect: (() => void) | undefined

/**
 * Counts a text that has passed between the core and the isolate. What is done with lies beside V8's heap, where V8 sees no
 * reason to let go of it: it would be taken for the plugin's until that is ended for it. So it is told to, now and then.
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
  // Few cells need it, and each would start a millisecond later for it.
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  setFlagsFromString('--no-expose-gc')
  return gc
}
