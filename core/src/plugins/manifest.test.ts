import test from 'ava'
import { parseManifest } from './manifest.ts'

const minimal = { name: 'fees', version: '1.0.0', contract: '^0.1.0', entry: './src/index.ts' }

const read = (change: object) => parseManifest(JSON.stringify({ ...minimal, ...change }))

const refusal = (change: object): string => {
  const parsed = read(change)
  return parsed.ok ? 'taken' : parsed.error.message
}

test('a manifest — needs name, version, contract and entry; all else has defaults that grant nothing', (t) => {
  const parsed = read({})
  t.like(parsed, {
    ok: true,
    value: {
      permissions: { events: {}, queries: [], commands: {}, hooks: {}, http: [], secrets: [] },
      budget: { paysOutMsat: 0n, feesMsat: 0n, locksSat: 0n },
      config: { type: 'object', properties: {} },
      calls: [],
    },
  })
  for (const field of Object.keys(minimal)) t.regex(refusal({ [field]: undefined }), new RegExp(`^${field}: `))
})

test('a manifest — may ask for everything there is', (t) => {
  const parsed = read({
    summary: 'All of it.',
    publisher: 'someone',
    permissions: {
      events: {
        'payment.relayed': {},
        'channel.ready': { filter: { peer: { oneOf: [`02${'ab'.repeat(32)}`] }, capacitySat: { min: 1000 } } },
      },
      queries: ['channels.list', 'payments.get'],
      commands: {
        'channels.setRelayFees': {
          bounds: { feeBaseMsat: { max: '1000' }, feeProportionalMillionths: { min: 1, max: 5_000 } },
          rate: { max: 10, perMs: 60_000 },
        },
      },
      hooks: { 'channel.accept': { verdicts: ['accept', 'reject'], filter: { fundingSat: { min: 100_000 } } } },
      http: [{ host: 'api.example.com', reason: 'prices' }],
      storage: { bytes: 1_000 },
      secrets: ['payments.get'],
    },
    budget: { windowMs: 3_600_000, paysOutMsat: '9007199254740993', feesMsat: 1, locksSat: 1, actions: 1, queries: 1 },
    limits: { memoryMb: 32, turnMs: 50, cpuShare: 0.5 },
    config: { type: 'object', properties: { list: { type: 'array', items: { type: 'string' } } }, required: ['list'] },
    contributions: {
      commands: {
        hello: {
          summary: 'Says hello.',
          request: { type: 'object', properties: {} },
          reply: { type: 'object', properties: {} },
        },
      },
      messageTypes: [32_769],
      featureBits: [257],
      tlvs: [{ message: 'init', type: 65_537 }],
      metrics: { total: { summary: 'All.', kind: 'counter' } },
      panels: [{ title: 'Fees', kind: 'table' }],
    },
    calls: ['other.command'],
  })
  t.like(parsed, { ok: true, value: { budget: { paysOutMsat: 9007199254740993n } } })
})

