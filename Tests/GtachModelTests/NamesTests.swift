import GtachModel
import Testing

/// Names that become path components, wire fields and certificate names: what is accepted is harmless, all else
/// refused.
@Suite struct NamesTests {
  private static let longest = String(repeating: "a", count: 64)

  @Test(arguments: [
    "a", "0", "gtach-app", "hyperpixel2r", "libgpio.extra", "a-b.c-d", "a--b", "root", "con", longest,
  ])
  func acceptsPackageNames(text: String) throws {
    #expect(try PackageName(text).description == text)
  }

  @Test(arguments: [
    "", ".", "..", "a..b", ".a", "a.", "-a", "a-", "A", "gtachApp", "a_b", "a b", " a", "a\n", "a/b", "../a", "a/../b",
    "/a", "a\\b", "a\u{0}b", "é", "a\u{301}", "ａ", "a@1", "a*", "~", longest + "a",
  ])
  func refusesPackageNames(text: String) {
    #expect { try PackageName(text) } throws: { ($0 as? GtachError)?.code == .nameInvalid }
  }

  @Test(arguments: ["a", "pi-1", "0", "a--b", String(repeating: "n", count: 63)])
  func acceptsNodeNames(text: String) throws {
    #expect(try NodeName(text).text == text)
  }

  @Test(arguments: [
    "", "-", "-a", "a-", "A", "a.b", "a_b", "a b", "a\n", "é", "../a", String(repeating: "n", count: 64),
  ])
  func refusesNodeNames(text: String) {
    #expect { try NodeName(text) } throws: { ($0 as? GtachError)?.code == .nameInvalid }
  }

  @Test(arguments: ["any", "linux-arm64", "linux-armv7", "linux-x86_64", "macos-arm64"])
  func acceptsPlatforms(text: String) throws {
    #expect(try Platform(text).text == text)
  }

  @Test(arguments: [
    "", "Any", "linux", "linux-", "-arm64", "linux-arm64-musl", "linux_arm64", "Linux-arm64", "linux/arm64", "..",
    "linux-abcdefghijklmnopq", "any-", "any\n",
  ])
  func refusesPlatforms(text: String) {
    #expect { try Platform(text) } throws: { ($0 as? GtachError)?.code == .nameInvalid }
  }

  @Test func theFittingVariantBeatsTheOneForAll() throws {
    let machine = try Platform("linux-arm64")
    let exact = try #require(machine.suitability(for: machine))
    let any = try #require(Platform.any.suitability(for: machine))
    #expect(exact > any)
    #expect(try Platform("linux-armv7").suitability(for: machine) == nil)
    #expect(try Platform("macos-arm64").suitability(for: machine) == nil)
  }

  @Test(arguments: [
    ("192.168.1.20:7420", "192.168.1.20", 7420), ("pi-1.local:1", "pi-1.local", 1),
    ("localhost:65535", "localhost", 65535),
    ("[::1]:0", "::1", 0), ("[fe80::1%eth0]:7420", "fe80::1%eth0", 7420), ("[::]:7420", "::", 7420),
  ])
  func endpointsReadBackAsWritten(text: String, host: String, port: UInt16) throws {
    let endpoint = try Endpoint(text)
    #expect(endpoint.host == host)
    #expect(endpoint.port == port)
    #expect(endpoint.description == text)
  }

  @Test(arguments: [
    "", ":", ":7420", "192.168.1.20", "192.168.1.20:", "a:65536", "a:-1", "a:+1", "a: 1", "a:1 ", "a b:1", "a:1:2",
    "fe80::1:7420", "::1:7420", "[::1]", "[::1]7420", "[::1:7420", "::1]:7420", "[]:1", "[a]:1", "[[::1]]:1",
    "http://a:1", "a/b:1", "a\n:1", "a:１", "é:1", "[::1]:",
  ])
  func refusesEndpoints(text: String) {
    #expect { try Endpoint(text) } throws: { ($0 as? GtachError)?.code == .usage }
  }

  @Test func releasesAndVariantsReadBackAsWritten() throws {
    let release = try ReleaseID("gtach-app@1.2.0-rc.1+b")
    #expect(release.name.text == "gtach-app")
    #expect(release.description == "gtach-app@1.2.0-rc.1+b")
    let variant = VariantID(release: release, platform: try Platform("linux-arm64"))
    #expect(variant.targetPath == "gtach-app/1.2.0-rc.1+b/linux-arm64/manifest.json")
    #expect(VariantID(targetPath: variant.targetPath) == variant)
    for text in ["gtach-app", "gtach-app@", "@1.0.0", "gtach-app@^1", "gtach-app@1.0.0@2.0.0", ""] {
      #expect(throws: GtachError.self) { try ReleaseID(text) }
    }
  }

  @Test(arguments: [
    "", "a/1.0.0/any", "a/1.0.0/any/manifest.json/", "/a/1.0.0/any/manifest.json", "a/1.0.0/any/manifest.JSON",
    "../1.0.0/any/manifest.json", "a/1.0/any/manifest.json", "a/../any/manifest.json", "a//any/manifest.json",
    "a/1.0.0/../manifest.json", "a/1.0.0/any/../manifest.json", "A/1.0.0/any/manifest.json",
  ])
  func refusesTargetPaths(path: String) {
    #expect(VariantID(targetPath: path) == nil)
  }

  @Test func variantsSortByNameThenVersionThenPlatform() throws {
    let ascending = try [
      "a/1.9.0/any", "a/1.10.0-rc.1/any", "a/1.10.0/any", "a/1.10.0/linux-arm64", "a-b/0.1.0/any", "b/0.0.1/any",
    ].map { try #require(VariantID(targetPath: $0 + "/manifest.json")) }
    #expect(ascending.shuffled().sorted() == ascending)
  }

  @Test func requirementsAreANameAndPerhapsARange() throws {
    #expect(try Requirement("gtach-app") == Requirement(name: PackageName("gtach-app")))
    #expect(try Requirement("gtach-app@>=1 <2").range == VersionRange(">=1 <2"))
    #expect(try Requirement("gtach-app@").range == .any)
    #expect { try Requirement("gtach-app@!=1") } throws: { ($0 as? GtachError)?.code == .rangeInvalid }
    #expect { try Requirement("Gtach@1") } throws: { ($0 as? GtachError)?.code == .nameInvalid }
  }
}
