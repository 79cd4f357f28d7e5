import GtachModel
import GtachWire
import Testing

@Suite struct MessageTests {
  private let digest = Digest(repeatElement(7, count: 32))

  /// Sends a message through a decoder.
  private func travelled(_ message: Message) throws -> [Message] { try messages(in: [message.encoded()], of: nil) }

  /// Names of so many entries, spread over all buckets.
  private func names(_ count: Int) -> EntryIDs {
    EntryIDs((0..<UInt64(count)).map { ($0 &* 0x9E37_79B9_7F4A_7C15) >> 16 })
  }

  @Test func theLargestMessagesFitTheirLimits() throws {
    let digest = try #require(digest)
    let unit = try #require(UnitDigest(repeatElement(7, count: 16)))
    let last = Limits.unitsPerVariant - 1
    let long = String(repeating: "x", count: Limits.targetPathBytes - "a/1.0.0-/any/manifest.json".count)
    let variant = try #require(VariantID(targetPath: "a/1.0.0-\(long)/any/manifest.json"))
    let entry = Entries.Entry(variant: variant, manifest: digest)
    let far = Endpoint(host: "2001:db8:1111:2222:3333:4444:5555:6666", port: .max)
    let met = Peers.Entry(
      node: try #require(NodeID(bytes(16))), endpoints: Array(repeating: far, count: Limits.endpointsPerPeer))
    let largest: [Message] = [
      .getFile(
        GetFile(id: .max, file: .index(digest), bases: Array(repeating: ShortDigest(digest), count: Limits.bases))),
      .filePart(
        FilePart(
          id: .max, size: Limits.fileBytes, total: Limits.fileFrameBytes, base: Limits.bases,
          bytes: bytes(Limits.partBytes))),
      .getEntries(GetEntries(id: .max, buckets: 0...255, known: names(Limits.entryIDsPerMessage))),
      .entries(
        Entries(
          id: .max, entries: Array(repeating: entry, count: Limits.entriesPerMessage), more: true,
          gone: names(Limits.entryIDsPerMessage))),
      .getUnitLists(
        GetUnitLists(id: .max, follow: .max, objects: Array((last - Limits.objectsPerGetUnitLists + 1)...last))),
      .unitList(
        UnitListing(id: .max, object: last, digests: Array(repeating: unit, count: Limits.unitsPerObject))),
      .getUnit(
        GetUnit(
          id: .max, claim: .max, have: Limits.unitsPerVariant,
          units: Array((last - Limits.unitsPerGetUnit + 1)...last).reversed())),
      .unit(ObjectUnit(id: .max, unit: last, bytes: bytes(Limits.unitBytes))),
      .have(Have(id: .max, ranges: [0..<Limits.unitsPerVariant])),
      .claim(Claim(id: .max, follow: .max, have: Limits.unitsPerVariant, urgent: true)),
      .peers(Peers(id: .max, peers: Array(repeating: met, count: Limits.peersPerMessage))),
      .chunkPart(ChunkPart(id: .max, total: Limits.objectBytes, bytes: bytes(Limits.unitBytes))),
      .welcome(
        Welcome(
          certificate: text(Limits.certificateBytes), authority: text(Limits.certificateBytes),
          root: bytes(Limits.rootBytes))),
      .join(Join(secret: try #require(InvitationSecret(bytes(16))), request: text(Limits.certificateBytes))),
      .failure(Failure(id: .max, code: text(Limits.failureCodeBytes), message: text(Limits.failureMessageBytes))),
    ]
    for message in largest { #expect(try travelled(message) == [message]) }
  }

  @Test func oneMoreThanTheLimitIsRefused() throws {
    let digest = try #require(digest)
    let variant = try #require(VariantID(targetPath: "a/1.0.0/any/manifest.json"))
    let entry = Entries.Entry(variant: variant, manifest: digest)
    let near = Endpoint(host: "10.0.0.1", port: 1)
    let node = try #require(NodeID(bytes(16)))
    let met = Peers.Entry(node: node, endpoints: [near])
    let often = Peers.Entry(node: node, endpoints: Array(repeating: near, count: Limits.endpointsPerPeer + 1))
    let tooLarge: [Message] = [
      .peers(Peers(id: 1, peers: Array(repeating: met, count: Limits.peersPerMessage + 1))),
      .peers(Peers(id: 1, peers: [often])),
      .getUnitLists(GetUnitLists(id: 1, follow: 1, objects: Array(0...Limits.objectsPerGetUnitLists))),
      .getUnit(GetUnit(id: 1, claim: 1, have: 0, units: Array(0...Limits.unitsPerGetUnit))),
      .getUnit(GetUnit(id: 1, claim: 1, have: Limits.unitsPerVariant + 1, units: [0])),
      .getUnit(GetUnit(id: 1, claim: 1, have: 0, units: [Limits.unitsPerVariant])),
      .unit(ObjectUnit(id: 1, unit: 0, bytes: bytes(Limits.unitBytes + 1))),
      .have(Have(id: 1, ranges: [1..<(Limits.unitsPerVariant + 1)])),
      .claim(Claim(id: 1, follow: 1, have: Limits.unitsPerVariant + 1, urgent: false)),
      .entries(Entries(id: 1, entries: Array(repeating: entry, count: Limits.entriesPerMessage + 1), more: false)),
      .entries(Entries(id: 1, entries: [], more: false, gone: names(Limits.entryIDsPerMessage + 1))),
      .getEntries(GetEntries(id: 1, buckets: 0...255, known: names(Limits.entryIDsPerMessage + 1))),
      .welcome(Welcome(certificate: text(Limits.certificateBytes + 1), authority: "x", root: [1])),
      .welcome(Welcome(certificate: "x", authority: "x", root: bytes(Limits.rootBytes + 1))),
    ]
    for message in tooLarge {
      let error = caught { try travelled(message) }
      #expect(error?.code == .frameMalformed)
    }
  }

  @Test(arguments: [0, 1, 2, 8_190, 8_191, 8_192, 8_193, 16_382, 20_000])
  func rangesAreSpreadOverMessages(count: Int) throws {
    // As far apart, and as long, as so many ranges can be: their numbers have the most bytes at the start.
    let distance = Limits.unitsPerVariant / max(1, count)
    let ranges: [Range<Int>] = (0..<count).map {
      let end = ($0 + 1) * distance
      return (end - distance / 2)..<end
    }
    let parts = Have.messages(id: 5, ranges: ranges)
    #expect(parts.flatMap(\.ranges) == ranges)
    // The last one has room for another, so that a receiver knows it.
    #expect(parts.count == 1 + count / 8_191 && parts.allSatisfy { $0.id == 5 })
    #expect(parts.dropLast().allSatisfy { $0.ranges.count == 8_191 } && parts.last?.ranges.count == count % 8_191)
    for part in parts {
      #expect(part.encoded().count <= 5 + Limits.haveBodyBytes)
      #expect(try travelled(.have(part)) == [.have(part)])
    }
  }

  @Test func rangesMayTouch() throws {
    let have = Have(id: 5, ranges: [0..<1, 1..<3, 4..<5])
    #expect(try travelled(.have(have)) == [.have(have)])
  }

  @Test(arguments: [0, 1, 255, 256, 257, 1000])
  func entriesAreSpreadOverMessages(count: Int) throws {
    let entries = try (0..<count).map { number in
      Entries.Entry(
        variant: try #require(VariantID(targetPath: "a/1.\(number).0/any/manifest.json")),
        manifest: try #require(digest))
    }
    let parts = Entries.messages(id: 5, entries: entries, gone: names(3))
    #expect(parts.flatMap(\.entries) == entries)
    #expect(parts.map { $0.gone == nil } == parts.indices.map { $0 > 0 }, "the first one says what is gone")
    #expect(parts.dropLast().allSatisfy { $0.more })
    #expect(parts.last?.more == false)
    #expect(parts.count == max(1, (count + 255) / 256))
    for part in parts { #expect(try travelled(.entries(part)) == [.entries(part)]) }
  }

  @Test(arguments: [1, 262_143, 262_144, 262_145, 1_000_000])
  func aFileIsSpreadOverAsFewPartsAsThereMayBe(count: Int) throws {
    let frame = bytes(count)
    let parts = FilePart.messages(id: 5, size: 77, base: 2, frame: frame)
    #expect(parts.flatMap(\.bytes) == frame)
    #expect(parts.count == (count + 262_143) / 262_144)
    #expect(parts.allSatisfy { $0.total == count && $0.size == 77 && $0.base == 2 && $0.id == 5 })
    for part in parts { #expect(try travelled(.filePart(part)) == [.filePart(part)]) }
  }

  @Test(arguments: [1, 65_535, 65_536, 65_537, 300_000])
  func aChunkIsSpreadOverAsFewPartsAsThereMayBe(count: Int) throws {
    let frame = bytes(count)
    let parts = ChunkPart.messages(id: 5, frame: frame)
    #expect(parts.flatMap(\.bytes) == frame)
    #expect(parts.count == (count + 65_535) / 65_536)
    #expect(parts.allSatisfy { $0.total == count && $0.id == 5 })
    for part in parts { #expect(try travelled(.chunkPart(part)) == [.chunkPart(part)]) }
  }

  @Test func aFailureBecomesTheSameErrorAtThePeer() throws {
    for code in ErrorCode.allCases {
      let failure = Failure(id: 3, GtachError(code, "something happened", reason: "open /home/pi: permission denied"))
      let received = try travelled(.failure(failure))
      #expect(received == [.failure(failure)])
      #expect(failure.error.code == code)
      #expect(failure.error.message == "something happened")
      // What only this machine should know does not travel.
      #expect(!String(decoding: failure.encoded(), as: UTF8.self).contains("/home/pi"))
    }
    #expect(Failure(id: 3, code: "new-word", message: "x").error.code == .protocolVersion)
  }

  @Test func textOfAPeerCannotRepaintATerminal() throws {
    let failure = Failure(id: nil, code: "busy", message: "\u{1b}[2Jrm\r\n\u{202e}x\u{9b}y\u{2028}é🙂")
    #expect(failure.message == " [2Jrm   x y é🙂")
    #expect(Failure(id: nil, code: "busy", message: String(repeating: "é", count: 2000)).message.utf8.count == 1024)
  }

  @Test func aHelloIsOfTheHighestCommonVersion() throws {
    let node = try #require(NodeID(bytes(16)))
    func hello(_ versions: [Int]) throws -> Hello {
      Hello(
        versions: versions, node: node, name: try NodeName("pi-1"), fleet: node, indexRoot: .zero, metadataVersion: 0)
    }
    #expect(try hello([3, 1, 2]).commonVersion == 1)
    #expect(try hello([2]).commonVersion == nil)
    let error = caught { try travelled(.hello(try hello([2]))) }
    #expect(error?.code == .protocolVersion)
    #expect(error?.advice != nil)
  }

  @Test func aSecretIsNotPrinted() throws {
    let secret = try #require(InvitationSecret(bytes(16)))
    let join = Join(secret: secret, request: "x")
    #expect(!"\(join)".contains("0,"))
    #expect("\(secret)" == "(secret)")
    #expect(secret == InvitationSecret(bytes(16)))
    var other = bytes(16)
    other[15] ^= 1
    #expect(secret != InvitationSecret(other))
  }

  @Test func deeplyNestedJSONIsRefusedWithoutExhaustingTheStack() throws {
    let depth = (Limits.controlBodyBytes - 10) / 2
    for bracket in [("[", "]"), ("{\"a\":", "}")] {
      let count = depth / max(1, bracket.0.utf8.count)
      let body = Array((String(repeating: bracket.0, count: count) + String(repeating: bracket.1, count: count)).utf8)
      let error = caught {
        try Message(frame: Frame(type: MessageType.watch.rawValue, body: body))
      }
      #expect(error?.code == .frameMalformed)
    }
  }

  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
  private func text(_ count: Int) -> String { String(repeating: "x", count: count) }
}
