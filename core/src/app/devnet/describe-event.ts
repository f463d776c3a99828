import type { EventName, EventPayload } from '@fulgurite/plugin-sdk/contract'
import type { Terminal } from '../terminal.ts'

/** The events that the live view shows. */
export const SHOWN_EVENTS = [
  'payment.sent',
  'payment.received',
  'payment.relayed',
  'payment.failed',
  'payment.relay-failed',
  'channel.ready',
  'channel.closing',
  'channel.closed',
  'channel.relay-fees-changed',
  'channel.errored',
  'plugin.started',
  'plugin.faulted',
  'plugin.refused',
  'chain.block',
] as const satisfies readonly EventName[]

type ShownEvent = (typeof SHOWN_EVENTS)[number]
type NameOf = (nodeId: string) => string
type Describe<Name extends EventName> = (payload: EventPayload<Name>, nameOf: NameOf, terminal: Terminal) => string

const DESCRIPTIONS: { readonly [Name in ShownEvent]: Describe<Name> } = {
  'payment.sent': ({ amountMsat, feesMsat, destination }, nameOf, { green }) =>
    `${green('sent')}      ${sat(amountMsat)} to ${nameOf(destination ?? '')}${feesMsat === 0n ? '' : `, fees ${sat(feesMsat)}`}`,
  'payment.received': ({ amountMsat }, _nameOf, { green }) => `${green('received')}  ${sat(amountMsat)}`,
  'payment.relayed': ({ incoming, outgoing, feeMsat }, nameOf, { cyan }) => {
    const amount = outgoing.reduce((sum, { amountMsat }) => sum + amountMsat, 0n)
    return `${cyan('relayed')}   ${sat(amount)} ${peers(incoming, nameOf)} → ${peers(outgoing, nameOf)}, earned ${sat(feeMsat)}`
  },
  'payment.failed': ({ amountMsat, destination, failure }, nameOf, { red }) =>
    `${red('failed')}    ${sat(amountMsat)} to ${nameOf(destination ?? '')}: ${failure.code}`,
  'payment.relay-failed': ({ incoming, code }, nameOf, { red }) =>
    `${red('not relayed')} for ${peers(incoming, nameOf)}: ${code}`,
  'channel.ready': ({ peer, capacitySat }, nameOf, { green }) =>
    `${green('channel')}   with ${nameOf(peer)} is ready, ${sat(capacitySat * 1000n)}`,
  'channel.closing': ({ peer, kind }, nameOf, { yellow }) =>
    `${yellow('closing')}   channel with ${nameOf(peer)}, ${kind}`,
  'channel.closed': ({ peer, kind }, nameOf, { yellow }) =>
    `${yellow('closed')}    channel with ${nameOf(peer)}, ${kind}`,
  'channel.relay-fees-changed': ({ peer, feeBaseMsat, feeProportionalMillionths, previous }, nameOf, { yellow }) => {
    const base = feeBaseMsat === previous.feeBaseMsat ? '' : `, base ${previous.feeBaseMsat} → ${feeBaseMsat} msat`
    const ppm = `${previous.feeProportionalMillionths} → ${feeProportionalMillionths} ppm`
    return `${yellow('repriced')}  the channel to ${nameOf(peer)}: ${ppm}${base}`
  },
  'channel.errored': ({ peer, code, text }, nameOf, { red }) =>
    `${red('error')}     channel with ${nameOf(peer)}: ${code}, ${text}`,
  'plugin.started': ({ plugin }, _nameOf, { green }) => `${green('plugin')}    ${plugin} runs`,
  'plugin.faulted': ({ plugin, code }, _nameOf, { red }) => `${red('plugin')}    ${plugin} faulted: ${code}`,
  'plugin.refused': ({ plugin, operation, code }, _nameOf, { red }) =>
    `${red('plugin')}    ${plugin}: ${operation} refused, ${code}`,
  'chain.block': ({ blockHeight }, _nameOf, { dim }) => dim(`block     ${blockHeight}`),
}

/** One line for people. */
export const describeEvent = <Name extends ShownEvent>(
  name: Name,
  payload: EventPayload<Name>,
  nameOf: NameOf,
  terminal: Terminal,
): string => DESCRIPTIONS[name](payload, nameOf, terminal)

const peers = (htlcs: readonly { readonly peer: string }[], nameOf: NameOf): string =>
  [...new Set(htlcs.map(({ peer }) => nameOf(peer)))].join(' and ')

/** Millisatoshis as satoshis, with decimals only if there are any: `25,000.5 sat`. */
export const sat = (msat: bigint): string => {
  const whole = (msat / 1000n).toLocaleString('en-US')
  const rest = msat % 1000n
  return `${whole}${rest === 0n ? '' : `.${String(rest).padStart(3, '0')}`} sat`
}
