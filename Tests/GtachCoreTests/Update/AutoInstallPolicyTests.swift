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
      dependencies: Dependencies(Dictionary(uniqueKeysWithValues: needs.map { (Sample.name($0), Sample.range($1)) })))
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

  private func policy(
    _ ranges: [String: String] = ["app": "^1.0"], _ changes: [Compatibility]? = nil
  ) -> AutoInstallPolicy {
    var configuration = NodeConfiguration()
    configuration.autoInstall = Dictionary(
      uniqueKeysWithValues: ranges.map { (Sample.name($0), Sample.range($1)) })
    configuration.autoUpdate = changes.map { UpdatePolicy(Set($0)) }
    return AutoInstallPolicy(configuration, machine: machine)
  }

  private func next(
    _ listed: [ListedVariant], _ state: InstallState, _ ranges: [String: String] = ["app": "^1.0"],
    changes: [Compatibility]? = nil
  ) -> [String] {
    policy(ranges, changes).next(listed: listed, state: state).joined().map(\.description)
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

  @Test(
    "only the changes that autoUpdate allows, the first installation being none",
    arguments: [
      // What is active, what autoUpdate says (nothing: -), and what is installed of the releases here.
      ("", "-", "2.1.0"), ("", "", "2.1.0"),
      ("1.2.0", "-", "1.3.0"), ("1.2.0", "", ""), ("1.2.0", "same", ""), ("1.2.0", "patch", "1.2.1"),
      ("1.2.0", "minor", "1.3.0"), ("1.2.0", "breaking", "2.1.0"), ("1.2.0", "patch minor breaking", "2.1.0"),
      ("1.2.0", "downgrade", ""), ("1.3.0", "-", ""), ("1.3.0", "downgrade", ""), ("1.3.0", "breaking", "2.1.0"),
      ("2.0.0", "patch", ""), ("2.0.0", "-", "2.1.0"), ("0.9.0", "-", ""), ("0.9.0", "patch minor", ""),
      ("0.9.0", "breaking", "2.1.0"), ("1.2.0-rc.1", "patch", "1.2.1"), ("2.0.0-rc.1", "patch", ""),
    ])
  func changes(active: String, allowed: String, installed: String) {
    let here = ["0.9.1", "1.1.0", "1.2.0", "1.2.1", "1.3.0", "2.1.0"].map { listed($0) }
    let changes = allowed == "-" ? nil : allowed.split(separator: " ").compactMap { Compatibility(rawValue: "\($0)") }
    #expect(
      next(here, active.isEmpty ? InstallState() : state("app@\(active)"), ["app": ">=1"], changes: changes)
        == (installed.isEmpty ? [] : ["app@\(installed) (any)"]))
  }

  @Test("a downgrade that is allowed leads into the range, and from there nothing leads back")
  func allowedDowngrade() {
    let here = ["1.0.0", "1.1.0", "2.0.0", "3.0.0"].map { listed($0) }
    let all = Compatibility.allCases
    #expect(next(here, state("app@2.0.0"), changes: all) == ["app@1.1.0 (any)"])
    #expect(next(here, state("app@2.0.0"), changes: [.patch, .minor, .breaking]).isEmpty)
    #expect(next(here, state("app@2.0.0") { $0.held = true }, changes: all).isEmpty)
    // Within the range nothing goes down, also where what is active is not here any more.
    #expect(next(here, state("app@1.1.0"), changes: all).isEmpty)
    #expect(next(here, state("app@1.2.0"), changes: all).isEmpty)
    // Whatever is active, installing what is chosen comes to rest, and inside of the range.
    for range in ["^1.0", "1 || 3", ">=1.1 <2 || >=2.5", "*", "2.0.0 - 2.9.0"] {
      for active in ["0.5.0", "1.0.0", "1.5.0", "1.5.0-rc.1", "2.0.0", "2.7.0", "4.0.0"] {
        var state = state("app@\(active)")
        var steps = 0
        while let chosen = policy(["app": range], all).next(listed: here, state: state).first?.first, steps < 5 {
          state = self.state("app@\(chosen.release.version)")
          #expect(Sample.range(range).contains(chosen.release.version))
          steps += 1
        }
        #expect(steps <= 1, "\(active) and \(range)")
      }
    }
  }

  @Test(
    "what only the kind of change withholds is told of, the newest of it",
    arguments: [
      // What is active, what autoUpdate says (nothing: -), and what is withheld.
      ("1.2.0", "-", "2.1.0 breaking"), ("1.2.0", "breaking", ""), ("1.3.0", "-", "2.1.0 breaking"),
      ("2.0.0", "patch", "2.1.0 minor"), ("2.0.0", "-", ""), ("2.1.0", "", ""), ("2.2.0", "-", ""),
      ("2.0.9", "", "2.1.0 minor"),
      ("9.0.0", "-", ""),
    ])
  func withheld(active: String, allowed: String, told: String) {
    let here = ["1.1.0", "1.3.0", "2.0.0", "2.1.0", "3.0.0"].map { listed($0) }
    let changes = allowed == "-" ? nil : allowed.split(separator: " ").compactMap { Compatibility(rawValue: "\($0)") }
    let report = policy(["app": ">=1 <3"], changes).report(of: state("app@\(active)"), listed: here)
    let found = report.first?.withheld.map { "\($0.version) \($0.change.rawValue)" } ?? ""
    #expect(report.count == 1)
    #expect(found == told)
  }

  @Test("nothing is told of what is refused, held, or not wanted anyway")
  func notWithheld() {
    func told(_ state: InstallState, _ ranges: [String: String] = ["app": "*"]) -> [SemanticVersion] {
      policy(ranges).report(of: state, listed: [listed("2.0.0")]).compactMap { $0.withheld?.version }
    }
    #expect(told(state("app@1.0.0")) == [Sample.version("2.0.0")])
    #expect(told(state("app@1.0.0"), ["app": "^1"]).isEmpty)
    #expect(told(state("app@1.0.0"), ["other": "*"]).isEmpty)
    #expect(told(state("app@1.0.0") { $0.held = true }).isEmpty)
    let refusal = InstallState.Refusal(
      version: Sample.version("2.0.0"), digest: Sample.digest("app 2.0.0"), circumstances: "", errors: [],
      time: Timestamp(secondsSinceEpoch: 0))
    #expect(told(state("app@1.0.0") { $0.refused = [refusal] }).isEmpty)
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
      next([app, newer, listed("3.0.0", of: "lib")], state("lib@2.0.0"), ranges, changes: [.breaking])
        == ["lib@3.0.0 (any)", "app@1.5.0 (any)"], "the newest, once what it needs came before it")
  }

  @Test("what a package needs comes with it, though nobody named it")
  func unnamed() {
    let here = [listed("1.0.0", needs: ["lib": "^2"]), listed("2.1.0", of: "lib"), listed("3.0.0", of: "lib")]
    #expect(next(here, InstallState()) == ["lib@2.1.0 (any)", "app@1.0.0 (any)"])
  }

  @Test("a package that cannot be installed does not keep the others from being")
  func others() {
    let here = [listed("1.0.0", needs: ["ghost": "*"]), listed("1.0.0", of: "zebra"), listed("2.0.0", of: "bear")]
    let ranges = ["app": "^1.0", "zebra": "*", "bear": "*", "absent": "*"]
    #expect(next(here, InstallState(), ranges) == ["bear@2.0.0 (any)", "zebra@1.0.0 (any)"])
  }

  @Test("what the configuration names is no mere dependency, however it came")
  func namedDependency() throws {
    let state = state("app@1.0.0", "lib@2.0.0") { $0.isDependency = true }
    let here = [listed("1.0.0"), listed("2.0.0", of: "lib"), listed("1.0.0", of: "other")]
    func kept(_ ranges: [String: String]) throws -> [String] {
      let problem = policy(ranges).problem(byHand: [try Requirement("other")], listed: here, state: state)
      return try VersionManager.resolve(problem).steps.filter { $0.action == .keep }.map(\.name.text)
    }
    #expect(try kept([:]) == [])
    #expect(try kept(["lib": "*"]) == ["lib"])
  }

  @Test("what is installed keeps what it needs")
  func dependents() {
    var state = state("app@1.0.0", "lib@1.0.0")
    state.packages[Sample.name("app")]?.active?.manifest.description.dependencies = [
      Sample.name("lib"): Sample.range("^1")
    ]
    let here = [listed("1.4.0", of: "lib"), listed("2.0.0", of: "lib")]
    #expect(next(here, state, ["lib": "*"], changes: [.minor, .breaking]) == ["lib@1.4.0 (any)"])
  }

  @Test("releases that need each other take over at once, others by themselves")
  func together() {
    var state = state("app@1.0.0", "lib@1.0.0", "tool@1.0.0")
    state.packages[Sample.name("app")]?.active?.manifest.description.dependencies = [
      Sample.name("lib"): Sample.range("~1.0.0")
    ]
    let here = [
      listed("1.1.0", needs: ["lib": "~1.1.0"]), listed("1.1.0", of: "lib"), listed("1.1.0", of: "tool"),
    ]
    let sets = policy(["app": "*", "tool": "*"]).next(listed: here, state: state)
    #expect(sets.map { $0.map(\.description) } == [["lib@1.1.0 (any)", "app@1.1.0 (any)"], ["tool@1.1.0 (any)"]])
  }
}
