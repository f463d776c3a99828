import { findOperation } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import type { CliIo } from './io.ts'
import { type ListStyle, renderEvent, renderReply } from './render.ts'
import { bar, sat } from './views.ts'

const io = (columns: number, isTerminal = true) => ({ columns, isTerminal, env: { NO_COLOR: '1' } }) as unknown as CliIo

const shown = (name: string, items: readonly object[], columns: number, style: ListStyle = {}, isTerminal = true) => {
  const [actor = '', operation = ''] = name.split('.')
  const declared = findOperation(actor, operation)
  if (declared === undefined) throw new Error(`there is no ${name}`)
  return renderReply(declared, { items, asOf: 'c1' }, io(columns, isTerminal), style).trimEnd().split('\n')
}

const policy = { feeBaseMsat: 1_000, feeProportionalMillionths: 100, cltvExpiryDelta: 80 }
const id = `02${'ef'.repeat(32)}`
const channel = {
  channelId: 'cd'.repeat(32),
  peer: id,
  peerName: 'alice',
  state: 'quarantined',
  initiator: 'local',
  channelType: 'anchors',
  announced: false,
  fundings: [],
  aliases: [],
  shortChannelId: '144x12345x0',
  capacitySat: 5_000_000,
  localMsat: 2_500_000_500,
  remoteMsat: 2_499_999_500,
  spendableMsat: 1,
  receivableMsat: 1,
  htlcsInFlight: 0,
  localPolicy: policy,
}

test('channels show peer, state, balances as a bar and in sat, and fees, in 80 columns', (t) => {
  const { peerName: _, ...nameless } = channel
  const free = { ...channel, state: 'usable', remoteMsat: 0, localPolicy: { ...policy, feeBaseMsat: 0 } }
  t.deepEqual(shown('channels.list', [{ ...channel, state: 'usable' }, nameless, free], 80), [
    'peer           state        balance      ours sat  theirs sat          fee',
    'alice          usable       █████░░░░░  2,500,000   2,499,999  1sat+100ppm',
    '02efefefefef…  quarantined  █████░░░░░  2,500,000   2,499,999  1sat+100ppm',
    'alice          usable       ██████████  2,500,000           0       100ppm',
    '(2 more columns: --wide)',
  ])
  t.is(
    shown('channels.list', [{ ...channel, state: 'usable', shortChannelId: '144x1x0' }], 80)[1],
    'alice  usable  █████░░░░░  2,500,000   2,499,999  1sat+100ppm  144x1x0',
  )
})

test('no line of a list is longer than the terminal is wide, but those of logs, which are never cut', (t) => {
  const lists: Readonly<Record<string, readonly object[]>> = {
    'channels.list': [
      { ...channel, peerName: 'a name of thirty-two characters.', localMsat: 21_000_000 * 100_000_000_000 },
    ],
    'peers.list': [
      {
        nodeId: id,
        connected: true,
        direction: 'outbound',
        knownAddresses: [`${'a'.repeat(60)}.onion:9735`],
        channels: 3,
      },
    ],
    'payments.list': [
      {
        paymentHash: id,
        status: 'in-flight',
        amountMsat: 1_234_567_890_123,
        feesMsat: 123_456_789,
        description: 'd'.repeat(200),
        parts: [],
        startedAt: 0,
      },
    ],
    'invoices.list': [
      {
        paymentHash: id,
        invoice: 'l',
        status: 'expired',
        receivedMsat: 5,
        description: 'x'.repeat(300),
        createdAt: 0,
        expiresAt: 0,
      },
    ],
    'wallet.utxos': [
      { txid: id, outputIndex: 1, amountSat: 1_000, address: `bcrt1${'q'.repeat(57)}`, reserved: false },
    ],
    'wallet.transactions': [
      { txid: id, receivedSat: 1, spentSat: 2_100_000_000_000_000, label: 'l'.repeat(64), seenAt: 0 },
    ],
    'plugins.list': [
      {
        name: 'n'.repeat(64),
        version: '1.0.0',
        state: 'backing-off',
        permissions: [],
        installedAt: 0,
        restarts: 9,
        lastFault: 'f'.repeat(500),
      },
    ],
    'events.list': [
      {
        cursor: 'e1',
        at: 0,
        type: 'channel.relay-fees-changed',
        version: 1,
        payload: { channelId: id, peer: id, incoming: [{ channelId: id, amountMsat: '1' }] },
      },
    ],
  }
  for (const columns of [80, 120]) {
    for (const [name, items] of Object.entries(lists)) {
      const lines = shown(name, items, columns)
      t.true(lines.length >= 2, name)
      for (const line of lines) t.true(line.length <= columns, `${name} at ${columns}: ${line}`)
      t.false(lines.join().includes('?'), `${name}: ${lines.join()}`)
    }
  }
  const text = 'x'.repeat(300)
  const log = { number: 1, at: 0, level: 'info', source: 'plugin', text }
  t.deepEqual(shown('plugins.logs', [log], 80), [
    'at                    level  text',
    `1970-01-01T00:00:00Z  info   ${text}`,
  ])
})

