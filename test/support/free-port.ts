import { createServer } from 'node:net'

const FIRST_PORT = 20_000
const PORTS = 5_000
let nextPort = process.pid % PORTS

/**
 * A port of this process's own until it ends: a node may leave it and come back, and no other test takes it in between. It is below
 * those that systems give to outgoing connections. That it is taken is seen by its twin, PORTS above, on which this process listens.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = FIRST_PORT + (nextPort++ % PORTS)
    if (!(await listens(port + PORTS, { keep: true }))) continue
    if (await listens(port, { keep: false })) return port
  }
}

const listens = (port: number, { keep }: { keep: boolean }): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().unref()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => {
      if (keep) resolve(true)
      else server.close(() => resolve(true))
    })
  })
