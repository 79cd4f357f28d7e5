import GtachCore
import GtachModel
import Testing

@Suite("How an installed release differs from its archive")
struct InstalledTreeTests {
  private let layout = InstallLayout(root: "/opt/gtach")
  private let archive: [String: TreeEntry] = [
    "bin": .directory(permissions: 0o755), "bin/run": .file(Sample.digest("run"), permissions: 0o755),
    "lib/a": .file(Sample.digest("a"), permissions: 0o644), "link": .link(to: "bin/run"),
    "data": .directory(permissions: 0o755), "data/seed": .file(Sample.digest("seed"), permissions: 0o644),
  ]
  private let sound: [String: TreeEntry] = [
    "bin": .directory(permissions: 0o555), "bin/run": .file(Sample.digest("run"), permissions: 0o555),
    "lib": .directory(permissions: 0o500), "lib/a": .file(Sample.digest("a"), permissions: 0o444),
    "link": .link(to: "bin/run"), "data": .link(to: "../../../state/app/data"),
    "etc": .directory(permissions: 0o555),
    "etc/conf": .link(to: "../../../../configuration/app/1.0.0/etc/conf"),
  ]

  private func findings(_ change: (inout [String: TreeEntry]) -> Void) -> [String] {
    var release = Sample.release("1.0.0") { $0.install?.preserve = ["data/"] }
    release.configuration = [
      "etc/conf": .init(digest: Sample.digest("x")), "old": .init(digest: Sample.digest("y"), isObsolete: true),
    ]
    var found = sound
    change(&found)
    let tree = InstalledTree(release, archive: archive, layout: layout)
    return tree.findings(in: found).map { "\($0.problem.rawValue) \($0.path)" }
  }

  @Test("as it was packed, but for the permission to write and gtach's own links")
  func sameAsPacked() {
    #expect(findings { _ in } == [])
  }

  @Test("each difference is told of once, where it begins")
  func differences() {
    #expect(findings { $0["bin/run"] = .file(Sample.digest("x"), permissions: 0o555) } == ["changed bin/run"])
    #expect(findings { $0["bin/run"] = .file(Sample.digest("run"), permissions: 0o755) } == ["mode bin/run"])
    #expect(findings { $0["bin"] = .directory(permissions: 0o755) } == ["mode bin"])
    #expect(findings { $0["link"] = .link(to: "bin") } == ["changed link"])
    #expect(findings { $0["link"] = .other } == ["replaced link"])
    #expect(findings { $0 = $0.filter { !$0.key.hasPrefix("bin") } } == ["missing bin"])
    #expect(
      findings {
        $0["new"] = .directory(permissions: 0o755)
        $0["new/a/b"] = .other
        $0["new/a"] = .directory(permissions: 0o755)
        $0["newer"] = .other
      } == ["added new", "added newer"])
    #expect(
      findings {
        $0["data"] = .directory(permissions: 0o755)
        $0["data/seed"] = .file(Sample.digest("seed"), permissions: 0o644)
      } == ["replaced data"])
    #expect(findings { $0["etc/conf"] = nil } == ["missing etc/conf"])
    #expect(findings { $0 = [:] }.count == 5)
  }

  @Test("of the configuration, what an operator changed, removed or replaced is his")
  func configuration() throws {
    var release = Sample.release("1.0.0")
    let bytes = Array("as rendered".utf8)
    let digest = TestHashing().digest(of: bytes)
    release.configuration = ["a": .init(digest: digest), "b": .init(digest: digest), "c": .init(digest: digest)]
    release.configuration?["d"] = .init(digest: digest)
    let places = InstalledTree.configurationPlaces(of: release, layout: layout)
    #expect(places["a"]?.path == "/opt/gtach/configuration/app/1.0.0/a")
    var seen: [InspectedPlace: PlaceContent] = [:]
    seen[try #require(places["a"])] = .file(bytes: bytes, permissions: 0o600)
    seen[try #require(places["b"])] = .file(bytes: [1], permissions: 0o644)
    seen[try #require(places["c"])] = .link(to: "/etc/c")
    let found = InstalledTree.configured(release, layout: layout, seen: seen, hashing: TestHashing())
    #expect(found.map(\.state) == [.changed, .replaced, .missing])
    #expect(found.map(\.path) == ["b", "c", "d"].map { "configuration/app/1.0.0/\($0)" })
  }
}