test('what relaying for a peer has come to, offers and payments received fit 80 columns', (t) => {
  const way = { settled: 2, amountMsat: 2_500_000_000, feesMsat: 426_500, failed: 3, heldMs: 5, heldMostMs: 4 }
  const underWay = { htlcs: 1, amountMsat: 1_000 }
  const relays = { nodeId: id, name: 'alice', since: 0, underWay, in: way, refused: 7, out: { ...way, failed: 0 } }
  t.deepEqual(shown('peers.relays', [relays], 80), [
    'peer      in sat  in fees sat    out sat  out fees sat  failed  under way',
    'alice  2,500,000        426.5  2,500,000         426.5     3/0          1',
    '(2 more columns: --wide)',
  ])
  const offer = { offerId: id, offer: 'lno1qqqq', status: 'active', description: 'tea', blinded: true, createdAt: 0 }
  t.regex(shown('offers.list', [offer], 80)[1] ?? '', /active +any +tea/)
  const received = { paymentHash: id, amountMsat: 5_000, parts: [], receivedAt: 0, keysend: true, preimage: id }
  t.regex(shown('payments.received', [received], 80)[1] ?? '', / 5 +keysend/)
  t.notRegex(shown('payments.received', [received], 200).join(), /preimage/)
})

test('a transaction of the wallet shows what it changed and what it is for, in 80 columns', (t) => {
  const made = { txid: id, seenAt: 0, blockHeight: 812_345 }
  const transactions = [
    { ...made, receivedSat: 1_099_843, spentSat: 5_100_000, purpose: 'channel-funding' },
    { ...made, receivedSat: 2_000, spentSat: 0, purpose: 'receive', label: 'rent' },
  ]
  t.deepEqual(shown('wallet.transactions', transactions, 80), [
    'seen                  change sat  for               block  txid',
    '1970-01-01T00:00:00Z  -4,000,157  channel-funding  812345  02efefef…efefefef',
    '1970-01-01T00:00:00Z      +2,000  receive: rent    812345  02efefef…efefefef',
  ])
})

test('closed channels are summed up below their rows; what is not known makes a sum the least that it can be', (t) => {
  const way = { relays: 1, amountMsat: 1, feesMsat: 1_500 }
  const closed = {
    channelId: id.slice(2),
    peer: id,
    peerName: 'alice',
    kind: 'mutual',
    closedBy: 'local',
    txid: id,
    blockHeight: 1,
    closedAt: 0,
    returnedSat: 10_000,
    closingFeeSat: 100,
    openingFeeSat: 20,
    claimFeesSat: 0,
    earned: { in: way, out: way },
  }
  const { openingFeeSat: _, ...unknown } = closed
  t.deepEqual(shown('channels.closed', [closed, unknown], 80), [
    'closed                peer   kind    by     earned sat  fees sat  back sat',
    '1970-01-01T00:00:00Z  alice  mutual  local         1.5       120    10,000',
    '1970-01-01T00:00:00Z  alice  mutual  local         1.5   unknown    10,000',
    'these 2                                            3       ≥ 220    20,000',
    '(3 more columns: --wide)',
  ])
  t.is(shown('channels.closed', [closed], 80).length, 3)
  t.is(shown('channels.closed', [closed, unknown], 80, {}, false).length, 3)
})

