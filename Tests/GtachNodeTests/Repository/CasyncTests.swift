import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

/// casync's format without casync; `scripts/test-interop.sh` has the real one.
@Suite("A store of casync")
struct CasyncTests {
  private func exportStore(_ release: String, _ fixture: TransferFixture) throws(GtachError) -> String {
    let directory = "\(fixture.directory)/casync"
    _ = try ReleaseExporter(fixture.publisher()).exportStore(try ReleaseID(release), to: directory) { _, _ in }
    return directory
  }

  /// The archive, as whoever knows only casync's format restores it.
  private func restored(_ index: String, in directory: String, _ fixture: TransferFixture) throws -> [UInt8] {
    let index = try CasyncIndex(fixture.files.read("\(directory)/\(index)", maximumBytes: 1 << 20))
    var archive: [UInt8] = []
    for chunk in index.chunks { archive += try CasyncStore(path: "\(directory)/default.castr").read(chunk) }
    return archive
  }

  /// Cuts an archive anew, as casync does not care where gtach cut it.
  private func recut(_ archive: [UInt8], every size: Int, into directory: String, _ fixture: TransferFixture) throws {
    let store = CasyncStore(path: "\(directory)/default.castr")
    try fixture.files.perform(.makeDirectory(directory))
    var chunks: [ChunkIndex.Chunk] = []
    for start in stride(from: 0, to: archive.count, by: size) {
      let bytes = Array(archive[start..<min(start + size, archive.count)])
      chunks.append(ChunkIndex.Chunk(digest: SHA256().digest(of: bytes), size: bytes.count))
      try store.write(chunks[chunks.count - 1], bytes, level: 1)
    }
    try fixture.files.perform(
      .write(path: "\(directory)/any-name.caibx", bytes: CasyncIndex(chunks: chunks).bytes, permissions: 0o644))
  }

