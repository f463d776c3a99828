interface Asked {
  readonly result?: { readonly pending_chan_id: string; readonly wants_zero_conf: boolean }
}

/** What an LND answers to those who open channels to it, while somebody is there to be asked. */
export interface Acceptor {
  accepts: boolean
  /** Uses channels of others before their funding confirms, if they ask for it. */
  trusts: boolean
  close(): void
}

/** LND asks by a stream in both directions, which its REST proxy has as a web socket. */
export const answerOpenings = async (restUrl: string): Promise<Acceptor> => {
  const socket = new WebSocket(`${restUrl.replace('http', 'ws')}/v1/channels/acceptor?method=POST`)
  const acceptor: Acceptor = { accepts: true, trusts: false, close: () => socket.close() }
  socket.addEventListener('message', ({ data }) => {
    const { result } = JSON.parse(String(data)) as Asked
    if (result === undefined) return
    const { accepts, trusts } = acceptor
    socket.send(
      JSON.stringify({
        accept: accepts,
        pending_chan_id: result.pending_chan_id,
        ...(accepts ? {} : { error: 'no more channels' }),
        ...(trusts && result.wants_zero_conf ? { zero_conf: true } : {}),
      }),
    )
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('LND asks nobody about openings')))
  })
  return acceptor
}
