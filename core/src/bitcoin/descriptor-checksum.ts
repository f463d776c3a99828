import { invariant } from '../lib/errors.ts'

// BIP 380, checksum: characters in groups of 32, the commonest first, so that a wrong case changes no more than the group's symbol.
const INPUT = '0123456789()[],\'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#"\\ '
const OUTPUT = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn]
const LENGTH = 8

/** BIP 380: the eight characters that follow `#` behind a descriptor. */
export const descriptorChecksum = (descriptor: string): string => {
  let checksum = [...symbolsOf(descriptor), ...Array<number>(LENGTH).fill(0)].reduce(polymod, 1n) ^ 1n
  let text = ''
  for (let i = 0; i < LENGTH; i++) {
    text = `${OUTPUT[Number(checksum & 31n)]}${text}`
    checksum >>= 5n
  }
  return text
}

/** The low five bits of each character's place, and after every three the groups that they were in. */
function* symbolsOf(descriptor: string): Generator<number> {
  let groups: number[] = []
  for (const character of descriptor) {
    const at = INPUT.indexOf(character)
    invariant(at >= 0, 'a descriptor has characters of its own set alone')
    yield at & 31
    groups.push(at >> 5)
    if (groups.length < 3) continue
    yield groups.reduce((sum, group) => sum * 3 + group, 0)
    groups = []
  }
  if (groups.length > 0) yield groups.reduce((sum, group) => sum * 3 + group, 0)
}

const polymod = (checksum: bigint, symbol: number): bigint => {
  const top = checksum >> 35n
  const shifted = ((checksum & 0x7ffffffffn) << 5n) ^ BigInt(symbol)
  return GENERATOR.reduce((sum, generator, i) => ((top >> BigInt(i)) & 1n ? sum ^ generator : sum), shifted)
}
