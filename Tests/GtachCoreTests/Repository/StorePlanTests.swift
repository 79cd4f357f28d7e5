import GtachCore
import GtachModel
import Testing

@Suite("Order of durability")
struct StorePlanTests {
  let layout = RepositoryLayout(home: "/home")
  let plan = StorePlan(layout: RepositoryLayout(home: "/home"), workspace: "/home/repository/incoming/w")
  let variant: VariantID
  init() throws { variant = try VariantID(release: ReleaseID("a@1.0.0"), platform: .any) }

  /// Runs the operations up to each of them, cuts the power there in many ways, and shows what is left.
  func crashes(
    _ operations: [FileOperation], before: [FileOperation] = [],
    check: (_ done: Int, _ contents: [String: [UInt8]]) -> Void
  ) {
    var generator = SeededGenerator(seed: 11)
    for cut in 0...operations.count {
      for _ in 0..<60 {
        var disk = CrashingDisk()
        for operation in before + operations[..<cut] { disk.perform(operation) }
        check(cut, disk.afterCrash(using: &generator).contents)
      }
    }
  }

  @Test("a power cut at any instant of a store leaves the release whole or invisible")
  func publishing() {
    let chunks = (0..<5).map { number in
      (layout.chunk(ChunkIndexCodecTests.digest(number)), [UInt8](repeating: UInt8(number), count: 100))
    }
    var operations: [FileOperation] = []
    for (number, chunk) in chunks.enumerated() {
      operations += plan.store(chunk.1, at: chunk.0, temporaryName: "\(number)")
    }
    operations += plan.publish(variant, manifest: [1, 2, 3], index: [4, 5, 6, 7], temporaryName: "p", replacing: [])
    var sawVisible = false
    var sawTorn = false
    crashes(operations) { done, contents in
      let isVisible = contents[layout.manifest(of: variant)] != nil || contents[layout.index(of: variant)] != nil
      if isVisible {
        sawVisible = true
        #expect(contents[layout.manifest(of: variant)] == [1, 2, 3])
        #expect(contents[layout.index(of: variant)] == [4, 5, 6, 7])
        for (path, bytes) in chunks { #expect(contents[path] == bytes) }
      } else if chunks.contains(where: { contents[$0.0] != nil && contents[$0.0] != $0.1 }) {
        sawTorn = true
      }
      if done == operations.count { #expect(isVisible) }
    }
    // The disk is as bad as it should be.
    #expect(sawVisible && sawTorn)
  }

  @Test("a power cut at any instant leaves an object that arrived whole where a release that names it is visible")
  func settling() {
    let id = ChunkIndexCodecTests.id(1)
    let bytes = [UInt8](repeating: 7, count: 100)
    let taken = "\(plan.workspace)/b"
    let operations =
      plan.store(bytes, at: layout.arrivingObject(id), temporaryName: "a")
      + [.rename(from: layout.arrivingObject(id), to: taken)] + plan.settle(id, from: taken)
      + plan.publish(variant, manifest: [1], index: [2, 2], temporaryName: "p", replacing: [])
    var places: Set<[Bool]> = []
    crashes(operations) { _, contents in
      let place = [contents[layout.arrivingObject(id)] != nil, contents[layout.object(id)] != nil]
      places.insert(place)
      if contents[layout.manifest(of: variant)] != nil { #expect(contents[layout.object(id)] == bytes) }
    }
    #expect(places == [[false, false], [true, false], [false, true]])
  }

  @Test("the order matters: without the sync, the same disk shows half a release")
  func withoutSync() {
    let operations = plan.publish(
      variant, manifest: [1, 2, 3], index: [4, 5, 6, 7], temporaryName: "p", replacing: []
    ).filter {
      if case .syncFileSystem = $0 { false } else { true }
    }
    var broken = false
    crashes(operations) { _, contents in
      if let manifest = contents[layout.manifest(of: variant)], manifest != [1, 2, 3] { broken = true }
    }
    #expect(broken)
  }

  @Test("where one manifest takes the place of another, a power cut leaves the old, the new or neither, each whole")
  func replacing() {
    let before = plan.publish(variant, manifest: [1], index: [2, 2], temporaryName: "o", replacing: [])
    let operations = plan.publish(
      variant, manifest: [3, 3, 3], index: [4, 4, 4, 4], temporaryName: "n",
      replacing: [layout.directory(of: variant)])
    var seen: Set<[[UInt8]?]> = []
    crashes(operations, before: before) { done, contents in
      let left = [contents[layout.manifest(of: variant)], contents[layout.index(of: variant)]]
      #expect([[[1], [2, 2]], [[3, 3, 3], [4, 4, 4, 4]], [nil, nil]].contains(left))
      seen.insert(left)
      if done == operations.count { #expect(left == [[3, 3, 3], [4, 4, 4, 4]]) }
    }
    #expect(seen.count == 3)
  }

  @Test("a power cut at any instant of a removal leaves a release whole or gone, and marked before it goes")
  func removing() throws {
    let other = try VariantID(release: variant.release, platform: Platform("linux-arm64"))
    let before =
      plan.publish(variant, manifest: [1], index: [2, 2], temporaryName: "a", replacing: [])
      + plan.publish(other, manifest: [3], index: [4, 4], temporaryName: "b", replacing: [])
      + plan.choose([7], temporaryName: "c")
    let removal = plan.takeAway([layout.directory(of: variant.release)], temporaryName: "r")
    let operations = plan.choose([8, 8], temporaryName: "n") + removal
    var seen: Set<[[UInt8]?]> = []
    crashes(operations, before: before) { done, contents in
      let left = [variant, other].flatMap { [contents[layout.manifest(of: $0)], contents[layout.index(of: $0)]] }
      #expect(left == [[1], [2, 2], [3], [4, 4]] || left == [nil, nil, nil, nil])
      let choices = contents[layout.choices]
      #expect(choices == [8, 8] || choices == [7] && left[0] != nil)
      seen.insert([choices, left[0]])
      if done == operations.count { #expect(left[0] == nil) }
    }
    #expect(seen.count == 3)
    #expect(plan.takeAway([], temporaryName: "x").isEmpty)
  }

  /// A visible release of these chunks.
  func stored(_ variant: VariantID, _ numbers: [Int]) -> [FileOperation] {
    numbers.flatMap { number in
      plan.store(
        [UInt8](repeating: UInt8(number), count: 50), at: layout.chunk(ChunkIndexCodecTests.digest(number)),
        temporaryName: "\(variant)-\(number)")
    } + plan.publish(variant, manifest: [1], index: [2, 2], temporaryName: "p", replacing: [])
  }

  @Test("a power cut at any instant of a gc leaves no release in sight that lacks a chunk")
  func collecting() throws {
    let stays = try VariantID(release: ReleaseID("a@2.0.0"), platform: .any)
    let before = stored(variant, [0, 1, 2]) + stored(stays, [2, 3])
    let operations =
      plan.takeAway([layout.directory(of: variant)], temporaryName: "g")
      + [0, 1].map { .remove(layout.chunk(ChunkIndexCodecTests.digest($0))) }
    var seen: Set<[Bool]> = []
    crashes(operations, before: before) { done, contents in
      func isWhole(_ number: Int) -> Bool {
        contents[layout.chunk(ChunkIndexCodecTests.digest(number))] == [UInt8](repeating: UInt8(number), count: 50)
      }
      #expect(contents[layout.manifest(of: stays)] == [1] && contents[layout.index(of: stays)] == [2, 2])
      #expect(isWhole(2) && isWhole(3))
      let isVisible = contents[layout.manifest(of: variant)] != nil || contents[layout.index(of: variant)] != nil
      if isVisible {
        #expect(contents[layout.manifest(of: variant)] == [1] && contents[layout.index(of: variant)] == [2, 2])
        #expect(isWhole(0) && isWhole(1))
      }
      seen.insert([isVisible, isWhole(0), isWhole(1)])
      if done == operations.count { #expect(!isVisible) }
    }
    // Also one chunk gone and the other not.
    #expect(seen.count == 5)

    // Without the sync of the directory, the same disk shows a release that lacks a chunk.
    var isBroken = false
    let careless = operations.filter { if case .syncDirectory = $0 { false } else { true } }
    crashes(careless, before: before) { _, contents in
      if contents[layout.manifest(of: variant)] != nil, contents[layout.chunk(ChunkIndexCodecTests.digest(0))] == nil {
        isBroken = true
      }
    }
    #expect(isBroken)
  }

  @Test(
    "a power cut at any instant leaves a fetch noted with its whole index, or not noted, and once noted it stays so")
  func fetching() {
    let path = "\(layout.partialDirectory(of: variant))/\(RepositoryLayout.indexName)"
    let operations = plan.beginFetching(variant, index: [1, 2, 3, 4], temporaryName: "f")
    let later = stored(variant, [0, 1])
    var seen: Set<[UInt8]?> = []
    crashes(operations + later) { done, contents in
      #expect(contents[path] == nil || contents[path] == [1, 2, 3, 4])
      seen.insert(contents[path])
      let isVisible = contents[layout.manifest(of: variant)] != nil
      if done >= operations.count { #expect(isVisible || contents[path] != nil) }
    }
    #expect(seen.count == 2)
  }

  @Test("a power cut at any instant leaves the old metadata or the new")
  func metadata() throws {
    let old: [String: [UInt8]] = ["1.root.json": [1], "1.snapshot.json": [2, 2], "timestamp.json": [3, 3, 3]]
    let new: [String: [UInt8]] = [
      "2.snapshot.json": [4, 4], "2.package-a.json": [5, 5], "timestamp.json": [6, 6, 6], "2.targets.json": [7],
    ]
    let before = try plan.writeMetadata(old, temporaryName: "0")
    let operations = try plan.writeMetadata(new, temporaryName: "1")
    crashes(operations, before: before) { done, contents in
      let timestamp = contents["/home/repository/metadata/timestamp.json"]
      #expect(timestamp == [3, 3, 3] || timestamp == [6, 6, 6])
      for (name, bytes) in timestamp == [6, 6, 6] ? new.merging(old, uniquingKeysWith: { new, _ in new }) : old {
        #expect(contents["/home/repository/metadata/\(name)"] == bytes)
      }
      if done == operations.count { #expect(timestamp == [6, 6, 6]) }
    }
    #expect(try plan.writeMetadata([:], temporaryName: "2") == [])
  }

  @Test(
    "names of metadata files are harmless",
    arguments: [
      "", ".json", "a.json/", "../a.json", "a/b.json", "A.json", "a.json.", "a", "1.root.json\0", "..json", "é.json",
      String(repeating: "a", count: 96) + ".json",
    ])
  func names(name: String) {
    #expect(throws: GtachError.self) { try layout.metadata(name) }
    #expect(throws: GtachError.self) { try plan.writeMetadata([name: [1]], temporaryName: "x") }
  }

  @Test("everything has its place")
  func places() throws {
    let digest = ChunkIndexCodecTests.digest(1)
    #expect(layout.chunk(digest) == "/home/repository/chunks/\(digest.hex.prefix(2))/\(digest.hex)")
    let id = ChunkIndexCodecTests.id(1)
    #expect(layout.object(id) == "/home/repository/objects/\(id.hex.prefix(2))/\(id.hex)")
    #expect(layout.arrivingObject(id) == "/home/repository/arriving/\(id.hex.prefix(2))/\(id.hex)")
    #expect(layout.manifest(of: variant) == "/home/repository/packages/a/1.0.0/any/manifest.json")
    #expect(try layout.metadata("12.package-a.b.json") == "/home/repository/metadata/12.package-a.b.json")
  }
}
