import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readReply, replies } from '../../../core/src/chain/bitcoind/replies.ts'
import { rpcClient } from '../../../core/src/chain/bitcoind/rpc-client.ts'
import { decodeInvoice } from '../../../core/src/invoice/decode-invoice.ts'
import { validExamples } from '../../../core/src/invoice/fixtures/bolt11-examples.ts'
import { exampleWords, withChecksum } from '../../../core/src/invoice/fixtures/example-words.ts'
import { type Entrance, must, mustBeOurs, mustBeReadable, pureEntrance } from '../support/entrance.ts'
import { jsonText, oddJson, oddText, spoil } from '../support/odd-values.ts'
import type { Random } from '../support/random.ts'

const AMOUNTS = [
  '',
  '1',
  '0',
  '10p',
  '1p',
  '2500u',
  '20m',
  `${'9'.repeat(20)}`,
  `${'9'.repeat(400)}m`,
  '1x',
  '-1',
  '1'.repeat(60),
]

/** An invoice that was changed before its checksum was made, or after. */
const invoiceText = (random: Random): string => {
  const { prefix, words } = random.pick(exampleWords)
  if (random.oneIn(4)) {
    const { text } = random.pick(validExamples)
    const at = random.below(text.length)
    return text.slice(0, at) + oddText(random).slice(0, 50) + text.slice(at + random.below(5))
  }
  const changed = [...words]
  for (let i = random.below(6); i > 0; i--) {
    const at = random.below(changed.length)
    if (random.oneIn(3)) changed.splice(at, random.below(40))
    else if (random.oneIn(4)) changed.splice(at, 0, ...random.bytes(random.below(300)).map((byte) => byte & 31))
    else changed[at] = random.below(32)
    if (changed.length === 0) break
  }
  const hrp = random.oneIn(2)
    ? prefix
    : `ln${random.pick(['bc', 'bcrt', 'tb', 'tbs', 'xx', ''])}${random.pick(AMOUNTS)}`
  return withChecksum(hrp, changed)
}

const invoices = pureEntrance('bolt11', 35, (random, note) => {
  const text = invoiceText(random)
  note(text)
  const read = decodeInvoice(text, random.oneIn(2) ? 'regtest' : undefined)
  must(read.ok || typeof read.error.code === 'string', 'an invoice or an error of ours')
})

const HASH = 'ab'.repeat(32)
const GOOD: Readonly<Record<keyof typeof replies, unknown>> = {
  blockchainInfo: {
    chain: 'regtest',
    blocks: 1,
    headers: 1,
    bestblockhash: HASH,
    initialblockdownload: false,
    pruneheight: 1,
  },
  networkInfo: { version: 290_000, subversion: '/x/' },
  hash: HASH,
  bytes: 'abcd',
  listedBlock: { tx: ['00'.repeat(32)] },
  header: { height: 5 },
  txOut: { bestblock: HASH, confirmations: 1, value: 0.5, scriptPubKey: { hex: '00' }, coinbase: false },
  peerInfo: [{ id: 1, servicesnames: ['NETWORK'] }],
  anything: {},
  smartFee: { feerate: 0.0001 },
  mempoolInfo: { mempoolminfee: 0.00001 },
  spendingPrevout: [{ spendingtxid: HASH }],
  mempoolEntry: { ancestorsize: 141, fees: { ancestor: 0.00001 } },
  walletInfo: { private_keys_enabled: true, descriptors: true, scanning: false },
  descriptors: {
    descriptors: [{ desc: 'tr(x/0/*)', active: true, internal: false, range: [0, 999], next_index: 3 }],
  },
  outputs: [{ txid: HASH, vout: 1 }],
  sinceBlock: { transactions: [{ txid: HASH, confirmations: 0 }] },
  walletTx: { hex: 'abcd', confirmations: 1, blockheight: 5, blocktime: 7, details: [{ abandoned: false }] },
  package: { package_msg: 'success', 'tx-results': { [HASH]: { error: 'x' } } },
}
const names = Object.keys(replies) as (keyof typeof replies)[]

const rpcReplies = pureEntrance('rpc-reply', 100, (random, note) => {
  const name = random.pick(names)
  const reply = spoil(GOOD[name], random)
  note([name, reply])
  const read = readReply(replies[name] as Parameters<typeof readReply>[0], name, reply)
  if (!read.ok) mustBeReadable(JSON.stringify(read.error))
})

const rpcBodies: Entrance = {
  name: 'rpc-body',
  share: 4,
  async open() {
    let body = ''
    let status = 200
    const server = createServer((request, response) => {
      request.resume()
      request.once('end', () => response.writeHead(status).end(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const auth = { type: 'password', user: 'a', password: 'b' } as const
    const client = rpcClient({ url: `http://127.0.0.1:${port}`, auth })
    let id = 0
    return {
      async feed(random, note) {
        const error = random.oneIn(2) ? null : spoil({ code: -1, message: 'x' }, random)
        body = jsonText(random.oneIn(8) ? oddJson(random) : spoil({ id, error, result: {} }, random), random)
        id += 1
        status = random.pick([200, 200, 200, 204, 301, 400, 401, 404, 500, 503])
        note([status, body])
        const reply = await client.call('getnetworkinfo')
        if (!reply.ok) mustBeOurs(JSON.stringify(reply.error))
      },
      async close() {
        client.close()
        server.closeAllConnections()
        await new Promise<void>((resolve) => server.close(() => resolve()))
      },
    }
  },
}

export const moneyEntrances = [invoices, rpcReplies, rpcBodies]
