import GtachModel
import Testing

@testable import GtachCore

@Suite("Metadata that is handed over as files")
struct MetadataHandoverTests {
  private func handOver(
    _ files: [String: [UInt8]], to trusted: TrustedMetadata, now: Timestamp = TestFleet.start
  ) -> MetadataHandover {
    trusted.handedOver(files, now: now, checking: TestFleet.checking, hashing: TestFleet.hashing)
  }

  private func refusal(_ handover: MetadataHandover) -> ErrorCode? {
    if case .refused(let error, _) = handover { error.code } else { nil }
  }

  @Test func aMachineThatKnowsOnlyTheRootLearnsAll() throws {
    let fleet = try TestFleet(publishing: ["app/1.0.0/any", "other/2.0.0/any"])
    guard case .accepted(let trusted, let files) = try handOver(fleet.files, to: fleet.joined()) else {
      Issue.record("it was not accepted")
      return
    }
    #expect(trusted.isComplete)
    #expect(trusted.targets.count == 2)
    // What is stored leads to the same.
    #expect(try TestFleet.load(files, pinnedRoot: fleet.pinnedRoot).targets == trusted.targets)
  }

  @Test func whatIsTrustedAlreadyAddsNothing() throws {
    let fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    guard case .accepted(let trusted, let files) = try handOver(fleet.files, to: fleet.trusted()) else {
      Issue.record("it was not accepted")
      return
    }
    #expect(files.isEmpty)
    #expect(try trusted.targets == fleet.trusted().targets)
  }

  @Test func olderMetadataChangesNothing() throws {
    var fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let old = fleet.files
    try fleet.publish("app/1.1.0/any")
    guard case .older(let roots) = try handOver(old, to: fleet.trusted()) else {
      Issue.record("it is older")
      return
    }
    #expect(roots.isEmpty)
  }

  @Test func aNewTimestampOverAnOldSnapshotIsRefused() throws {
    var fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let old = fleet.files
    try fleet.publish("app/1.1.0/any")
    let trusted = try fleet.trusted()
    // Files of two times that do not belong together.
    var mixed = old
    mixed["timestamp.json"] = fleet.files["timestamp.json"]
    #expect(try refusal(handOver(mixed, to: fleet.joined())) == .metadataMissing)
    try fleet.publish("app/1.2.0/any")
    let newer = fleet.newestName(.snapshot)
    var swapped = fleet.files
    swapped[newer] = old[old.keys.filter { $0.hasSuffix(".snapshot.json") }.max() ?? ""]
    #expect(refusal(handOver(swapped, to: trusted)) == .metadataMismatch)
  }

  @Test func anotherFleetsMetadataIsRefused() throws {
    let fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    var stranger = try TestFleet()
    for role in [MetadataRole.root, .timestamp, .snapshot, .targets] { stranger.keys[role] = [TestSigner("x-\(role)")] }
    let signers = stranger.signers
    stranger.files = try MetadataPublisher.makeFleet(
      name: "stranger", signers: { role in signers(role) }, now: TestFleet.start, hashing: TestFleet.hashing)
    #expect(try refusal(handOver(stranger.files, to: fleet.joined())) == .metadataUnsigned)
    #expect(try refusal(handOver([:], to: fleet.joined())) == .metadataMissing)
  }

  @Test func expiredMetadataIsRefused() throws {
    let fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let years = Timestamp(secondsSinceEpoch: TestFleet.start.secondsSinceEpoch + 3 * 366 * 86_400)
    #expect(try refusal(handOver(fleet.files, to: fleet.joined(), now: years)) == .metadataExpired)
  }

  @Test func aChangeOfKeysLastsWhateverFollows() throws {
    var fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let trusted = try fleet.trusted()
    try fleet.rotate(.root, to: [TestSigner("new root")])
    // The old timestamp still counts, as its keys did not change; then what it names is gone.
    guard case .accepted(let newer, let files) = handOver(fleet.files, to: trusted) else {
      Issue.record("it was not accepted")
      return
    }
    #expect(newer.rootVersion == 2 && Array(files.keys) == ["2.root.json"])
    try fleet.publish("app/1.1.0/any")
    fleet.files[fleet.newestName(.snapshot)] = nil
    guard case .refused(let error, let roots) = handOver(fleet.files, to: trusted) else {
      Issue.record("it was not refused")
      return
    }
    #expect(error.code == .metadataMissing && Array(roots.keys) == ["2.root.json"])
  }
}
