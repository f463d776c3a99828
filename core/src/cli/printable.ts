// Text may come from a peer or a plugin, and a terminal obeys some characters: they move the cursor, set the clipboard, or make a line
// look like another one.
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** The text on one line, without characters that a terminal obeys. */
export const printable = (text: string): string => text.replace(OBEYED, '·')

/** The same JSON, with what a terminal would obey written as escapes. */
export const printableJson = (json: string): string =>
  json.replace(OBEYED, (character) =>
    Array.from({ length: character.length }, (_, i) => `\\u${hex(character.charCodeAt(i))}`).join(''),
  )

const hex = (unit: number): string => unit.toString(16).padStart(4, '0')
