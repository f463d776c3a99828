/** Speaks with eclair's HTTP API on loopback. Names and units are eclair's. */
export interface EclairApi {
  /** Rejects with eclair's own words. */
  call<T>(method: string, params?: EclairParams): Promise<T>
}

/** What is undefined is left out. */
export type EclairParams = Readonly<Record<string, string | number | bigint | boolean | undefined>>

export const eclairApi = (url: string, password: string): EclairApi => {
  const authorization = `Basic ${Buffer.from(`:${password}`).toString('base64')}`
  return {
    async call<T>(method: string, params: EclairParams = {}) {
      const body = new URLSearchParams()
      for (const [name, value] of Object.entries(params)) if (value !== undefined) body.set(name, String(value))
      const response = await fetch(`${url}/${method}`, { method: 'POST', headers: { authorization }, body })
      const answer: unknown = await response.json()
      if (!response.ok) throw new Error(`${method}: ${saidBy(answer)}`)
      return answer as T
    },
  }
}

const saidBy = (answer: unknown): string =>
  typeof answer === 'object' && answer !== null && 'error' in answer ? String(answer.error) : JSON.stringify(answer)
