import test from 'ava'
import { NETWORKS } from '../bitcoin/network.ts'
import { DEFAULT_CHOICES } from '../node/settings.ts'
import { HOST_LIMITS } from '../plugins/host-limits.ts'
import { bitcoindConfig, devnetConfig, type Surroundings } from './config.ts'
import { NETWORK_NAMES, START_DEFAULTS, type StartOptions } from './options.ts'

const options = (more: Partial<StartOptions> = {}): StartOptions => ({
  data: '/data',
  devnet: false,
  json: false,
  network: 'signet',
  ...more,
})

const around = (env: Surroundings['env'] = {}, platform: NodeJS.Platform = 'linux'): Surroundings => ({
  env,
  home: '/home/someone',
  platform,
})

test('without anything said beside the network, the usual ports of loopback and bitcoind’s own cookie are used', (t) => {
  const config = bitcoindConfig(options(), around())
  t.true(config.ok)
  if (!config.ok) return
  const { listen, api, rpc, logLevel, network } = config.value
  t.deepEqual(listen, { host: '127.0.0.1', port: 9735 })
  t.deepEqual(api, { host: '127.0.0.1', port: 0 })
  t.deepEqual(rpc, {
    url: 'http://127.0.0.1:38332',
    auth: { type: 'cookie', path: '/home/someone/.bitcoin/signet/.cookie' },
  })
  t.is(logLevel, 'info')
  t.is(network.name, 'signet')
  t.deepEqual(config.value.choices, {})
})

test('the usual cookie is where each system keeps it', (t) => {
  const cookieOn = (platform: NodeJS.Platform, env: Surroundings['env'] = {}): string => {
    const config = bitcoindConfig(options({ network: 'testnet' }), around(env, platform))
    return config.ok && config.value.rpc.auth.type === 'cookie' ? config.value.rpc.auth.path : ''
  }
  t.is(cookieOn('linux'), '/home/someone/.bitcoin/testnet3/.cookie')
  t.is(cookieOn('darwin'), '/home/someone/Library/Application Support/Bitcoin/testnet3/.cookie')
  t.is(cookieOn('win32', { APPDATA: '/roaming' }), '/roaming/Bitcoin/testnet3/.cookie')
})

const PEER_ID = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'

