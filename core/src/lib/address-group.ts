const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * The addresses that count as one source of trouble: an IPv4 address, or a /64 of IPv6, which is the least that one customer gets.
 * Takes an address in the form of Node's sockets.
 */
export const addressGroup = (address: string): string => {
  const ipv4 = MAPPED_IPV4.exec(address)?.[1]
  if (ipv4 !== undefined) return ipv4
  return address.includes(':') ? prefixOf(address, 4) : address
}

/** A /48 of IPv6, the most that one customer gets without asking: 65,536 groups. Addresses of IPv4 are too dear for that. */
export const addressNetwork = (address: string): string | undefined =>
  address.includes(':') && !MAPPED_IPV4.test(address) ? prefixOf(address, 3) : undefined

/** The first parts of an IPv6 address, 16 bits each. */
const prefixOf = (address: string, parts: number): string => {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const left = partsOf(head)
  const right = tail === undefined ? [] : partsOf(tail)
  const zeros = new Array<string>(Math.max(8 - left.length - right.length, 0)).fill('0')
  const prefix = [...left, ...zeros, ...right].slice(0, parts)
  return `${prefix.map((part) => Number.parseInt(part, 16).toString(16)).join(':')}::/${16 * parts}`
}

const partsOf = (text: string): readonly string[] => (text === '' ? [] : text.split(':'))
