import GtachModel
import Testing

@testable import GtachCore

@Suite("Delegations by package name")
struct DelegationTests {
  private let app: MetadataRole
  private let fleet: TestFleet

  init() throws {
    app = .package(try PackageName("app"))
    fleet = try TestFleet(publishing: ["app/1.0.0/any", "lib/1.0.0/any"])
  }

  private func target(_ content: String) -> JSONValue {
    .object([
      "length": .integer(1),
      "hashes": .object(["sha256": .string(TestFleet.hashing.digest(of: Array(content.utf8)).hex)]),
    ])
  }

  /// What a node believes after `app`'s role has listed something more.
  private func listing(_ path: String, _ value: JSONValue? = nil) throws -> TrustedMetadata {
    var forged = fleet
    try forged.replace(app) { fields in
      fields["targets"]?[path] = value ?? target(path)
      fields.raiseVersion()
    }
    return try fleet.trusted().updated(from: forged.files).trusted
  }

  @Test("a package's role can list another package's release only in vain")
  func foreignPackage() throws {
    for path in ["lib/9.0.0/any/manifest.json", "lib/1.0.0/any/manifest.json", "root/1.0.0/any/manifest.json"] {
      let trusted = try listing(path)
      #expect(try trusted.targets == fleet.trusted().targets)
      #expect(trusted.problems.count == 1)
    }
    #expect(try listing("app/9.0.0/any/manifest.json").targets.count == 3)
  }

  @Test(
    "paths that climb out, or name no release's manifest, list nothing",
    arguments: [
      "../app/1.0.0/any/manifest.json", "app/../lib/any/manifest.json", "app/../../manifest.json",
      "/app/9.0.0/any/manifest.json", "app/9.0.0/any/manifest.json/", "app/9.0.0//manifest.json",
      "app//any/manifest.json",
      "app/9.0.0/any/../manifest.json", "app/9.0.0/../any/manifest.json", "app/9.0.0/any/manifest.JSON",
      "app/9.0.0/any/passwd", "app/9.0/any/manifest.json", "app/9.0.0/ANY/manifest.json", "App/9.0.0/any/manifest.json",
      "app/9.0.0/any/manifest.json\u{0}", "app\\9.0.0\\any\\manifest.json", "", "manifest.json",
      "app/*/*/manifest.json",
    ])
  func unsafePaths(path: String) throws {
    let trusted = try listing(path)
    #expect(try trusted.targets == fleet.trusted().targets)
    #expect(trusted.problems.count == 1)
  }

  @Test("a manifest larger than any that is read is not listed")
  func oversizeManifest() throws {
    var large = target("large")
    large["length"] = .integer(Int64(Manifest.maximumBytes) + 1)
    #expect(try listing("app/9.0.0/any/manifest.json", large).targets.count == 2)
  }

  @Test("what a later version may write into custom fields hides that release only, and says so")
  func unreadableCustom() throws {
    for custom: JSONValue in [
      .object(["dependencies": .object(["../x": .string("^1")])]), .object(["dependencies": .string("^1")]),
      .object(["platforms": .string("linux")]), .object(["platforms": .array([.object(["os": .integer(1)])])]),
      .array([]), .object(["dependencies": .object(["any": .object([:])])]),
      .object(["dependencies": .object(["linux-arm64": .object(["x": .object([:])])])]),
    ] {
      var value = target("custom")
      value["custom"] = custom
      let trusted = try listing("app/9.0.0/any/manifest.json", value)
      #expect(trusted.targets.count == 2)
      #expect(trusted.problems.map(\.code) == [.metadataMalformed])
    }
  }

  @Test("targets without length or SHA-256 are refused")
  func malformedTargets() throws {
    let values: [JSONValue] = [
      .null, .object([:]), .object(["length": .integer(1)]),
      .object(["length": .integer(1), "hashes": .object(["md5": .string("00")])]),
      .object(["length": .integer(-1), "hashes": .object(["sha256": .string(String(repeating: "0", count: 64))])]),
      .object(["length": .integer(1), "hashes": .object(["sha256": .string("00")])]),
    ]
    for value in values {
      #expect(throws: GtachError.self) { try listing("app/9.0.0/any/manifest.json", value) }
    }
  }

  @Test("two spellings of one release are one release: the first in order of their paths")
  func buildMetadata() throws {
    let trusted = try listing("app/1.0.0+other/any/manifest.json")
    #expect(trusted.targets.count == 2)
  }

  @Test("what the targets role lists itself comes before what it delegates")
  func topLevelFirst() throws {
    var forged = fleet
    try forged.replace(.targets) { fields in
      fields["targets"]?["app/1.0.0/any/manifest.json"] = target("from the top")
      fields.raiseVersion()
    }
    let trusted = try fleet.joined().updated(from: forged.files).trusted
    let listed = try TestFleet.listing("app/1.0.0/any")
    #expect(trusted.targets[listed.variant]?.manifest.size == 1)
  }