test('the command line goes before the environment, and the environment before the defaults', (t) => {
  const env = {
    FULGURITE_NETWORK: 'regtest',
    FULGURITE_LISTEN: '[::1]:1',
    FULGURITE_API: 'localhost:2',
    FULGURITE_LOG_LEVEL: 'debug',
    FULGURITE_ANNOUNCED_OPENINGS: 'unannounced',
    FULGURITE_ONION_MESSAGES: 'channel-peers',
    FULGURITE_KEYSEND: 'refuse',
    FULGURITE_MAX_COMMITMENT_FEERATE: '5000',
    FULGURITE_HTLC_MAXIMUM: '7000sat',
    FULGURITE_TRAMPOLINE: '4sat,4000,576',
    FULGURITE_BITCOIND_URL: 'http://10.0.0.1:3',
    FULGURITE_BITCOIND_USER: 'alice',
    FULGURITE_BITCOIND_PASSWORD: 'secret',
    FULGURITE_BITCOIND_ZMQ: 'tcp://127.0.0.1:4',
    FULGURITE_MAX_PLUGINS: '7',
    FULGURITE_KEEP: 'failed-payments=90d,paid-invoices=10y',
    FULGURITE_RELAYS_PER_PEER: '40',
    FULGURITE_RELAYED_PER_PEER: '2sat',
    FULGURITE_ZERO_CONF_PEERS: `${PEER_ID}, ${PEER_ID.toUpperCase()}`,
  }
  const { network: _none, ...unsaid } = options()
  const byEnv = bitcoindConfig(unsaid, around(env))
  t.true(byEnv.ok)
  if (!byEnv.ok) return
  t.is(byEnv.value.network.name, 'regtest')
  t.deepEqual(byEnv.value.listen, { host: '::1', port: 1 })
  t.deepEqual(byEnv.value.api, { host: 'localhost', port: 2 })
  t.deepEqual(byEnv.value.rpc, {
    url: 'http://10.0.0.1:3',
    auth: { type: 'password', user: 'alice', password: 'secret' },
  })
  t.is(byEnv.value.zmqUrl, 'tcp://127.0.0.1:4')
  t.is(byEnv.value.maxPlugins, 7)
  t.deepEqual(byEnv.value.kept, { 'failed-payments': 90 * 86_400_000, 'paid-invoices': 3_650 * 86_400_000 })
  t.deepEqual(byEnv.value.choices, {
    announcedOpenings: 'unannounced',
    onionMessages: 'channel-peers',
    acceptKeysend: false,
    maxCommitmentFeerate: 5000,
    htlcMaximumMsat: 7_000_000n,
    mostOfPeer: { htlcs: 40, amountMsat: 2_000n },
    trampoline: { feeBaseMsat: 4_000n, feeProportionalMillionths: 4_000, cltvExpiryDelta: 576 },
    zeroConfPeers: [PEER_ID, PEER_ID],
  })
  const said = {
    listen: '127.0.0.1:5',
    logLevel: 'warn',
    announcedOpenings: 'refuse',
    onionMessages: 'off',
    keysend: 'accept',
    maxCommitmentFeerate: '253',
    htlcMaximum: '1sat',
    relaysPerPeer: '0',
    trampoline: '0sat,0,34',
    maxPlugins: '0',
    keep: ['failed-payments=30d', 'settled-payments=forever'],
    zeroConfPeer: [PEER_ID],
  } as const
  const byOption = bitcoindConfig(options(said), around(env))
  t.true(byOption.ok)
  if (!byOption.ok) return
  t.is(byOption.value.network.name, 'signet')
  t.is(byOption.value.listen.port, 5)
  t.is(byOption.value.logLevel, 'warn')
  t.is(byOption.value.maxPlugins, 0)
  t.deepEqual(byOption.value.kept, { 'failed-payments': 30 * 86_400_000 })
  t.deepEqual(byOption.value.choices, {
    announcedOpenings: 'refuse',
    onionMessages: 'off',
    acceptKeysend: true,
    maxCommitmentFeerate: 253,
    htlcMaximumMsat: 1_000n,
    mostOfPeer: { htlcs: 0, amountMsat: 2_000n },
    trampoline: { feeBaseMsat: 0n, feeProportionalMillionths: 0, cltvExpiryDelta: 34 },
    zeroConfPeers: [PEER_ID],
  })
})

test('what the network is told of the node comes from options, or from the environment', (t) => {
  const byEnv = bitcoindConfig(
    options(),
    around({ FULGURITE_ALIAS: 'Wärme', FULGURITE_COLOR: '0000FF', FULGURITE_ANNOUNCE_ADDRESSES: '1.2.3.4:5, [::1]:6' }),
  )
  t.like(byEnv, { ok: true, value: { choices: { alias: 'Wärme', rgbColor: Uint8Array.of(0, 0, 255) } } })
  t.true(byEnv.ok)
  if (!byEnv.ok) return
  t.deepEqual(byEnv.value.choices.announcedAddresses, [
    { host: '1.2.3.4', port: 5 },
    { host: '::1', port: 6 },
  ])
  const said = { alias: 'other', color: '#010203', announceAddress: ['node.example:9735'] }
  t.like(bitcoindConfig(options(said), around({ FULGURITE_ALIAS: 'x' })), {
    value: { choices: { alias: 'other', rgbColor: Uint8Array.of(1, 2, 3) } },
  })
})

test('how many strangers and API connections there may be comes from the environment', (t) => {
  const env = {
    FULGURITE_MAX_STRANGERS: '7',
    FULGURITE_MAX_STRANGERS_PER_ADDRESS: '6',
    FULGURITE_MAX_API_CONNECTIONS: '5',
  }
  const config = bitcoindConfig(options(), around(env))
  t.true(config.ok)
  if (!config.ok) return
  t.deepEqual(config.value.limits.traffic.connected, { max: 7, maxPerGroup: 6 })
  t.is(config.value.limits.api.operators, 5)
})

