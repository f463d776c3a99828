import type { Funded } from '../../state/durable.ts'
import type { Session } from '../../state/session.ts'

/** What was signed for the announcement names the block of the funding: in another block, both sides sign anew. */
export const unannounce = <D extends Funded>(durable: D): D => {
  if (durable.announcement === undefined) return durable
  const { announcement: _, ...rest } = durable
  return rest as D
}

export const unannouncedSession = (session: Session | undefined): Session | undefined => {
  if (session?.announcement === undefined) return session
  const { announcement: _, ...rest } = session
  return rest
}
