import { createServer } from 'node:http'

/** Where an LND looks up fee rates: this process. */
export interface FeeSource {
  readonly url: string
  /** For every target. */
  set(feeratePerKw: number): void
  close(): void
}

const LOWEST = 253
const WEIGHT_PER_VBYTE = 4

export const serveFees = async (): Promise<FeeSource> => {
  let feeratePerKw = LOWEST
  const server = createServer((_request, response) => {
    const perKvbyte = feeratePerKw * WEIGHT_PER_VBYTE
    response.end(JSON.stringify({ fee_by_block_target: { 2: perKvbyte, 144: perKvbyte }, min_relay_feerate: 1_000 }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/fees.json`,
    set(rate) {
      feeratePerKw = rate
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
