// A cell's program under an attacker's control that keeps to the frames, and forges what its plugin seems to want: the outbox that the
// plugin's code names is sent at the plugin's second turn.
import { dropRights, loadAddon } from '../../../core/src/plugins/cell/lock-down.ts'
import { receiveFrames, sendFrame } from '../../../core/src/plugins/cell/pipe.ts'

const [addonPath = '', maxFrameBytes = ''] = process.argv.slice(1)
loadAddon(addonPath)
dropRights()

const REGISTERED = { registered: { live: [], each: [], hooks: [], schedules: [] }, wake: 1 }
let forged = ''
let turns = 0

const outbox = (): string => {
  turns += 1
  if (turns === 1) return JSON.stringify(REGISTERED)
  return turns === 2 ? forged : '{}'
}

sendFrame('R')
receiveFrames(Number(maxFrameBytes), (frame) => {
  const kind = frame[0] ?? ''
  if (kind === 'L') forged = decodeURIComponent(/FORGED:([^"]*)/.exec(frame)?.[1] ?? '')
  sendFrame(kind === 'T' ? `O{"cpuMicros":1}\n${outbox()}` : kind)
})
