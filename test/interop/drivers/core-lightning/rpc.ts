import { connect } from 'node:net'

/** Speaks with Core Lightning over its Unix socket. Names and encodings are Core Lightning's. */
export interface CoreLightningRpc {
  /** Rejects with Core Lightning's own words, or when the program ends first. */
  call<T>(method: string, params?: object, options?: CallOptions): Promise<T>
}

interface CallOptions {
  /** Is told of the progress that the method reports. */
  readonly onProgress?: (text: string) => void
}

interface Part {
  readonly id?: string
  readonly method?: string
  readonly params?: { readonly message?: string }
  readonly result?: unknown
  readonly error?: { readonly message: string; readonly data?: unknown }
}

const CALL = 'call'

/** A connection for each call: some take as long as a payment. */
export const coreLightningRpc = (socketPath: string): CoreLightningRpc => ({
  call<T>(method: string, params: object = {}, { onProgress }: CallOptions = {}) {
    return new Promise<T>((resolve, reject) => {
      const socket = connect(socketPath)
      const ask = (id: string, name: string, args: object): void =>
        void socket.write(JSON.stringify({ jsonrpc: '2.0', id, method: name, params: args }))
      let rest = ''
      socket.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\n\n')
        rest = parts.pop() ?? ''
        for (const json of parts) {
          const part = JSON.parse(json) as Part
          if (part.method === 'message') onProgress?.(part.params?.message ?? '')
          if (part.id !== CALL) continue
          if (part.error === undefined) resolve(part.result as T)
          else reject(new Error(`${method}: ${part.error.message}`))
          socket.end()
        }
      })
      socket.on('error', (error) => reject(new Error(`${method}: ${error.message}`)))
      socket.on('close', () => reject(new Error(`${method}: the connection was lost`)))
      if (onProgress !== undefined) ask('progress', 'notifications', { enable: true })
      ask(CALL, method, params)
    })
  },
})
