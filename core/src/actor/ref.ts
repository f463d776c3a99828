import type { AnyActorRef } from './types.ts'

const REF = Symbol('actor-ref')

/** The base of every ref of this kernel, so that transports tell refs from other values. */
export class RefBase {
  readonly [REF] = true
}

export const isActorRef = (value: object): value is AnyActorRef => REF in value
