import GtachModel
import Testing

@testable import GtachCore

@Suite("The members of a release file")
struct ReleaseFileMemberTests {
  private static let digest = String(repeating: "ab", count: 32)

  @Test(arguments: [
    "metadata/1.root.json", "metadata/timestamp.json", "metadata/12.package-gtach-app.json",
    "packages/app/1.0.0/any/manifest.json", "packages/app/1.0.0-rc.1+b2/linux-arm64/manifest.json",
    "packages/app/1.0.0-rc.1+b2/linux-arm64/chunks.index", "chunks/" + digest,
  ])
  func aPathIsReadAndWrittenTheSame(path: String) {
    #expect(ReleaseFileMember(path: path)?.path == path)
  }

  @Test(arguments: [
    "", "metadata/", "metadata/../1.root.json", "metadata/01.root.json", "metadata/1.timestamp.json", "metadata/x",
    "./metadata/1.root.json", "packages/app/1.0.0/any/other.json", "packages/app/1.0.0/manifest.json",
    "packages/app/1.0/any/manifest.json", "packages/App/1.0.0/any/manifest.json", "packages/chunks.index",
    "packages/../1.0.0/any/chunks.index", "packages/app/1.0.0/any/deep/chunks.index", "chunks.index",
    "chunks/ab", "chunks/" + digest + "/x", "chunks/" + digest.uppercased(), "chunks/../" + digest, "objects/" + digest,
  ])
  func anythingElseIsNoMember(path: String) {
    #expect(ReleaseFileMember(path: path) == nil)
  }

  @Test func metadataComesBeforeWhatItListsAndThatBeforeChunks() throws {
    let parts = [
      "metadata/timestamp.json", "packages/app/1.0.0/any/manifest.json", "packages/app/1.0.0/any/chunks.index",
      "chunks/" + Self.digest,
    ].compactMap { ReleaseFileMember(path: $0)?.part }
    #expect(parts == [.metadata, .variants, .variants, .chunks])
    #expect(parts == parts.sorted())
    let names = [
      "timestamp.json", "2.package-b.json", "10.root.json", "2.root.json", "7.targets.json", "3.snapshot.json",
    ]
    #expect(
      names.compactMap { MetadataFileName($0) }.sorted().map(\.description)
        == ["2.root.json", "10.root.json", "timestamp.json", "3.snapshot.json", "7.targets.json", "2.package-b.json"])
  }
}
