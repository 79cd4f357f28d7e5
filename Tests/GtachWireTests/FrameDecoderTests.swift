import GtachModel
import GtachWire
import Testing

@Suite struct FrameDecoderTests {
  private func header(length: UInt32) -> [UInt8] {
    stride(from: UInt32(24), through: 0, by: -8).map { UInt8(truncatingIfNeeded: length >> $0) }
  }

  @Test func anOversizeLengthIsRefusedBeforeItsBody() {
    var decoder = FrameDecoder()
    decoder.push(header(length: UInt32(Limits.frameBytes) + 1))
    let error = caught { try decoder.next() }
    #expect(error?.code == .frameOversize)
  }

  @Test func theLargestExtensionFramePasses() throws {
    var decoder = FrameDecoder(for: .requests)
    let body = [UInt8](repeating: 7, count: Limits.frameBytes - 1)
    decoder.push(header(length: UInt32(Limits.frameBytes)) + [0x80] + body)
    #expect(try decoder.next() == Frame(type: 0x80, body: body))
    #expect(try decoder.next() == nil)
  }

  @Test(arguments: MessageType.allCases)
  func aTypesOwnLimitHoldsAsSoonAsTheTypeIsKnown(type: MessageType) throws {
    for (excess, isRefused) in [(0, false), (1, true)] {
      var decoder = FrameDecoder()
      decoder.push(header(length: UInt32(1 + type.bodyBytes + excess)))
      #expect(try decoder.next() == nil)
      decoder.push([type.rawValue])
      if isRefused {
        let error = caught { try decoder.next() }
        #expect(error?.code == .frameOversize)
      } else {
        #expect(try decoder.next() == nil)
        decoder.push([UInt8](repeating: 0, count: type.bodyBytes))
        #expect(try decoder.next()?.body.count == type.bodyBytes)
      }
    }
  }

  @Test func anErrorIsForEver() {
    var decoder = FrameDecoder()
    decoder.push([0, 0, 0, 0])
    let first = caught { try decoder.next() }
    decoder.push(GetBuckets(id: 1).encoded())
    let second = caught { try decoder.next() }
    #expect(first?.code == .frameMalformed)
    #expect(second == first)
    #expect(decoder.bufferedBytes == 0)
    let last = caught { try decoder.finish() }
    #expect(last == first)
  }

  @Test func neverMoreThanOneFrameAndOneReadIsKept() throws {
    let unit = ObjectUnit(id: 1, unit: 2, bytes: [UInt8](repeating: 3, count: Limits.unitBytes)).encoded()
    let stream = [UInt8]((0..<40).map { _ in unit }.joined())
    let readBytes = 10_000
    var decoder = FrameDecoder(for: .answers)
    var count = 0
    var most = 0
    for start in stride(from: 0, to: stream.count, by: readBytes) {
      decoder.push(stream[start..<min(start + readBytes, stream.count)])
      most = max(most, decoder.bufferedBytes)
      while try decoder.next() != nil { count += 1 }
    }
    #expect(count == 40)
    #expect(most < unit.count + readBytes)
    #expect(decoder.bufferedBytes == 0)
    try decoder.finish()
  }

  @Test func theStreamMayEndOnlyBetweenFrames() throws {
    let frame = GetBuckets(id: 1).encoded()
    for count in 0...frame.count {
      var decoder = FrameDecoder()
      decoder.push(frame.prefix(count))
      while try decoder.next() != nil {}
      if count == 0 || count == frame.count {
        try decoder.finish()
      } else {
        let error = caught { try decoder.finish() }
        #expect(error?.code == .peerClosed)
      }
    }
  }

  @Test func everyTypeButFailureBelongsOnTheStreamsThatTheSpecificationNames() {
    for type in MessageType.allCases where type != .failure && type != .hello {
      #expect(MessageStream.allCases.filter { $0.carries(type) }.count == 1)
    }
    #expect(MessageStream.allCases.filter { $0.carries(.hello) } == [.requests, .answers])
    #expect(MessageStream.allCases.allSatisfy { $0.carries(.failure) })
    // From 0x10 on a request is even and its answer the next number; only `end` has none.
    for type in MessageType.allCases where type.rawValue >= 0x10 {
      let isRequest = type.rawValue % 2 == 0
      #expect(MessageStream.requests.carries(type) || MessageStream.joinRequests.carries(type) ? isRequest : !isRequest)
      if isRequest && type != .end { #expect(MessageType(rawValue: type.rawValue + 1) != nil) }
    }
  }
}
