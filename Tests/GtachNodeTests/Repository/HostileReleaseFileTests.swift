import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

/// Release files that no publisher wrote.
@Suite("Hostile release files")
struct HostileReleaseFileTests {
  /// Imports a changed file on a new machine, which must hold nothing afterwards where it is refused.
  private func code(
    _ fixture: TransferFixture, _ members: [(path: String, bytes: [UInt8])],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> ErrorCode? {
    let pi = try fixture.member("pi-\(SystemRandom.bytes(4).reduce(0) { $0 << 8 | Int($1) })")
    let path = try fixture.write(members)
    let code = errorCode { try fixture.importFile(path, into: pi) }
    #expect(try fixture.held(pi).isEmpty == (code != nil), sourceLocation: sourceLocation)
    return code
  }

  @Test("members that do not belong there, come too late, twice or not at all are refused")
  func members() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let good = try fixture.members(of: fixture.export("app@1.0.0"))
      let manifest = try #require(good.firstIndex { $0.path.hasSuffix("manifest.json") })
      let index = manifest + 1
      let chunk = index + 1
      func changed(_ change: (inout [(path: String, bytes: [UInt8])]) -> Void) throws -> ErrorCode? {
        var members = good
        change(&members)
        return try code(fixture, members)
      }
      #expect(try changed { $0.insert(("readme.txt", [1]), at: 0) } == .archiveInvalid)
      #expect(try changed { $0.append(("objects/ab/cd", [1])) } == .archiveInvalid)
      #expect(try changed { $0.swapAt(manifest, index) } == .archiveInvalid)
      #expect(try changed { $0.swapAt(index, chunk) } == .archiveInvalid)
      #expect(try changed { $0.append($0[0]) } == .archiveInvalid)
      #expect(try changed { $0.insert($0[0], at: 1) } == .archiveInvalid)
      #expect(try changed { $0.insert($0[manifest], at: manifest) } == .archiveInvalid)
      #expect(try changed { $0.append($0[chunk]) } == .archiveInvalid)
      #expect(try changed { $0 = [] } == .archiveInvalid)
      #expect(try changed { $0.removeSubrange(manifest...) } == .archiveInvalid)
      #expect(try changed { $0.removeSubrange(index...) } == .archiveInvalid)
      #expect(try changed { $0.removeSubrange(..<manifest) } == .manifestUnlisted)
      #expect(try changed { $0.removeLast() } == .chunkMissing)
      #expect(try changed { $0.remove(at: chunk) } == .chunkMissing)
      for number in 1..<manifest {
        #expect(try changed { $0.remove(at: number) } == .metadataMissing, "\(good[number].path)")
      }
    }
  }

  @Test("bytes that nobody signed are refused, wherever they are")
  func forgeries() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let good = try fixture.members(of: fixture.export("app@1.0.0"))
      for number in good.indices {
        var flipped = good
        flipped[number].bytes[flipped[number].bytes.count / 2] ^= 1
        var longer = good
        longer[number].bytes.append(32)
        for (members, isLonger) in [(flipped, false), (longer, true)] {
          let code = try code(fixture, members)
          switch ReleaseFileMember(path: good[number].path) {
          // The machine has the first root already, so nobody looks at the one in the file.
          case .metadata(let name) where name.role == .root: #expect(code == nil)
          // What is signed is the content: a blank after it changes nothing. What the others hold is named by its hash.
          case .metadata(let name) where name.role == .timestamp && isLonger: #expect(code == nil)
          case .metadata:
            #expect(
              [.metadataUnsigned, .metadataMismatch, .metadataMalformed, .archiveInvalid].contains(code),
              "\(good[number].path)")
          case .manifest: #expect(code == .manifestUnlisted || code == .archiveInvalid)
          case .index: #expect(code == .indexCorrupt || code == .archiveInvalid)
          case .chunk: #expect(code == .chunkCorrupt)
          case nil: Issue.record("\(good[number].path) is no member")
          }
        }
      }
    }
  }

  @Test("a member longer than what was signed of it is not even read")
  func oversize() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let good = try fixture.members(of: fixture.export("app@1.0.0"))
      for number in good.indices where !good[number].path.hasSuffix("1.root.json") {
        var members = good
        members[number].bytes += [UInt8](repeating: 0, count: 6 << 20)
        #expect(try code(fixture, members) == .archiveInvalid, "\(good[number].path)")
      }
    }
  }

  @Test("a frame that claims to expand is not expanded")
  func bomb() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      var members = try fixture.members(of: fixture.export("app@1.0.0"))
      let last = members.count - 1
      members[last].bytes = try Zstd.compress([UInt8](repeating: 0, count: 64 << 20), level: 1)
      #expect(try code(fixture, members) == .chunkCorrupt)
    }
  }

  @Test("a file that is cut off anywhere is refused")
  func truncated() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let bytes = try fixture.files.read(fixture.export("app@1.0.0"), maximumBytes: 1 << 24)
      let pi = try fixture.member("pi")
      let path = "\(fixture.directory)/cut.tar"
      var cuts = Array(stride(from: 0, to: 8_192, by: 256)) + [100, 513]
      cuts += stride(from: 8_192, to: bytes.count - 1_024, by: 50_003).map { $0 }
      // Without its end mark it is whole.
      for count in cuts {
        try fixture.files.perform(.write(path: path, bytes: Array(bytes[..<count]), permissions: 0o644))
        let code = errorCode { try fixture.importFile(path, into: pi) }
        #expect([.archiveInvalid, .metadataMissing, .chunkMissing].contains(code), "\(count) bytes")
        #expect(try fixture.held(pi).isEmpty)
      }
    }
  }

  @Test("damage anywhere never crashes, and leaves either all of the release or nothing")
  func damage() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let bytes = try fixture.files.read(fixture.export("app@1.0.0"), maximumBytes: 1 << 24)
      let path = "\(fixture.directory)/damaged.tar"
      var generator = SeededGenerator(seed: 11)
      for number in 0..<100 {
        // Most of it is chunks; headers and metadata are at the front.
        let range = number % 4 == 0 ? bytes.indices : 0..<10_000
        var damaged = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
          damaged[Int.random(in: range, using: &generator)] = UInt8.random(in: .min ... .max, using: &generator)
        }
        try fixture.files.perform(.write(path: path, bytes: damaged, permissions: 0o644))
        let pi = try fixture.member("pi")
        let code = errorCode { try fixture.importFile(path, into: pi) }
        #expect(try fixture.held(pi) == (code == nil ? ["app@1.0.0"] : []), "\(number)")
        try fixture.files.perform(.remove("\(pi.home.path)/repository"))
      }
    }
  }

  @Test("paths that climb, links and devices are refused")
  func paths() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let bytes = try fixture.files.read(fixture.export("app@1.0.0"), maximumBytes: 1 << 24)
      let pi = try fixture.member("pi")
      let path = "\(fixture.directory)/climbing.tar"
      // The header of the first member, with another name, type and checksum.
      for (name, type, code) in [
        ("../../metadata/1.root.json", "0", ErrorCode.archivePathUnsafe),
        ("/metadata/1.root.json", "0", .archivePathUnsafe), ("metadata/1.root.json", "2", .archiveMemberUnsupported),
        ("metadata/1.root.json", "3", .archiveMemberUnsupported),
        ("metadata/1.root.json", "5", .archiveMemberUnsupported),
      ] {
        var header = Array(bytes[..<512])
        header.replaceSubrange(0..<100, with: Array(name.utf8) + [UInt8](repeating: 0, count: 100 - name.utf8.count))
        header[156] = type.utf8.first ?? 0
        if type == "2" { header.replaceSubrange(157..<160, with: Array("abc".utf8)) }
        header.replaceSubrange(148..<156, with: [UInt8](repeating: 32, count: 8))
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        let digits = String(repeating: "0", count: 6 - sum.count) + sum
        header.replaceSubrange(148..<156, with: Array("\(digits)\0 ".utf8))
        try fixture.files.perform(.write(path: path, bytes: header + bytes[512...], permissions: 0o644))
        #expect(errorCode { try fixture.importFile(path, into: pi) } == code, "\(name) \(type)")
        #expect(try fixture.held(pi).isEmpty)
      }
      #expect(errorCode { try fixture.importFile("\(fixture.directory)/missing.tar", into: pi) } == .notFound)
      #expect(errorCode { try fixture.importFile(fixture.directory, into: pi) } == .inputOutput)
    }
  }

  @Test("another fleet's release is refused, and a machine of none imports nothing")
  func strangers() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let path = try fixture.export("app@1.0.0")
      let stranger = Home("\(fixture.directory)/stranger")
      _ = try FleetFounder.found(
        home: stranger, fleetName: "test", nodeName: NodeName("stranger"), now: SystemClock.now())
      let context = try NodeContext(home: stranger)
      let timestamp = try context.repository().readMetadata("timestamp.json")
      #expect(errorCode { try fixture.importFile(path, into: context) } == .metadataUnsigned)
      #expect(try context.repository().readMetadata("timestamp.json") == timestamp)
      let nobody = try NodeContext(home: Home("\(fixture.directory)/nobody"))
      #expect(errorCode { try fixture.importFile(path, into: nobody) } == .fleetMissing)
    }
  }
}
