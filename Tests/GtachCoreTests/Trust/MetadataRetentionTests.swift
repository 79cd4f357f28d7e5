import GtachModel
import Testing

@testable import GtachCore

@Suite("How long metadata stays")
struct MetadataRetentionTests {
  private func files(_ versions: ClosedRange<Int>) -> [String] {
    versions.flatMap { version -> [String] in
      ["root", "snapshot", "targets", "package-app", "package-lib"].map { "\(version).\($0).json" }
    } + ["timestamp.json", "choices", "9.strange.json"]
  }

  @Test("of each role that has a new version the newest three stay, and all roots")
  func superseded() {
    let gone = MetadataRetention.superseded(
      by: ["7.snapshot.json", "7.targets.json", "6.package-app.json", "timestamp.json"], among: files(1...7),
      isPublisher: false)
    let expected: [String] =
      (1...4).flatMap { ["\($0).snapshot.json", "\($0).targets.json"] } + (1...3).map { "\($0).package-app.json" }
    #expect(Set(gone) == Set(expected))
    #expect(gone.count == expected.count)
  }

  @Test("where releases are published, what tells when they were signed stays")
  func publisher() {
    let gone = MetadataRetention.superseded(
      by: ["5.snapshot.json", "5.package-app.json"], among: files(1...5), isPublisher: true)
    #expect(Set(gone) == ["1.snapshot.json", "2.snapshot.json"])
  }

  @Test("with new keys versions may begin anew: what is higher stays")
  func begunAnew() {
    #expect(
      MetadataRetention.superseded(by: ["1.snapshot.json", "2.root.json"], among: files(1...9), isPublisher: false)
        .isEmpty)
  }
}
