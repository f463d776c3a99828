// What is evaluated in an isolate before a plugin: hardens it, and gives the cell the functions of a turn. The cell calls
// them one at a time and passes text alone; the plugin is given no function, reference or object of the cell.
import * as rxjs from 'rxjs'
import * as sdk from '../index.ts'
import { resetPlaces } from './asks.ts'
import { freezeIntrinsics } from './freeze-intrinsics.ts'
import { describe, fault, takeOutbox } from './outgoing.ts'
import { begin, handle, log, report } from './plugin.ts'
import { harden, setTurn } from './prelude.ts'
import { structuredClone } from './structured-clone.ts'
import { atob, btoa, TextDecoder, TextEncoder } from './text-coding.ts'
import { installTimers, nextWake } from './timers.ts'
import type { Inbox } from './turn.ts'
import { crypto } from './turn-random.ts'
import { URL } from './url/url.ts'
import { URLSearchParams } from './url/url-search-params.ts'
import { watchViews } from './views.ts'

// Kept before the plugin can replace them.
const { parse, stringify } = JSON

harden()
installTimers()
watchViews()
Object.assign(globalThis, {
  console: { ...log, log: log.info, trace: log.debug },
  TextEncoder,
  TextDecoder,
  atob,
  btoa,
  crypto,
  structuredClone,
  URL,
  URLSearchParams,
})
freezeIntrinsics()

type PluginFunction = (module: { exports: Record<string, unknown> }, exports: unknown, require: unknown) => void

let setup: unknown

const modules: Readonly<Record<string, unknown>> = {
  '@fulgurite/plugin-sdk': sdk,
  rxjs,
  'rxjs/operators': rxjs,
}

const require = (name: string): unknown => {
  if (!Object.hasOwn(modules, name)) throw new Error(`there is no module '${name}' here`)
  return modules[name]
}

// Nothing may be thrown to the cell: it would look into what was thrown, beyond the turn's time.
const guarded = (run: () => void): string => {
  try {
    run()
    return ''
  } catch (thrown) {
    return describe(thrown)
  }
}

/** Runs the plugin's module and keeps its setup. Returns what went wrong, in words. */
export const load = (plugin: PluginFunction): string =>
  guarded(() => {
    const module = { exports: {} as Record<string, unknown> }
    plugin(module, module.exports, require)
    setup = (module.exports.default as { setup?: unknown } | undefined)?.setup
    if (typeof setup !== 'function') throw new TypeError('the entry must export definePlugin(…) as its default')
  })

/**
 * Handles an inbox. What it leads to is collected when its promises have run. Returns, in words, what went wrong in the
 * plugin's setup; later faults are in the outbox.
 */
export const turn = (text: string): string => {
  const inbox = parse(text) as Inbox
  const { start } = inbox
  setTurn(inbox)
  resetPlaces()
  if (start !== undefined) return guarded(() => begin(setup as Parameters<typeof begin>[0], start))
  const wrong = guarded(() => handle(inbox))
  if (wrong !== '') fault(wrong, 'a turn')
  return ''
}

/** The outbox as text: what has gathered since it was last collected. */
export const collect = (): string => {
  report()
  const outbox = takeOutbox()
  const wake = nextWake()
  if (wake !== undefined) outbox.wake = wake
  return stringify(outbox)
}
