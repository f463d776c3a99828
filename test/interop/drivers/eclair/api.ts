import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** Speaks with eclair's HTTP API on loopback. Names and units are eclair's. */
export interface EclairApi {
  /** Rejects with eclair's own words. */
  call<T>(method: string, params?: EclairParams): Promise<T>
}

/** What is undefined is left out. */
export type EclairParams = Readonly<Record<string, string | number | bigint | boolean | undefined>>

export const eclairApi = (url: string, password: string): EclairApi => {
  const headers = {
    authorization: `Basic ${Buffer.from(`:${password}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
  }
  return {
    async call<T>(method: string, params: EclairParams = {}) {
      const body = new URLSearchParams()
      for (const [name, value] of Object.entries(params)) if (value !== undefined) body.set(name, String(value))
      const { status, answer } = await post(`${url}/${method}`, headers, body.toString())
      if (status !== 200) throw new Error(`${method}: ${saidBy(answer)}`)
      return answer as T
    },
  }
}

/** A payment may be answered only when it has expired: `fetch` waits for five minutes at most. */
const post = (url: string, headers: Readonly<Record<string, string>>, body: string) =>
  new Promise<{ readonly status: number | undefined; readonly answer: unknown }>((resolve, reject) => {
    const asked = request(url, { method: 'POST', headers }, (response) => {
      text(response)
        .then((said) => resolve({ status: response.statusCode, answer: JSON.parse(said) as unknown }))
        .catch(reject)
    })
    asked.once('error', reject).end(body)
  })

const saidBy = (answer: unknown): string =>
  typeof answer === 'object' && answer !== null && 'error' in answer ? String(answer.error) : JSON.stringify(answer)
