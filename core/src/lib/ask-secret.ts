/** The part of a terminal's input that is needed. */
interface TerminalInput {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
  resume(): unknown
  pause(): unknown
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  off(event: 'data', listener: (chunk: Buffer) => void): unknown
}

const ENTER = new Set(['\r', '\n', '\u0004'])
const INTERRUPT = '\u0003'
const BACKSPACE = new Set(['\u007f', '\b'])

/** Reads a line without showing it. `undefined` if this is no terminal, or whoever was asked interrupts. */
export const askSecretly = (
  question: string,
  input: TerminalInput = process.stdin,
  show: (text: string) => void = (text) => void process.stderr.write(text),
): Promise<string | undefined> => {
  if (input.isTTY !== true || input.setRawMode === undefined) return Promise.resolve(undefined)
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  let typed = ''
  const decoder = new TextDecoder()
  const end = (answer: string | undefined): void => {
    input.off('data', onData)
    input.setRawMode?.(false)
    input.pause()
    show('\n')
    resolve(answer)
  }
  const onData = (chunk: Buffer): void => {
    for (const character of decoder.decode(chunk, { stream: true })) {
      if (character === INTERRUPT || ENTER.has(character)) {
        end(character === INTERRUPT ? undefined : typed)
        return
      }
      if (BACKSPACE.has(character)) typed = [...typed].slice(0, -1).join('')
      else if (character >= ' ') typed += character
    }
  }
  show(question)
  input.setRawMode(true)
  input.on('data', onData)
  input.resume()
  return promise
}
