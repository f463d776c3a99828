/** The text of a peer's `error` or `warning`; `undefined` if BOLT 1 forbids showing it because not all of it is printable ASCII. */
export const printableText = (data: Uint8Array): string | undefined =>
  data.every((byte) => byte >= 32 && byte <= 126) ? String.fromCharCode(...data) : undefined
