import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

/// `gtach export` to a file and `gtach import` of it.
@Suite("Carrying a release in a file")
struct ReleaseFileTests {
  @Test("a machine that knows nothing but the root has the release afterwards, and what it lists")
  func sneakernet() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("other@3.0.0", seed: 5)
      let packed = try fixture.publish("app@1.0.0")
      let path = try fixture.export("app@1.0.0")
      let pi = try fixture.member("pi")
      let report = try fixture.importFile(path, into: pi)
      #expect(report.imported.map(\.release) == ["app@1.0.0"])
      #expect(report.imported.map(\.bytes) == [packed.manifest.archive.size])
      #expect(try fixture.held(pi) == ["app@1.0.0"])
      try fixture.expectSame("app@1.0.0", in: pi)
      // It believes what the publisher believes, also of what was not in the file.
      let trusted = try TrustedMetadata.load(from: pi.repository(), membership: pi.membership())
      #expect(trusted.isComplete && trusted.targets.count == 2 && trusted.timestampVersion == report.metadataVersion)
      // And it can hand it on.
      let second = "\(fixture.directory)/second.tar"
      _ = try ReleaseExporter(pi).exportFile(try ReleaseID("app@1.0.0"), to: second) { _, _ in }
      #expect(
        try fixture.files.read(second, maximumBytes: 1 << 24) == fixture.files.read(path, maximumBytes: 1 << 24))
      let third = try fixture.member("third")
      try fixture.importFile(second, into: third)
      try fixture.expectSame("app@1.0.0", in: third)
    }
  }

  @Test("every variant goes along, each chunk once")
  func variants() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0", seed: 1, platform: try Platform("linux-arm64"))
      try fixture.publish("app@1.0.0", seed: 2, platform: try Platform("linux-arm"))
      let path = try fixture.export("app@1.0.0")
      let paths = try fixture.members(of: path).map(\.path)
      #expect(paths.filter { $0.hasSuffix("chunks.index") }.count == 2)
      #expect(Set(paths).count == paths.count)
      let pi = try fixture.member("pi")
      #expect(try fixture.importFile(path, into: pi).imported.map(\.platform.text) == ["linux-arm", "linux-arm64"])
      #expect(try fixture.held(pi).count == 2)
    }
  }

  @Test("a file of older metadata brings its release, and rolls nothing back")
  func older() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let old = try fixture.export("app@1.0.0", to: "old.tar")
      try fixture.publish("app@1.1.0", seed: 2)
      let new = try fixture.export("app@1.1.0", to: "new.tar")
      let pi = try fixture.member("pi")
      let version = try fixture.importFile(new, into: pi).metadataVersion
      let timestamp = try pi.repository().readMetadata("timestamp.json")
      #expect(try fixture.importFile(old, into: pi).metadataVersion == version)
      #expect(try pi.repository().readMetadata("timestamp.json") == timestamp)
      #expect(try fixture.held(pi) == ["app@1.0.0", "app@1.1.0"])
      // In the other order the newer one replaces the older.
      let other = try fixture.member("other")
      let first = try fixture.importFile(old, into: other).metadataVersion
      #expect(try fixture.importFile(new, into: other).metadataVersion == version && first < version)
    }
  }

  @Test("importing what is here repairs what is damaged, and otherwise changes nothing")
  func again() throws {
    try TransferFixture.with { fixture in
      let packed = try fixture.publish("app@1.0.0")
      let path = try fixture.export("app@1.0.0")
      let pi = try fixture.member("pi")
      try fixture.importFile(path, into: pi)
      try fixture.importFile(path, into: pi)
      let layout = RepositoryLayout(home: pi.home.path)
      #expect(try !fixture.files.exists(layout.quarantine))
      let chunk = layout.chunk(try ChunkIndexCodec.decode(packed.indexBytes).chunks[1].digest)
      try fixture.files.perform(.write(path: chunk, bytes: [1, 2, 3], permissions: 0o644))
      try fixture.importFile(path, into: pi)
      try fixture.expectSame("app@1.0.0", in: pi)
    }
  }

  @Test("what is not here, not listed or damaged is not exported, and no half of a file stays")
  func refusedExport() throws {
    try TransferFixture.with { fixture in
      let packed = try fixture.publish("app@1.0.0")
      #expect(errorCode { try fixture.export("app@2.0.0") } == .notFound)
      let before = try fixture.files.list(fixture.directory)
      let release = try ReleaseID("app@1.0.0")
      let exporter = ReleaseExporter(try fixture.publisher())
      let path = "\(fixture.directory)/release.tar"
      // As Ctrl-C does.
      let interruption = errorCode {
        try exporter.exportFile(release, to: path) { done, _ throws(GtachError) in
          if done > 1_000_000 { throw GtachError(.cancelled, "stopped on request") }
        }
      }
      #expect(interruption == .cancelled)
      #expect(try fixture.files.list(fixture.directory) == before)
      let layout = RepositoryLayout(home: try fixture.publisher().home.path)
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      for directory in [layout.chunks, layout.objects] {
        try fixture.files.perform([.remove(directory), .makeDirectory(directory)])
      }
      #expect(!index.chunks.isEmpty)
      #expect(errorCode { try fixture.export("app@1.0.0") } == .chunkMissing)
      #expect(try fixture.files.list(fixture.directory) == before)
    }
  }
}
