import { createServer, type Server } from 'node:net'
import test from 'ava'
import { devnetConfig } from './config.ts'
import { checkPorts } from './ports.ts'

const listening = async (): Promise<{ readonly port: number; readonly server: Server }> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

const configAt = (listen: number, api: number) => {
  const config = devnetConfig(
    { data: '/nowhere', devnet: true, json: false, listen: `127.0.0.1:${listen}`, api: `127.0.0.1:${api}` },
    {},
  )
  if (!config.ok) throw new Error(config.error.code)
  return config.value
}

const none = { listen: false, api: false }

test('ports that were asked for and are taken are told all at once, each by its option', async (t) => {
  const [one, two] = [await listening(), await listening()]
  t.teardown(() => void one.server.close())
  t.teardown(() => void two.server.close())
  const at = (port: number) => ({ host: '127.0.0.1', port, cause: 'EADDRINUSE' })
  t.deepEqual(await checkPorts(configAt(one.port, two.port), none), {
    ok: false,
    error: { code: 'ports-taken', listen: at(one.port), api: at(two.port) },
  })
  t.deepEqual(await checkPorts(configAt(one.port, 0), none), {
    ok: false,
    error: { code: 'listen-failed', ...at(one.port) },
  })
  t.like(await checkPorts(configAt(0, two.port), none), { ok: false, error: { code: 'cannot-listen', port: two.port } })
})

test('a port that nobody asked for gives way to a free one, and one that is free is kept', async (t) => {
  const { server, port } = await listening()
  t.teardown(() => void server.close())
  const moved = await checkPorts(configAt(port, port), { listen: true, api: true })
  t.like(moved, { ok: true, value: { listen: { port: 0 }, api: { port: 0 } } })
  const free = await listening()
  await new Promise((resolve) => free.server.close(resolve))
  t.like(await checkPorts(configAt(free.port, 0), none), { ok: true, value: { listen: { port: free.port } } })
})