test('a log reads from the oldest line to the newest, a stack keeps its lines, and nothing in it moves the terminal', (t) => {
  const line = (text: string, source = 'plugin') => ({ number: 1, at: 0, level: 'info', source, text })
  t.deepEqual(
    shown(
      'plugins.logs',
      [line('ended', 'host'), line('red \x1b[31m\u202e'), line('Error: a\n  at b\n  at c')],
      80,
    ).slice(1),
    [
      '1970-01-01T00:00:00Z  info   Error: a',
      '      at b',
      '      at c',
      '1970-01-01T00:00:00Z  info   red ·[31m·',
      '1970-01-01T00:00:00Z  info   (node) ended',
    ],
  )
})

test('columns are chosen by their names in the table or by the fields, in any order, also where nobody looks', (t) => {
  const columns = ['state', 'local-policy.cltv-expiry-delta', ' Balance', 'channel-id']
  t.deepEqual(shown('channels.list', [channel], 80, { columns }), [
    `state        ${'local policy cltv expiry delta'}  balance     channel id`,
    `quarantined                              80  █████░░░░░  ${channel.channelId}`,
  ])
  t.deepEqual(shown('channels.list', [channel], 80, { columns: ['peer', 'local-msat'] }, false), [
    'peer\tlocal msat',
    'alice\t2500000500',
  ])
})

test('wide shows every field in full; without a terminal every field is there anyway', (t) => {
  const [head = '', row = ''] = shown('channels.list', [channel], 80, { wide: true })
  t.true(head.includes('spendable msat') && row.includes(channel.channelId) && row.includes(id))
  const [tabbed = ''] = shown('channels.list', [channel], 80, {}, false)
  t.true(tabbed.startsWith('channel id\tpeer\tpeer name\tstate\t'))
})

test('what is kept fits 80 columns, and what is said beside the list follows it for people alone', (t) => {
  const item = {
    class: 'settled-payments',
    kept: 'for-ever',
    rows: 300_000,
    bytes: 405_000_000,
    dueRows: 0,
    dueBytes: 0,
  }
  const items = [
    { ...item, kept: 'for-a-time', keptSeconds: 90 * 86_400, dueRows: 1_234, dueBytes: 1, oldestAt: 0 },
    { ...item, class: 'past-htlcs', kept: 'while-needed' },
  ]
  const declared = findOperation('node', 'retention')
  if (declared === undefined) return t.fail()
  const archive = { path: '/data/archive', files: 2, bytes: 5 }
  const said = (isTerminal: boolean) =>
    renderReply(declared, { items, actsAt: 0, archive, asOf: 'c1' }, io(80, isTerminal)).trimEnd().split('\n')
  t.deepEqual(said(true), [
    'class             kept             rows       kB    due  oldest',
    'settled-payments  90 days       300,000  405,000  1,234  1970-01-01T00:00:00Z',
    'past-htlcs        while needed  300,000  405,000      0',
    '(1 more column: --wide)',
    '',
    'acts at  1970-01-01T00:00:00Z',
    'archive',
    '  path   /data/archive',
    '  files  2',
    '  bytes  5',
  ])
  t.is(said(false).length, 3)
})

test('a terminal too narrow for a table shows each row by itself, in full', (t) => {
  const utxo = {
    txid: 'cd'.repeat(32),
    outputIndex: 1,
    amountSat: 1_000,
    address: `bcrt1${'q'.repeat(39)}`,
    reserved: false,
  }
  t.deepEqual(shown('wallet.utxos', [utxo, utxo], 10).slice(0, 6), [
    `txid          ${utxo.txid}`,
    'output index  1',
    'amount sat    1,000',
    `address       ${utxo.address}`,
    'reserved      false',
    '',
  ])
})

test('a row of another form than this version knows is shown as far as it can be', (t) => {
  const [, row = ''] = shown('channels.list', [{ channelId: 'cd', state: 'usable' }], 120)
  t.regex(row, /^\?\s+usable/)
})

test('a bar shows whoever has something, and amounts are in sat to the last digit', (t) => {
  t.is(bar(0n, 0n), '··········')
  t.is(bar(1n, 1_000_000n), '█░░░░░░░░░')
  t.is(bar(1_000_000n, 1n), '█████████░')
  t.is(bar(5n, 0n), '██████████')
  t.is(bar(0n, 5n), '░░░░░░░░░░')
  t.is(sat(1_234_567_500n), '1,234,567.5')
  t.is(sat(1), '0.001')
  t.is(sat(0), '0')
})

