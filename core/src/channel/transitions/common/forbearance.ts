/**
 * Errors by which LND gives up a link of its own and not the channel: LND sends them when it stops while a signature is awaited, or when
 * something within it fails, and goes on with the channel on the next connection. By BOLT 1 the channel would fail; every deployed peer
 * lets it live. "unable to resume channel, recovery required" is not among them: by this error LND asks for a close.
 */
const FORBORNE: readonly { readonly text: string; readonly source: string }[] = [
  {
    text: 'internal error',
    source: 'LND, a link that fails for any reason of its own. eclair and Core Lightning take it as a warning',
  },
  { text: 'link shutting down', source: 'LND, a link that is asked something while the node stops' },
  {
    text: 'link failed to shutdown',
    source: 'LND before 0.18, a shutdown while HTLCs remain. eclair and LDK take it as a warning',
  },
  { text: 'sync error', source: 'LND, a link that could not take up the channel again. Core Lightning lets it pass' },
]

/** Whether a peer's error asks for nothing that closes the channel. The whole text must match; its case does not matter. */
export const isForborne = (text: string): boolean => {
  const said = text.trim().toLowerCase()
  return FORBORNE.some((each) => each.text === said)
}
