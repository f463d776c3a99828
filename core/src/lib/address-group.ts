const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * The addresses that count as one source of trouble: an IPv4 address, or a /64 of IPv6, which is the least that one customer gets.
 * Takes an address in the form of Node's sockets.
 */
export const addressGroup = (address: string): string => {
  const ipv4 = MAPPED_IPV4.exec(address)?.[1]
  if (ipv4 !== undefined) return ipv4
  if (!address.includes(':')) return address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const left = partsOf(head)
  const right = tail === undefined ? [] : partsOf(tail)
  const zeros = new Array<string>(Math.max(8 - left.length - right.length, 0)).fill('0')
  const prefix = [...left, ...zeros, ...right].slice(0, 4)
  return `${prefix.map((part) => Number.parseInt(part, 16).toString(16)).join(':')}::/64`
}

const partsOf = (text: string): readonly string[] => (text === '' ? [] : text.split(':'))