test('the network is mainnet if none is named, and its risk is accepted by a word on the command line alone', (t) => {
  const { network: _none, ...unsaid } = options()
  const environment = { FULGURITE_MAINNET_RISK_ACCEPTED: '1' }
  for (const said of [unsaid, options({ network: 'mainnet' }), { ...unsaid, mainnetRiskAccepted: true }]) {
    const config = bitcoindConfig(said, around(environment))
    t.true(config.ok)
    if (!config.ok) return
    t.is(config.value.network.name, 'mainnet')
    t.is(config.value.mainnetRiskAccepted, said.mainnetRiskAccepted === true)
  }
})

const mistakes: readonly [string, Partial<StartOptions>, Surroundings['env'], object][] = [
  [
    'an address without a port',
    { listen: '127.0.0.1' },
    {},
    { code: 'address-invalid', option: '--listen', address: '127.0.0.1' },
  ],
  [
    'a port that there cannot be',
    { api: '127.0.0.1:70000' },
    {},
    { code: 'address-invalid', option: '--api', address: '127.0.0.1:70000' },
  ],
  [
    'a URL that is none',
    { bitcoindUrl: 'localhost:8332' },
    {},
    { code: 'bitcoind-url-invalid', url: 'localhost:8332' },
  ],
  [
    'a URL of another kind',
    { bitcoindUrl: 'ftp://me:secret@host' },
    {},
    { code: 'bitcoind-url-invalid', url: 'ftp://host' },
  ],
  [
    'a user without a password',
    { bitcoindUser: 'me' },
    {},
    { code: 'bitcoind-credentials-incomplete', missing: 'password' },
  ],
  [
    'a password without a user',
    { bitcoindPassword: 'x' },
    {},
    { code: 'bitcoind-credentials-incomplete', missing: 'user' },
  ],
  [
    'a cookie and a user',
    { bitcoindCookie: '/cookie', bitcoindUser: 'me', bitcoindPassword: 'x' },
    {},
    { code: 'bitcoind-credentials-twice' },
  ],
  [
    'an answer to announced openings that there is not',
    {},
    { FULGURITE_ANNOUNCED_OPENINGS: 'sometimes' },
    { code: 'announced-openings-unknown', what: 'sometimes' },
  ],
  [
    'onion messages for nobody that there is',
    {},
    { FULGURITE_ONION_MESSAGES: 'friends' },
    { code: 'onion-messages-unknown', what: 'friends' },
  ],
  [
    'an answer to keysend that there is not',
    {},
    { FULGURITE_KEYSEND: 'sometimes' },
    { code: 'keysend-unknown', what: 'sometimes' },
  ],
  ...(
    [
      ['1,2,144', 'say the unit: 1sat, or 1 followed by msat or btc'],
      ['1001sat,2,144', 'the base fee is at most 1000000msat'],
      ['1sat,100001,144', 'the fee is at most 100000 millionths of the amount'],
      ['1sat,2,33', 'expected 34 to 2016 blocks last'],
      ['1sat,2,144,5', 'expected 34 to 2016 blocks last'],
    ] as const
  ).map(([terms, reason]): [string, Partial<StartOptions>, Surroundings['env'], object] => [
    `the trampoline terms ${terms}`,
    { trampoline: terms },
    {},
    { code: 'trampoline-terms-invalid', terms, reason },
  ]),
  ...['a'.repeat(33), 'two\nlines'].map((alias): [string, Partial<StartOptions>, Surroundings['env'], object] => [
    `the alias ${JSON.stringify(alias)}`,
    { alias },
    {},
    { code: 'alias-invalid', alias },
  ]),
  ['a colour of five digits', { color: '#8a5cf' }, {}, { code: 'color-invalid', color: '#8a5cf' }],
  ...['example.org', '1.2.3.4:0', 'münchen.example:9735', 'abcdefghijklmnop.onion:9735', ':9735'].map(
    (address): [string, Partial<StartOptions>, Surroundings['env'], object] => [
      `${address} as an address for all`,
      { announceAddress: [address] },
      {},
      { code: 'announced-address-invalid', address, isSecondName: false },
    ],
  ),
  [
    'a second name among the addresses for all',
    { announceAddress: ['one.example:1', '1.2.3.4:1', 'two.example:1'] },
    {},
    { code: 'announced-address-invalid', address: 'two.example:1', isSecondName: true },
  ],
  ...['', 'abc', `02${'ff'.repeat(32)}`].map((peer): [string, Partial<StartOptions>, Surroundings['env'], object] => [
    `a peer that is trusted with unconfirmed channels by the name '${peer}'`,
    { zeroConfPeer: [peer] },
    {},
    { code: 'zero-conf-peer-invalid', peer },
  ]),
  ...['252', '100001', '2e3', '-300', ''].map(
    (feerate): [string, Partial<StartOptions>, Surroundings['env'], object] => [
      `a fee rate of '${feerate}'`,
      { maxCommitmentFeerate: feerate },
      {},
      { code: 'commitment-feerate-invalid', feerate },
    ],
  ),
  [
    'a number of strangers that is none',
    {},
    { FULGURITE_MAX_STRANGERS: '0' },
    { code: 'limit-invalid', variable: 'FULGURITE_MAX_STRANGERS', value: '0' },
  ],
  [
    'a number of API connections that is none',
    {},
    { FULGURITE_MAX_API_CONNECTIONS: '1e3' },
    { code: 'limit-invalid', variable: 'FULGURITE_MAX_API_CONNECTIONS', value: '1e3' },
  ],
  [
    'an amount without its unit',
    { htlcMaximum: '1.5' },
    {},
    { code: 'htlc-maximum-invalid', amount: '1.5', reason: 'say the unit: 1.5sat, or 1.5 followed by msat or btc' },
  ],
  [
    'less than a satoshi',
    { htlcMaximum: '999msat' },
    {},
    { code: 'htlc-maximum-invalid', amount: '999msat', reason: 'expected at least 1sat' },
  ],
  [
    'a number of relays per peer that is none',
    { relaysPerPeer: '-1' },
    {},
    { code: 'relays-per-peer-invalid', count: '-1' },
  ],
  [
    'an amount per peer without its unit',
    {},
    { FULGURITE_RELAYED_PER_PEER: '5' },
    { code: 'relayed-per-peer-invalid', amount: '5', reason: 'say the unit: 5sat, or 5 followed by msat or btc' },
  ],
  ...['1001', '-1', 'many', ''].map((count): [string, Partial<StartOptions>, Surroundings['env'], object] => [
    `'${count}' plugins at most`,
    { maxPlugins: count },
    {},
    { code: 'max-plugins-invalid', count },
  ]),
  [
    'a time that is too short to be meant',
    { keep: ['failed-payments=0d'] },
    {},
    {
      code: 'keep-invalid',
      given: 'failed-payments=0d',
      reason: 'expected a time of 30d to 100y, such as 90d, 12w or 7y, or forever',
    },
  ],
  ['a log level that there is not', {}, { FULGURITE_LOG_LEVEL: 'loud' }, { code: 'log-level-unknown', level: 'loud' }],
]

