/** Speaks with LND's REST proxy, on loopback without TLS and macaroons. Names and encodings are LND's. */
export interface LndRest {
  /** Rejects with LND's own words. */
  call<T>(method: 'DELETE' | 'GET' | 'POST', path: string, body?: object): Promise<T>
  /** The parts of an answer that comes bit by bit, until one is accepted; that one. */
  follow<T>(method: 'DELETE' | 'POST', path: string, body: object | undefined, isLast: (part: T) => boolean): Promise<T>
}

export const lndRest = (url: string): LndRest => {
  const request = (method: string, path: string, body: object | undefined): Promise<Response> =>
    fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  return {
    async call<T>(method: string, path: string, body?: object) {
      const response = await request(method, path, body)
      const answer: unknown = await response.json()
      if (!response.ok) throw new Error(`${path}: ${saidBy(answer)}`)
      return answer as T
    },
    async follow<T>(method: string, path: string, body: object | undefined, isLast: (part: T) => boolean) {
      const response = await request(method, path, body)
      if (response.body === null) throw new Error(`${path}: an empty answer`)
      const decoder = new TextDecoder()
      let rest = ''
      for await (const chunk of response.body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const part = JSON.parse(line) as { result?: T; error?: unknown }
          if (part.result === undefined) throw new Error(`${path}: ${saidBy(part.error ?? part)}`)
          // To go away ends the request.
          if (isLast(part.result)) return part.result
        }
      }
      throw new Error(`${path}: ${rest === '' ? 'it ended early' : saidBy(JSON.parse(rest))}`)
    },
  }
}

const saidBy = (answer: unknown): string => {
  if (typeof answer === 'object' && answer !== null) {
    if ('message' in answer) return String(answer.message)
    if ('error' in answer) return saidBy(answer.error)
  }
  return JSON.stringify(answer)
}
