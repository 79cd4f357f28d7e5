import GtachCore
import GtachModel
import Testing

@Suite("What a node fetches")
struct WantPolicyTests {
  let pi: Platform
  init() throws { pi = try Platform("linux-arm64") }

  func variant(_ text: String, _ platform: String = "any") throws -> VariantID {
    try VariantID(release: ReleaseID(text), platform: Platform(platform))
  }

  func listed(
    _ text: String, _ platform: String = "any", needs: [String: String] = [:],
    platforms: [PackageDescription.Requirement]? = nil
  ) throws -> ListedVariant {
    var dependencies: [PackageName: VersionRange] = [:]
    for (name, range) in needs { dependencies[try PackageName(name)] = try VersionRange(range) }
    return ListedVariant(
      variant: try variant(text, platform),
      manifest: Manifest.Content(digest: ChunkIndexCodecTests.digest(text.hashValue), size: 1), platforms: platforms,
      dependencies: Dependencies(dependencies))
  }

  func wanted(
    _ listed: [ListedVariant], held: [String] = [], keep: Int = 2, publisher: Bool = false,
    planned: [String] = [], requirements: [String] = [], removed: [String] = [],
    kept: [String] = [], model: String? = nil
  ) throws -> [String] {
    WantPolicy.wanted(
      listed: listed, held: Set(try held.map { try variant($0) }), machine: pi, model: model, isPublisher: publisher,
      keepReleases: keep, planned: try planned.map { try variant($0) },
      requirements: try requirements.map { try Requirement($0) },
      choices: ReleaseChoices(
        removed: Set(try removed.map { try ReleaseID($0) }), kept: Set(try kept.map { try ReleaseID($0) }))
    ).map(\.description)
  }

  @Test("the newest two of each name, the newest of all names first")
  func newest() throws {
    let all = try ["a@1.0.0", "a@1.10.0", "a@1.9.0", "b@2.0.0"].map { try listed($0) }
    #expect(try wanted(all) == ["a@1.10.0 (any)", "b@2.0.0 (any)", "a@1.9.0 (any)"])
    #expect(try wanted(all, keep: 0) == [])
    #expect(try wanted(all, held: ["a@1.10.0", "b@2.0.0"]) == ["a@1.9.0 (any)"])
    // What is held counts: an older one does not move up.
    #expect(try wanted(all, held: ["a@1.10.0", "a@1.9.0", "b@2.0.0"]) == [])
  }

  @Test("what a release needs on this platform comes with it, and what it needs on another does not")
  func platformDependencies() throws {
    let app = try ListedVariant(
      variant: variant("app@1.0.0"), manifest: listed("app@1.0.0").manifest,
      dependencies: Dependencies(
        [PackageName("lib"): VersionRange("^1")],
        perPlatform: [
          pi: [PackageName("lib"): VersionRange("^2"), PackageName("pi-lib"): VersionRange("*")],
          Platform("macos-arm64"): [PackageName("mac-lib"): VersionRange("*")],
        ]))
    let all = [app] + (try ["lib@1.0.0", "lib@2.0.0", "mac-lib@1.0.0", "pi-lib@1.0.0"].map { try listed($0) })
    #expect(
      try wanted(all, keep: 0, requirements: ["app"]) == ["app@1.0.0 (any)", "lib@2.0.0 (any)", "pi-lib@1.0.0 (any)"])
  }

  @Test("of a release only the variant that suits the machine best")
  func variants() throws {
    let all = [
      try listed("a@1.0.0"), try listed("a@1.0.0", "linux-arm64"), try listed("a@1.0.0", "linux-armv7"),
      try listed("b@1.0.0", "macos-arm64"), try listed("c@1.0.0", platforms: [.init(os: "macos"), .init(os: "linux")]),
      try listed("d@1.0.0", platforms: [.init(model: "Raspberry Pi 5*")]),
    ]
    #expect(try wanted(all) == ["a@1.0.0 (linux-arm64)", "c@1.0.0 (any)"])
    #expect(try wanted(all, model: "Raspberry Pi 5 Model B").contains("d@1.0.0 (any)"))
    #expect(try wanted(all.reversed()) == ["a@1.0.0 (linux-arm64)", "c@1.0.0 (any)"])
  }

  @Test("what is planned or asked for comes first, with what it depends on")
  func asked() throws {
    let all = [
      try listed("a@1.0.0", needs: ["lib": "^1"]), try listed("a@2.0.0", needs: ["lib": "^2"]), try listed("a@3.0.0"),
      try listed("a@4.0.0"), try listed("lib@1.5.0"), try listed("lib@1.4.0"),
      try listed("lib@2.0.0", needs: ["a": "*"]),
    ]
    #expect(try wanted(all, keep: 0, requirements: ["a@^1.0"]) == ["a@1.0.0 (any)", "lib@1.5.0 (any)"])
    #expect(
      try wanted(all, keep: 0, requirements: ["a@2.x"]) == ["a@2.0.0 (any)", "lib@2.0.0 (any)", "a@4.0.0 (any)"])
    #expect(try wanted(all, keep: 1, requirements: ["a@1"]).last == "lib@2.0.0 (any)")
    #expect(try wanted(all, keep: 0, requirements: ["a@^9", "unheard"]) == [])
    // A plan is as it is: what else its releases might do with is not its business.
    #expect(
      try wanted(all, keep: 0, planned: ["lib@1.4.0", "a@1.0.0"], requirements: ["a@3"])
        == ["lib@1.4.0 (any)", "a@1.0.0 (any)", "a@3.0.0 (any)"])
  }

  @Test("prereleases are fetched as any other, but asked for only by name")
  func prereleases() throws {
    let all = [try listed("a@1.0.0"), try listed("a@2.0.0-beta.1")]
    #expect(try wanted(all, keep: 1) == ["a@2.0.0-beta.1 (any)"])
    #expect(try wanted(all, keep: 0, requirements: ["a"]) == ["a@1.0.0 (any)"])
  }

  @Test("a publisher keeps everything, for every platform")
  func publisher() throws {
    let all = try (1...5).map { try listed("a@\($0).0.0", "linux-armv7") } + [try listed("b@1.0.0")]
    #expect(try wanted(all, publisher: true).count == 6)
    #expect(try wanted(all).count == 1)
  }

  @Test("what was asked for by name stays with what it depends on, however many newer releases there are")
  func kept() throws {
    let all = try [
      listed("a@1.0.0", needs: ["lib": "^1"]), listed("a@2.0.0"), listed("a@3.0.0"), listed("lib@1.4.0"),
    ]
    #expect(try wanted(all, keep: 0, kept: ["a@1.0.0"]) == ["a@1.0.0 (any)", "lib@1.4.0 (any)"])
    #expect(try wanted(all, keep: 0, removed: ["a@1.0.0"], kept: ["a@1.0.0"]) == [])
    #expect(try wanted(all, keep: 0, kept: ["a@9.0.0", "none@1.0.0"]) == [])
  }

  @Test("what was removed does not come back, and the next older one takes its place")
  func removed() throws {
    let all = try ["a@1.0.0", "a@2.0.0", "a@3.0.0"].map { try listed($0) }
    #expect(try wanted(all, removed: ["a@3.0.0"]) == ["a@2.0.0 (any)", "a@1.0.0 (any)"])
    #expect(try wanted(all, publisher: true, removed: ["a@3.0.0"]).count == 2)
    #expect(try wanted(all, keep: 0, requirements: ["a@3.0.0"], removed: ["a@3.0.0"]) == [])
  }
}
