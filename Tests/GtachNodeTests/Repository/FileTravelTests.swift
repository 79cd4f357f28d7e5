import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@testable import GtachNode

@Suite("Files on their way")
struct FileTravelTests {
  /// Asks one repository what another one would ask for, and gives the parts and what they arrive as.
  private func travel(
    _ request: SessionRequest, from source: PackageRepository, to target: PackageRepository
  ) throws -> (parts: [FilePart], bytes: [UInt8]) {
    let bases = target.bases(for: request)
    let pending = PendingRequest(request, bases: bases, fetch: nil)
    guard case .getFile(let question) = pending.message(id: 7) else {
      Issue.record("no question for a file")
      return ([], [])
    }
    let parts = try source.parts(of: question)
    var receiver = FileReceiver(bases: bases, maximumBytes: 1 << 20)
    for part in parts { try receiver.accept(part) }
    #expect(receiver.isWhole)
    return (parts, try receiver.bytes())
  }

  @Test("a second release costs little beside its objects: what is new in its metadata, its manifest and its index")
  func secondRelease() throws {
    try TransferFixture.with { fixture in
      let publisher = try fixture.publisher().repository()
      for number in 1...3 { try fixture.publish("app@1.\(number).0", seed: UInt64(number)) }
      let member = try fixture.member("pi").repository()
      for name in try publisher.metadataFiles() {
        try member.writeMetadata([name: publisher.readMetadata(name)], isPublisher: false)
      }
      let first = try #require(try publisher.variants().keys.max())
      let entry = try publisher.entry(of: first)
      let index = try publisher.index(of: first)
      try RepositoryFixture.transfer(index, numbers: Array(index.objects.indices), from: publisher, to: member)
      try member.complete(
        manifest: publisher.manifestBytes(digest: entry.digest), index: publisher.indexBytes(of: entry))

      let before = Set(try publisher.metadataFiles())
      let packed = try fixture.publish("app@1.4.0", seed: 4)
      // Another process packed it; the daemon hears of that before its peers do.
      #expect(try publisher.variants().count == 4)
      let variant = packed.manifest.variant
      let manifest = Manifest.Content(
        digest: SHA256().digest(of: packed.manifestBytes), size: packed.manifestBytes.count)
      var requests: [SessionRequest] = [.manifest(variant, manifest), .index(variant, packed.manifest.index)]
      for name in try publisher.metadataFiles() where !before.contains(name) || name == "timestamp.json" {
        requests.append(.metadata(name: name, maximumBytes: 1 << 20))
      }
      #expect(requests.count == 5)
      var (plain, cost) = (0, 0)
      for request in requests {
        let (parts, bytes) = try travel(request, from: publisher, to: member)
        cost += parts.reduce(0) { $0 + $1.encoded().count }
        plain += bytes.count
        switch request {
        case .manifest: #expect(bytes == packed.manifestBytes && parts[0].base == 1)
        case .index: #expect(bytes == packed.indexBytes && parts[0].base == 1)
        case .metadata(let name, _): #expect(try bytes == publisher.readMetadata(name))
        default: break
        }
      }
      let old = Set(index.chunks.map(\.digest))
      let changed = try ChunkIndexCodec.decode(packed.indexBytes).chunks.count { !old.contains($0.digest) }
      #expect(changed > 0)
      #expect(cost < 1000 + 80 * changed, "\(cost) bytes instead of \(plain), \(changed) chunks changed")
    }
  }

  @Test("a base that the other side lacks, or that is damaged, is no base")
  func bases() throws {
    try TransferFixture.with { fixture in
      let publisher = try fixture.publisher().repository()
      let older = try fixture.publish("app@1.0.0", seed: 1)
      let newer = try fixture.publish("app@2.0.0", seed: 2)
      let file = GetFile.File.index(newer.manifest.index.digest)
      let known = ShortDigest(older.manifest.index.digest)
      let unknown = ShortDigest(SHA256().digest(of: [1]))
      func base(_ bases: [ShortDigest]) throws -> Int {
        try #require(try publisher.parts(of: GetFile(id: 1, file: file, bases: bases)).first).base
      }
      #expect(try base([]) == 0)
      #expect(try base([unknown]) == 0)
      #expect(try base([unknown, known]) == 2)
      #expect(try base([known, unknown]) == 1)
      // A digest of another kind of file is none.
      #expect(try base([ShortDigest(SHA256().digest(of: older.manifestBytes))]) == 0)
      let path = publisher.layout.index(of: older.manifest.variant)
      try fixture.files.perform(.write(path: path, bytes: [1, 2, 3], permissions: 0o644))
      #expect(try base([known]) == 0)
    }
  }

  @Test("parts that do not belong together, are too many, or are no file are refused")
  func hostile() throws {
    let base = RepositoryFixture.noise(3000, seed: 1)
    let file = base + [1, 2, 3]
    let frame = try Zstd.compressBare(file[...], after: base, level: 19)
    #expect(frame.count < 100)
    func receive(_ parts: [FilePart], bases: [[UInt8]] = [[], base]) -> ErrorCode? {
      errorCode {
        var receiver = FileReceiver(bases: bases, maximumBytes: 4000)
        for part in parts { try receiver.accept(part) }
        #expect(receiver.isWhole)
        #expect(try receiver.bytes() == file)
      }
    }
    func part(
      _ bytes: some Collection<UInt8>, size: Int = 3003, total: Int? = nil, base: Int = 2
    ) -> FilePart {
      FilePart(id: 1, size: size, total: total ?? frame.count, base: base, bytes: Array(bytes))
    }
    #expect(receive([part(frame)]) == nil)
    #expect(receive(frame.map { part([$0]) }) == nil)
    #expect(receive([part(frame, base: 3)]) == .protocolViolation)
    #expect(receive([part(frame.prefix(5)), part(frame.dropFirst(5), base: 1)]) == .protocolViolation)
    #expect(receive([part(frame.prefix(5)), part(frame.dropFirst(5), size: 3002)]) == .protocolViolation)
    #expect(receive([part(frame.prefix(5)), part(frame.dropFirst(4))]) == .protocolViolation)
    #expect(receive([part(frame, size: 4001)]) == .frameOversize)
    #expect(receive([part(frame, total: 3003 + 11 + 1025)]) == .frameOversize)
    #expect(receive([part(frame, size: 3002)]) == .objectCorrupt)
    // After other bytes a frame may yield something: what it should be, the file's own hash says.
    var misled = FileReceiver(bases: [[], RepositoryFixture.noise(3000, seed: 2)], maximumBytes: 4000)
    try misled.accept(part(frame))
    #expect((try? misled.bytes()) != file)
  }
}