test('a page without rows says where the list goes on, if it does', (t) => {
  const render = (name: string) => {
    const [actor = '', operation = ''] = name.split('.')
    const declared = findOperation(actor, operation)
    if (declared === undefined) throw new Error(`there is no ${name}`)
    return renderReply(declared, { items: [], next: 'c2', asOf: 'c1' }, io(80))
  }
  t.is(render('payments.list'), 'none\nmore: --after c2\n')
  t.is(render('events.list'), 'none\n')
})

test('an id that would be broken has a line of its own, and what a list has more of than fits on a line is fields below each other', (t) => {
  const funding = { fundingIndex: 0, txid: 'ab'.repeat(32), outputIndex: 1, amountSat: 1_000, status: 'confirmed' }
  const declared = findOperation('channels', 'get')
  if (declared === undefined) return t.fail()
  const lines = renderReply(declared, { channel: { ...channel, fundings: [funding] } }, io(80)).split('\n')
  t.deepEqual(lines.slice(0, 2), ['channel id', `  ${channel.channelId}`])
  const at = lines.indexOf('fundings')
  t.deepEqual(lines.slice(at + 1, at + 4), ['- funding index  0', '  txid', `    ${funding.txid}`])
  for (const line of lines) t.true(line.length <= 80, line)
})

test('amounts stand with their points below each other, and a log goes on below its text', (t) => {
  const payment = {
    paymentHash: 'cd'.repeat(32),
    status: 'settled',
    feesMsat: 0,
    destination: id,
    parts: [],
    startedAt: 0,
  }
  const rows = [2_000, 13_377_590, 22_302_614].map((amountMsat) => ({ ...payment, amountMsat }))
  const amounts = shown('payments.list', rows, 80)
    .slice(1, 4)
    .map((line) => line.slice(30, 42))
  t.deepEqual(
    amounts.map((text) => text.trim()),
    ['2', '13,377.59', '22,302.614'],
  )
  t.is(new Set(amounts.map((text) => (text.includes('.') ? text.indexOf('.') : text.trimEnd().length))).size, 1)
  const line = { at: 0, level: 'info', source: 'plugin', text: 'word '.repeat(30).trim(), sequence: 1 }
  const log = shown('plugins.logs', [line], 80)
  t.true(log.length > 2)
  for (const further of log.slice(2)) t.regex(further, /^ {29}\w/)
})

const relayed = {
  cursor: 'e5',
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  type: 'payment.relayed',
  version: 1,
  payload: {
    paymentHash: 'ab'.repeat(32),
    incoming: [{ channelId: 'cd'.repeat(32), amountMsat: 1_000_100 }],
    outgoing: [{ channelId: 'ef'.repeat(32), amountMsat: 1_000_000, peer: { name: 'bob\u0007' } }],
    feesMsat: 100,
  },
}

test('an event that happens is one line within the terminal’s width, and whole where it is asked for', (t) => {
  const told = (columns: number, wide = false, isTerminal = true): string =>
    renderEvent(JSON.stringify(relayed), io(columns, isTerminal), wide)
  t.is(told(80), '2026-01-02T03:04:05Z  payment.relayed  paymentHash=abababab… incoming=[{channel…\n')
  t.is(
    told(300),
    '2026-01-02T03:04:05Z  payment.relayed  paymentHash=abababab… incoming=[{channelId=cdcdcdcd… amountMsat=1000100}] outgoing=[{channelId=efefefef… amountMsat=1000000 peer={name=bob·}}] feesMsat=100\n',
  )
  t.is(told(70).length, 71)
  // Too narrow for a line: its fields stand below each other.
  t.regex(told(40), /^cursor {3}e5\nat {7}2026-01-02T03:04:05Z\n/)
  t.true(told(80, true).includes(JSON.stringify(relayed.payload)))
  t.is(told(80, true).trimEnd().split('\n').length, 1)
  t.is(told(80, false, false), `2026-01-02T03:04:05.678Z\tpayment.relayed\t${JSON.stringify(relayed.payload)}\n`)
})
