import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeEvent } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { type PluginSource, type TestHost, testHost } from './testing/test-host.ts'

const HOUR = 3_600_000
const CHANNEL = 'cd'.repeat(32)

const moved = (localMsat: bigint) => ({
  channelId: CHANNEL,
  peer: `02${'ab'.repeat(32)}`,
  fundingIndex: 0,
  capacitySat: 1_000n,
  localMsat,
  remoteMsat: 0n,
  spendableMsat: 0n,
  receivableMsat: 0n,
})

const plugin = (name: string, setup: string, manifest: object = {}): PluginSource => ({
  name,
  code: `import { definePlugin } from '@fulgurite/plugin-sdk'
    import { map, scan } from 'rxjs'
    export default definePlugin(({ events, log, schedule, store, actors, config, hooks, plugin }) => { ${setup} })`,
  manifest: {
    ...manifest,
    permissions: { events: { 'channel.balance-changed': {} }, ...(manifest as { permissions?: object }).permissions },
  },
})

const withHost = async (run: (host: TestHost) => Promise<void>, options = {}): Promise<void> => {
  const host = await testHost(options)
  try {
    await run(host)
  } finally {
    await host.close()
  }
}

test('events.each — every event reaches the handler in order, amounts, and the cursor follows', (t) =>
  withHost(async ({ node, store, install, line }) => {
    await install(
      plugin(
        'follower',
        `
      events.each('moves', 'channel.balance-changed', async (move, { event }) => {
        await null
        log.info(typeof move.localMsat, move.localMsat, event.cursor)
      })`,
      ),
    )
    for (const amount of [5n, 6n, 7n]) node.emit('channel.balance-changed', moved(amount))
    await store.wait('cursor/follower/moves', '3')
    await line('follower', /^bigint "7" 3$/)
    t.is(store.rows.get('cursor/follower/moves'), '3')
  }))

test('events.each — begins at what has happened since the install, or now, or after a cursor', (t) =>
  withHost(async ({ node, store, install, line }) => {
    node.emit('channel.balance-changed', moved(1n))
    node.emit('channel.balance-changed', moved(2n))
    await install(
      plugin(
        'origins',
        `
      events.each('a', 'channel.balance-changed', (move) => log.info('a', move.localMsat), { from: { after: '1' } })
      events.each('b', 'channel.balance-changed', (move) => log.info('b', move.localMsat), { from: 'now' })
      events.each('c', 'channel.balance-changed', (move) => log.info('c', move.localMsat))`,
      ),
    )
    node.emit('channel.balance-changed', moved(3n))
    for (const label of ['a', 'b', 'c']) await store.wait(`cursor/origins/${label}`, '3')
    const texts = (
      await Promise.all([
        line('origins', /^a "2"/),
        line('origins', /^a "3"/),
        line('origins', /^b "3"/),
        line('origins', /^c "3"/),
      ])
    ).map(({ text }) => text)
    t.deepEqual(texts, ['a "2"', 'a "3"', 'b "3"', 'c "3"'])
  }))

test('events.each — the filter of the author and the filter of the grant both leave events out, and the cursor passes them', (t) =>
  withHost(async ({ node, store, install, lines }) => {
    await install(
      plugin(
        'picky',
        `events.each('moves', 'channel.balance-changed', ({ localMsat }) => localMsat !== 6n, (move) => log.info('got', move.localMsat))`,
        {
          permissions: { events: { 'channel.balance-changed': { filter: { localMsat: { min: 5 } } } } },
        },
      ),
    )
    for (const amount of [4n, 5n, 6n, 7n]) node.emit('channel.balance-changed', moved(amount))
    await store.wait('cursor/picky/moves', '4')
    t.deepEqual(
      lines.filter(({ text }) => text.startsWith('got')).map(({ text }) => text),
      ['got "5"', 'got "7"'],
    )
  }))

