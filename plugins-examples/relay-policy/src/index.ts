import { definePlugin } from '@fulgurite/plugin-sdk'
import { decide, type RelayPolicyConfig } from './policy.ts'

export default definePlugin<RelayPolicyConfig>(({ hooks, config }) => {
  hooks.on('htlc.forward', (htlc) => decide(htlc, config))
})
