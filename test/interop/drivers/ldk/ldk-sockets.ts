import { connect, createServer, type Server, type Socket } from 'node:net'
import {
  Option_SocketAddressZ,
  type PeerManager,
  Result_boolPeerHandleErrorZ_OK,
  Result_CVec_u8ZPeerHandleErrorZ_OK,
  Result_NonePeerHandleErrorZ_OK,
  SocketDescriptor,
} from 'lightningdevkit'

/** Joins LDK's peer manager, which reads and writes bytes by descriptor, to TCP sockets. */
export interface LdkSockets {
  /** Listens on a loopback port, 0 for any; the port it got. */
  listen(port: number): Promise<number>
  connect(host: string, port: number, nodeId: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** `pump` is called whenever LDK was given something to work on. */
export const ldkSockets = (peers: PeerManager, pump: () => void): LdkSockets => {
  const sockets = new Set<Socket>()
  const servers = new Set<Server>()
  let nextId = 1n

  const bridge = (socket: Socket): SocketDescriptor => {
    const id = nextId++
    // LDK forgets a descriptor by itself when it asks for the end; otherwise it must be told.
    let known = true
    const descriptor = SocketDescriptor.new_impl({
      send_data(data, resumeRead) {
        if (resumeRead) socket.resume()
        if (socket.destroyed || socket.writableNeedDrain) return 0
        if (data.length > 0) socket.write(Uint8Array.from(data))
        return data.length
      },
      disconnect_socket() {
        known = false
        socket.end()
        socket.destroySoon()
      },
      eq: (other) => other.hash() === id,
      hash: () => id,
    })
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('data', (data: Buffer) => {
      if (!known) return
      const result = peers.read_event(descriptor, data)
      if (result instanceof Result_boolPeerHandleErrorZ_OK) {
        // Truth arrives as 0 or 1 and asks for a pause.
        if (result.res) socket.pause()
      } else {
        known = false
        socket.destroy()
      }
      pump()
    })
    socket.on('drain', () => {
      if (known) peers.write_buffer_space_avail(descriptor)
      pump()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      if (known) peers.socket_disconnected(descriptor)
      known = false
      pump()
    })
    return descriptor
  }

  return {
    listen: (port) =>
      new Promise((resolve, reject) => {
        const server = createServer((socket) => {
          const opened = peers.new_inbound_connection(bridge(socket), Option_SocketAddressZ.constructor_none())
          if (!(opened instanceof Result_NonePeerHandleErrorZ_OK)) socket.destroy()
        })
        servers.add(server)
        server.once('error', reject)
        server.listen(port, '127.0.0.1', () => {
          const address = server.address()
          resolve(typeof address === 'object' && address !== null ? address.port : port)
        })
      }),
    connect: (host, port, nodeId) =>
      new Promise((resolve, reject) => {
        const socket = connect(port, host)
        socket.once('error', reject)
        socket.once('connect', () => {
          const opened = peers.new_outbound_connection(nodeId, bridge(socket), Option_SocketAddressZ.constructor_none())
          if (!(opened instanceof Result_CVec_u8ZPeerHandleErrorZ_OK)) {
            socket.destroy()
            reject(new Error('LDK refuses the connection'))
            return
          }
          socket.write(opened.res)
          resolve()
        })
      }),
    async close() {
      for (const socket of sockets) socket.destroy()
      await Promise.all([...servers].map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}
