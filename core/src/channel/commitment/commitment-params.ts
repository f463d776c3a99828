import type { CommitmentFormat } from './commitment-format.ts'
import type { CommitmentTerms } from './commitment-terms.ts'

/** The terms of a side's commitments, and the form that transactions take by them. */
export interface CommitmentParams extends CommitmentTerms {
  readonly format: CommitmentFormat
}
