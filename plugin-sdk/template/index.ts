import { definePlugin, formatMsat } from '@fulgurite/plugin-sdk'

/** What the log says of a relay. Decisions that are functions of their own are easy to test. */
export const earned = (feeMsat: bigint, totalMsat: bigint): string =>
  `earned ${formatMsat(feeMsat)}, ${formatMsat(totalMsat)} in all`

export default definePlugin(({ events, log }) => {
  // Every relay, in order, also those from while the plugin was stopped. What is stored is kept with the handler's success.
  events.each('earnings', 'payment.relayed', async ({ feeMsat }, { store }) => {
    const totalMsat = ((await store.get<bigint>('total')) ?? 0n) + feeMsat
    await store.set('total', totalMsat)
    log.info(earned(feeMsat, totalMsat))
  })
})
