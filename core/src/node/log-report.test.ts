import test from 'ava'
import type { ActorReport } from '../actor/types.ts'
import { logReport } from './log-report.ts'
import { type NodeLog, silentLog } from './node-log.ts'

test('a message to an actor that is gone is told, but for while the node stops; one for which there was no room always is', (t) => {
  const lines: string[] = []
  const log: NodeLog = { ...silentLog, warn: (event, fields) => void lines.push(`${event} ${fields?.cause}`) }
  const drop = (cause: 'actor-stopped' | 'mailbox-full'): ActorReport => ({
    type: 'message-dropped',
    path: '/peers/a',
    command: 'send',
    cause,
  })
  logReport(log, drop('actor-stopped'), false)
  t.deepEqual(lines.splice(0), ['actor.message-dropped actor-stopped'])
  logReport(log, drop('actor-stopped'), true)
  t.deepEqual(lines, [])
  logReport(log, drop('mailbox-full'), true)
  t.deepEqual(lines, ['actor.message-dropped mailbox-full'])
})
