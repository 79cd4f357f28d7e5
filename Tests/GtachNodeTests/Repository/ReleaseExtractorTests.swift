import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

@Suite("Extracting")
struct ReleaseExtractorTests {
  @Test("whatever interrupts it, the directory is as it was", arguments: [true, false])
  func givenUp(isNew: Bool) throws {
    try TransferFixture.with { fixture in
      let packed = try fixture.publish("app@1.0.0")
      let extractor = ReleaseExtractor(try fixture.publisher())
      let release = try ReleaseID("app@1.0.0")
      let out = "\(fixture.directory)/out"
      if !isNew { try fixture.files.perform(.makeDirectory(out)) }
      func left() throws(GtachError) -> [String]? {
        try fixture.files.exists(out) ? try fixture.files.list(out) : nil
      }
      // As Ctrl-C does, when some files are there already.
      var seen: [String] = []
      let interruption = errorCode {
        try extractor.extract(release, platform: nil, into: out) { done, total throws(GtachError) in
          seen = try fixture.files.list(out)
          if done == total { throw GtachError(.cancelled, "stopped on request") }
        }
      }
      #expect(interruption == .cancelled)
      #expect(seen.contains("data"))
      #expect(try left() == (isNew ? nil : []))

      let layout = RepositoryLayout(home: try fixture.publisher().home.path)
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      let last = try #require(index.chunks.last)
      try fixture.files.perform([.remove(layout.objects), .remove(layout.chunk(last.digest))])
      #expect(
        errorCode { try extractor.extract(release, platform: nil, into: out) { _, _ in } } == .chunkMissing)
      #expect(try left() == (isNew ? nil : []))
      #expect(try fixture.held(fixture.publisher()).isEmpty)
    }
  }
}