test('events.each — what a handler stores is kept with its success alone; a failed run is tried again with the same keys', (t) =>
  withHost(async ({ node, store, install }) => {
    const keys: (string | undefined)[] = []
    node.answers.set('channels.setRelayFees', (_, { key }) => {
      keys.push(key)
      return {
        ok: true,
        value: { channelId: CHANNEL, localPolicy: { feeBaseMsat: 1n, htlcMinimumMsat: 1n, htlcMaximumMsat: 1n } },
      }
    })
    await install(
      plugin(
        'retries',
        `
      let attempts = 0
      events.each('moves', 'channel.balance-changed', async (move, { actors, store }) => {
        attempts += 1
        await store.set('attempts-' + attempts, { move: move.localMsat })
        await actors.channels.setRelayFees({ channelId: move.channelId, feeBaseMsat: 1n, feeProportionalMillionths: 1 }, { reason: { code: 'test' } })
        if (attempts === 1) throw new Error('the first time')
      })`,
        {
          permissions: {
            commands: {
              'channels.setRelayFees': { bounds: { feeBaseMsat: { max: 1 }, feeProportionalMillionths: { max: 1 } } },
            },
          },
        },
      ),
    )
    node.emit('channel.balance-changed', moved(9n))
    await store.wait('cursor/retries/moves', '1')
    t.deepEqual(keys, Array(2).fill('retries:moves/1/channels.setRelayFees#0'))
    t.deepEqual(
      [...store.rows].filter(([key]) => key.startsWith('value/')),
      [['value/retries/attempts-2', '{"move":{"$bigint":"9"}}']],
    )
  }))

test('events.each — what was set aside is given to its handler again, and the subscription stays where it was', (t) =>
  withHost(async ({ node, store, host, install, line }) => {
    const event = encodeEvent({ cursor: '1', at: 5, type: 'channel.balance-changed', payload: moved(9n) })
    const row = JSON.stringify({ at: 6, label: 'moves', error: 'Error: not ready', event })
    store.rows.set('parked/parks/000000000000', row)
    store.rows.set('parked/parks/000000000001', row.replace('moves', 'gone'))
    store.rows.set('cursor/parks/moves', '1')
    node.emit('channel.balance-changed', moved(9n))
    await install(
      plugin(
        'parks',
        `
      events.each('moves', 'channel.balance-changed', async (move, { store }) => {
        await store.set('sum', ((await store.get('sum')) ?? 0n) + move.localMsat)
        log.info('done', move.localMsat)
      })`,
      ),
    )
    // That of a subscription which is no more stays.
    t.deepEqual(await host.retryParked('parks'), { ok: true, value: 1 })
    await line('parks', /^done "9"$/)
    node.emit('channel.balance-changed', moved(10n))
    await store.wait('cursor/parks/moves', '2')
    t.is(store.rows.get('value/parks/sum'), '{"$bigint":"19"}')
    const parked = await host.parked('parks')
    t.deepEqual(parked.ok && parked.value.map(({ label }) => label), ['gone'])
    t.deepEqual(await host.retryParked('parks'), { ok: true, value: 0 })
    t.like(await host.retryParked('nobody'), { ok: false, error: { code: 'plugin-not-found' } })
  }))

test('events.each — what happened while the plugin was stopped, or was not finished, is delivered when it runs again', (t) =>
  withHost(async ({ node, store, host, install, line }) => {
    await install(
      plugin(
        'resumes',
        `
      events.each('moves', 'channel.balance-changed', async (move) => {
        log.info('begins', move.localMsat)
        if ((await store.get('ready')) === undefined) await new Promise(() => {})
        log.info('ends', move.localMsat)
      })`,
      ),
    )
    node.emit('channel.balance-changed', moved(1n))
    await line('resumes', /^begins "1"$/)
    await store.put([['value/resumes/ready', 'true']])
    t.true((await host.restart('resumes')).ok)
    node.emit('channel.balance-changed', moved(2n))
    await store.wait('cursor/resumes/moves', '2')
    t.truthy(await line('resumes', /^ends "1"$/))
    t.truthy(await line('resumes', /^ends "2"$/))
  }))

