import test from 'ava'
import fc from 'fast-check'
import { restoreEvent, restoreReply } from '../generated/decoders.ts'
import {
  allOperations,
  encodeEvent,
  encodeJson,
  encodeReply,
  parseRequest,
  parseVerdict,
  withoutSecrets,
} from './index.ts'

const channelId = 'ab'.repeat(32)
const nodeId = `02${'cd'.repeat(32)}`
const fees = { channelId, feeBaseMsat: 1000n, feeProportionalMillionths: 100 }

test('parseRequest — takes amounts, decimal string and integer', (t) => {
  for (const feeBaseMsat of [1000n, '1000', 1000]) {
    t.deepEqual(parseRequest('channels', 'setRelayFees', { ...fees, feeBaseMsat }), { ok: true, value: fees })
  }
})

const refused: readonly (readonly [string, unknown, string, string])[] = [
  [
    'a negative amount',
    { ...fees, feeBaseMsat: '-1' },
    'feeBaseMsat',
    'feeBaseMsat: expected a whole, non-negative number of millisatoshis (past 2^53 as a string)',
  ],
  [
    'a fraction',
    { ...fees, feeBaseMsat: 0.5 },
    'feeBaseMsat',
    'feeBaseMsat: expected a whole, non-negative number of millisatoshis (past 2^53 as a string)',
  ],
  [
    'an integer that JSON may have rounded',
    { ...fees, feeBaseMsat: 2 ** 53 },
    'feeBaseMsat',
    'feeBaseMsat: expected a whole, non-negative number of millisatoshis (past 2^53 as a string)',
  ],
  ['an unknown field', { ...fees, note: 'x' }, 'note', 'note: there is no such field'],
  ['a missing field', { ...fees, channelId: undefined }, 'channelId', 'channelId: is missing'],
  [
    'an upper-case id',
    { ...fees, channelId: 'AB'.repeat(32) },
    'channelId',
    'channelId: expected 32 bytes as 64 lower-case hexadecimal characters',
  ],
]

for (const [what, request, field, message] of refused) {
  test(`parseRequest — refuses ${what} and names the field`, (t) => {
    t.deepEqual(parseRequest('channels', 'setRelayFees', request), {
      ok: false,
      error: { code: 'invalid-request', message, field },
    })
  })
}

test('parseRequest — text where bytes count is refused past them, and text that has no UTF-8 always', (t) => {
  for (const description of ['a'.repeat(639), '€'.repeat(213), '\ufeff']) {
    t.deepEqual(parseRequest('invoices', 'create', { description }), { ok: true, value: { description } })
  }
  const message = 'description: expected at most 639 bytes of UTF-8'
  t.deepEqual(parseRequest('invoices', 'create', { description: '€'.repeat(214) }), {
    ok: false,
    error: { code: 'invalid-request', message, field: 'description' },
  })
  t.deepEqual(parseRequest('invoices', 'create', { description: '\ud83d' }), {
    ok: false,
    error: {
      code: 'invalid-request',
      message: 'description: expected Unicode text, without lone surrogates',
      field: 'description',
    },
  })
})

test('parseRequest — refuses what is no object, and knows no inherited operation', (t) => {
  const notAnObject = parseRequest('channels', 'setRelayFees', 'text')
  t.deepEqual(notAnObject, { ok: false, error: { code: 'invalid-request', message: 'expected a JSON object' } })
  const unknown = parseRequest('channels', 'constructor' as 'get', {})
  t.is(unknown.ok ? '' : unknown.error.code, 'unknown-operation')
  const noActor = parseRequest('__proto__' as 'channels', 'get', {})
  t.is(noActor.ok ? '' : noActor.error.code, 'unknown-operation')
})

test('parseRequest — names a field inside a list', (t) => {
  const hop = { nodeId, shortChannelId: '1x1x1', amountMsat: '5', cltvExpiryDelta: 0 }
  const request = { paymentHash: channelId, paymentSecret: channelId, route: [hop] }
  const parsed = parseRequest('payments', 'sendToRoute', request)
  t.is(parsed.ok ? '' : parsed.error.field, 'route.0.cltvExpiryDelta')
})

