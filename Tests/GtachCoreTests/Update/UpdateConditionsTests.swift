import GtachCore
import GtachModel
import Testing

@Suite("Conditions of updates")
struct UpdateConditionsTests {
  /// What stands in the way of a release, as stable words; nothing must have been written then.
  private func obstacles(
    _ release: InstallState.Release, on node: SimulatedMachine = SimulatedMachine(), force: Bool = false
  ) throws -> [String] {
    var node = node
    try node.recover()
    node.clearLog()
    let before = node.disk.tree("/")
    let result = try node.install(release, force: force)
    if !result.success {
      #expect(result.message == "\(release.id) cannot be installed, and nothing changed")
      #expect(node.disk.tree("/") == before, "nothing was written")
      #expect(node.log.isEmpty, "nothing was run")
    }
    return result.validationErrors.map(\.code)
  }

  @Test("the variant and the release must be meant for this machine")
  func platforms() throws {
    var foreign = Sample.release("1.0.0")
    foreign.manifest.platform = Sample.platform("macos-arm64")
    #expect(try obstacles(foreign) == ["platform-unsupported"])
    func wanting(_ machines: [PackageDescription.Requirement]) -> InstallState.Release {
      Sample.release("1.0.0") { $0.platforms = machines }
    }
    #expect(try obstacles(wanting([.init(os: "macos")])) == ["platform-unsupported"])
    #expect(try obstacles(wanting([.init(arch: "armv7")])) == ["platform-unsupported"])
    #expect(try obstacles(wanting([.init(os: "linux", arch: "arm64", model: "Raspberry Pi 5*")])).count == 1)
    #expect(try obstacles(wanting([.init(os: "macos"), .init(model: "Raspberry Pi Zero 2*")])).isEmpty)
    #expect(try obstacles(wanting([])).isEmpty)
  }

  @Test("what a release needs must be installed, in a version that it accepts")
  func dependencies() throws {
    let release = Sample.release("1.0.0") { $0.dependencies = [Sample.name("lib"): Sample.range("^1.2")] }
    #expect(try obstacles(release) == ["dependency-missing"])
    for (version, isEnough) in [("1.1.0", false), ("1.2.5", true), ("2.0.0", false)] {
      var node = SimulatedMachine()
      try node.install(Sample.release(version, of: "lib", hooks: false))
      #expect(try obstacles(release, on: node) == (isEnough ? [] : ["dependency-missing"]), "lib \(version)")
    }
  }

  @Test("what another platform needs is no obstacle here")
  func platformDependencies() throws {
    func release(_ platform: Platform) -> InstallState.Release {
      Sample.release("1.0.0") {
        $0.dependencies = Dependencies([:], perPlatform: [platform: [Sample.name("lib"): Sample.range("^1.2")]])
      }
    }
    let here = SimulatedMachine().machine.platform
    #expect(try obstacles(release(here)) == ["dependency-missing"])
    #expect(try obstacles(release(Platform("macos-armv7"))).isEmpty)
  }

  @Test("what is installed must still work with a new release of what it needs")
  func dependents() throws {
    var node = SimulatedMachine()
    try node.install(Sample.release("1.2.0", of: "lib", hooks: false))
    try node.install(Sample.release("1.0.0") { $0.dependencies = [Sample.name("lib"): Sample.range("^1.2")] })
    #expect(try obstacles(Sample.release("2.0.0", of: "lib", hooks: false), on: node) == ["dependency-missing"])
    #expect(try obstacles(Sample.release("1.3.0", of: "lib", hooks: false), on: node).isEmpty)
  }

  @Test("what is broken already keeps nothing from being installed")
  func brokenAlready() throws {
    var node = SimulatedMachine()
    try node.install(Sample.release("1.2.0"))
    try node.install(Sample.release("1.0.0", of: "tool") { $0.dependencies = [Sample.name: Sample.range("^1.2")] })
    // Somebody has removed what it needs.
    try node.disk.perform(.remove(node.layout.release(Sample.release("1.2.0").id)))
    #expect(try obstacles(Sample.release("2.1.0"), on: node, force: true).isEmpty)
    #expect(try obstacles(Sample.release("1.3.0"), on: node, force: true).isEmpty)
  }

  @Test("the disk must have room for the archive and something to spare")
  func room() throws {
    var node = SimulatedMachine()
    node.freeBytes = 8 << 20
    #expect(try obstacles(Sample.release("1.0.0"), on: node) == ["disk-full"])
    node.freeBytes = 0
    #expect(try obstacles(Sample.release("1.0.0"), on: node) == ["disk-full"])
    node.freeBytes = 8 << 20 + 1000
    #expect(try obstacles(Sample.release("1.0.0"), on: node).isEmpty)
    var huge = Sample.release("1.0.0")
    huge.manifest.archive = Manifest.Content(digest: Sample.digest("huge"), size: .max)
    #expect(try obstacles(huge) == ["disk-full"])
  }

  @Test(
    "a hook is a program of the release, not of the machine",
    arguments: ["/bin/sh", "../pre", "bin/../../pre", "bin//pre", "", "bin/pre/", "bin/\0pre"])
  func hooks(path: String) throws {
    let release = Sample.release("1.0.0") { $0.install = .init(preInstall: path) }
    #expect(try obstacles(release, force: true) == ["description-invalid"])
  }

  @Test("a version must be fit to be a directory's name, beside the others")
  func versions() throws {
    let long = Sample.release("1.0.0-" + String(repeating: "a", count: 200))
    #expect(try obstacles(long) == ["version-invalid"])
    var node = SimulatedMachine()
    try node.install("1.0.0-RC")
    #expect(try obstacles(Sample.release("1.0.0-rc"), on: node) == ["release-exists"])
  }

  @Test("neither names nor versions lead out of the install root")
  func paths() {
    for name in ["..", ".", "a/../b", "/etc", "a..b", "", "A", "a\u{0}"] {
      #expect(thrownError { try PackageName(name) }?.code == .nameInvalid, "\(name)")
    }
    for version in ["../1.0.0", "1.0.0/..", "1.0.0-../x", "1.0.0+a/b", "..", "1.0.0-a\u{0}"] {
      #expect(thrownError { try SemanticVersion(version) }?.code == .versionInvalid, "\(version)")
    }
    let layout = InstallLayout(root: "/opt/gtach")
    #expect(layout.release(Sample.release("1.0.0-rc.1+b.2").id) == "/opt/gtach/releases/app/1.0.0-rc.1+b.2")
    #expect(layout.parent == "/opt")
    #expect(InstallLayout(root: "/gtach").parent == "/")
  }
}
