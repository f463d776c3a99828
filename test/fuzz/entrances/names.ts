import { readName } from '../../../core/src/dns/dns-record.ts'
import { PROOFS } from '../../../core/src/dns/fixtures/bip353.ts'
import {
  formatPaymentName,
  offerInUri,
  type PaymentName,
  paymentInstructions,
  readPaymentName,
} from '../../../core/src/dns/payment-name.ts'
import { concat, fromHex } from '../../../core/src/lib/bytes.ts'
import { must, pureEntrance } from '../support/entrance.ts'
import { oddText } from '../support/odd-values.ts'
import type { Random } from '../support/random.ts'
import { spoilt } from '../support/spoilt.ts'

/** When the proofs hold, and any time. */
const TIMES = [undefined, Date.UTC(2025, 7, 6, 12), Date.UTC(2025, 7, 7, 12)]

interface Proof {
  readonly name: PaymentName
  readonly records: readonly Uint8Array[]
  /** Where it leads to, unchanged. */
  readonly uris: readonly string[]
}

const recordsOf = (chain: Uint8Array): readonly Uint8Array[] => {
  const records: Uint8Array[] = []
  for (let at = 0; at < chain.length; ) {
    const data = (readName(chain, at)?.end ?? chain.length) + 10
    const end = data + (((chain[data - 2] ?? 0) << 8) | (chain[data - 1] ?? 0))
    records.push(chain.slice(at, end))
    at = end
  }
  return records
}

const proofs = Object.values(PROOFS).map((hex): Proof => {
  const bytes = fromHex(hex)
  const length = 1 + (bytes[0] ?? 0)
  const name = readPaymentName(String.fromCharCode(...bytes.subarray(1, length)))
  if (name === undefined) throw new Error('a proof of a name')
  const chain = bytes.slice(length)
  const found = TIMES.map((now) => paymentInstructions(name, chain, now))
  return { name, records: recordsOf(chain), uris: found.flatMap((each) => (each.ok ? [each.value.uri] : [])) }
})

/** Some are left out, said twice, in another order, or changed. */
const changed = (records: readonly Uint8Array[], random: Random): Uint8Array => {
  const list = [...records]
  for (let i = random.below(5); i > 0 && list.length > 0; i--) {
    const at = random.below(list.length)
    const record = list[at] ?? new Uint8Array(0)
    const how = random.below(4)
    if (how === 0) list.splice(at, 1)
    else if (how === 1) list.splice(random.below(list.length), 0, record)
    else if (how === 2) list.push(...list.splice(at, 1))
    else list[at] = spoilt(record, random)
  }
  return concat(...list)
}

const dnsProofs = pureEntrance('dns-proof', 4, (random, note) => {
  const { name, records, uris } = random.pick(proofs)
  const chain = random.oneIn(8) ? random.bytes(random.below(200)) : changed(records, random)
  note([formatPaymentName(name), Buffer.from(chain).toString('hex')])
  const found = paymentInstructions(name, chain, random.pick(TIMES))
  if (found.ok) must(uris.includes(found.value.uri), 'no change leads anywhere else')
  else must(typeof found.error.code === 'string', 'an error of ours')
})

const paymentNames = pureEntrance('payment-name', 10, (random, note) => {
  const part = () => (random.oneIn(2) ? oddText(random).slice(0, 80) : random.pick(['a', 'b.c', 'x'.repeat(63), '..']))
  const text = `${random.pick(['₿', ''])}${part()}${random.pick(['@', '@@', ''])}${part()}`
  const uri = `${random.pick(['bitcoin:', 'BITCOIN:?lno=', 'bitcoin:?req-a&lno='])}${text}`
  note([text, uri])
  const read = readPaymentName(text)
  if (read !== undefined) must(formatPaymentName(read).endsWith(text), 'a name is written the same')
  const offer = offerInUri(uri)
  must(offer === undefined || uri.includes(offer), 'an offer is what the URI says')
})

export const nameEntrances = [dnsProofs, paymentNames]