  @Test("what is exported restores the archive, and comes in again")
  func roundTrip() throws {
    try TransferFixture.with { fixture in
      let packed = try fixture.publish("app@1.0.0")
      let directory = try exportStore("app@1.0.0", fixture)
      #expect(
        try fixture.files.list(directory) == ["app-1.0.0.caibx", "app-1.0.0.release.tar", "default.castr"])
      let archive = try restored("app-1.0.0.caibx", in: directory, fixture)
      #expect(SHA256().digest(of: archive) == packed.manifest.archive.digest)
      let pi = try fixture.member("pi")
      let report = try fixture.importStore(directory, into: pi)
      #expect(report.imported.map(\.release) == ["app@1.0.0"] && report.ignored.isEmpty)
      try fixture.expectSame("app@1.0.0", in: pi)
    }
  }

  @Test("several releases share a store, and one of them may be asked for")
  func several() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0", seed: 1)
      let old = try exportStore("app@1.0.0", fixture)
      try fixture.publish("app@1.1.0+b7", seed: 2)
      let directory = try exportStore("app@1.1.0", fixture)
      try fixture.publish("other@1.0.0", seed: 3, platform: try Platform("linux-arm64"))
      _ = try exportStore("other@1.0.0", fixture)
      #expect(old == directory)
      #expect(
        try fixture.files.list(directory).filter { $0.hasSuffix(".caibx") }
          == ["app-1.0.0.caibx", "app-1.1.0+b7.caibx", "other-1.0.0_linux-arm64.caibx"])
      #expect(
        try fixture.files.list(directory).filter { $0.hasSuffix(".release.tar") }
          == ["app-1.0.0.release.tar", "app-1.1.0+b7.release.tar", "other-1.0.0.release.tar"])
      let one = try fixture.member("one")
      #expect(try fixture.importStore(directory, release: "app@1.1.0", into: one).ignored.count == 2)
      #expect(try fixture.held(one) == ["app@1.1.0+b7"])
      let all = try fixture.member("all")
      #expect(try fixture.importStore(directory, into: all).ignored.isEmpty)
      #expect(try fixture.held(all) == ["app@1.0.0", "app@1.1.0+b7", "other@1.0.0"])
      try fixture.expectSame("app@1.0.0", in: all)
      #expect(errorCode { try fixture.importStore(directory, release: "app@9.0.0", into: one) } == .notFound)
    }
  }

  @Test("an archive that was cut elsewhere comes in all the same", arguments: [30_011, 700_001, 6_000_000])
  func recut(size: Int) throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let directory = try exportStore("app@1.0.0", fixture)
      let archive = try restored("app-1.0.0.caibx", in: directory, fixture)
      let own = "\(fixture.directory)/own"
      try recut(archive, every: size, into: own, fixture)
      let pi = try fixture.member("pi")
      // Nothing describes what it is.
      #expect(errorCode { try fixture.importStore(own, release: "app@1.0.0", into: pi) } == .notFound)
      #expect(errorCode { try fixture.importStore(own, into: pi) } == .manifestUnlisted)
      try fixture.files.perform(
        .rename(from: "\(directory)/app-1.0.0.release.tar", to: "\(own)/app-1.0.0.release.tar"))
      try fixture.importStore(own, into: pi)
      try fixture.expectSame("app@1.0.0", in: pi)
      // Where the release is here, it describes itself, and is repaired.
      try fixture.files.perform(.remove("\(own)/app-1.0.0.release.tar"))
      let layout = RepositoryLayout(home: pi.home.path)
      try fixture.files.perform([.remove(layout.chunks), .makeDirectory(layout.chunks)])
      try fixture.importStore(own, into: pi)
      try fixture.expectSame("app@1.0.0", in: pi)
    }
  }

  @Test("of releases with the same archive, the one comes in that the index is named after, and each comes in once")
  func sameArchive() throws {
    try TransferFixture.with { fixture in
      // Here already, and nobody asks for it.
      try fixture.publish("another@1.0.0")
      let pi = try fixture.member("pi")
      try fixture.importFile(fixture.export("another@1.0.0"), into: pi)
      for release in ["app@1.0.3", "app@1.0.5"] { try fixture.publish(release) }
      let directory = try exportStore("app@1.0.3", fixture)
      _ = try exportStore("app@1.0.5", fixture)
      let one = try fixture.importStore(directory, release: "app@1.0.3", into: pi)
      #expect(one.imported.map(\.release) == ["app@1.0.3"])
      #expect(try fixture.held(pi) == ["another@1.0.0", "app@1.0.3"])
      #expect(try fixture.importStore(directory, into: pi).imported.map(\.release) == ["app@1.0.3", "app@1.0.5"])
      try fixture.expectSame("app@1.0.5", in: pi)

      // An index that has nobody's name is all that release files describe.
      for release in ["app-1.0.3", "app-1.0.5"] {
        let path = "\(directory)/\(release).caibx"
        try fixture.files.perform(
          release == "app-1.0.3" ? .rename(from: path, to: "\(directory)/any.caibx") : .remove(path))
      }
      let other = try fixture.member("other")
      try fixture.importFile(fixture.export("another@1.0.0"), into: other)
      #expect(try fixture.importStore(directory, into: other).imported.map(\.release) == ["app@1.0.3", "app@1.0.5"])
      #expect(try fixture.held(other) == ["another@1.0.0", "app@1.0.3", "app@1.0.5"])
    }
  }

  @Test("an archive of the same length that nobody signed does not come in")
  func forged() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let directory = try exportStore("app@1.0.0", fixture)
      var archive = try restored("app-1.0.0.caibx", in: directory, fixture)
      archive[archive.count / 2] ^= 1
      try recut(archive, every: 200_000, into: directory, fixture)
      try fixture.files.perform(.remove("\(directory)/app-1.0.0.caibx"))
      let pi = try fixture.member("pi")
      #expect(errorCode { try fixture.importStore(directory, into: pi) } == .manifestUnlisted)
      #expect(try fixture.held(pi).isEmpty)
    }
  }

  @Test("chunks that are missing, damaged or compressed otherwise are named, and exporting again repairs the store")
  func damaged() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let directory = try exportStore("app@1.0.0", fixture)
      let index = try CasyncIndex(fixture.files.read("\(directory)/app-1.0.0.caibx", maximumBytes: 1 << 20))
      let hex = index.chunks[1].digest.hex
      let path = "\(directory)/default.castr/\(hex.prefix(4))/\(hex).cacnk"
      let good = try fixture.files.read(path, maximumBytes: 1 << 24)
      let pi = try fixture.member("pi")
      func error(_ content: [UInt8]) throws -> GtachError? {
        try fixture.files.perform([.remove(path), .write(path: path, bytes: content, permissions: 0o444)])
        let error = thrownError { try fixture.importStore(directory, into: pi) }
        #expect(try fixture.held(pi).isEmpty)
        return error
      }
      var flipped = good
      flipped[flipped.count / 2] ^= 1
      #expect(try error(flipped)?.code == .chunkCorrupt)
      #expect(try error([])?.code == .chunkCorrupt)
      #expect(try error(good + good)?.code == .chunkCorrupt)
      #expect(try error(Zstd.compress([UInt8](repeating: 0, count: 64 << 20), level: 1))?.code == .chunkCorrupt)
      #expect(try error([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0])?.reason?.contains("xz") == true)
      try fixture.files.perform(.remove(path))
      #expect(errorCode { try fixture.importStore(directory, into: pi) } == .chunkMissing)
      _ = try exportStore("app@1.0.0", fixture)
      #expect(try fixture.files.read(path, maximumBytes: 1 << 24) == good)
      try fixture.importStore(directory, into: pi)
      #expect(try fixture.held(pi) == ["app@1.0.0"])
    }
  }

  @Test("an index that cannot be read is named where it is the only one, and left alone beside others")
  func unreadable() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let directory = try exportStore("app@1.0.0", fixture)
      let pi = try fixture.member("pi")
      try fixture.files.perform(.write(path: "\(directory)/foreign.caibx", bytes: [1, 2], permissions: 0o644))
      #expect(try fixture.importStore(directory, into: pi).ignored == ["foreign.caibx"])
      try fixture.files.perform(.remove("\(directory)/app-1.0.0.caibx"))
      #expect(errorCode { try fixture.importStore(directory, into: pi) } == .indexCorrupt)
      try fixture.files.perform(.remove("\(directory)/foreign.caibx"))
      #expect(errorCode { try fixture.importStore(directory, into: pi) } == .notFound)
    }
  }

  @Test("an export that is given up leaves no index")
  func interrupted() throws {
    try TransferFixture.with { fixture in
      try fixture.publish("app@1.0.0")
      let directory = "\(fixture.directory)/casync"
      let exporter = ReleaseExporter(try fixture.publisher())
      let code = errorCode {
        try exporter.exportStore(try ReleaseID("app@1.0.0"), to: directory) { done, _ throws(GtachError) in
          if done > 1_000_000 { throw GtachError(.cancelled, "stopped on request") }
        }
      }
      #expect(code == .cancelled)
      #expect(try fixture.files.list(directory) == ["default.castr"])
      _ = try exportStore("app@1.0.0", fixture)
      #expect(try fixture.files.list(directory).count == 3)
    }
  }
}