test('parseRequest — answers and never throws, whatever comes', (t) => {
  const operations = allOperations()
  fc.assert(
    fc.property(fc.nat(operations.length - 1), fc.anything({ withBigInt: true }), (index, request) => {
      const { actor, name } = operations[index] as (typeof operations)[number]
      t.is(typeof parseRequest(actor, name as never, request).ok, 'boolean')
    }),
  )
  let deep: unknown = 1
  for (let i = 0; i < 100_000; i++) deep = { deep }
  const parsed = parseRequest('plugins', 'install', { path: '/p', config: { deep } })
  t.deepEqual(parsed, {
    ok: false,
    error: {
      code: 'invalid-request',
      message: 'config: expected JSON that nests at most 32 deep',
      field: 'config',
    },
  })
})

test('encodeJson — reads back as what was written, for any JSON value', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      // A negative zero has no JSON form of its own.
      t.deepEqual(JSON.parse(encodeJson(value)), JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('encodeJson — writes amounts as strings or as integers, without loss', (t) => {
  const amount = 2_100_000_000_000_000_000n
  t.is(encodeJson({ amount, none: undefined }), '{"amount":"2100000000000000000"}')
  t.is(encodeJson([amount], 'integer'), '[2100000000000000000]')
})

test('encodeEvent — its text, parsed and restored, is the payload again', (t) => {
  const htlc = { channelId, peer: nodeId, htlcId: 7, amountMsat: 5_000_000n, cltvExpiry: 144 }
  const payload = {
    paymentHash: channelId,
    feeMsat: 1_005n,
    incoming: [htlc],
    outgoing: [{ ...htlc, shortChannelId: '1x2x3' }],
    startedAt: 1,
    settledAt: 2,
  }
  const text = encodeEvent({ cursor: 'c1', at: 3, type: 'payment.relayed', payload })
  const read = JSON.parse(text)
  t.is(read.payload.feeMsat, '1005')
  restoreEvent['payment.relayed']?.(read.payload)
  t.deepEqual(read, { cursor: 'c1', at: 3, type: 'payment.relayed', version: 1, payload })
})

test('encodeReply — optional amounts stay away, others come back', (t) => {
  const invoice = {
    paymentHash: channelId,
    invoice: `lnbcrt1${'q'.repeat(40)}`,
    status: 'open' as const,
    description: '',
    createdAt: 1,
    expiresAt: 2,
  }
  const items = [invoice, { ...invoice, amountMsat: 9n }]
  const read = JSON.parse(encodeReply('invoices', 'list', { items, asOf: 'c' }))
  restoreReply['invoices.list']?.(read)
  t.deepEqual(read, { items, asOf: 'c' })
})

test('withoutSecrets — takes preimages and payment secrets out and leaves the reply as it was', (t) => {
  const invoice = { paymentHash: channelId, preimage: channelId, paymentSecret: channelId, amountMsat: 1n }
  const reply = { items: [invoice], asOf: 'c' }
  t.deepEqual(withoutSecrets('invoices', 'list', reply), {
    items: [{ paymentHash: channelId, amountMsat: 1n }],
    asOf: 'c',
  })
  t.is(reply.items[0]?.preimage, channelId)
  const balance = { confirmedSat: 1n }
  t.is(withoutSecrets('wallet', 'balance', balance), balance)
})

test('parseVerdict — refuses a verdict that the hook does not have', (t) => {
  t.true(parseVerdict('channel.accept', { type: 'accept', minimumDepth: 3 }).ok)
  for (const verdict of [{ type: 'hold' }, { type: 'accept', minimumDepth: 0 }, { type: 'reject' }, null, 'accept']) {
    t.false(parseVerdict('channel.accept', verdict).ok)
  }
})

test('parseRequest — a short channel id is at most what it has bytes for', (t) => {
  const read = (shortChannelId: string) =>
    parseRequest('router', 'setWeights', { weights: [{ shortChannelId, costPpm: 1_000 }] })
  t.true(read('16777215x16777215x65535').ok)
  for (const beyond of ['16777216x1x1', '1x16777216x1', '1x1x65536']) {
    t.like(read(beyond), { ok: false, error: { field: 'weights.0.shortChannelId' } })
  }
})
