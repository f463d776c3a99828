import test from 'ava'
import { FailureError } from '../lib/errors.ts'
import { explain, type StartFailure, toldFailureOf } from './start-failure.ts'

/** One of each, with what its text and its fix must name. */
const failures: readonly [failure: StartFailure, names: readonly (string | RegExp)[], exitCode: number][] = [
  [{ code: 'mainnet-risk-not-accepted', path: '/d' }, ['/d', 'at risk', '--mainnet-risk-accepted', '--devnet'], 1],
  [{ code: 'network-unknown', network: 'moon' }, ['moon', '--network', 'FULGURITE_NETWORK'], 2],
  [{ code: 'log-level-unknown', level: 'loud' }, ['loud', '--log-level'], 2],
  [{ code: 'limit-invalid', variable: 'FULGURITE_MAX_STRANGERS', value: 'all' }, ['all', 'FULGURITE_MAX_STRANGERS'], 2],
  [
    { code: 'keep-invalid', given: 'all=1d', reason: 'no' },
    ['--keep all=1d', 'FULGURITE_KEEP', 'failed-payments=90d'],
    2,
  ],
  [
    { code: 'channel-backup-is-folder', path: '/usb' },
    ['--channel-backup', '/usb is a folder', '/usb/channels.backup'],
    2,
  ],
  [{ code: 'address-invalid', option: '--api', address: 'x' }, ['--api', 'host:port'], 2],
  [{ code: 'bitcoind-url-invalid', url: 'x' }, ['--bitcoind-url', 'http://127.0.0.1:8332'], 2],
  [
    { code: 'bitcoind-credentials-incomplete', missing: 'password' },
    ['--bitcoind-password', 'FULGURITE_BITCOIND_PASSWORD'],
    2,
  ],
  [{ code: 'bitcoind-credentials-twice' }, ['--bitcoind-cookie', '--bitcoind-user'], 2],
  [{ code: 'devnet-has-its-own-chain', option: '--bitcoind-url' }, ['--devnet', '--bitcoind-url'], 2],
  [{ code: 'store-in-use', path: '/d/node.sqlite' }, ['/d/node.sqlite', 'fulgurite stop --data /d;', '--data'], 1],
  [{ code: 'store-in-use', path: '/d/node.sqlite', pid: 77 }, ['process 77', 'stop --data /d or kill 77'], 1],
  [{ code: 'store-too-new', path: '/d', version: 9, known: 1 }, ['schema 9', 'knows 1'], 1],
  [{ code: 'store-unreadable', path: '/d', reason: 'disk' }, ['/d', 'disk'], 1],
  [
    { code: 'store-damaged', path: '/d', reason: 'page 7' },
    ['/d is damaged', 'page 7', 'fulgurite backup', 'fulgurite channels restore', 'backup.md'],
    1,
  ],
  [{ code: 'store-log-foreign', path: '/d/node.sqlite' }, ['/d/node.sqlite-wal', '/d/node.sqlite-shm', 'remove'], 1],
  [{ code: 'seed-not-a-mnemonic', path: '/d/seed' }, ['/d/seed', '24 words'], 1],
  [{ code: 'seed-unreadable', path: '/d/seed', reason: 'not a file' }, ['/d/seed', 'not a file', '24 words'], 1],
  [{ code: 'seed-missing', path: '/d/seed' }, ['/d/seed is gone', '24 words', 'fulgurite seed restore', '--data'], 1],
  [{ code: 'seed-of-another-node', path: '/d/seed' }, ['/d/seed', 'another node', 'fulgurite seed restore'], 1],
  [{ code: 'data-folder-copied', path: '/d/node.sqlite' }, ['/d/node.sqlite', 'copy', '--moved', 'backup.md'], 1],
  [
    { code: 'file-unusable', path: '/d/api.json', reason: 'the disk is full' },
    ['/d/api.json', 'the disk is full', 'room on the disk'],
    1,
  ],
  [{ code: 'seed-readable-by-others', path: '/d/seed', mode: '644' }, ['644', 'chmod 600 /d/seed'], 1],
  [
    { code: 'bitcoind-unreachable', url: 'http://h:1', detail: 'no answer in time' },
    ['http://h:1', 'no answer in time', '--bitcoind-url'],
    3,
  ],
  [{ code: 'bitcoind-unauthorized', url: 'http://h:1' }, ['http://h:1', '--bitcoind-cookie'], 3],
  [{ code: 'bitcoind-error', method: 'm', rpcCode: -1, message: 'no' }, ['m', '-1', 'no'], 3],
  [{ code: 'bitcoind-bad-reply', method: 'm', detail: 'html' }, ['m', 'html', '--bitcoind-url'], 3],
  [{ code: 'bitcoind-wrong-network', expected: 'signet', actual: 'main' }, ['signet', 'main', '--network'], 1],
  [{ code: 'bitcoind-version-too-old', version: 270_100, minimum: 280_000 }, ['version 27;', '28'], 1],
  [{ code: 'bitcoind-still-syncing', detail: '5 of 9 blocks' }, ['5 of 9 blocks'], 3],
  [{ code: 'backend-stopped' }, ['given up'], 3],
  [{ code: 'bitcoind-warming-up', detail: 'Verifying blocks…' }, ['Verifying blocks…'], 3],
  [{ code: 'bitcoind-wallet-not-loaded', wallet: 'w' }, ['loadwallet "w" true', 'createwallet'], 1],
  [{ code: 'bitcoind-wallet-locked', wallet: 'w' }, ['w is locked', '-stdinwalletpassphrase walletpassphrase'], 1],
  [{ code: 'bitcoind-without-wallets' }, ['disablewallet', '--bitcoind-wallet'], 1],
  [{ code: 'bitcoind-wallet-unfit', wallet: 'w', reason: 'legacy' }, ['descriptors', 'migratewallet'], 1],
  [{ code: 'bitcoind-wallet-unfit', wallet: 'w', reason: 'watch-only' }, ['no private keys', '--bitcoind-wallet'], 1],
  [{ code: 'bitcoind-wallet-scanning', wallet: 'w' }, ['looking', 'getwalletinfo'], 1],
  [{ code: 'bitcoind-wallet-lacks-keys', wallet: 'w', missing: 'p2tr change' }, ['p2tr change', 'bech32m'], 1],
  [{ code: 'bitcoind-wallet-is-another', wallet: 'w', expected: 'v' }, ['named v', '--data'], 1],
  [{ code: 'wallet-is-built-in', wallet: 'w' }, ['its own seed', 'leave out --bitcoind-wallet'], 1],
  [{ code: 'wallet-is-of-bitcoind', wallet: 'w' }, ['--bitcoind-wallet "w"', 'FULGURITE_BITCOIND_WALLET'], 1],
  [{ code: 'cannot-listen', host: 'h', port: 7, cause: 'EADDRINUSE' }, ['port 7', 'taken', '--api h:17'], 1],
  [{ code: 'listen-failed', host: 'h', port: 7, cause: 'EADDRINUSE' }, ['port 7', 'taken', '--listen h:17'], 1],
  [{ code: 'listen-failed', host: 'h', port: 7, cause: 'EACCES' }, ['h:7', 'permission denied', '--listen'], 1],
  [
    {
      code: 'ports-taken',
      listen: { host: 'h', port: 7, cause: 'EADDRINUSE' },
      api: { host: 'h', port: 8, cause: 'EADDRINUSE' },
    },
    ['port 7', 'port 8', '--listen h:17', '--api h:18'],
    1,
  ],
  [{ code: 'not-a-devnet', path: '/d' }, ['/d', '--data'], 1],
  [{ code: 'data-folder-shared', path: '/d', mode: '755' }, ['/d', '755', 'chmod 700 /d', '--data'], 1],
  [{ code: 'port-in-use', host: 'h', port: 7 }, ['port 7', 'taken'], 1],
  [{ code: 'data-folder-unusable', path: '/d', reason: 'read-only' }, ['/d', 'read-only', '--data'], 1],
  [
    { code: 'data-of-another-network', path: '/d', expected: 'signet', actual: 'regtest' },
    ['/d', '--network regtest', '--data'],
    1,
  ],
  [
    { code: 'peer-did-not-start', name: 'bob', reason: 'exit code 1', log: '/d/node.log' },
    ['bob', 'exit code 1', '/d/node.log'],
    1,
  ],
  [{ code: 'took-too-long', what: 'a channel is usable', seconds: 20 }, ['a channel is usable', '20 s'], 1],
  [{ code: 'node-refused', what: 'channels.open', reason: 'no' }, ['channels.open', 'no'], 1],
]

