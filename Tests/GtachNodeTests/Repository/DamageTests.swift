import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Damage, full disks and company")
struct DamageTests {
  @Test("a damaged chunk is quarantined, and made anew from its object")
  func repairedChunk() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let packed = try fixture.publish(into: try fixture.repository())
      let repository = try fixture.repository()
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      let path = fixture.layout.chunk(index.chunks[1].digest)
      let good = try fixture.files.read(path, maximumBytes: 1 << 24)
      var flipped = good
      flipped[flipped.count / 2] ^= 1
      let cases = [flipped, [], Array(good.dropLast()), [UInt8](repeating: 0, count: 3 << 20)]
      for damaged in cases {
        // Another file: the one that is there may be the object's as well.
        try fixture.files.perform([.remove(path), .write(path: path, bytes: damaged, permissions: 0o644)])
        #expect(try repository.lackingChunks(index: index).isEmpty)
        // Another frame, maybe, of the same bytes.
        let frame = Zstd.afterSkippable(try fixture.files.read(path, maximumBytes: 1 << 24)[...])
        let bytes = try Zstd.decompress(Array(frame), size: index.chunks[1].size)
        #expect(SHA256().digest(of: bytes) == index.chunks[1].digest)
      }
      #expect(try fixture.files.list(fixture.layout.quarantine).count == cases.count)
    }
  }

  @Test("a chunk that is damaged for good makes its release incomplete, and only that chunk is fetched again")
  func lostChunk() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let packed = try fixture.publish(into: try fixture.repository())
      let spare = try PackageRepository(home: "\(fixture.directory)/spare")
      _ = try fixture.pack(into: spare)
      let repository = try fixture.repository()
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      let object = index.objects[2]
      try fixture.damage(fixture.layout.chunk(index.chunks[object.chunk].digest))
      try fixture.damage(fixture.layout.object(object.id))

      let out = "\(fixture.directory)/out"
      try fixture.files.perform(.makeDirectory(out))
      let variant = packed.manifest.variant
      #expect(errorCode { try repository.extract(variant, into: out) } == .chunkMissing)
      #expect(try repository.variants().isEmpty)
      #expect(errorCode { try repository.unitList(object: object.id) } == .chunkMissing)
      #expect(try fixture.files.list(fixture.layout.quarantine).count == 3)

      #expect(try repository.lackingChunks(index: index).flatMap(\.objects) == [2])
      try RepositoryFixture.transfer(index, numbers: [2], from: spare, to: repository)
      try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
      try fixture.files.perform([.remove(out), .makeDirectory(out)])
      try repository.extract(variant, into: out)
    }
  }

  @Test("a damaged object is not served, but quarantined, whichever part of it is damaged")
  func damagedObject() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let packed = try fixture.publish(into: try fixture.repository())
      let repository = try fixture.repository()
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      for (number, position) in [0, 3, 6, 20, -1].enumerated() {
        let id = index.objects[number].id
        let count = try repository.unitList(object: id).digests.count
        let path = fixture.layout.object(id)
        var bytes = try fixture.files.read(path, maximumBytes: 1 << 24)
        bytes[position < 0 ? bytes.count + position : position] ^= 0x40
        try fixture.files.perform(.write(path: path, bytes: bytes, permissions: 0o644))
        #expect(errorCode { try repository.unit(object: id, number: count - 1) } == .chunkMissing)
        #expect(try !fixture.files.exists(path))
        #expect(errorCode { try repository.unitList(object: id) } == .chunkMissing)
      }
      // The chunks are here: nothing is missing.
      #expect(try repository.lackingChunks(index: index).isEmpty)
      #expect(try repository.variants().count == 1)
      let whole = index.objects[5].id
      let count = try repository.unitList(object: whole).digests.count
      for number in [-1, count] {
        #expect(errorCode { try repository.unit(object: whole, number: number) } == .notFound)
      }
    }
  }

  @Test("a damaged manifest or index makes a release incomplete, and it can be completed again")
  func damagedDescription() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      let packed = try fixture.publish(into: repository)
      let variant = packed.manifest.variant
      func complete() throws(GtachError) {
        try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
      }
      try fixture.damage(fixture.layout.index(of: variant))
      #expect(
        errorCode { try repository.indexBytes(digest: packed.manifest.index.digest) }
          == .notFound)
      #expect(try repository.variants().isEmpty)
      try complete()
      #expect(try repository.indexBytes(digest: packed.manifest.index.digest) == packed.indexBytes)

      try fixture.files.perform(
        .write(path: fixture.layout.manifest(of: variant), bytes: [0, 0, 0], permissions: 0o644))
      #expect(try repository.variants().isEmpty)
      #expect(
        errorCode {
          try repository.manifestBytes(digest: SHA256().digest(of: packed.manifestBytes))
        } == .notFound)
      try complete()
      #expect(try repository.variants().count == 1)
    }
  }

  @Test("a writer that was killed leaves nothing visible, and what it left is cleared away")
  func killed() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let layout = fixture.layout
      let packed: PackedRelease
      do {
        let repository = try fixture.repository()
        packed = try fixture.pack(into: repository)
      }
      #expect(try fixture.files.list(layout.incoming).isEmpty)
      // What a process would have done before it was killed: each beginning of the plan, on a real disk.
      let plan = StorePlan(layout: layout, workspace: "\(layout.incoming)/dead")
      let operations = plan.publish(
        packed.manifest.variant, manifest: packed.manifestBytes, index: packed.indexBytes, temporaryName: "p",
        replacing: [])
      for cut in operations.indices {
        try fixture.files.perform(
          [.makeDirectory(layout.incoming), .write(path: "\(plan.workspace).lock", bytes: [], permissions: 0o644)]
            + Array(operations[..<cut]))
        let repository = try fixture.repository()
        let wasRenamed = operations[..<cut].contains { if case .rename = $0 { true } else { false } }
        #expect(try repository.variants().count == (wasRenamed ? 1 : 0))
        try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
        #expect(try repository.variants().count == 1)
        try repository.writeMetadata(["timestamp.json": [1]], isPublisher: false)
        #expect(try !fixture.files.exists(plan.workspace))
        try fixture.files.perform(.remove(layout.packages))
      }
    }
  }

  @Test("several writers store and complete the same release at once, each thinking that it is alone")
  func company() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let source = try PackageRepository(home: "\(fixture.directory)/source")
      let packed = try fixture.publish(into: source)
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      let home = fixture.home
      let shared = try fixture.repository()
      let errors = Mailbox<GtachError>()
      let threads = try (0..<6).map { (number) throws(GtachError) in
        try WorkerThread(name: "writer \(number)") {
          do throws(GtachError) {
            // Half of them in one process, so to say, the others each in its own: locks tell by open files.
            let repository = number % 2 == 0 ? shared : try PackageRepository(home: home)
            let numbers = Array(index.objects.indices)
            try RepositoryFixture.transfer(
              index, numbers: number < 3 ? numbers : numbers.reversed(), from: source, to: repository)
            guard try repository.lackingChunks(index: index).isEmpty else {
              throw GtachError(.chunkMissing, "an object is missing")
            }
            try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
            try repository.writeMetadata(
              ["timestamp.json": [UInt8(number)], "\(number).root.json": [UInt8(number)]], isPublisher: false)
            guard try repository.contains(packed.manifest.variant) else {
              throw GtachError(.notFound, "the release is not visible")
            }
          } catch {
            errors.post(error)
          }
        }
      }
      for thread in threads { thread.join() }
      #expect(errors.receive(until: MonotonicClock.now()) == nil)
      #expect(try shared.variants().count == 1)
      #expect(try shared.metadataFiles().count == 7)
      #expect(try !fixture.files.exists(fixture.layout.quarantine))
      let out = "\(fixture.directory)/out"
      try fixture.files.perform(.makeDirectory(out))
      try shared.extract(packed.manifest.variant, into: out)
    }
  }

  @Test(
    "a full disk is said to be one, nothing half is visible, and with room again all goes on",
    .enabled(if: SmallDisk.isPossible, "needs root on Linux and the right to mount"))
  func fullDisk() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let source = try PackageRepository(home: "\(fixture.directory)/source")
      let packed = try fixture.publish(into: source)
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      try fixture.files.perform(.makeDirectory(fixture.home))
      // Half of what one release needs.
      let disk = try SmallDisk(at: fixture.home, kibibytes: 2000)
      defer { disk.unmount() }
      do {
        let repository = try fixture.repository()
        var stored = 0
        var codes: [ErrorCode?] = []
        for number in index.objects.indices {
          let code = errorCode {
            try RepositoryFixture.transfer(index, numbers: [number], from: source, to: repository)
          }
          if code == nil { stored += 1 } else { codes.append(code) }
        }
        #expect(stored > 0 && !codes.isEmpty)
        #expect(codes.allSatisfy { $0 == .diskFull })
        #expect(try repository.variants().isEmpty)
        #expect(try repository.lackingChunks(index: index).count == codes.count)
        #expect(
          errorCode {
            try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
          } == .chunkMissing)
        // No room for metadata either: the old timestamp stands.
        try disk.resize(kibibytes: 8000)
        try repository.writeMetadata(["timestamp.json": [1]], isPublisher: false)
        try fixture.files.perform(
          .write(path: "\(fixture.home)/ballast", bytes: [UInt8](repeating: 1, count: 2 << 20), permissions: 0o644))
        try disk.resize(kibibytes: 5500)
        #expect(
          errorCode {
            try repository.writeMetadata(
              ["timestamp.json": [2], "2.root.json": [UInt8](repeating: 1, count: 4 << 20)], isPublisher: false)
          } == .diskFull)
        #expect(try repository.readMetadata("timestamp.json") == [1])
        #expect(try repository.metadataFiles() == ["timestamp.json"])
        // Packing there fails in the same way, and what it began is cleared away.
        #expect(errorCode { try fixture.pack(into: repository) } == .diskFull)
        #expect(try repository.variants().isEmpty)
        for name in try fixture.files.list(fixture.layout.incoming) where !name.hasSuffix(".lock") {
          #expect(try fixture.files.list("\(fixture.layout.incoming)/\(name)") == [])
        }
        // So are the chunks and objects that no index names.
        for place in [fixture.layout.chunks, fixture.layout.objects] {
          for name in try fixture.files.list(place) { #expect(try fixture.files.list("\(place)/\(name)") == []) }
        }

        try disk.resize(kibibytes: 16_000)
        let missing = try repository.lackingChunks(index: index).flatMap(\.objects)
        try RepositoryFixture.transfer(index, numbers: missing, from: source, to: repository)
        try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
        #expect(try repository.variants().count == 1)
      }
    }
  }

  @Test(
    "a read-only disk is said to be one, and to read from it is no matter",
    .enabled(if: SmallDisk.isPossible, "needs root and mount"))
  func readOnlyDisk() throws {
    try RepositoryFixture.with { fixture in
      try fixture.files.perform(.makeDirectory("\(fixture.directory)/disk"))
      let disk = try SmallDisk(at: "\(fixture.directory)/disk", kibibytes: 16_000)
      defer { disk.unmount() }
      let inside = RepositoryFixture(directory: disk.path)
      try inside.writeTree()
      _ = try inside.pack(into: inside.repository())
      try disk.makeReadOnly()
      #expect(errorCode { try inside.pack(into: inside.repository()) } == .inputOutput)
      let packed = try PackageCreator(repository: fixture.repository()).createPackage(
        source: inside.tree, level: 1, created: Timestamp(secondsSinceEpoch: 0))
      #expect(packed.manifest.variant.description == "app@1.0.0 (any)")
    }
  }
}

