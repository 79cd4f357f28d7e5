import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

/// The package index: never another answer than the manifests give.
@Suite("The package index")
struct PackageIndexTests {
  private static let texts = [
    "gtach", "gtach-app", "motor", "Motor,sensor", "sensor/oil", "öl", "ÖLE", "tacho 2", "tachometer", "x\u{0}y", "",
  ]

  /// A repository of random releases, and everything about it by brute force.
  private struct Shelf {
    let fixture: RepositoryFixture
    var generator: SeededGenerator
    var layout: RepositoryLayout { fixture.layout }

    mutating func pick<Value>(_ values: [Value]) -> Value {
      values[Int.random(in: 0..<values.count, using: &generator)]
    }

    /// Adds a release, or changes what the manifest of one says.
    mutating func add() throws {
      let name = try PackageName(pick(["gtach", "gtach-app", "gtach-app.extra", "motor", "app"]))
      let version = try SemanticVersion(pick(["1.0.0", "1.0.0+b", "1.1.0", "2.0.0-rc.1", "2.0.0"]))
      var description = PackageDescription(name: name, version: version)
      description.description = pick([nil, pick(texts) + " " + pick(texts)])
      description.author = pick([nil, pick(texts)])
      let content = Manifest.Content(digest: SHA256().digest(of: [pick([0, 1, 2])]), size: pick([1, 2]))
      let manifest = Manifest(
        description: description, platform: try Platform(pick(["any", "linux-arm64"])),
        created: Timestamp(secondsSinceEpoch: pick([0, 86_400, 1_700_000_000])), archive: content, index: content)
      let directory =
        "\(layout.packages)/\(name)/\(version)/\(manifest.platform)"
      try fixture.files.perform([
        .makeDirectory(directory),
        .write(
          path: "\(directory)/chunks.index", bytes: [UInt8](repeating: 0, count: content.size), permissions: 0o644),
        .write(path: "\(directory)/new", bytes: try manifest.json(), permissions: 0o644),
        .rename(from: "\(directory)/new", to: "\(directory)/manifest.json"),
      ])
    }

    mutating func remove() throws {
      let names = try fixture.files.list(layout.packages)
      guard !names.isEmpty else { return }
      let name = pick(names)
      let version = pick(try fixture.files.list("\(layout.packages)/\(name)") + [""])
      try fixture.files.perform(.remove("\(layout.packages)/\(name)/\(version)"))
    }

    /// The directories of versions, as they are.
    func versions() throws -> [String: FileStatus] {
      var versions: [String: FileStatus] = [:]
      for name in try fixture.files.list(layout.packages) {
        for version in try fixture.files.list("\(layout.packages)/\(name)") {
          let path = "\(layout.packages)/\(name)/\(version)"
          versions[path] = try fixture.files.status(of: path)
        }
      }
      return versions
    }

    /// Lets the times of directories that may have changed tell, as they do when more than a tick lies between.
    func age(since before: [String: FileStatus]) throws {
      for (path, status) in before {
        while let now = try fixture.files.status(of: path), now == status {
          try fixture.files.perform([.makeDirectory("\(path)/tick"), .remove("\(path)/tick")])
        }
      }
    }

    /// The manifests, one directory after the other.
    func manifests() throws -> [VariantID: Manifest] {
      var manifests: [VariantID: Manifest] = [:]
      guard try fixture.files.exists(layout.packages) else { return [:] }
      for name in try fixture.files.list(layout.packages) {
        for version in try fixture.files.list("\(layout.packages)/\(name)") {
          for platform in try fixture.files.list("\(layout.packages)/\(name)/\(version)") {
            let bytes = try fixture.files.read(
              "\(layout.packages)/\(name)/\(version)/\(platform)/manifest.json", maximumBytes: 1 << 20)
            let manifest = try Manifest(json: bytes)
            if manifests[manifest.variant] == nil { manifests[manifest.variant] = manifest }
          }
        }
      }
      return manifests
    }

