import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { breakingChanges } from '../../scripts/compatibility.ts'
import { outputs } from '../../scripts/outputs.ts'

const fileOf = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

for (const [path, text] of outputs()) {
  test(`${path} — is what the contract gives (if not: npm run contract)`, (t) => {
    t.true(existsSync(fileOf(path)))
    t.true(readFileSync(fileOf(path), 'utf8') === text)
  })
}

const published = JSON.parse(readFileSync(fileOf('plugin-sdk/generated/published/0.1.json'), 'utf8'))
const current = () => JSON.parse(outputs().get('plugin-sdk/generated/contract.schema.json') ?? '{}')

test('the contract breaks no one who was written against the published 0.1', (t) => {
  t.deepEqual(breakingChanges(published, current()), [])
})

test('a change that breaks readers or callers is found', (t) => {
  const changed = current()
  delete changed.operations['channels.get']
  delete changed.events['payment.sent'].payload.properties.feesMsat
  changed.operations['channels.setRelayFees'].request.required.push('note')
  changed.operations['channels.setRelayFees'].request.properties.note = { type: 'string' }
  changed.$defs.ChannelSummary.properties.capacitySat.type = 'integer'
  changed.events['chain.block'].durability = 'durable'
  t.deepEqual(
    [...breakingChanges(current(), changed)].sort(),
    [
      'chain.block: its durability has changed',
      'channels.get: is gone',
      'channels.list reply.items[].capacitySat: its type has changed',
      'channels.setRelayFees request.note: is new and required',
      'payment.sent.feesMsat: is gone',
    ].sort(),
  )
})

test('a new optional field, a new event and a new version of an event break no one', (t) => {
  const changed = current()
  changed.operations['channels.get'].request.properties.wide = { type: 'boolean' }
  changed.events['channel.spliced'] = { version: 1, durability: 'durable', payload: { type: 'object' } }
  changed.events['payment.sent'].version = 2
  delete changed.events['payment.sent'].payload.properties.feesMsat
  t.deepEqual(breakingChanges(current(), changed), [])
})
