import assert from 'node:assert/strict'
import { test } from 'node:test'
import plugin, { earned } from './build/index.js'

test('a line says what the relay earned, and what all did', () => {
  assert.match(earned(1500n, 4000n), /^earned 1.5 sat, 4 sat in all$/)
})

test('relays are added up', async () => {
  const lines = []
  const values = new Map()
  const store = { get: async (key) => values.get(key), set: async (key, value) => values.set(key, value) }
  let relayed
  plugin.setup({
    events: {
      each: (_label, _name, handler) => {
        relayed = handler
      },
    },
    log: { info: (line) => lines.push(line) },
  })
  await relayed({ feeMsat: 1500n }, { store })
  await relayed({ feeMsat: 2500n }, { store })
  assert.deepEqual(lines, [earned(1500n, 1500n), earned(2500n, 4000n)])
})