test('events.each — a plugin that lags far behind still gets every event once, in order', (t) =>
  withHost(async ({ node, store, install, line }) => {
    await install(
      plugin(
        'lags',
        `
      let last = 0n; let wrong = 0
      events.each('moves', 'channel.balance-changed', ({ localMsat }) => {
        if (localMsat !== last + 1n) wrong += 1
        last = localMsat
        if (localMsat === 5000n) log.info('wrong', wrong)
      })`,
        { limits: { queueEvents: 16 } },
      ),
    )
    for (let amount = 1n; amount <= 5000n; amount += 1n) node.emit('channel.balance-changed', moved(amount))
    await store.wait('cursor/lags/moves', '5000')
    t.is((await line('lags', /^wrong/)).text, 'wrong 0')
  }))

test('events.on — is an observable of what happens while the plugin runs', (t) =>
  withHost(async ({ node, install, line }) => {
    await install(
      plugin(
        'views',
        `
      events.on('channel.balance-changed').pipe(map((event) => event.payload.localMsat), scan((sum, amount) => sum + amount, 0n))
        .subscribe((sum) => log.info('sum', sum))`,
      ),
    )
    for (const amount of [5n, 6n]) node.emit('channel.balance-changed', moved(amount))
    t.truthy(await line('views', /^sum "11"$/))
  }))

test('schedule — runs at once, then in time, and keeps when it last ran', (t) =>
  withHost(async ({ store, host, install, line, lines }) => {
    await install(
      plugin(
        'ticks',
        `
      schedule('often', 100, async ({ store }) => { const n = ((await store.get('n')) ?? 0) + 1; await store.set('n', n); log.info('often', n) })
      schedule('rarely', ${HOUR}, () => { log.info('rarely') })`,
      ),
    )
    await line('ticks', /^often 3$/)
    t.true(Number(store.rows.get('schedule/ticks/rarely')) > 0)
    await host.restart('ticks')
    await line('ticks', /^often [5-9]$/)
    t.is(lines.filter(({ text }) => text === 'rarely').length, 1)
  }))

test('a plugin that faults is started again with growing pauses, and given up in the end', (t) =>
  withHost(
    async ({ host, install, line }) => {
      await install(
        plugin('faults', `schedule('now', ${HOUR}, () => {}); setTimeout(() => { for (;;); }, 1)`, {
          limits: { turnMs: 300 },
        }),
      )
      t.truthy(await line('faults', /^turn-time: .*; started again in 10 ms$/))
      t.truthy(await line('faults', /^turn-time: .*; started again in 20 ms$/))
      t.truthy(await line('faults', /^disabled: 3 faults/))
      t.like(host.list()[0], { state: 'failed', restarts: 2 })
      t.regex(host.list()[0]?.lastFault ?? '', /^turn-time/)
    },
    { restart: { firstMs: 10, maxMs: 1_000, maxFaults: 2, windowMs: HOUR } },
  ))

test('install — settings are checked and filled in, and reach the plugin', (t) =>
  withHost(async ({ host, write, line }) => {
    const source = plugin('set', "log.info('config', config, plugin.version)", {
      config: {
        type: 'object',
        properties: {
          max: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
          mode: { type: 'string', enum: ['a', 'b'] },
        },
        required: ['mode'],
      },
    })
    t.like(await host.install(write(source)), { error: { code: 'config-invalid', field: 'config.mode' } })
    t.like(await host.install(write(source), { config: { mode: 'c' } }), {
      error: { message: 'config.mode: expected a or b' },
    })
    t.like(await host.install(write(source), { config: { mode: 'a', max: 10 } }), {
      error: { message: 'config.max: expected a number from 1 to 9' },
    })
    const steps: string[] = []
    t.true((await host.install(write(source), { config: { mode: 'a' }, onProgress: (step) => steps.push(step) })).ok)
    t.truthy(await line('set', /^config {"max":3,"mode":"a"} 1\.0\.0$/))
    t.deepEqual(steps, ['manifest', 'bundle', 'config', 'config', 'write', 'start'])
  }))

