/** Whoever can be asked, and rejects with the whole answer where it is refused. */
interface Asking {
  ask(path: string, body: object, key?: string): Promise<Record<string, unknown>>
}

/** Installs the plugin in a folder and agrees to whatever it asks for. */
export const installPlugin = async (node: Asking, path: string): Promise<void> => {
  const refused = await node.ask('plugins/install', { path }).then(
    () => undefined,
    (thrown: unknown) => String(thrown),
  )
  if (refused === undefined) return
  const consent = /"consent":"(sha256-[0-9a-f]{64})"/.exec(refused)?.[1]
  if (consent === undefined) throw new Error(refused)
  await node.ask('plugins/install', { path, consent })
}
