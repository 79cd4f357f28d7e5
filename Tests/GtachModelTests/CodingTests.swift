import GtachModel
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What is written as JSON reads back, and what people write wrongly is refused.
@Suite struct CodingTests {
  private func decode<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(json.utf8))
  }

  private func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  @Test(arguments: [
    (
      #"{"gpio.loopback":{"input":"GPIO27","output":"GPIO17"}}"#,
      SelfTestCheck.loopback(output: "GPIO17", input: "GPIO27")
    ),
    (
      #"{"gpio.level":{"bias":"pull-up","expect":1,"line":"GPIO4"}}"#,
      .level(line: "GPIO4", expect: 1, bias: .pullUp)
    ),
    (
      #"{"gpio.edges":{"atLeast":10,"line":"GPIO22","withinMilliseconds":1000}}"#,
      .edges(line: "GPIO22", atLeast: 10, withinMilliseconds: 1000)
    ),
    (#"{"gpio.consumer":{"heldBy":"backlight","line":"GPIO19"}}"#, .consumer(line: "GPIO19", heldBy: "backlight")),
    (#"{"path":{"exists":"/dev/fb0","kind":"character-device"}}"#, .path(exists: "/dev/fb0", kind: .characterDevice)),
    (#"{"path":{"exists":"/dev/fb0"}}"#, .path(exists: "/dev/fb0", kind: nil)),
    (
      #"{"tcp":{"host":"::1","port":8080,"withinSeconds":5}}"#,
      .tcp(Endpoint(host: "::1", port: 8080), withinSeconds: 5)
    ),
    (#"{"service":{"stableSeconds":3,"unit":"ssh.service"}}"#, .service(unit: "ssh.service", stableSeconds: 3)),
    (
      #"{"command":{"run":["bin/check","-v"],"timeoutSeconds":5}}"#,
      .command(run: ["bin/check", "-v"], timeoutSeconds: 5)
    ),
  ])
  func checksReadBack(json: String, check: SelfTestCheck) throws {
    #expect(try decode(SelfTestCheck.self, json) == check)
    #expect(try encode(check) == json)
  }

  @Test func checksHaveDefaults() throws {
    #expect(
      try decode(SelfTestCheck.self, #"{"tcp":{"port":80}}"#)
        == .tcp(Endpoint(host: "127.0.0.1", port: 80), withinSeconds: 10))
    #expect(try decode(SelfTestCheck.self, #"{"service":{}}"#) == .service(unit: nil, stableSeconds: 5))
    #expect(
      try decode(SelfTestCheck.self, #"{"gpio.level":{"line":"GPIO4","expect":0}}"#)
        == .level(line: "GPIO4", expect: 0, bias: .asIs))
    #expect(
      try decode(SelfTestCheck.self, #"{"command":{"run":["bin/check"]}}"#)
        == .command(run: ["bin/check"], timeoutSeconds: 10))
  }

  @Test(arguments: [
    #"{"service":{"unit":"ssh"}}"#, #"{"service":{"unit":"-h.service"}}"#, #"{"service":{"unit":"a b.service"}}"#,
    #"{"service":{"stableSeconds":0}}"#, #"{"tcp":{"port":0}}"#, #"{"tcp":{"port":80,"host":""}}"#,
    #"{"tcp":{"port":80,"withinSeconds":601}}"#,
    "{}", "[]", #""path""#, #"{"gpio.magic":{}}"#, #"{"path":{"exists":"/a"},"command":{"run":["a"]}}"#,
    #"{"gpio.level":{"line":"GPIO4","expect":2}}"#, #"{"gpio.level":{"line":"GPIO4","expect":-1}}"#,
    #"{"gpio.level":{"line":"GPIO4","expect":"1"}}"#, #"{"gpio.level":{"expect":1}}"#,
    #"{"gpio.level":{"line":"GPIO4","expect":1,"bias":"sideways"}}"#,
    #"{"gpio.edges":{"line":"GPIO22","atLeast":0,"withinMilliseconds":10}}"#,
    #"{"gpio.edges":{"line":"GPIO22","atLeast":1,"withinMilliseconds":0}}"#,
    #"{"gpio.edges":{"line":"GPIO22","atLeast":1,"withinMilliseconds":600001}}"#,
    #"{"gpio.edges":{"line":"GPIO22","atLeast":1.5,"withinMilliseconds":10}}"#,
    #"{"gpio.loopback":{"output":"GPIO17"}}"#, #"{"path":{"kind":"file"}}"#, #"{"path":{"exists":"/a","kind":"fifo"}}"#,
    #"{"command":{"run":[]}}"#, #"{"command":{"run":["a"],"timeoutSeconds":0}}"#,
    #"{"command":{"run":["a"],"timeoutSeconds":601}}"#, #"{"command":{"run":"a"}}"#,
  ])
  func refusesWrongChecks(json: String) {
    #expect(throws: DecodingError.self) { try decode(SelfTestCheck.self, json) }
  }

  private func manifest() throws -> Manifest {
    let digest = try #require(Digest(Array(repeating: 0xAB, count: 32)))
    var description = PackageDescription(
      name: try PackageName("gtach-app"), version: try SemanticVersion("1.2.0-rc.1+b"))
    description.description = "A tachometer"
    description.platforms = [.init(os: "linux", arch: "arm64", model: "Raspberry Pi Zero 2*")]
    description.dependencies = [try PackageName("hyperpixel"): try VersionRange(" ^1.2 ")]
    description.install = .init(preInstall: "bin/pre", postInstall: "bin/post", timeoutSeconds: 60)
    description.selfTest = [.level(line: "GPIO4", expect: 1, bias: .pullUp)]
    return Manifest(
      description: description, platform: try Platform("linux-arm64"),
      created: Timestamp(secondsSinceEpoch: 1_763_645_640),
      archive: .init(digest: digest, size: 10_240), index: .init(digest: digest, size: 99))
  }

  @Test func manifestsReadBackAndNameTheirVariant() throws {
    let manifest = try manifest()
    let bytes = try manifest.json()
    #expect(try Manifest(json: bytes) == manifest)
    #expect(try manifest.json() == bytes)
    #expect(manifest.variant.targetPath == "gtach-app/1.2.0-rc.1+b/linux-arm64/manifest.json")
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains(#""created":"2025-11-20T13:34:00Z""#))
    #expect(text.contains(#""dependencies":{"hyperpixel":" ^1.2 "}"#))
    #expect(text.contains(#""version":"1.2.0-rc.1+b""#))
  }

  @Test func dependenciesOfAPlatformStandBesideThoseOfAll() throws {
    let json = #"{"a":"^1","linux-arm64":{"a":"^2","b":"*"}}"#
    let dependencies = try decode(Dependencies.self, json)
    #expect(try dependencies.on(Platform("linux-armv7")) == [PackageName("a"): VersionRange("^1")])
    #expect(
      try dependencies.on(Platform("linux-arm64"))
        == [PackageName("a"): VersionRange("^2"), PackageName("b"): VersionRange("*")])
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(String(decoding: try encoder.encode(dependencies), as: UTF8.self) == json)
    for wrong in [#"{"any":{}}"#, #"{"linux":{}}"#, #"{"a":1}"#, #"{"linux-arm64":{"a":{}}}"#, "[]"] {
      #expect((try? decode(Dependencies.self, wrong)) == nil)
    }
  }

  @Test(arguments: [
    (#""gtach-app""#, #""../etc""#), (#""gtach-app""#, #""Gtach""#), (#""1.2.0-rc.1+b""#, #""1.2""#),
    (#""linux-arm64""#, #""../..""#), ("2025-11-20T13:34:00Z", "yesterday"), (#"" ^1.2 ""#, #""!=1""#),
    (#""hyperpixel""#, #""Hyper/pixel""#), ("10240", #""10240""#), ("abab", "zzzz"), ("10240", "1e99"),
  ])
  func refusesWrongManifests(part: String, replacement: String) throws {
    let text = String(decoding: try manifest().json(), as: UTF8.self)
    let changed = text.replacing(part, with: replacement, maxReplacements: 1)
    try #require(changed != text)
    #expect { try Manifest(json: Array(changed.utf8)) } throws: { ($0 as? GtachError)?.code == .manifestCorrupt }
  }

  @Test func refusesManifestsThatAreNone() throws {
    for text in ["", "{", "[]", "null", "{}"] {
      #expect { try Manifest(json: Array(text.utf8)) } throws: { ($0 as? GtachError)?.code == .manifestCorrupt }
    }
    let large = Array(repeating: UInt8(ascii: " "), count: Manifest.maximumBytes) + (try manifest().json())
    #expect { try Manifest(json: large) } throws: { ($0 as? GtachError)?.code == .manifestCorrupt }
  }

  @Test func configurationsAreReadByTheirOwner() throws {
    let configuration = try decode(
      NodeConfiguration.self,
      #"{"listen":"0.0.0.0:7421","peers":["192.168.1.20:7420"],"autoInstall":{"gtach-app":"^0.4"},"autoUpdate":["minor"],"gpio":{"mayDrive":["GPIO17"]},"selfTest":[{"tcp":{"port":80}}]}"#
    )
    #expect(try configuration.listen == Endpoint("0.0.0.0:7421"))
    #expect(try configuration.autoInstall == [PackageName("gtach-app"): VersionRange("^0.4")])
    #expect(configuration.autoUpdate == UpdatePolicy([.minor]))
    #expect(configuration.gpio?.mayDrive == ["GPIO17"])
    #expect(configuration.selfTest == [.tcp(Endpoint(host: "127.0.0.1", port: 80), withinSeconds: 10)])
    #expect(try decode(NodeConfiguration.self, try encode(configuration)) == configuration)
    #expect(try decode(NodeConfiguration.self, "{}") == NodeConfiguration())
    for wrong in [
      #"{"autoInstall":{"Gtach":"*"}}"#, #"{"autoInstall":{"a":"!=1"}}"#, #"{"listen":"7420"}"#, #"{"peers":"a:1"}"#,
      #"{"keepInstalled":0}"#, #"{"keepInstalled":17}"#,
    ] {
      #expect(throws: (any Error).self) { try decode(NodeConfiguration.self, wrong) }
    }
  }

  @Test func uploadIsASwitchOrLimits() throws {
    func upload(_ text: String) throws -> UploadLimits? {
      let configuration = try decode(NodeConfiguration.self, #"{"upload":\#(text)}"#)
      #expect(try decode(NodeConfiguration.self, try encode(configuration)) == configuration)
      return configuration.upload
    }
    #expect(try upload("false") == UploadLimits(isOn: false))
    #expect(try upload("true") == UploadLimits())
    #expect(try upload("{}") == UploadLimits())
    #expect(try upload("null") == nil)
    #expect(
      try upload(#"{"peers":2,"bytesPerSecond":5000000}"#) == UploadLimits(peers: 2, bytesPerSecond: 5_000_000))
    #expect(try upload(#"{"bytesPerSecond":300000}"#) == UploadLimits(bytesPerSecond: 300_000))
    for wrong in [
      #"{"peers":0}"#, #"{"peers":13}"#, #"{"bytesPerSecond":299999}"#, #"{"bytesPerSecond":1000000000001}"#,
      #"{"bytesPerSecond":"1 MB"}"#, #"{"peer":1}"#, "0", #""off""#, "[]",
    ] {
      #expect(throws: (any Error).self) { try upload(wrong) }
    }
  }

  @Test func controlMessagesReadBack() throws {
    let requests: [ControlRequest] = [
      .status, .peers, .reload,
      .sync(
        requirements: [try Requirement("a@^1"), try Requirement("b")], peers: [try Endpoint("[::1]:1")], dryRun: true,
        install: false),
      .install(try Requirement("a@~1.2")), .rollback(name: try PackageName("a"), version: nil),
      .rollback(name: try PackageName("a"), version: try SemanticVersion("1.0.0")),
    ]
    for request in requests { #expect(try decode(ControlRequest.self, try encode(request)) == request) }
    let report = ErrorReport(GtachError(.diskFull, "the disk is full", reason: "ENOSPC", advice: "make room"))
    let replies: [ControlReply] = [
      .done, .failed(report), .event(.nodeJoined(name: "pi-1")), .peers([]),
      .sync(SyncReport(peers: 1, metadataVersion: 2, pending: ["a@1.0.0"], errors: [report])),
    ]
    for reply in replies {
      let line = try encode(reply)
      #expect(!line.contains("\n"))
      #expect(try decode(ControlReply.self, line) == reply)
    }
  }

  @Test func errorsKeepTheirWord() throws {
    for code in ErrorCode.allCases {
      let error = GtachError(code, "it failed", reason: "because", advice: "do")
      #expect(ErrorReport(error).error == error)
      #expect(error.description == "it failed: because [\(code.rawValue)]")
      // A word for scripts: lower-case letters and dashes.
      #expect(code.rawValue.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x2D })
      #expect([1, 20, 21, 64, 65, 69, 70, 74, 75, 77, 78].contains(code.exitCode))
    }
    var unknown = ErrorReport(GtachError(.busy, "later"))
    unknown.code = "word-of-the-future"
    #expect(unknown.error.code == .bug)
  }
}