test('install — says which file is wrong, and leaves nothing of a plugin that does not start', (t) =>
  withHost(async ({ host, write }) => {
    t.like(await host.install('/nowhere'), { error: { code: 'path-not-found' } })
    const broken = await host.install(write({ name: 'broken', code: 'const x = ;' }))
    t.like(broken, { error: { code: 'bundle-failed' } })
    t.regex(broken.ok ? '' : broken.error.message, /index\.ts:1: /)
    t.like(await host.install(write({ name: 'empty', code: 'export {}' })), { error: { code: 'start-failed' } })
    t.like(await host.install(write(plugin('throws', "throw new Error('in setup')"))), {
      error: { code: 'start-failed' },
    })
    t.deepEqual(host.list(), [])
  }))

test('install — a Node that cannot deny the network is refused, unless it is allowed expressly', async (t) => {
  await withHost(
    async ({ host, write }) => {
      t.like(await host.install(write(plugin('old', ''))), { error: { code: 'node-too-old' } })
    },
    { nodeVersion: '24.12.0' },
  )
  await withHost(
    async ({ host, write }) => {
      t.true((await host.install(write(plugin('old', '')))).ok)
    },
    { nodeVersion: '24.12.0', allowOldNode: true },
  )
})

test('remove — takes the plugin, its files and its rows; keepStore leaves what it stored', (t) =>
  withHost(async ({ host, store, install, line, folder }) => {
    const source = plugin('leaves', "store.set('key', 1).then(() => log.info('stored'))")
    await install(source)
    await line('leaves', /^stored$/)
    t.true((await host.remove('leaves', { keepStore: true })).ok)
    t.true(store.rows.has('value/leaves/key'))
    await install(source)
    t.true((await host.remove('leaves')).ok)
    t.deepEqual([...store.rows.keys()], [])
    t.deepEqual(host.list(), [])
    t.like(await host.remove('leaves'), { error: { code: 'plugin-not-found' } })
    t.false(readFileSync(join(folder, 'plugins', 'plugins.lock.json'), 'utf8').includes('leaves'))
  }))

test('start — runs what the lock file names, and refuses files that are not those that were installed', async (t) => {
  await withHost(async (first) => {
    await first.install(plugin('stays', "log.info('here')"))
    await first.install(plugin('tampered', ''))
    await first.host.stop()
    const lock = JSON.parse(readFileSync(join(first.folder, 'plugins', 'plugins.lock.json'), 'utf8'))
    const bundle = join(first.folder, 'plugins', lock.plugins[1].folder, 'plugin.js')
    t.true(existsSync(bundle))
    writeFileSync(bundle, `${readFileSync(bundle, 'utf8')}\n// changed`)
    await withHost(
      async ({ host, lines }) => {
        t.is(lines.filter(({ text }) => text === 'here').length, 1)
        t.like(host.list(), [
          { name: 'stays', state: 'running' },
          { name: 'tampered', state: 'failed' },
        ])
        t.regex(host.list()[1]?.lastFault ?? '', /^integrity-mismatch/)
      },
      { dataDir: first.folder },
    )
  })
})

test('a plugin that subscribes twice under one label, or durably to what is not kept, does not start', (t) =>
  withHost(async ({ host, write }) => {
    const once = "events.each('a', 'channel.balance-changed', () => {});"
    const twice = `${once} ${once}`
    const setups = { twice, ephemeral: "events.each('tips', 'chain.block', () => {})" }
    for (const [name, setup] of Object.entries(setups)) {
      const permissions = { events: { 'chain.block': {}, 'channel.balance-changed': {} } }
      t.like(await host.install(write(plugin(name, setup, { permissions }))), { error: { code: 'start-failed' } }, name)
    }
  }))

test('walls — what holds the cells is said once the first has started, by the host and for each plugin', (t) =>
  withHost(async ({ host, install }) => {
    t.is(host.walls(), undefined)
    await install(plugin('held', ''))
    const walls = host.walls()
    t.truthy(walls)
    t.deepEqual(host.list()[0]?.walls, walls)
    t.deepEqual(Object.keys(walls ?? {}).sort(), [
      'by',
      'files',
      'memory',
      'network',
      'processes',
      'systemCalls',
      'user',
    ])
  }))
