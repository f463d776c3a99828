import { runInNewContext } from 'node:vm'

/** Texts of this length or more are counted. */
const LONG_CHARS = 16_384
const KEPT_CHARS = 8 << 20

/** All that can be had: code that has not run lately, and the room that the heap has grown by. */
export const EVERYTHING = { type: 'major', execution: 'sync', flavor: 'last-resort' } as const

type Collector = (how?: typeof EVERYTHING) => void

let chars = 0
let own: Collector | undefined

/**
 * Counts a text that has passed between the core and the isolate. Used texts lie outside V8's heap, where V8 sees no reason to release
 * them: they would count as the plugin's memory until the plugin is ended for it. So V8 is told to release them now and then.
 */
export const passed = (text: string): void => {
  if (text.length < LONG_CHARS) return
  chars += text.length
  if (chars < KEPT_CHARS) return
  chars = 0
  ownCollector()()
}

/** Releases what starting this process, and its work until now, has left behind. */
export const collectOwnGarbage = (): void => ownCollector()(EVERYTHING)

/**
 * What is made by `make` may have V8's collector. Contexts that exist already, such as the plugin's, are given none, and
 * neither are later ones.
 */
export const withCollector = <Made>(make: () => Made): Made => {
  // Loaded when it is needed: it would delay the start of every cell by a millisecond.
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
  setFlagsFromString('--expose-gc')
  try {
    return make()
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}

const ownCollector = (): Collector => {
  own ??= withCollector(() => runInNewContext('gc') as Collector)
  return own
}
