import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { type RpcAuth, type RpcOptions, rpcClient } from './rpc-client.ts'

const PASSWORD: RpcAuth = { type: 'password', user: 'u', password: 'p' }
/** Long enough for an answer on a busy machine where one is expected, and all that is waited for where none is. */
const TIMEOUT_MS = 3_000

/** What stands in the place of bitcoind: gets each connection with what was sent on it, once it is whole. */
const serve = async (t: ExecutionContext, onRequest: (socket: Socket, body: string) => void): Promise<string> => {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    let text = ''
    socket.on('data', (data) => {
      text += data.toString()
      const [head = '', body = ''] = text.split('\r\n\r\n')
      if (body.length < Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.POSITIVE_INFINITY)) return
      text = ''
      onRequest(socket, body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const clientOf = (t: ExecutionContext, url: string, more: Partial<RpcOptions> = {}) => {
  const client = rpcClient({ url, auth: PASSWORD, timeoutMs: TIMEOUT_MS, ...more })
  t.teardown(() => client.close())
  return client
}

const answered = (body: string): string => {
  const { id } = JSON.parse(body) as { id: number }
  const text = JSON.stringify({ id, result: 'hello', error: null })
  return `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`
}

const FAULTS: readonly (readonly [title: string, misbehave: (socket: Socket, body: string) => void])[] = [
  ['says nothing', () => undefined],
  ['says nothing but its head', (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n')],
  ['stops in the middle', (socket, body) => socket.write(answered(body).slice(0, -4))],
  ['closes its side in the middle', (socket, body) => socket.end(answered(body).slice(0, -4))],
  ['closes its side without a word', (socket) => socket.end()],
  [
    'breaks the connection in the middle',
    (socket, body) => socket.write(answered(body).slice(0, -4), () => socket.resetAndDestroy()),
  ],
  [
    'sends a byte now and then, and never ends',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
      const drip = setInterval(() => socket.write('1\r\nx\r\n'), 20)
      socket.on('close', () => clearInterval(drip))
    },
  ],
]

for (const [title, misbehave] of FAULTS) {
  test(`a bitcoind that ${title} — is unreachable after the time, and asked on another connection once it answers`, async (t) => {
    let isWell = false
    const url = await serve(t, (socket, body) => {
      if (isWell) socket.write(answered(body))
      else misbehave(socket, body)
    })
    const client = clientOf(t, url)
    // More than there are connections: those that wait their turn are not lost.
    const failed = await Promise.all(Array.from({ length: 6 }, () => client.call('anything')))
    for (const reply of failed) t.like(reply, { ok: false, error: { code: 'bitcoind-unreachable' } })
    isWell = true
    t.deepEqual(await client.call('anything'), { ok: true, value: 'hello' })
  })
}

test('a bitcoind that answers slowly — is waited for', async (t) => {
  const url = await serve(t, (socket, body) => {
    const text = answered(body)
    let sent = 0
    const drip = setInterval(() => {
      socket.write(text.slice(sent, sent + 20))
      sent += 20
      if (sent >= text.length) clearInterval(drip)
    }, 5)
  })
  t.deepEqual(await clientOf(t, url, { timeoutMs: 60_000 }).call('anything'), { ok: true, value: 'hello' })
})
