/** A stored reply as plain data. Amounts (`…Msat`, `…Sat`) are `bigint` again. */
export const reviveReply = (text: string): object =>
  JSON.parse(text, (name, value: unknown) =>
    typeof value === 'string' && /(Msat|Sat)$/.test(name) && /^\d+$/.test(value) ? BigInt(value) : value,
  ) as object