    mutating func query() throws -> (ReleaseQuery, (Manifest) -> Bool) {
      var query = ReleaseQuery()
      var tests: [(Manifest) -> Bool] = []
      func words(_ text: String?) -> [String] {
        (text ?? "").lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
      }
      for word in [pick([nil, "gtach", "app", "motor", "öl", "tacho", "oil"]), pick([nil, nil, "2"])] {
        guard let word else { continue }
        let isPrefix = pick([true, false])
        query.words += try SearchWord.parse(isPrefix ? "\(word)*" : word)
        query.texts.insert(isPrefix ? "\(word)*" : word)
        tests.append { manifest in
          let description = manifest.description
          let all = words(description.name.text) + words(description.description) + words(description.author)
          return all.contains { isPrefix ? $0.hasPrefix(word) : $0 == word }
        }
      }
      if let name = try pick([nil, nil, "gtach", "app", "none"]).map({ try PackageName($0) }) {
        query.name = name
        tests.append { $0.description.name == name }
      }
      if pick([true, false, false]) {
        query.author = try SearchWord.parse("sensor")
        tests.append { words($0.description.author).contains("sensor") }
      }
      if pick([true, false, false]) {
        query.platform = .any
        tests.append { $0.platform == .any }
      }
      if pick([true, false, false]) {
        let range = try VersionRange(">=1.1 <2")
        query.versions = range
        tests.append { range.contains($0.description.version) }
      }
      if pick([true, false, false]) {
        query.since = Timestamp(secondsSinceEpoch: 86_400)
        query.until = Timestamp(secondsSinceEpoch: 86_400)
        tests.append { $0.created.secondsSinceEpoch == 86_400 }
      }
      return (query, { manifest in tests.allSatisfy { $0(manifest) } })
    }

    /// Asks some questions of a repository, and compares.
    mutating func check(_ repository: PackageRepository, _ comment: Comment) throws {
      let manifests = try manifests()
      for _ in 0..<5 {
        let (query, fits) = try query()
        let expected = manifests.values.filter(fits).map(ReleaseSummary.init)
        let found = try repository.search(query)
        #expect(Set(found.map(\.summary)) == Set(expected), comment)
        #expect(found.count == expected.count, comment)
        let named = found.map { query.texts.contains($0.summary.variant.release.name.text) || query.name != nil }
        #expect(found.map { $0.match == .name } == named, comment)
        #expect(named == named.sorted { $0 && !$1 }, "the package that is meant comes first")
      }
    }
  }

  private func withShelf(seed: UInt64, _ body: (inout Shelf) throws -> Void) throws {
    try RepositoryFixture.with { fixture in
      var shelf = Shelf(fixture: fixture, generator: SeededGenerator(seed: seed))
      for _ in 0..<12 { try shelf.add() }
      try body(&shelf)
    }
  }

  @Test(
    "a search finds what reading every manifest finds", arguments: 1...6 as ClosedRange<UInt64>, [false, true])
  func bruteForce(seed: UInt64, isSettled: Bool) throws {
    try withShelf(seed: seed) { shelf in
      let days: Int64 = isSettled ? 1 : 0
      let clock: @Sendable () -> Timestamp = { SystemClock.now().advanced(byDays: days) }
      // One that goes on, as in a daemon, and a new one each time, as on the command line.
      let lasting = try PackageRepository(home: shelf.fixture.home, clock: clock)
      for round in 0..<10 {
        try shelf.check(lasting, "round \(round), seed \(seed), one that lasts")
        let new = try PackageRepository(home: shelf.fixture.home, clock: clock)
        try shelf.check(new, "round \(round), seed \(seed), a new one")
        let before = try shelf.versions()
        for _ in 0..<shelf.pick([1, 2, 3]) { try shelf.add() }
        if shelf.pick([true, false]) { try shelf.remove() }
        if isSettled { try shelf.age(since: before) }
      }
      #expect(try shelf.fixture.files.exists(shelf.layout.packageIndex))
    }
  }

  /// By which every directory was left alone for long.
  private static let later: @Sendable () -> Timestamp = { SystemClock.now().advanced(byDays: 1) }