for (const [what, given, env, error] of mistakes) {
  test(`${what} is refused by name, and no password is repeated`, (t) => {
    t.deepEqual(bitcoindConfig(options(given), around(env)), { ok: false, error } as never)
  })
}

test('BOLT 7, node_announcement — of our addresses one without a port, a second name, and a name that is not ASCII are refused', (t) => {
  const given = (...announceAddress: readonly string[]) => bitcoindConfig(options({ announceAddress }), around())
  const refused = (address: string, isSecondName: boolean) =>
    ({ ok: false, error: { code: 'announced-address-invalid', address, isSecondName } }) as never
  for (const address of ['1.2.3.4:0', '[::1]:0', 'one.example:0', 'münchen.example:9735']) {
    t.deepEqual(given(address), refused(address, false))
  }
  t.deepEqual(given('one.example:1', 'two.example:1'), refused('two.example:1', true))
  // Names of other alphabets have a form of ASCII.
  t.like(given('xn--mnchen-3ya.example:9735'), { ok: true })
})

test('a network that there is not is refused by name', (t) => {
  const { network: _none, ...unsaid } = options()
  const refused = bitcoindConfig(unsaid, around({ FULGURITE_NETWORK: 'toString' }))
  t.deepEqual(refused, { ok: false, error: { code: 'network-unknown', network: 'toString' } })
})

