// The whole program of a cell. It is bundled into one file with the guest's runtime, reads frames from the core on fd 3,
// and ends when the core closes the pipe.

import type ivm from 'isolated-vm'
import type { CellFault, CellLimits } from '../cell-protocol.ts'
import { collectOwnGarbage, passed } from './garbage.ts'
import { closeDescriptors, dropRights, forgetEnvironment, loadAddon } from './lock-down.ts'
import { receiveFrames, sendFrame } from './pipe.ts'
import { PluginIsolate } from './plugin-isolate.ts'

// Put in by the bundler.
declare const GUEST_RUNTIME: string

const [addonPath = '', maxFrameBytes = '', inherited = ''] = process.argv.slice(1)
const engine = loadAddon<{ ivm: typeof ivm }>(addonPath).ivm
closeDescriptors(inherited)
forgetEnvironment()
dropRights()

let plugin: PluginIsolate | undefined
let isQuiet = false

const end = (fault: CellFault): never => {
  sendFrame(`F${JSON.stringify(fault)}`)
  return process.exit(1)
}

const makeIsolate = (text: string): void => {
  plugin = new PluginIsolate(engine, GUEST_RUNTIME, JSON.parse(text) as CellLimits)
  sendFrame('I')
}

const load = (code: string): void => {
  const fault = plugin?.load(code)
  if (fault === undefined) sendFrame('L')
  else end(fault)
}

const turn = (inbox: string): void => {
  isQuiet = false
  if (plugin === undefined) {
    end({ code: 'not-loaded', text: 'a turn came before the plugin' })
    return
  }
  const outcome = plugin.turn(inbox)
  if (outcome.type === 'ended') {
    end(outcome.fault)
    return
  }
  const { text, cpuMicros, fault } = outcome
  sendFrame(`O${JSON.stringify(fault === undefined ? { cpuMicros } : { cpuMicros, fault })}\n${text}`)
  passed(inbox)
  passed(text)
}

/** A sign of life. Nothing to do between two of them is rest, and what the work before it has left behind is released. */
const ping = (): void => {
  if (isQuiet && plugin?.collectGarbage() === true) collectOwnGarbage()
  isQuiet = true
  sendFrame('P')
}

sendFrame('R')
receiveFrames(Number(maxFrameBytes), (frame) => {
  switch (frame[0]) {
    case 'T':
      return turn(frame.slice(1))
    case 'I':
      return makeIsolate(frame.slice(1))
    case 'L':
      return load(frame.slice(1))
    case 'P':
      return ping()
  }
})
