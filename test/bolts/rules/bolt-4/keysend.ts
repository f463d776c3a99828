import type { Topic } from '../rule.ts'

/** Payments without an invoice. */
export const KEYSEND: Topic = {
  parts: [],
  sections: [],
}
