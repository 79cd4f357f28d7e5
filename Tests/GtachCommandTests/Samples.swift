import GtachModel

@testable import GtachCommand

/// Reports to render.
enum Samples {
  static let id = NodeID(hex: "8b2053ef00112233445566778899aabb") ?? NodeID(publicKey: [], hashing: NoHash())
  static let fleetID = NodeID(hex: "c0ffee0000112233445566778899aabb") ?? NodeID(publicKey: [], hashing: NoHash())

  struct NoHash: Hashing {
    func digest(of bytes: ArraySlice<UInt8>) -> Digest { Samples.digest(0) }
  }

  static func digest(_ byte: UInt8) -> Digest {
    guard let digest = Digest(Array(repeating: byte, count: Digest.byteCount)) else { preconditionFailure() }
    return digest
  }

  static func release(
    _ name: String, _ version: String, platform: String = "any", about: String? = nil, size: Int = 1_234_567
  ) throws -> ReleaseReport {
    var description = PackageDescription(name: try PackageName(name), version: try SemanticVersion(version))
    description.description = about
    let manifest = Manifest(
      description: description, platform: try Platform(platform), created: Timestamp(secondsSinceEpoch: 1_795_000_000),
      archive: .init(digest: digest(0xAA), size: size), index: .init(digest: digest(0xBB), size: 100))
    return ReleaseReport(manifest: manifest, chunks: 5, objectBytes: size / 3)
  }

  static let selfTest = SelfTestReport(
    results: [
      .init(
        check: .loopback(output: "GPIO17", input: "GPIO27"), expected: "0 1", actual: "0 1", passed: true,
        milliseconds: 12),
      .init(
        check: .level(line: "GPIO4", expect: 1, bias: .pullUp), expected: "GPIO4 = 1", actual: "0", passed: false,
        milliseconds: 1),
      .init(
        check: .consumer(line: "GPIO19", heldBy: "backlight"), expected: "held by backlight", actual: "not there",
        passed: false, code: "gpio-line-missing", milliseconds: 2500),
    ], mock: true)

  static func update(success: Bool) throws -> UpdateResult {
    UpdateResult(
      name: try PackageName("gtach-app"), version: try SemanticVersion("0.5.0"), success: success,
      message: success ? "installed" : "the self-test failed", rollbackPerformed: !success,
      validationErrors: success ? [] : [ErrorReport(GtachError(.selfTestFailed, "GPIO4 = 1", reason: "read 0"))],
      backupLocation: "/home/pi/.gtach/apps/releases/gtach-app/0.4.0", selfTest: success ? nil : selfTest)
  }

  static func fetch() throws -> SyncReport.Fetch {
    .init(
      release: "gtach-app@0.5.0", platform: .any,
      shares: [.init(peer: "pi-2", bytes: 400_000), .init(peer: "mac", bytes: 811_111)], reusedBytes: 23_000,
      milliseconds: 1234)
  }

  static func peers() throws -> [PeerReport] {
    [
      PeerReport(
        id: id, name: "pi-2", endpoints: [try Endpoint("192.168.1.12:7420"), try Endpoint("[fe80::1%wlan0]:7420")],
        sources: [.mdns, .remembered], state: .connected, metadataVersion: 12, variants: 4, receivedBytes: 811_111,
        error: nil),
      PeerReport(
        id: nil, name: nil, endpoints: [try Endpoint("192.168.1.99:7420")], sources: [.manual], state: .unreachable,
        metadataVersion: nil, variants: nil, receivedBytes: 0,
        error: ErrorReport(
          GtachError(.peerUnreachable, "192.168.1.99:7420 cannot be reached", reason: "No route to host"))
      ),
    ]
  }

  static func status(installed: Bool = true) throws -> StatusReport {
    StatusReport(
      node: "pi-1", id: id, fleet: "workshop", fleetID: fleetID, platform: try Platform("linux-arm64"),
      home: "/home/pi/.gtach", daemon: true, listening: try Endpoint("[::]:7420"), discovery: "advertising", peers: 3,
      metadataVersion: 12, variants: 4,
      installed: installed
        ? [
          .init(
            name: try PackageName("gtach-app"), version: try SemanticVersion("0.4.0"),
            previous: try SemanticVersion("0.3.0"), refused: [try SemanticVersion("0.5.0")], held: true,
            selfTest: selfTest)
        ] : [])
  }
}