test('a development network has ports of its own and takes no other chain', (t) => {
  const { network: _none, ...unsaid } = options({ devnet: true })
  const config = devnetConfig(unsaid, {})
  t.true(config.ok)
  if (!config.ok) return
  t.is(config.value.network.name, 'regtest')
  t.is(config.value.listen.port, 19735)
  t.is(config.value.api.port, 19736)
  t.deepEqual(devnetConfig({ ...unsaid, network: 'signet' }, {}), {
    ok: false,
    error: { code: 'devnet-has-its-own-chain', option: '--network signet' },
  })
  t.deepEqual(devnetConfig({ ...unsaid, bitcoindUrl: 'http://127.0.0.1:1' }, {}), {
    ok: false,
    error: { code: 'devnet-has-its-own-chain', option: '--bitcoind-url' },
  })
})

test('peers are named as nodeid@host:port, as often as there are peers; others are refused', (t) => {
  const id = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
  const peersOf = (peer: readonly string[] | undefined, env: Surroundings['env'] = {}) => {
    const config = bitcoindConfig(options(peer === undefined ? {} : { peer }), around(env))
    return config.ok ? config.value.peers.map(({ address: { host, port } }) => `${host} ${port}`) : config.error
  }
  t.deepEqual(peersOf(undefined), [])
  t.deepEqual(peersOf([`${id}@a.example:9735`, `${id.toUpperCase()}@[::1]:1`]), ['a.example 9735', '::1 1'])
  t.deepEqual(peersOf(undefined, { FULGURITE_PEERS: `${id}@a:1,${id}@b:2` }), ['a 1', 'b 2'])
  for (const peer of ['', id, `${id}@`, `${id}@a`, `${id}@a:0`, `02${'00'.repeat(32)}@a:1`, `${id.slice(2)}@a:1`]) {
    t.deepEqual(peersOf([peer]), { code: 'peer-invalid', peer })
  }
})

test('what the help says holds by default is what holds, and its networks are those that there are', (t) => {
  const { announcedOpenings, maxCommitmentFeerate, maxPlugins } = START_DEFAULTS
  t.like(DEFAULT_CHOICES, { announcedOpenings, maxCommitmentFeerate })
  t.is(HOST_LIMITS.plugins, maxPlugins)
  t.deepEqual([...NETWORK_NAMES].sort(), Object.keys(NETWORKS).sort())
})

test('a wallet of bitcoind is named by the option or the environment, and not on a chain of one’s own', (t) => {
  const walletOf = (named: Partial<StartOptions>, env: Surroundings['env'] = {}) => {
    const config = bitcoindConfig(options(named), around(env))
    return config.ok ? config.value.wallet : config.error
  }
  t.is(walletOf({}), undefined)
  t.is(walletOf({}, { FULGURITE_BITCOIND_WALLET: 'coins' }), 'coins')
  t.is(walletOf({ bitcoindWallet: 'mine' }, { FULGURITE_BITCOIND_WALLET: 'coins' }), 'mine')
  t.like(devnetConfig({ ...options({ bitcoindWallet: 'mine' }), network: 'regtest' }, {}), {
    ok: false,
    error: { code: 'devnet-has-its-own-chain', option: '--bitcoind-wallet' },
  })
})
