import test from 'ava'
import { type MessageRoom, MessageRooms } from './message-rooms.ts'

const room: MessageRoom = { ration: { perSecond: 1, burst: 1 }, take() {} }

test('a type of message has one room, or is known and of no use, and none that the wire reads itself has one', (t) => {
  const rooms = new MessageRooms()
  rooms.register([0x8000, 0x8001], room)
  rooms.register([0x8002], 'no-use')
  t.deepEqual(
    [0x8001, 0x8002, 0x8003].map((type) => [rooms.has(type), rooms.of(type)]),
    [
      [true, room],
      [true, undefined],
      [false, undefined],
    ],
  )
  for (const taken of [0x8001, 0x8002]) t.throws(() => rooms.register([taken], room), { message: /one room/ })
  // update_add_htlc.
  t.throws(() => rooms.register([128], room), { message: /wire reads/ })
})