/// A file system of a few kilobytes.
struct SmallDisk {
  let path: String

  init(at path: String, kibibytes: Int) throws(GtachError) {
    self.path = path
    try Self.run(["-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", path])
  }

  func resize(kibibytes: Int) throws(GtachError) {
    try Self.run(["-t", "tmpfs", "-o", "remount,size=\(kibibytes)k", "tmpfs", path])
  }

  func makeReadOnly() throws(GtachError) { try Self.run(["-o", "remount,ro", path]) }

  func unmount() {
    #if os(Linux)
      // Lazily: a workspace of the repository may still be closing.
      if umount2(path, Int32(MNT_DETACH)) != 0 { Issue.record("\(path) is still mounted") }
    #endif
  }

  /// Whether this machine can have one; tried, as root in a container often cannot.
  static let isPossible: Bool = {
    #if os(Linux)
      guard geteuid() == 0, let path = try? FileSystem().temporaryDirectory(prefix: "gtach-test-") else { return false }
      defer { try? FileSystem().perform(.remove(path)) }
      guard let disk = try? SmallDisk(at: path, kibibytes: 64) else { return false }
      disk.unmount()
      return true
    #else
      return false
    #endif
  }()

  private static func run(_ arguments: [String]) throws(GtachError) {
    let completion = try ChildProcess.run(
      executable: "/bin/mount", arguments: arguments, environment: [:], directory: "/",
      deadline: MonotonicClock.now().advanced(byMilliseconds: 30_000), maximumOutputBytes: 4096)
    guard completion.exit == .status(0) else {
      throw GtachError(.notPermitted, "cannot mount", reason: String(decoding: completion.output, as: UTF8.self))
    }
  }
}