  /// What a node believes after the delegations of the targets role were changed.
  private func delegating(_ change: (inout [JSONValue]) -> Void) throws -> TrustedMetadata {
    var forged = fleet
    try forged.replace(.targets) { fields in
      guard case .array(var roles) = fields["delegations"]?["roles"] else { return }
      change(&roles)
      fields["delegations"]?["roles"] = .array(roles)
      fields.raiseVersion()
    }
    return try fleet.trusted().updated(from: forged.files).trusted
  }

  @Test("a role lists only what its delegation's patterns cover")
  func patterns() throws {
    let narrowed = try delegating { $0[0]["paths"] = .array([.string("app/2.*/*/manifest.json")]) }
    #expect(narrowed.targets.keys.map(\.release.name.text) == ["lib"])
    let widened = try delegating { $0[0]["paths"] = .array([.string("*/*/*/manifest.json")]) }
    #expect(widened.targets.keys.map(\.release.name.text) == ["app"], "the first is terminating and covers all")
    let hashed = try delegating { $0[0]["path_hash_prefixes"] = .array([.string("")]) }
    #expect(hashed.targets.keys.map(\.release.name.text) == ["lib"])
  }

  @Test("a package's role lists no other package, even where its delegation covers that")
  func widenedPattern() throws {
    var forged = fleet
    try forged.replace(app) { fields in
      fields["targets"]?["other/9.0.0/any/manifest.json"] = target("other")
      fields.raiseVersion()
    }
    try forged.replace(.targets) { fields in
      guard case .array(var roles) = fields["delegations"]?["roles"] else { return }
      roles[0]["paths"] = .array([.string("*/*/*/manifest.json")])
      fields["delegations"]?["roles"] = .array(roles)
      fields.raiseVersion()
    }
    let trusted = try fleet.trusted().updated(from: forged.files).trusted
    #expect(trusted.targets.keys.map(\.targetPath) == ["app/1.0.0/any/manifest.json"])
  }

  @Test("a terminating delegation hides later ones, another does not")
  func terminating() throws {
    for (isTerminating, names) in [(true, ["lib"]), (false, ["app", "lib"])] {
      let trusted = try delegating { roles in
        var other = roles[0]
        other["name"] = .string("package-zzz")
        other["terminating"] = .boolean(isTerminating)
        roles.insert(other, at: 0)
      }
      #expect(trusted.targets.keys.map(\.release.name.text).sorted() == names)
    }
  }

  @Test("roles with names of other kinds are neither fetched nor trusted")
  func foreignRoles() throws {
    for name in ["other", "root", "../package-app", "package-../../x", "package-", "package-App"] {
      let trusted = try delegating { roles in
        var other = roles[0]
        other["name"] = .string(name)
        roles.append(other)
      }
      #expect(trusted.targets.count == 2)
    }
  }

  @Test("a delegation that occurs twice, or is incomplete, is refused")
  func malformed() throws {
    #expect(throws: GtachError.self) { try delegating { $0.append($0[0]) } }
    for key in ["name", "keyids", "threshold", "paths", "terminating"] {
      #expect(throws: GtachError.self) { try delegating { $0[0][key] = nil } }
    }
  }

  @Test("a package's role signed by another package's key is refused")
  func foreignKey() throws {
    var forged = fleet
    try forged.replace(app, by: [TestSigner("package-lib")]) { $0.raiseVersion() }
    let (trusted, files) = (try fleet.trusted(), forged.files)
    #expect(failureCode { try trusted.updated(from: files) } == .metadataUnsigned)
  }
}

@Suite("Patterns of target paths")
struct PathPatternTests {
  @Test(
    "path patterns",
    arguments: [
      ("app/*/*/manifest.json", "app/1.0.0/any/manifest.json", true),
      ("app/*/*/manifest.json", "app/1.0.0/any/x/manifest.json", false),
      ("app/*/*/manifest.json", "apps/1.0.0/any/manifest.json", false),
      ("*", "a/b", false), ("*", "", true), ("a*", "abc", true), ("*a*b*", "xaxbx", true), ("*a*b*", "xbxax", false),
      ("?", "a", true), ("?", "", false), ("??", "a", false), ("a?c", "abc", true), ("[a]", "a", false),
      ("*.tgz", "x.tgz", true), ("**", "x", true), ("a", "a", true), ("a", "b", false), ("a/", "a", false),
    ])
  func pathPatterns(pattern: String, path: String, matches: Bool) {
    #expect(PathPattern(pattern).matches(path) == matches)
  }

  @Test("a pattern made to be slow is not")
  func slowPattern() {
    let pattern = PathPattern(String(repeating: "*a", count: 500) + "b")
    #expect(!pattern.matches(String(repeating: "a", count: 5_000)))
  }
}
