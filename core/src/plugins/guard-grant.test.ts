import test from 'ava'
import { guardOf, guardsAnything } from './guard-grant.ts'
import type { InstallRecord } from './install-record.ts'

const record = (grant: string): InstallRecord => ({
  name: 'fees',
  version: '1.0.0',
  source: '/home/op/fees',
  integrity: 'sha256-00',
  folder: 'fees-1.0.0-0011',
  grant,
  config: {},
  installedAt: 1,
  installCursor: 'e1',
})
const holding = (hooks: object): InstallRecord => record(JSON.stringify({ permissions: { hooks } }))

test('guardOf — says what the grant says, and that everything is guarded where the grant cannot be read', (t) => {
  const filter = { feeMsat: { max: '5' }, announce: { oneOf: [true] } }
  const accepting = holding({ 'channel.accept': { verdicts: ['accept'], filter, onFailure: 'open' } })
  t.deepEqual(guardOf(accepting, 'channel.accept'), {
    filter: { feeMsat: { max: 5n }, announce: { oneOf: [true] } },
    onFailure: 'open',
  })
  t.is(guardOf(accepting, 'htlc.forward'), undefined)
  t.is(guardOf(accepting, 'toString'), undefined)
  for (const grant of ['', '{}', '[]', '{"permissions":{"hooks":5}}', '['.repeat(100_000)])
    t.deepEqual(guardOf(record(grant), 'channel.accept'), { onFailure: 'closed' }, grant.slice(0, 40))
})

test('guardsAnything — a plugin without whose verdict something is refused: by the hook, or as the plugin declares', (t) => {
  const verdicts = ['continue']
  t.true(guardsAnything(holding({ 'channel.accept': { verdicts } })))
  t.false(guardsAnything(holding({ 'channel.accept': { verdicts, onFailure: 'open' } })))
  t.false(guardsAnything(holding({ 'htlc.forward': { verdicts } })))
  t.true(guardsAnything(holding({ 'htlc.forward': { verdicts, onFailure: 'closed' } })))
  t.false(guardsAnything(holding({})))
  t.true(guardsAnything(record('')))
})
