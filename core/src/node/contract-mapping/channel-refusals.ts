import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import { refusal } from './handlers.ts'

export const channelNotFound = (): ContractError =>
  refusal('channel-not-found', 'no open or closing channel has this id', { field: 'channelId' })
