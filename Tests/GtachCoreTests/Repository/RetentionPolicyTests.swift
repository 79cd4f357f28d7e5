import GtachCore
import GtachModel
import Testing

@Suite("What a node keeps")
struct RetentionPolicyTests {
  func variant(_ text: String, _ platform: String = "any") throws -> VariantID {
    try VariantID(release: ReleaseID(text), platform: Platform(platform))
  }

  func listed(_ text: String, _ platform: String = "any", needs: [String: String] = [:]) throws -> ListedVariant {
    var dependencies: [PackageName: VersionRange] = [:]
    for (name, range) in needs { dependencies[try PackageName(name)] = try VersionRange(range) }
    return ListedVariant(
      variant: try variant(text, platform),
      manifest: Manifest.Content(digest: ChunkIndexCodecTests.digest(1), size: 1),
      dependencies: Dependencies(dependencies))
  }

  func policy(
    _ listed: [ListedVariant], held: [String], publisher: Bool = false, planned: [String] = [], needed: [String] = [],
    removed: [String] = [], kept: [String] = []
  ) throws -> RetentionPolicy {
    RetentionPolicy(
      listed: listed, held: Set(try held.map { try variant($0) }), machine: try Platform("linux-arm64"), model: nil,
      isPublisher: publisher, keepReleases: 1, planned: try planned.map { try variant($0) },
      needed: Set(try needed.map { try ReleaseID($0) }),
      choices: ReleaseChoices(
        removed: Set(try removed.map { try ReleaseID($0) }), kept: Set(try kept.map { try ReleaseID($0) })),
      objectCacheBytes: 100)
  }

  @Test("the newest objects stay as far as the limit goes, and all of a publisher's")
  func cache() throws {
    let cache = [("a", 40, 3), ("b", 40, 1), ("c", 60, 2), ("d", 1, 0)].map {
      RetentionPolicy.CachedObject(path: $0.0, bytes: $0.1, modified: $0.2)
    }
    #expect(try Set(policy([], held: []).evicted(from: cache).map(\.path)) == ["b", "d"])
    #expect(try policy([], held: []).evicted(from: Array(cache.prefix(2))).isEmpty)
    #expect(try policy([], held: [], publisher: true).evicted(from: cache).isEmpty)
    // Of objects that came at the same time always the same ones go.
    let same = ["x", "y", "z"].map { RetentionPolicy.CachedObject(path: $0, bytes: 60, modified: 5) }
    #expect(try policy([], held: []).evicted(from: same) == policy([], held: []).evicted(from: same.reversed()))
  }

  @Test("objects of a fetch under way are not in the cache")
  func awaited() {
    let digest = ChunkIndexCodecTests.digest
    func index(_ objects: [Int]) -> ChunkIndex {
      ChunkIndex(
        unitSize: 4096, chunks: objects.map { ChunkIndex.Chunk(digest: digest($0), size: 1) },
        objects: objects.enumerated().map {
          ChunkIndex.Object(id: ChunkIndexCodecTests.id($1), size: 1, chunk: $0, encoding: .full)
        })
    }
    var content = ReachableContent()
    content.add(index([1, 2]), isComplete: true)
    content.add(index([2, 3]), isComplete: false)
    content.add(index([1, 4]), isComplete: true)
    #expect(content.objects == Set([1, 2, 3, 4].map(ChunkIndexCodecTests.id)))
    #expect(content.cachedObjects == Set([1, 4].map(ChunkIndexCodecTests.id)))
  }

  @Test("what is installed, planned, kept, depended on or the newest stays, and the rest of what is listed goes")
  func staying() throws {
    let versions = (1...6).map { "a@\($0).0.0" }
    let all =
      try versions.map { try listed($0, needs: $0 == "a@6.0.0" ? ["lib": "^1"] : [:]) } + [
        listed("lib@1.0.0"), listed("lib@2.0.0"), listed("b@1.0.0", "linux-amd64"),
      ]
    let policy = try policy(
      all, held: versions + ["lib@1.0.0", "lib@2.0.0"], planned: ["a@2.0.0"], needed: ["a@1.0.0"], kept: ["a@3.0.0"])
    let gone = try (versions + ["lib@1.0.0", "lib@2.0.0", "unlisted@1.0.0"]).filter {
      policy.isSuperfluous(try variant($0))
    }
    #expect(gone == ["a@4.0.0", "a@5.0.0"])
    #expect(policy.isSuperfluous(try variant("b@1.0.0", "linux-amd64")), "another machine's")
  }

  @Test("until the newest is here, the newest that is here stays")
  func notYetHere() throws {
    let all = try ["a@1.0.0", "a@2.0.0", "a@3.0.0"].map { try listed($0) }
    let policy = try policy(all, held: ["a@1.0.0", "a@2.0.0"])
    #expect(!policy.isSuperfluous(try variant("a@2.0.0")))
    #expect(policy.isSuperfluous(try variant("a@1.0.0")))
  }

  @Test("a publisher keeps everything, and nobody what was removed")
  func publisher() throws {
    let all = try ["a@1.0.0", "a@2.0.0", "a@3.0.0"].map { try listed($0) }
    let policy = try policy(
      all, held: ["a@1.0.0", "a@2.0.0", "a@3.0.0"], publisher: true, needed: ["a@2.0.0"], removed: ["a@2.0.0"])
    #expect(try all.filter { policy.isSuperfluous($0.variant) }.map(\.variant) == [variant("a@2.0.0")])
  }

  @Test(
    "a fetch that is wanted is kept for ever, any other for a week, and one of what was withdrawn or removed not at all"
  )
  func fetches() throws {
    let all = try ["a@1.0.0", "a@2.0.0", "a@3.0.0"].map { try listed($0) }
    let policy = try policy(all, held: [], removed: ["a@2.0.0"])
    let week = RetentionPolicy.partialDays * 86_400
    #expect(!policy.isAbandoned(try variant("a@3.0.0"), ageSeconds: 100 * week))
    #expect(!policy.isAbandoned(try variant("a@1.0.0"), ageSeconds: week))
    #expect(!policy.isAbandoned(try variant("a@1.0.0"), ageSeconds: -week), "the clock was wrong")
    #expect(policy.isAbandoned(try variant("a@1.0.0"), ageSeconds: week + 1))
    #expect(policy.isAbandoned(try variant("a@2.0.0"), ageSeconds: 0))
    #expect(policy.isAbandoned(try variant("a@4.0.0"), ageSeconds: 0))
  }
}
