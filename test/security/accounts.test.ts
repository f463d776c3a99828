import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeEvent } from '@fulgurite/plugin-sdk/contract'
import anyTest, { type TestFn } from 'ava'
import type { EncodedEvent } from '../../core/src/node/contract-gateway.ts'
import { type TestHost, testHost } from '../../core/src/plugins/testing/test-host.ts'
import { hostWithNeighbour, neighbourAnswers, unleash } from './support/attack.ts'

// What the core and the disk hold for a plugin is on that plugin's account, and bounded.

const test = anyTest as TestFn<TestHost>

test.beforeEach(async (t) => {
  t.context = await hostWithNeighbour()
})

test.afterEach.always((t) => t.context.close())

const MB = 1 << 20
const MOVED = {
  channelId: 'cd'.repeat(32),
  fundingIndex: 0,
  capacitySat: 1_000n,
  localMsat: 1n,
  remoteMsat: 0n,
  spendableMsat: 0n,
  receivableMsat: 0n,
}
const EVENT = 'channel.balance-changed'
const EVENTS = { permissions: { events: { [EVENT]: {} } } }

/** Events of about `chars` characters, the next ones of the log. */
const happen = ({ node }: TestHost, count: number, chars: number): void => {
  const from = Number(node.events.head())
  const events = Array.from({ length: count }, (_, i): EncodedEvent => {
    const sequence = from + i + 1
    const cursor = String(sequence)
    const payload = { ...MOVED, peer: 'x'.repeat(chars) }
    const text = encodeEvent({ cursor, at: 0, type: EVENT, payload })
    return { cursor, sequence, name: EVENT, version: 1, at: 0, text }
  })
  node.append(events)
}

const plugin = (name: string, setup: string, manifest: Readonly<Record<string, unknown>> = {}) => ({
  name,
  code: `
    import { definePlugin } from '@fulgurite/plugin-sdk'
    export default definePlugin(({ events, schedule, actors, log, store }) => { ${setup} })`,
  manifest,
})

const status = ({ host }: TestHost, name: string) => {
  const found = host.list().find((one) => one.name === name)
  if (found === undefined) throw new Error(`${name} is not installed`)
  return found
}

const rowsOf = ({ store }: TestHost, prefix: string) => [...store.rows].filter(([key]) => key.startsWith(prefix))

test.serial(
  '256 subscriptions whose handlers never end hold no more of the core than one may, and read one page at a time',
  async (t) => {
    const { node, install, line } = t.context
    const { replay } = node.events
    let reading = 0
    let most = 0
    Object.assign(node.events, {
      replay: async (...parameters: Parameters<typeof replay>) => {
        reading += 1
        most = Math.max(most, reading)
        await new Promise(setImmediate)
        reading -= 1
        return replay(...parameters)
      },
    })
    await install(
      plugin(
        'hoarder',
        `let begun = 0
       const never = () => { begun += 1; if (begun === 256) log.info('all hold'); return new Promise(() => {}) }
       for (let i = 0; i < 256; i++) events.each('s' + i, '${EVENT}', never)`,
        EVENTS,
      ),
    )
    happen(t.context, 5_000, 2_000)
    await line('hoarder', /^all hold$/)
    happen(t.context, 5_000, 2_000)
    t.is(most, 1)
    const held = status(t.context, 'hoarder').coreMemoryBytes
    // Its bundle and log beside the events.
    t.true(held > MB && held < 10 * MB, `${held} bytes`)
    await neighbourAnswers(t, t.context)
  },
)

test.serial(
  'many subscriptions with large events fill turns as large as a cell takes, and all of them get everything',
  async (t) => {
    const { install, store } = t.context
    await install(
      plugin('honest', `for (let i = 0; i < 100; i++) events.each('s' + i, '${EVENT}', () => {})`, {
        ...EVENTS,
        limits: { memoryMb: 256, turnMs: 10_000, cpuShare: 1 },
      }),
    )
    happen(t.context, 3, 100_000)
    await Promise.all(Array.from({ length: 100 }, (_, i) => store.wait(`cursor/honest/s${i}`, '3')))
    t.like(status(t.context, 'honest'), { state: 'running', restarts: 0 })
  },
)