  @Test("a directory that was left alone is not listed again, unless something in it is not complete")
  func settled() throws {
    try withShelf(seed: 13) { shelf in
      let (files, home) = (shelf.fixture.files, shelf.fixture.home)
      let directory = "\(shelf.layout.packages)/gtach/1.0.0"
      try files.perform(.remove(shelf.layout.packages))
      let content = Manifest.Content(digest: SHA256().digest(of: []), size: 1)
      func write(_ platform: String) throws {
        let description = PackageDescription(
          name: try PackageName("gtach"), version: try SemanticVersion("1.0.0"))
        let manifest = Manifest(
          description: description, platform: try Platform(platform), created: Timestamp(secondsSinceEpoch: 0),
          archive: content, index: content)
        try files.perform([
          .makeDirectory("\(directory)/\(platform)"),
          .write(path: "\(directory)/\(platform)/chunks.index", bytes: [0], permissions: 0o644),
          .write(path: "\(directory)/\(platform)/manifest.json", bytes: try manifest.json(), permissions: 0o644),
        ])
      }
      func platforms() throws -> [String] {
        try PackageRepository(home: home, clock: Self.later).summaries().map(\.variant.platform.text)
      }
      try write("any")
      try files.perform(.makeDirectory("\(directory)/linux-arm64"))
      #expect(try platforms() == ["any"])
      try write("linux-arm64")
      #expect(try platforms() == ["any", "linux-arm64"], "it was not complete, and leaves no trace above it")
      func rows(_ condition: String) throws -> Int64 {
        let database = try SQLiteDatabase(path: shelf.layout.packageIndex, busyMilliseconds: 0)
        let rows = try database.prepare("SELECT count(*) FROM release WHERE \(condition)")
        return try rows.step() ? rows.integer(0) : -1
      }
      #expect(try rows("directory_inode IS NOT NULL AND directory_variants = 2") == 2)
      // A row that is lost does not hide a variant.
      try SQLiteDatabase(path: shelf.layout.packageIndex, busyMilliseconds: 0)
        .execute("DELETE FROM release WHERE path LIKE '%arm64'")
      #expect(try platforms() == ["any", "linux-arm64"])
      try files.perform(.remove("\(directory)/any/manifest.json"))
      #expect(try platforms() == ["linux-arm64"])
      try write("any")
      #expect(try platforms() == ["any", "linux-arm64"])
      // One that has just been changed is listed again next time.
      _ = try PackageRepository(home: home).reindex()
      #expect(try rows("directory_inode IS NULL") == 2)
    }
  }

  @Test("what is known of a manifest is not read again, and a changed one is")
  func whatIsKnownIsUsed() throws {
    try withShelf(seed: 3) { shelf in
      let summaries = try shelf.fixture.repository().summaries()
      // The same file with another text, which nobody can notice without reading it: so it is not read.
      let (name, version) = (summaries[0].variant.release.name, summaries[0].variant.release.version)
      let path = "\(shelf.layout.packages)/\(name)/\(version)/\(summaries[0].variant.platform)/manifest.json"
      let database = try SQLiteDatabase(path: shelf.layout.packageIndex, busyMilliseconds: 0)
      let rows = try database.prepare("SELECT count(*) FROM release")
      #expect(try rows.step() && rows.integer(0) >= Int64(summaries.count))
      try shelf.fixture.files.perform(.write(path: path, bytes: [0], permissions: 0o644))
      #expect(try shelf.fixture.repository().summaries() == Array(summaries.dropFirst()))
    }
  }

  @Test("a damaged, foreign, old or missing index gives the same answer, and is as good as new afterwards")
  func damage() throws {
    try withShelf(seed: 5) { shelf in
      let (files, path) = (shelf.fixture.files, shelf.layout.packageIndex)
      let expected = try shelf.fixture.repository().summaries()
      #expect(expected.count > 4)
      let good = try files.read(path, maximumBytes: 1 << 24)
      func put(_ bytes: [UInt8]) throws {
        try files.perform([.remove(path), .write(path: path, bytes: bytes, permissions: 0o644)])
      }
      var flipped: [[UInt8]] = []
      for _ in 0..<60 {
        var bytes = good
        bytes[Int.random(in: 0..<bytes.count, using: &shelf.generator)] ^=
          1
          << UInt8.random(
            in: 0..<8, using: &shelf.generator)
        flipped.append(bytes)
      }
      let others: [[UInt8]] = [
        [], [1, 2, 3], Array(good.prefix(4096)), Array(good.dropLast(100)), Array(repeating: 0, count: 9000),
      ]
      for (number, bytes) in (flipped + others).enumerated() {
        try put(bytes)
        #expect(try shelf.fixture.repository().summaries() == expected, "damage \(number)")
      }
      for sql in [
        "PRAGMA user_version=0", "PRAGMA user_version=99", "PRAGMA application_id=1", "DROP TABLE release",
        "ALTER TABLE release DROP COLUMN author", "DELETE FROM release",
        "UPDATE release SET description='motor motor'", "UPDATE release SET manifest_inode=manifest_inode+1",
        "UPDATE release SET path='gone/1.0.0/any' WHERE path=(SELECT min(path) FROM release)",
        "DELETE FROM release WHERE path=(SELECT max(path) FROM release)",
        "UPDATE release SET directory_variants=9", "UPDATE release SET directory_inode=0",
      ] {
        try put(good)
        try SQLiteDatabase(path: path, busyMilliseconds: 0).execute(sql)
        #expect(try shelf.fixture.repository().summaries() == expected, "\(sql)")
        let rows = try SQLiteDatabase(path: path, busyMilliseconds: 0).prepare("SELECT count(*) FROM release")
        #expect(try rows.step() && rows.integer(0) >= Int64(expected.count), "it is made anew: \(sql)")
      }
      try files.perform([.remove(path), .makeDirectory(path)])
      #expect(try shelf.fixture.repository().summaries() == expected, "a directory in its place")
      #expect(errorCode { try shelf.fixture.repository().reindex() } == .inputOutput)
      try files.perform(.remove(path))
      #expect(try shelf.fixture.repository().summaries() == expected)
      #expect(try files.status(of: path)?.kind == .file)
    }
  }

