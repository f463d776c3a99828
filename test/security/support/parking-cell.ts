// A cell's program under an attacker's control that follows events and sets each of them aside as soon as it comes.
import { dropRights, loadAddon } from '../../../core/src/plugins/cell/lock-down.ts'
import { receiveFrames, sendFrame } from '../../../core/src/plugins/cell/pipe.ts'

const [addonPath = '', maxFrameBytes = ''] = process.argv.slice(1)
loadAddon(addonPath)
dropRights()

interface Turn {
  readonly start?: object
  readonly each?: readonly (readonly [label: string, events: readonly object[]])[]
}

const EACH = [['x', 'channel.balance-changed', 'install']]
const REASON = 'e'.repeat(200)

const answer = ({ start, each = [] }: Turn): object => {
  if (start !== undefined) return { registered: { live: [], each: EACH, hooks: [], schedules: [] } }
  return { acks: each.flatMap(([label, events]) => events.map(() => [label, 1, [], REASON])) }
}

sendFrame('R')
receiveFrames(Number(maxFrameBytes), (frame) => {
  const kind = frame[0] ?? ''
  sendFrame(kind === 'T' ? `O{"cpuMicros":1}\n${JSON.stringify(answer(JSON.parse(frame.slice(1))))}` : kind)
})