test.serial('a handler whose writes are beyond the quota fails, is tried again, and the plugin goes on', async (t) => {
  const { install, store, line, lines } = t.context
  await install(
    plugin(
      'full',
      `let failures = 0
       events.each('moves', '${EVENT}', async (move, { event, store }) => {
         // Done with the first at first, then alone, then with room.
         if (event.cursor === '2' && failures++ > 1) await store.delete('1')
         await store.set(event.cursor, 'x'.repeat(300))
       })
       events.each('others', '${EVENT}', () => {})
       schedule('tick', 1_000_000, async ({ store }) => { await store.set('tick', 'x'.repeat(600)) })`,
      { permissions: { events: { [EVENT]: {} }, storage: { bytes: 500 } } },
    ),
  )
  t.is((await line('full', /^plugin-threw: full: schedule\('tick'\): storage-full/)).level, 'error')
  happen(t.context, 2, 10)
  t.is((await line('full', /^plugin-threw: full: events\.each\('moves', .*ActorError: storage-full/)).level, 'error')
  await store.wait('cursor/full/others', '2')
  // Kept with the cursor, once there is room.
  await store.wait('cursor/full/moves', '2')
  t.deepEqual(
    rowsOf(t.context, 'value/full/').map(([key]) => key),
    ['value/full/2'],
  )
  t.like(status(t.context, 'full'), { state: 'running', restarts: 0 })
  t.false(lines.some(({ text }) => /started again/.test(text)))
})

test.serial('events that a plugin sets aside are kept up to a number, the latest of them', async (t) => {
  const cellEntry = fileURLToPath(new URL('./support/parking-cell.ts', import.meta.url))
  const host = await testHost({ cellEntry })
  t.teardown(() => host.close())
  await host.install(plugin('parker', '', { ...EVENTS, limits: { outboxBytes: MB, cpuShare: 1, turnMs: 10_000 } }))
  happen(host, 2_000, 100)
  await host.store.wait('cursor/parker/x', '2000')
  const parked = rowsOf(host, 'parked/parker/')
  t.is(parked.length, 512)
  t.regex(parked.at(-1)?.[1] ?? '', /\\"cursor\\":\\"2000\\"/)
  t.is((await host.line('parker', /^parked-full/)).level, 'warn')
  t.true(status(host, 'parker').diskBytes < 2 * MB)
})

test.serial('what a handler fails on when it is tried again is set aside anew, and once', async (t) => {
  const cellEntry = fileURLToPath(new URL('./support/parking-cell.ts', import.meta.url))
  const host = await testHost({ cellEntry })
  t.teardown(() => host.close())
  await host.install(plugin('parker', '', EVENTS))
  happen(host, 3, 10)
  await host.store.wait('cursor/parker/x', '3')
  const listed = async () => {
    const parked = await host.host.parked('parker')
    return parked.ok ? parked.value.map(({ event }) => event.cursor) : parked.error.code
  }
  t.deepEqual(await listed(), ['3', '2', '1'])
  // Who asks twice at once has them tried once.
  const asked = await Promise.all([host.host.retryParked('parker'), host.host.retryParked('parker')])
  t.deepEqual(
    asked.map((each) => each.ok && each.value),
    [3, 0],
  )
  // What comes next waits for them.
  happen(host, 1, 10)
  await host.store.wait('cursor/parker/x', '4')
  t.deepEqual(await listed(), ['4', '3', '2', '1'])
})

test.serial('what is refused is kept in the audit cut to a size, and what is alike in one row', async (t) => {
  const name = await unleash(
    t.context,
    `for (let i = 0; i < 60; i++)
       await actors.channels.close({ channelId: String(i).repeat(50_000) }, { reason: { code: 'x' } }).catch(() => {})
     log.info('done')`,
  )
  await t.context.line(name, /^done$/)
  const rows = rowsOf(t.context, `audit/${name}/`)
  t.is(rows.length, 1)
  t.true((rows[0]?.[1].length ?? 0) < 2_048)
  t.like(JSON.parse(rows[0]?.[1] ?? ''), { outcome: 'not-granted', times: 60 })
})

test.serial('what large asks leave behind in the cell is not taken for the plugin’s memory', async (t) => {
  const name = await unleash(
    t.context,
    `const channelId = 'x'.repeat(50_000)
     for (let turn = 0; turn < 200; turn++)
       await Promise.allSettled(Array.from({ length: 10 }, () =>
         actors.channels.close({ channelId }, { reason: { code: 'x' } })))
     log.info('all are asked')`,
    { limits: { turnMs: 1_000, outboxBytes: MB } },
  )
  t.is((await t.context.line(name, /^all are asked$|started again/)).text, 'all are asked')
})

test.serial('a store is listed a page at a time, as much of it as there is', async (t) => {
  const { install, line } = t.context
  await install(
    plugin(
      'lister',
      `schedule('list', 1_000_000, () => { void run() })
       const run = async () => {
         for (let i = 0; i < 100; i++) await store.set('k' + String(i).padStart(3, '0'), i + 'y'.repeat(60_000))
         const rows = await store.list('k')
         log.info('listed', rows.length, rows.every(({ key, value }, i) => Number(key.slice(1)) === i && parseInt(value) === i))
       }`,
      { permissions: { storage: { bytes: 8 * MB } }, limits: { cpuShare: 1 } },
    ),
  )
  t.is((await line('lister', /^listed/)).text, 'listed 100 true')
})

test.serial('beyond the number of plugins, and beyond what all together may have, an install is refused', async (t) => {
  const host = await testHost({ limits: { plugins: 2, diskBytes: 300 * MB, cellMemoryMb: 400 } })
  t.teardown(() => host.close())
  await host.install(plugin('first', ''))
  const wide = await host.host.install(
    host.write(plugin('wide', '', { permissions: { storage: { bytes: 256 * MB } } })),
  )
  t.like(wide, { error: { code: 'limits-exceeded', field: 'permissions.storage.bytes' } })
  const large = await host.host.install(host.write(plugin('large', '', { limits: { memoryMb: 300 } })))
  t.like(large, { error: { code: 'limits-exceeded', field: 'limits.memoryMb' } })
  await host.install(plugin('second', ''))
  t.like(await host.host.install(host.write(plugin('third', ''))), { error: { code: 'too-many-plugins' } })
  // Another version has the place of the one before.
  t.like(await host.host.install(host.write(plugin('second', '', { version: '1.1.0' }))), {
    value: { replaced: '1.0.0' },
  })
  t.true((await host.host.remove('first')).ok)
  await host.install(plugin('third', ''))
})

test.serial('a removal deletes in small steps, and goes on with it after a restart', async (t) => {
  const { host, store, install, folder } = t.context
  await install(plugin('large', ''))
  for (let i = 0; i < 5_000; i++) {
    store.rows.set(`value/large/${i}`, 'x')
    store.rows.set(`schedule/large/${i}`, '1')
  }
  const batches: number[] = []
  const { put } = store
  let release: () => void = () => {}
  store.put = (batch) => {
    batches.push(batch.length)
    // The node ends in the middle of it.
    if (batches.length <= 5) return put.call(store, batch)
    return new Promise((resolve) => {
      release = resolve
    })
  }
  const removing = host.remove('large')
  while (batches.length < 6) await new Promise(setImmediate)
  t.true(batches.every((length) => length <= 512))
  t.true(rowsOf(t.context, 'value/large/').length > 0)
  store.put = put
  const next = await testHost({ storage: store, dataDir: folder })
  t.teardown(() => next.close())
  t.false(next.host.list().some(({ name }) => name === 'large'))
  // An install of the same name waits for the end of it.
  await next.install(plugin('large', ''))
  t.deepEqual(rowsOf(t.context, 'value/large/'), [])
  t.deepEqual(rowsOf(t.context, 'removed/'), [])
  t.deepEqual(rowsOf(t.context, 'schedule/large/'), [])
  await Promise.all([host.stop(), removing, Promise.resolve().then(release)])
})

test.serial('rows of labels that are not registered any more are kept up to a number', async (t) => {
  const { host, store, install } = t.context
  await install(plugin('labels', `events.each('own', '${EVENT}', () => {})`, EVENTS))
  for (let i = 0; i < 2_000; i++) store.rows.set(`cursor/labels/old-${i}`, '0')
  t.true((await host.restart('labels')).ok)
  while (rowsOf(t.context, 'cursor/labels/').length > 257) await new Promise(setImmediate)
  t.true(store.rows.has('cursor/labels/own'))
})

test.serial('what is held and kept for a plugin is shown, and given back when it is removed', async (t) => {
  const { host, install, store, folder } = t.context
  await install(
    plugin(
      'shown',
      `events.each('moves', '${EVENT}', async ({}, { store }) => store.set('k', 'x'.repeat(1_000)))`,
      EVENTS,
    ),
  )
  happen(t.context, 1, 10)
  await store.wait('cursor/shown/moves', '1')
  const { coreMemoryBytes, diskBytes } = status(t.context, 'shown')
  t.true(coreMemoryBytes > 200)
  t.true(diskBytes > 1_000)
  t.true(existsSync(join(folder, 'plugins', 'logs', 'shown.log')))
  t.true((await host.remove('shown')).ok)
  t.deepEqual(
    [...store.rows.keys()].filter((key) => key.includes('shown')),
    [],
  )
  t.false(existsSync(join(folder, 'plugins', 'logs', 'shown.log')))
})
