export interface SocketAddress {
  readonly host: string
  readonly port: number
}

/** `host:port`, an IPv6 host in brackets. */
export const formatAddress = ({ host, port }: SocketAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** Reads `host:port`; `undefined` for any other text. */
export const parseAddress = (text: string): SocketAddress | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:@/]{1,255})):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const port = Number(match[3])
  const host = match[1] ?? match[2]
  return host === undefined || port < 1 || port > 0xffff ? undefined : { host, port }
}
