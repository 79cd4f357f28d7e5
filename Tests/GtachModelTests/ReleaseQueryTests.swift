import GtachModel
import Testing

@Suite("What a search finds")
struct ReleaseQueryTests {
  private func release(
    _ target: String, _ description: String? = nil, by author: String? = nil, created: Int64 = 0
  ) throws -> ReleaseSummary {
    ReleaseSummary(
      variant: try #require(VariantID(targetPath: "\(target)/manifest.json")), archiveBytes: 1,
      created: Timestamp(secondsSinceEpoch: created), description: description, author: author)
  }

  private func query(_ texts: String...) throws -> ReleaseQuery {
    var query = ReleaseQuery()
    query.words = try texts.flatMap { text throws(GtachError) in try SearchWord.parse(text) }
    query.texts = Set(texts)
    return query
  }

  @Test func aPackageIsNotTheOneWhoseNameBeginsWithItsName() throws {
    let (gtach, app) = try (release("gtach/1.0.0/any"), release("gtach-app/1.0.0/any"))
    #expect(try query("gtach").match(gtach) == .name)
    #expect(try query("gtach").match(app) == .words, "it has the word, and is another package")
    #expect(try query("gtach-app").match(app) == .name)
    #expect(try query("gtach-app").match(gtach) == nil)
    #expect(try query("gtac").match(gtach) == nil)
    #expect(try query("gtac*").match(gtach) == .words)
    var exact = ReleaseQuery()
    exact.name = try PackageName("gtach")
    #expect(exact.match(gtach) == .name)
    #expect(exact.match(app) == nil)
  }

  @Test func wordsAreWholeOrPrefixes() throws {
    let display = try release("round-display/1.0.0/any", "Tachometer for Hyperpixel 2.1", by: "José Pérez (ÅSA)")
    for found in [
      "display", "tachometer", "TACHOMETER", "tacho*", "hyperpixel 2", "2.1", "josé", "pérez*", "åsa", "jose\u{301}",
    ] {
      #expect(try query(found).match(display) != nil, "\(found)")
    }
    for missed in ["tacho", "achometer", "isplay*", "hyper", "jose", "tachometers", "tachometer*s"] {
      #expect((try? query(missed).match(display)) == .some(nil) || missed.contains("*s"), "\(missed)")
    }
    #expect(try query("display", "tacho*").match(display) != nil)
    #expect(try query("display", "tacho").match(display) == nil, "all of them have to fit")
    for wrong in ["", "*", "--", "a*b", "a -*"] {
      #expect(throws: GtachError.self, "\(wrong)") { try SearchWord.parse(wrong) }
    }
  }

  @Test func everyOptionHasToFit() throws {
    let found = try release("app/1.4.0/linux-arm64", "motor", by: "Ann Example", created: 1000)
    func fits(_ change: (inout ReleaseQuery) throws -> Void) rethrows -> Bool {
      var query = ReleaseQuery()
      try change(&query)
      return query.match(found) != nil
    }
    #expect(fits { _ in })
    #expect(try fits { $0.author = try SearchWord.parse("example") })
    #expect(try !fits { $0.author = try SearchWord.parse("motor") })
    #expect(try fits { $0.platform = try Platform("linux-arm64") })
    #expect(!fits { $0.platform = .any })
    var query = ReleaseQuery()
    query.platform = try Platform("linux-riscv64")
    #expect(query.match(found) == nil)
    #expect(try query.match(release("app/1.4.0/any")) != nil, "it runs everywhere")
    query.platform = .any
    #expect(try query.match(release("app/1.4.0/any")) != nil)
    #expect(try fits { $0.versions = try VersionRange("^1.2") })
    #expect(try !fits { $0.versions = try VersionRange("<1.4") })
    #expect(fits { $0.since = Timestamp(secondsSinceEpoch: 1000) })
    #expect(!fits { $0.since = Timestamp(secondsSinceEpoch: 1001) })
    #expect(fits { $0.until = Timestamp(secondsSinceEpoch: 1000) })
    #expect(!fits { $0.until = Timestamp(secondsSinceEpoch: 999) })
    #expect(
      try !fits {
        $0.words = try SearchWord.parse("motor")
        $0.platform = .any
      })
  }
}
