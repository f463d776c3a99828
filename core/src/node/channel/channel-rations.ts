import type { ChannelEvent, IgnoredEffect } from '../../channel/index.ts'
import { Ration } from '../../lib/ration.ts'
import { RationedLog } from '../rationed-log.ts'
import type { ChannelServices } from './channel-services.ts'

/** A message of the peer that is neither acted on nor answered. */
export type IgnoredMessage = Omit<IgnoredEffect, 'type' | 'why'> & {
  readonly why: IgnoredEffect['why'] | 'too-many' | 'quarantined'
}

/** How often the same error of a channel that goes on may become an event. */
const REPEATS = { perSecond: 1 / 600, burst: 1 }
/** How many of a peer's policies are handled: each costs a signature check and a row. */
const POLICIES = { perSecond: 1 / 3, burst: 20 }

/** Limits how much the node does about things that the peer of a channel can repeat at no cost. */
export class ChannelRations {
  readonly #services: Pick<ChannelServices, 'clock' | 'log'>
  /** By code of error, those that left the channel as it was. */
  readonly #told = new Map<string, Ration>()
  readonly #unheeded: RationedLog
  readonly #policies: Ration

  constructor(services: Pick<ChannelServices, 'clock' | 'log'>) {
    this.#services = services
    this.#unheeded = new RationedLog(services.log, services.clock)
    this.#policies = new Ration(services.clock, POLICIES)
  }

  /** BOLT 7, channel_update: those that come too often need not be acted on. */
  takesPolicy(): boolean {
    return this.#policies.take() !== undefined
  }

  /**
   * Whether the event repeats what this channel has just reported. A peer can break the same rule on every connection; errors that change
   * nothing are reported seldom.
   */
  repeats(event: ChannelEvent, changed: boolean): boolean {
    if (event.type !== 'error' || changed) return false
    const { code } = event.error
    const ration = this.#told.get(code) ?? new Ration(this.#services.clock, REPEATS)
    this.#told.set(code, ration)
    return ration.take() === undefined
  }

  /** Logs a message that is not acted on. Deployed peers repeat some with every connection. */
  ignored(channel: string, { message, why }: IgnoredMessage): void {
    const level = why === 'repeated' || why === 'not-newer' ? 'debug' : 'info'
    this.#unheeded.write(level, 'channel.message-ignored', () => ({ channel, message, why }))
  }
}