for (const [failure, names, exitCode] of failures) {
  test(`${failure.code} — is explained with the field and the fix: ${JSON.stringify(failure)}`, (t) => {
    const explained = explain(failure)
    const words = `${explained.message}\n${explained.fix}`
    for (const name of names)
      t.true(typeof name === 'string' ? words.includes(name) : name.test(words), `${name} in: ${words}`)
    t.is(explained.exitCode, exitCode)
  })
}

test('a failure that is not known here is shown by its code', (t) => {
  t.true(explain({ code: 'something-else' }).message.includes('something-else'))
  t.true(explain({ code: 'toString' }).message.includes('toString'))
})

test('what the database says of a disk or of its file is told with its place, and every other error is a bug', (t) => {
  const withCode = (code: string): Error => Object.assign(new Error('why'), { code })
  const path = '/d/node.sqlite'
  for (const code of ['SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_IOERR_WRITE', 'SQLITE_READONLY', 'SQLITE_CANTOPEN'])
    t.deepEqual(toldFailureOf(withCode(code), '/d'), { code: 'file-unusable', path, reason: 'why' })
  t.deepEqual(toldFailureOf(withCode('SQLITE_CORRUPT'), '/d'), { code: 'store-damaged', path, reason: 'why' })
  t.deepEqual(toldFailureOf(new FailureError({ code: 'any' }), '/d'), { code: 'any' })
  for (const bug of [withCode('SQLITE_CONSTRAINT'), withCode('ENOENT'), new TypeError('no'), 'thrown'])
    t.is(toldFailureOf(bug, '/d'), undefined)
})
