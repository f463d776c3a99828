import { definePlugin } from '@fulgurite/plugin-sdk'
import { feeManager } from './fee-manager.ts'
import type { FeeConfig } from './policy.ts'

export default definePlugin<FeeConfig>(({ events, schedule, config, log }) => {
  const manager = feeManager(config, log, Date.now)

  // A view of balances is enough: what happens while we are stopped is caught up by the first review.
  events.on('channel.balance-changed').subscribe(({ payload, at }) => manager.note(payload, at))

  // Each relay moves two balances or more: price them while the relay is known as the cause.
  events.each('relays', 'payment.relayed', async ({ incoming, outgoing }, { actors }) => {
    const touched = new Set([...outgoing, ...incoming].map(({ channelId }) => channelId))
    for (const channelId of touched) await manager.reprice(channelId, actors)
  })

  // Payments of our own move balances too, and a smoothed share goes on moving after the last of them.
  schedule('review', config.reviewSeconds * 1000, ({ actors }) => manager.review(actors))
})
