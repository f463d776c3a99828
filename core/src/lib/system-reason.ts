/** What the system's codes say, in words for whoever runs the node. They are of files, of a disk, and of connections. */
const WORDS = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the quota of the disk is used up'],
  ['EACCES', 'permission denied: this user may not do that there'],
  ['EPERM', 'permission denied: this user may not do that there'],
  ['EROFS', 'the file system is read-only'],
  ['EIO', 'the disk fails'],
  ['ENOENT', 'no such file or folder, or a link leads to none'],
  ['ESTALE', 'its disk is not there any more'],
  ['ENOTCONN', 'its disk is not there any more'],
  ['ENODEV', 'its disk is not there any more'],
  ['ENXIO', 'its disk is not there any more'],
  ['EEXIST', 'something else is in its place'],
  ['ENOTDIR', 'something that is no folder is in its place, or on the way to it'],
  ['ELOOP', 'a link is in its place, and where it leads is not ours'],
  ['EISDIR', 'something that is no file is in its place'],
  ['ENOTFILE', 'something that is no file is in its place'],
  ['EMFILE', 'too many files and connections are open'],
  ['ENFILE', 'too many files and connections are open'],
  ['ECONNREFUSED', 'the connection was refused: nothing listens there'],
  ['ECONNRESET', 'the other side broke the connection off'],
  ['EPIPE', 'the other side has closed the connection'],
  ['ETIMEDOUT', 'no answer in time'],
  ['EHOSTUNREACH', 'the host is not reachable'],
  ['ENETUNREACH', 'the network of the host is not reachable'],
  ['ENOTFOUND', 'no host has this name'],
  ['EAI_AGAIN', 'the name of the host cannot be looked up just now'],
  ['EADDRINUSE', 'the address is in use'],
  ['EADDRNOTAVAIL', 'this machine does not have this address'],
])

/** A code of the system in words; one that is not known here stays as it is. */
export const wordsOfCode = (code: string): string => WORDS.get(code) ?? code

/** What the system says of a file, a stream or a connection, without its codes and the names of its calls. */
export const systemReason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as Error & { readonly code?: unknown }
  const words = typeof code === 'string' ? WORDS.get(code) : undefined
  return words ?? error.message.replace(/^E[A-Z0-9]+: /, '').replace(/, \w+(?: '.*)?$/s, '')
}
