import GtachCore
import Testing

@Suite("Room for leases")
struct LeaseRoomTests {
  /// Measures leases of these speeds, in bytes per measurement, until they are known.
  private func measure(_ room: inout LeaseRoom, _ bytes: [Int], times: Int = 10) {
    var speeds = [LeaseRoom.Speed](repeating: LeaseRoom.Speed(), count: bytes.count)
    for _ in 0..<times {
      for place in bytes.indices { speeds[place].count(bytes[place]) }
      room.measure(&speeds)
    }
  }

  @Test("four leases of one speed are enough, whatever the speed")
  func equal() {
    for speed in [0, 10, 1_000_000] {
      var room = LeaseRoom()
      #expect(room.count == LeaseRoom.usual)
      measure(&room, [speed, speed, speed, speed])
      #expect(room.count == LeaseRoom.usual)
    }
  }

  @Test("slow leases make room for others, to a limit")
  func slow() {
    var room = LeaseRoom()
    measure(&room, [1000, 10, 10, 10])
    #expect(room.count == 4 + 2, "the three slow ones fill a part of one place")
    measure(&room, [10, 10, 10, 10], times: 20)
    #expect(room.count == 4 + 3)
    measure(&room, [Int](repeating: 10, count: 11))
    #expect(room.count == LeaseRoom.most)
    measure(&room, [1000, 1000, 1000, 1000])
    #expect(room.count == LeaseRoom.usual, "they are fast again")
  }

  @Test("there is never room for more than the owner allows")
  func limited() {
    for limit in [1, 3, 6] {
      var room = LeaseRoom(limit: limit)
      #expect(room.count == min(limit, LeaseRoom.usual))
      measure(&room, [1000, 10, 10])
      measure(&room, [10, 10, 10, 10], times: 20)
      #expect(room.count == limit)
    }
  }

  @Test("a lease counts as fast until its speed is known")
  func warmUp() {
    var room = LeaseRoom()
    measure(&room, [1000], times: 5)
    measure(&room, [10, 10, 10, 10], times: 2)
    #expect(room.count == LeaseRoom.usual)
    measure(&room, [10, 10, 10, 10], times: 3)
    #expect(room.count > LeaseRoom.usual)
  }

  @Test("a burst is not what leases are compared with for ever")
  func burst() {
    var room = LeaseRoom()
    measure(&room, [1_000_000, 1000, 1000, 1000])
    measure(&room, [1000, 1000, 1000, 1000])
    #expect(room.count > LeaseRoom.usual)
    measure(&room, [1000, 1000, 1000, 1000], times: 4000)
    #expect(room.count == LeaseRoom.usual)
  }
}
