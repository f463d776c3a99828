import type { AnyActorRef } from './types.ts'

const REF = Symbol('actor-ref')

/** What every ref of this kernel extends, so that transports tell refs from other values. */
export class RefBase {
  readonly [REF] = true
}

export const isActorRef = (value: object): value is AnyActorRef => REF in value
