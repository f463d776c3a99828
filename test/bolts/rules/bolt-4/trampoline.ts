import type { Topic } from '../rule.ts'

/** Trampoline payments. */
export const TRAMPOLINE: Topic = {
  parts: [],
  sections: [],
}