const REFUSED: readonly (readonly [change: object, message: RegExp])[] = [
  [{ permisions: {} }, /^permisions: there is no such field: did you mean permissions\?$/],
  [{ name: 'Fees' }, /^name: expected lower-case letters, digits and hyphens$/],
  [{ version: '1' }, /^version: expected a version such as 1\.0\.0$/],
  [{ entry: '../index.ts' }, /^entry: /],
  [{ entry: './a/../../b.ts' }, /^entry: must lie inside the plugin$/],
  [{ contract: '^9.0.0' }, /^contract: the plugin asks for \^9\.0\.0, this node speaks/],
  [
    { permissions: { events: { 'payment.arrived': {} } } },
    /^permissions\.events\.payment\.arrived: there is no such event: there are payment\.sent, payment\.failed, payment\.part-failed, payment\.received, /,
  ],
  [
    { permissions: { queries: ['channels.lst'] } },
    /^permissions\.queries\.0: there is no such query: did you mean channels\.list\?$/,
  ],
  [
    { permissions: { queries: ['channels.setRelayFees'] } },
    /^permissions\.queries\.0: this is a command: list it among the commands$/,
  ],
  [{ permissions: { commands: { 'channels.list': {} } } }, /this is a query: list it among the queries$/],
  [{ permissions: { commands: { 'plugins.install': {} } } }, /only the operator may ask this$/],
  [
    { permissions: { commands: { 'channels.setRelayFees': { bounds: { feeBaseMsat: { max: 1 } } } } } },
    /^permissions\.commands\.channels\.setRelayFees\.bounds\.feeProportionalMillionths: give this field a min, a max or both$/,
  ],
  [
    { permissions: { commands: { 'channels.close': { bounds: { feerate: { max: 1_000 }, amount: { max: 1 } } } } } },
    /bounds\.amount: there is no such bound: there is feerate$/,
  ],
  [
    { permissions: { commands: { 'channels.close': { bounds: { feerate: { min: 5, max: 1 } } } } } },
    /min is above max$/,
  ],
  [
    { permissions: { hooks: { 'channel.refuse': { verdicts: ['accept'] } } } },
    /^permissions\.hooks\.channel\.refuse: there is no such hook: there is channel\.accept$/,
  ],
  [
    { permissions: { http: [{ host: 'https://x.com', reason: 'x' }] } },
    /^permissions\.http\.0\.host: expected host or host:port$/,
  ],
  [
    { permissions: { hooks: { 'channel.accept': { verdicts: ['accpet'] } } } },
    /^permissions\.hooks\.channel\.accept\.verdicts\.0: there is no such verdict: did you mean accept\?$/,
  ],
  [
    { permissions: { events: { 'payment.relayed': { filter: { feeMsa: { min: 1 } } } } } },
    /^permissions\.events\.payment\.relayed\.filter\.feeMsa: there is no such field to filter by: did you mean feeMsat\?$/,
  ],
  [
    {
      permissions: {
        hooks: { 'channel.accept': { verdicts: ['accept'], filter: { initiator: { oneOf: ['both'] } } } },
      },
    },
    /filter\.initiator\.oneOf\.0: expected local or remote$/,
  ],
  [
    { permissions: { events: { 'payment.relayed': { filter: { paymentHash: { min: 1 } } } } } },
    /filter\.paymentHash\./,
  ],
  [
    { permissions: { secrets: ['payments.lst'] } },
    /^permissions\.secrets\.0: there is no such query: did you mean payments\.list\?$/,
  ],
  [
    { permissions: { commands: { 'channels.setRelayFee': { bounds: {} } } } },
    /^permissions\.commands\.channels\.setRelayFee: there is no such command: did you mean channels\.setRelayFees\?$/,
  ],
  [
    { permissions: { commands: { 'wallet.send': {} } } },
    /^permissions\.commands\.wallet\.send\.bounds: bounds are needed of amountSat/,
  ],
  [{ limits: { memryMb: 64 } }, /^limits\.memryMb: there is no such field: did you mean memoryMb\?$/],
  [
    { config: { type: 'object', properties: { max: { type: 'integer' } }, required: ['mx'] } },
    /^config\.required\.0: there is no setting mx: did you mean max\?$/,
  ],
  [
    { config: { type: 'object', properties: { max: { type: 'integer', maximum: 5, default: 9 } } } },
    /^config\.properties\.max\.default: expected a default that is allowed itself$/,
  ],
  [{ limits: { memoryMb: 100_000 } }, /^limits\.memoryMb: /],
  [{ budget: { feesMsat: -1 } }, /^budget\.feesMsat: /],
  [
    { config: { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } } },
    /pattern: there is no such field/,
  ],
  [{ config: { type: 'object', properties: { a: { $ref: '#' } } } }, /^config\.properties\.a/],
]

for (const [change, message] of REFUSED) {
  test(`a manifest with ${JSON.stringify(change)} is refused, naming field and fix`, (t) => {
    t.regex(refusal(change), message)
  })
}

test('a manifest — what is too large, too deep or no JSON is refused before it is parsed', (t) => {
  t.like(parseManifest('x'.repeat(300_000)), { error: { message: 'the manifest is larger than 262144 characters' } })
  t.like(parseManifest('['.repeat(1_000)), { error: { message: 'the manifest nests deeper than 24 levels' } })
  const parsed = parseManifest('{')
  t.regex(parsed.ok ? '' : parsed.error.message, /^not JSON$/)
})

test('config — deeper than five levels, or more than two hundred settings, is refused', (t) => {
  let deep: object = { type: 'string' }
  for (let i = 0; i < 6; i++) deep = { type: 'array', items: deep }
  t.regex(refusal({ config: { type: 'object', properties: { deep } } }), /^config: at most 5 levels and 200 settings$/)
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`s${i}`, { type: 'boolean' }]))
  t.regex(refusal({ config: { type: 'object', properties: many } }), /^config: at most 5 levels/)
})
