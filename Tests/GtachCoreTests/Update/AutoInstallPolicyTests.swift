import GtachCore
import GtachModel
import Testing

@Suite("What is installed automatically")
struct AutoInstallPolicyTests {
  private let machine = InstallMachine(platform: Sample.linux, model: nil, allowMock: false)

  private func listed(
    _ version: String, of name: String = "app", platform: Platform = .any,
    platforms: [PackageDescription.Requirement]? = nil, needs: [String: String] = [:]
  ) -> ListedVariant {
    ListedVariant(
      variant: VariantID(
        release: ReleaseID(name: Sample.name(name), version: Sample.version(version)), platform: platform),
      manifest: Manifest.Content(digest: Sample.digest("\(name) \(version)"), size: 100), platforms: platforms,
      dependencies: Dictionary(uniqueKeysWithValues: needs.map { (Sample.name($0), Sample.range($1)) }))
  }

  private func state(_ active: String..., change: (inout InstallState.Package) -> Void = { _ in }) -> InstallState {
    var state = InstallState()
    for release in active {
      let parts = release.split(separator: "@").map(String.init)
      var package = InstallState.Package()
      package.active = Sample.release(parts[1], of: parts[0])
      change(&package)
      state.packages[Sample.name(parts[0])] = package
    }
    return state
  }

  private func next(
    _ complete: [ListedVariant], _ state: InstallState, _ ranges: [String: String] = ["app": "^1.0"]
  ) -> [String] {
    AutoInstallPolicy.next(
      complete: complete, state: state,
      autoInstall: Dictionary(uniqueKeysWithValues: ranges.map { (Sample.name($0), Sample.range($1)) }),
      machine: machine
    ).map(\.description)
  }

  @Test("the newest that the range accepts, and nothing that nobody named")
  func newest() {
    let here = ["1.0.0", "1.10.0", "1.9.0", "2.0.0", "1.11.0-rc.1"].map { listed($0) } + [listed("5.0.0", of: "other")]
    #expect(next(here, InstallState()) == ["app@1.10.0 (any)"])
    #expect(next(here, state("app@1.9.0")) == ["app@1.10.0 (any)"])
    #expect(next(here, InstallState(), [:]).isEmpty)
  }

  @Test("never the same again, and never a downgrade")
  func downgrade() {
    let here = [listed("1.0.0"), listed("1.1.0")]
    #expect(next(here, state("app@1.1.0")).isEmpty)
    #expect(next(here, state("app@1.2.0")).isEmpty)
    #expect(next(here, state("app@3.0.0")).isEmpty)
  }

  @Test("the variant that was made for this machine before the one for any, and no other")
  func variants() {
    let here = [listed("1.0.0"), listed("1.0.0", platform: Sample.linux), listed("1.0.0", platform: .any)]
    #expect(next(here, InstallState()) == ["app@1.0.0 (linux-arm64)"])
    let foreign = [listed("1.1.0", platform: Sample.platform("macos-arm64")), listed("1.0.0")]
    #expect(next(foreign, InstallState()) == ["app@1.0.0 (any)"])
    #expect(next([listed("1.1.0", platforms: [.init(os: "macos")]), listed("1.0.0")], InstallState()).count == 1)
  }

  @Test("a release that failed here gives way to an older one that did not, and a hold stops all")
  func refusedAndHeld() {
    let here = [listed("1.1.0"), listed("1.2.0")]
    func refusing(_ digest: Digest, _ circumstances: String) -> InstallState {
      state("app@1.0.0") {
        $0.refused = [
          InstallState.Refusal(
            version: Sample.version("1.2.0"), digest: digest, circumstances: circumstances, errors: [],
            time: Timestamp(secondsSinceEpoch: 0))
        ]
      }
    }
    #expect(next(here, refusing(Sample.digest("app 1.2.0"), "")) == ["app@1.1.0 (any)"])
    #expect(next(here, refusing(Sample.digest("other"), "")) == ["app@1.2.0 (any)"], "another manifest")
    #expect(next(here, refusing(Sample.digest("app 1.2.0"), "other")) == ["app@1.2.0 (any)"], "other circumstances")
    #expect(next(here, state("app@1.0.0") { $0.held = true }).isEmpty)
  }

  @Test("dependencies come first, and without them nothing comes")
  func dependencies() {
    let ranges = ["app": "^1.0", "lib": "*"]
    let app = listed("1.0.0", needs: ["lib": "^2"])
    #expect(next([app], InstallState(), ranges).isEmpty)
    #expect(next([app, listed("1.0.0", of: "lib")], InstallState(), ranges) == ["lib@1.0.0 (any)"])
    #expect(
      next([app, listed("2.1.0", of: "lib")], InstallState(), ranges) == ["lib@2.1.0 (any)", "app@1.0.0 (any)"])
    #expect(next([app], state("lib@2.0.0"), ranges) == ["app@1.0.0 (any)"])
    let newer = listed("1.5.0", needs: ["lib": "^3"])
    #expect(
      next([app, newer, listed("3.0.0", of: "lib")], state("lib@2.0.0"), ranges)
        == ["lib@3.0.0 (any)", "app@1.5.0 (any)"], "the newest, once what it needs came before it")
  }

  @Test("what is installed keeps what it needs")
  func dependents() {
    var state = state("app@1.0.0", "lib@1.0.0")
    state.packages[Sample.name("app")]?.active?.manifest.description.dependencies = [
      Sample.name("lib"): Sample.range("^1")
    ]
    let here = [listed("1.4.0", of: "lib"), listed("2.0.0", of: "lib")]
    #expect(next(here, state, ["lib": "*"]) == ["lib@1.4.0 (any)"])
  }
}
