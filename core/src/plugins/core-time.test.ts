import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { ok } from '../lib/result.ts'
import { threadTime } from '../lib/thread-time.ts'
import { waitIsOver } from '../lib/worked-for.ts'
import type { PluginNotice } from './plugin-runner.ts'
import { testHost } from './testing/test-host.ts'

/** The core's thread counts four times, and two seconds may be used at once. */
const MORE_THAN_AT_ONCE_MS = 600

/** What the node does for an asker once its rows are there. */
const lookUp = async (): Promise<void> => {
  await setImmediate()
  waitIsOver()
  const begun = threadTime()
  while (threadTime() - begun < MORE_THAN_AT_ONCE_MS);
}

/** A host with a plugin that was warned, in the end, of what the core has done for it. */
const warned = async (setup: string, permissions: object, costly: 'query' | 'replay') => {
  const warning = Promise.withResolvers<PluginNotice>()
  const all = await testHost({
    onNotice: (_plugin, notice) => {
      if (notice.type === 'plugin.warned') warning.resolve(notice)
    },
  })
  const { node } = all
  node.answers.set('peers.list', async () => {
    if (costly === 'query') await lookUp()
    return ok({ items: [] })
  })
  const { replay } = node.events
  let looked = false
  Object.assign(node.events, {
    async replay(...query: Parameters<typeof replay>) {
      if (costly === 'replay' && !looked) {
        looked = true
        await lookUp()
      }
      return replay(...query)
    },
  })
  try {
    await all.install({
      name: 'asker',
      code: `import { definePlugin } from '@fulgurite/plugin-sdk'
        export default definePlugin(({ actors, events }) => { ${setup} })`,
      manifest: { permissions, limits: { cpuShare: 0.01 } },
    })
    return await warning.promise
  } finally {
    await all.close()
  }
}

const ASKS = `const ask = async () => { await actors.peers.list({}); setTimeout(ask, 10) }; setTimeout(ask, 1)`

test('what the node does between a query and its answer is on the share of the plugin that asked', async (t) => {
  t.like(await warned(ASKS, { queries: ['peers.list'] }, 'query'), { code: 'cpu-share' })
})

test('so is reading the stored events that a subscription catches up with', async (t) => {
  const setup = `events.each('moves', 'peer.connected', () => {}); ${ASKS}`
  const permissions = { queries: ['peers.list'], events: { 'peer.connected': {} } }
  t.like(await warned(setup, permissions, 'replay'), { code: 'cpu-share' })
})
