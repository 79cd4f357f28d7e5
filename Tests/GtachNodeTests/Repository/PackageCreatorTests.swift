import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

@Suite("Packing")
struct PackageCreatorTests {
  @Test("a tree becomes a release that unpacks to the same tree")
  func roundTrip() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      #expect(try repository.variants().isEmpty)
      #expect(try !fixture.files.exists(fixture.home), "looking leaves no trace")
      let packed = try fixture.pack(into: repository, level: nil)
      #expect(try repository.variants().isEmpty, "nothing is visible before it is signed")
      try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)

      let variant = packed.manifest.variant
      #expect(variant.description == "app@1.0.0 (any)")
      #expect(try repository.variants() == [variant: SHA256().digest(of: packed.manifestBytes)])
      #expect(try repository.manifest(of: variant) == packed.manifest)
      #expect(packed.manifest.description.exclude == nil)
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      #expect(index.archiveSize == packed.manifest.archive.size)
      #expect(index.unitSize == 4096)
      let report = try repository.report(of: variant)
      #expect(report.chunks == index.objects.count && report.chunks > 3)
      #expect(report.objectBytes < 2_600_000)
      #expect(try repository.reports() == [report])
      #expect(try repository.reports(name: PackageName("other")).isEmpty)

      let out = "\(fixture.directory)/out"
      try fixture.files.perform(.makeDirectory(out))
      try repository.extract(variant, into: out)
      #expect(try fixture.files.list(out) == ["bin", "data", "gtach.json", "text"])
      for name in ["bin/run", "data", "text"] {
        let one = try fixture.files.read("\(fixture.tree)/\(name)", maximumBytes: 1 << 24)
        #expect(try fixture.files.read("\(out)/\(name)", maximumBytes: 1 << 24) == one)
      }
    }
  }

  @Test("no key of a gtach home is packed, and the home in use is not, unless they are excluded")
  func homes() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      for key in ["fleet/keys/targets.pem", "fleet/node-key.pem", "a/.home/fleet/keys/package-app.pem"] {
        let path = "\(fixture.tree)/\(key)"
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        try fixture.files.perform([.makeDirectory(parent), .write(path: path, bytes: [1], permissions: 0o600)])
        let error = thrownError { try fixture.pack(into: repository) }
        #expect(error?.code == .archiveMemberUnsupported && error?.message.contains(key) == true)
        #expect(error?.advice?.contains(key.hasPrefix("a/") ? "/a/.home/" : "/fleet/") == true)
        try fixture.files.perform(.remove(path))
      }
      // A copy of them has another path.
      let pem = Array(try Ed25519PrivateKey().pem().utf8)
      for (key, excluded) in [
        ("backup/keys/root.pem", "/backup/"), ("keys/package-app.pem", "/keys/"), ("timestamp.pem", "/timestamp.pem"),
        ("a/fleet-old/node-key.pem", "/a/fleet-old/"),
      ] {
        let path = "\(fixture.tree)/\(key)"
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        try fixture.files.perform([.makeDirectory(parent), .write(path: path, bytes: pem, permissions: 0o600)])
        let error = thrownError { try fixture.pack(into: repository) }
        #expect(error?.code == .archiveMemberUnsupported && error?.message.contains(key) == true)
        #expect(error?.advice == "exclude it: \"\(excluded)\"")
        try fixture.files.perform(.remove(path))
      }
      // Keys of others are the package's affair, and so are certificates.
      try fixture.files.perform([
        .write(path: "\(fixture.tree)/fleet/ca.pem", bytes: [1], permissions: 0o600),
        .write(path: "\(fixture.tree)/server.pem", bytes: pem, permissions: 0o600),
        .write(
          path: "\(fixture.tree)/authority.pem", bytes: Array("-----BEGIN CERTIFICATE-----".utf8), permissions: 0o644),
      ])
      _ = try fixture.pack(into: repository)

      let inside = try PackageRepository(home: "\(fixture.tree)/home")
      try fixture.files.perform(.makeDirectory(inside.layout.root))
      #expect(errorCode { try fixture.pack(into: inside) } == .archiveMemberUnsupported)
      let same = try PackageRepository(home: fixture.tree)
      #expect(errorCode { try fixture.pack(into: same) } == .archiveMemberUnsupported)
      let description = #"{"name": "app", "version": "1.0.0", "exclude": ["/home/"]}"#
      try fixture.files.perform(
        .write(path: "\(fixture.tree)/gtach.json", bytes: Array(description.utf8), permissions: 0o644))
      _ = try fixture.pack(into: inside)
    }
  }

  @Test("the same tree gives the same release: in another home, at another time, packed by another level too")
  func same() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      let first = try fixture.publish(into: repository)
      let other = try PackageRepository(home: "\(fixture.directory)/other")
      let again = try fixture.pack(into: other)
      #expect(again == first)
      let later = try fixture.pack(into: other, created: 1_800_000_000, level: 3)
      #expect(later.manifest.archive == first.manifest.archive)
      #expect(later != first)
      // Where it exists, it is what it was.
      #expect(try fixture.pack(into: repository, created: 1_800_000_000, level: 3) == first)
    }
  }

  @Test("a release never changes")
  func immutable() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      let first = try fixture.publish(into: repository)
      let other = try PackageRepository(home: "\(fixture.directory)/other")
      try fixture.writeTree(seed: 2)
      #expect(errorCode { try fixture.pack(into: repository) } == .releaseExists)
      // Other build metadata is no other release.
      try fixture.writeTree(version: "1.0.0+build.7", seed: 2)
      #expect(errorCode { try fixture.pack(into: repository) } == .releaseExists)
      // Not even by the back door.
      let changed = try fixture.publish(into: other)
      let index = try ChunkIndexCodec.decode(changed.indexBytes)
      try RepositoryFixture.transfer(
        index, numbers: try repository.lackingChunks(index: index).flatMap(\.objects), from: other, to: repository)
      #expect(
        errorCode {
          try repository.complete(manifest: changed.manifestBytes, index: changed.indexBytes)
        } == .releaseExists)
      #expect(try repository.variants().values.map(\.hex) == [SHA256().digest(of: first.manifestBytes).hex])
      // Another platform is another variant, another version another release.
      let arm = try fixture.pack(into: repository, platform: Platform("linux-arm64"))
      try repository.complete(manifest: arm.manifestBytes, index: arm.indexBytes)
      try fixture.writeTree(version: "1.0.1", seed: 2)
      _ = try fixture.publish(into: repository)
      #expect(try repository.variants().count == 3)
      #expect(
        try repository.reports().map(\.manifest.variant.description)
          == ["app@1.0.1 (any)", "app@1.0.0 (any)", "app@1.0.0+build.7 (linux-arm64)"])
    }
  }

  @Test("a manifest that was never signed gives way to one of the same archive that was")
  func unsigned() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      let other = try PackageRepository(home: "\(fixture.directory)/other")
      _ = try fixture.publish(into: repository)
      let listed = try fixture.pack(into: other, created: 1_800_000_000)
      try repository.complete(manifest: listed.manifestBytes, index: listed.indexBytes)
      #expect(try repository.variants() == [listed.manifest.variant: SHA256().digest(of: listed.manifestBytes)])
    }
  }

  @Test("what did not change between releases is encoded once")
  func reuse() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      let one = try ChunkIndexCodec.decode(try fixture.publish(into: repository).indexBytes)
      try fixture.writeTree(version: "1.1.0", seed: 2)
      var reading: [Int] = []
      var encoding: [Int] = []
      let packed = try PackageCreator(repository: repository).createPackage(
        source: fixture.tree, created: Timestamp(secondsSinceEpoch: 0)
      ) { progress in
        switch progress {
        case .unpacking: Issue.record("a directory was unpacked")
        case .reading(let done, let total): reading.append(done * 100 / total)
        case .encoding(let done, let total): encoding.append(done * 100 / total)
        }
      }
      let two = try ChunkIndexCodec.decode(packed.indexBytes)
      let full = two.objects.filter { $0.encoding == .full }
      let shared = Set(one.objects.map(\.id)).intersection(full.map(\.id)).count
      #expect((full.count - 2..<full.count).contains(shared))
      #expect(reading.last == 100 && reading == reading.sorted())
      #expect(encoding.last == 100 && encoding == encoding.sorted())
    }
  }

  @Test("name and version are enough, and a description may lie elsewhere")
  func descriptions() throws {
    try RepositoryFixture.with { fixture in
      try fixture.files.perform([
        .makeDirectory(fixture.tree), .write(path: "\(fixture.tree)/file", bytes: [1], permissions: 0o644),
      ])
      let creator = PackageCreator(repository: try fixture.repository())
      let now = Timestamp(secondsSinceEpoch: 0)
      func code(_ file: String? = nil) -> ErrorCode? {
        errorCode {
          try creator.createPackage(source: fixture.tree, descriptionFile: file, created: now)
        }
      }
      #expect(code() == .notFound)
      #expect(code("\(fixture.directory)/missing.json") == .notFound)
      #expect(
        errorCode {
          try creator.createPackage(source: "\(fixture.directory)/none", created: now)
        } == .notFound)
      let plain = try creator.createPackage(
        source: fixture.tree, name: PackageName("plain"), version: SemanticVersion("1.0.0"), created: now)
      #expect(plain.manifest.variant.description == "plain@1.0.0 (any)")
      func write(_ text: String) throws(GtachError) -> String {
        let path = "\(fixture.directory)/description.json"
        try fixture.files.perform(.write(path: path, bytes: Array(text.utf8), permissions: 0o644))
        return path
      }
      let elsewhere = try creator.createPackage(
        source: fixture.tree, version: SemanticVersion("3.0.0"),
        descriptionFile: write("{ \"name\": \"b\", \"version\": \"2.0.0\", \"author\": \"me\" }"), created: now)
      #expect(elsewhere.manifest.variant.description == "b@3.0.0 (any)")
      #expect(elsewhere.manifest.description.author == "me")
      #expect(elsewhere.manifest.archive == plain.manifest.archive)
      #expect(try code(write("{ \"name\": \"b\", \"version\": \"2.0.0\", \"nmae\": 1 }")) == .descriptionInvalid)
      #expect(
        try code(write("{ \"name\": \"b\", \"version\": \"2.0.0\", \"exclude\": [\"[x\"] }")) == .descriptionInvalid)
      let hook = "{ \"name\": \"b\", \"version\": \"2.0.0\", \"install\": { \"postInstall\": \"file\" } }"
      #expect(try code(write(hook)) == .descriptionInvalid)
      try fixture.files.perform(
        .write(path: "\(fixture.tree)/file", bytes: Array("#!/bin/sh\n".utf8), permissions: 0o755))
      #expect(try code(write(hook)) == nil)
      #expect(try code(write(hook.replacing("\"file\"", with: "\"../file\""))) == .descriptionInvalid)
      #expect(
        errorCode {
          try creator.createPackage(source: fixture.tree, level: 23, created: now)
        } == .usage)
    }
  }

  @Test("a tree that cannot be packed leaves nothing visible, and says which file it is")
  func badTrees() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      try fixture.files.perform(.makeSymbolicLink(at: "\(fixture.tree)/bin/out", to: "../../secret"))
      do throws(GtachError) {
        _ = try fixture.pack(into: repository)
        Issue.record("a link out of the tree was packed")
      } catch {
        #expect(error.code == .archivePathUnsafe)
        #expect(error.message.contains("bin/out"))
      }
      #expect(try repository.variants().isEmpty)
    }
  }

  @Test("a tree that changes while it is packed is refused, and what was stored of it is gone")
  func changingTrees() throws {
    try RepositoryFixture.with { fixture in
      let changes: [FileOperation] = [
        .write(path: "\(fixture.tree)/data", bytes: [1], permissions: 0o644),
        .write(path: "\(fixture.tree)/new", bytes: [1], permissions: 0o644), .remove("\(fixture.tree)/text"),
        .makeDirectory("\(fixture.tree)/more"),
      ]
      for change in changes {
        try fixture.files.perform(.remove(fixture.tree))
        try fixture.writeTree()
        let repository = try fixture.repository()
        var isChanged = false
        #expect(
          errorCode {
            try PackageCreator(repository: repository).createPackage(
              source: fixture.tree, level: 1, created: Timestamp(secondsSinceEpoch: 0)
            ) { (_) throws(GtachError) in
              if !isChanged { try fixture.files.perform(change) }
              isChanged = true
            }
          } == .busy)
        for place in [fixture.layout.chunks, fixture.layout.objects] where try fixture.files.exists(place) {
          for name in try fixture.files.list(place) { #expect(try fixture.files.list("\(place)/\(name)") == []) }
        }
      }
    }
  }
}