  @Test("an index that another process keeps to itself, or that is taken away meanwhile, holds nobody up")
  func company() throws {
    try withShelf(seed: 7) { shelf in
      let (files, path) = (shelf.fixture.files, shelf.layout.packageIndex)
      let lasting = try shelf.fixture.repository()
      _ = try lasting.summaries()
      do {
        let holder = try SQLiteDatabase(path: path, busyMilliseconds: 0)
        try holder.execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE release SET author=NULL")
        try shelf.add()
        try shelf.check(try shelf.fixture.repository(), "locked")
        try shelf.check(lasting, "locked, one that lasts")
        try holder.execute("COMMIT")
        for file in ["", "-wal", "-shm"] { try files.perform(.remove(path + file)) }
        try shelf.add()
        try shelf.check(lasting, "taken away while open")
      }
      try shelf.check(try shelf.fixture.repository(), "after that")
    }
  }

  @Test("reindex makes it anew from the manifests alone")
  func reindex() throws {
    try withShelf(seed: 9) { shelf in
      let repository = try shelf.fixture.repository()
      let expected = try repository.summaries()
      try shelf.fixture.files.perform(
        .write(path: shelf.layout.packageIndex, bytes: [9, 9, 9], permissions: 0o644))
      let report = try repository.reindex()
      #expect(report.variants == expected.count && report.packages > 1 && report.bytes > 4096)
      #expect(try repository.summaries() == expected)
      #expect(try shelf.fixture.repository().summaries() == expected)
      let empty = try PackageRepository(home: "\(shelf.fixture.directory)/other")
      #expect(try empty.reindex().variants == 0)
      #expect(try empty.summaries().isEmpty)
      #expect(try !shelf.fixture.files.exists("\(shelf.fixture.directory)/other"), "looking leaves no trace")
    }
  }

  @Test(
    "on a read-only disk all is found, with an index and without, and whoever wants to write is told why not",
    .enabled(if: SmallDisk.isPossible, "needs root and mount"), arguments: [true, false])
  func readOnlyDisk(hasIndex: Bool) throws {
    try RepositoryFixture.with { fixture in
      let path = "\(fixture.directory)/disk"
      try fixture.files.perform(.makeDirectory(path))
      let disk = try SmallDisk(at: path, kibibytes: 16_000)
      defer { disk.unmount() }
      let inside = RepositoryFixture(directory: path)
      try inside.writeTree()
      do {
        let repository = try inside.repository()
        _ = try inside.publish(into: repository)
        _ = try repository.reindex()
      }
      if !hasIndex { try fixture.files.perform(["-wal", "-shm", ""].map { .remove(inside.layout.packageIndex + $0) }) }
      try disk.makeReadOnly()
      let repository = try inside.repository()
      #expect(try repository.summaries().map(\.variant.description) == ["app@1.0.0 (any)"])
      #expect(try repository.summaries(name: PackageName("app")).count == 1)
      #expect(try repository.search(ReleaseQuery()).count == 1)
      #expect(try repository.reports().count == 1)
      for error in [
        thrownError { try repository.reindex() }, thrownError { try inside.pack(into: inside.repository()) },
      ] {
        #expect(error?.code == .inputOutput)
        #expect(error?.advice?.contains("read-only") == true, "\(String(describing: error))")
      }
    }
  }

  @Test("several at once write and read one index")
  func atOnce() throws {
    try withShelf(seed: 11) { shelf in
      let layout = shelf.layout
      let home = shelf.fixture.home
      let expected = try shelf.manifests().count
      let threads = try (0..<6).map { number in
        try WorkerThread(name: "index-\(number)") {
          do {
            for round in 0..<10 {
              let repository = try PackageRepository(home: home)
              if number == 0, round % 3 == 0 { _ = try repository.reindex() }
              if number == 1, round % 4 == 0 { try FileSystem().perform(.remove(layout.packageIndex)) }
              #expect(try repository.summaries().count == expected)
            }
          } catch {
            Issue.record(error)
          }
        }
      }
      for thread in threads { thread.join() }
      try shelf.check(try shelf.fixture.repository(), "in the end")
    }
  }
}
