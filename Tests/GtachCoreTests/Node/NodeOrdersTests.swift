import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@Suite("What operators and policies have a node do")
struct NodeOrdersTests {
  let lan = VirtualLAN()

  @Test func aSyncIsAnsweredWhenAllIsHere() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    try publisher.publish(release, of: fleet)
    let answer = try lan.answer(
      of: nodes[0], to: .sync(requirements: [], peers: [], dryRun: false, install: false), within: 2_000)
    let report = try #require(answer.synced)
    #expect(report.peers == 1)
    #expect(report.fetched.map(\.release) == ["app@1.0.0"])
    #expect(report.pending.isEmpty)
    #expect(report.errors.isEmpty)
  }

  @Test func whatWasRemovedComesBackByItsVeryVersionOnlyAndStays() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    let node = nodes[0]
    let removed = ReleaseChoices(removed: [release.variant.release])
    node.take(.repositoryChanged(trusted: try fleet.pinned(), held: [:], choices: removed))
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 1_000)
    #expect(node.held.isEmpty)
    func sync(_ number: Int, _ text: String, dryRun: Bool = false) throws {
      node.take(
        .control(
          RequestToken(number: number),
          .sync(requirements: [try Requirement(text)], peers: [], dryRun: dryRun, install: false)))
      lan.run(milliseconds: 2_000)
    }
    try sync(1, "app")
    try sync(2, "app@^1.0")
    try sync(3, "app@1.0.0", dryRun: true)
    #expect(node.held.isEmpty && node.choices == ReleaseChoices())
    try sync(4, "app@1.0.0")
    #expect(node.held == [release.variant])
    #expect(node.choices == ReleaseChoices(kept: [release.variant.release]))
  }

  @Test(arguments: ["ghost", "app@^77"], [false, true])
  func whatNobodyHasIsNotSaidToBeHere(asked: String, dryRun: Bool) throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    try publisher.publish(release, of: fleet)
    let requirements = [try Requirement(asked), try Requirement("app")]
    let answer = try lan.answer(
      of: nodes[0], to: .sync(requirements: requirements, peers: [], dryRun: dryRun, install: false), within: 5_000)
    let report = try #require(answer.synced)
    #expect(report.errors.map(\.code) == ["not-found"])
    #expect(report.errors.first?.message.contains(asked) == true)
  }

  @Test(arguments: [false, true])
  func whatDoesNotFitIsNotSaidToBeHere(dryRun: Bool) throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0", platform: Platform("plan9-vax"))
    let other = try fleet.publish("lib", "1.0.0")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    for release in [release, other] { try publisher.publish(release, of: fleet) }
    let requirements = [try Requirement("app@1.0.0"), try Requirement("lib")]
    let answer = try lan.answer(
      of: nodes[0], to: .sync(requirements: requirements, peers: [], dryRun: dryRun, install: false), within: 5_000)
    let report = try #require(answer.synced)
    #expect(report.errors.map(\.code) == ["platform-unsupported"])
    #expect(report.errors.first?.message.contains("app@1.0.0") == true)
    #expect(report.errors.first?.reason == "it is there for plan9-vax")
    #expect(!nodes[0].held.contains(release.variant))
  }

  @Test func aFetchOfWhatIsRemovedMeanwhileEnds() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0", objects: 40)
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    lan.run(milliseconds: 1_000)
    publisher.lies = {
      switch $0 {
      case .fetch(let variant, .unit(let units, _)): .fetch(variant, .unitsLacking(units))
      case .fetch(let variant, .chunk(let position)): .fetch(variant, .chunkLacking(position))
      default: nil
      }
    }
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 1_000)
    nodes[0].take(
      .repositoryChanged(
        trusted: try fleet.trusted(), held: [:], choices: ReleaseChoices(removed: [release.variant.release])))
    publisher.lies = { _ in nil }
    lan.run(milliseconds: 20_000)
    #expect(nodes[0].held.isEmpty)
  }

  @Test func aSyncWithNobodyThereIsAnsweredToo() throws {
    let fleet = try VirtualFleet()
    let (_, nodes) = try lan.room(fleet, nodes: 1, peers: [77])
    let answer = try lan.answer(
      of: nodes[0], to: .sync(requirements: [], peers: [], dryRun: false, install: false), within: 20_000)
    let report = try #require(answer.synced)
    #expect(report.peers == 0)
  }

  @Test func whatIsAskedForByNameIsInstalledAndWhatIsNowhereIsSaidToBe() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    try publisher.publish(release, of: fleet)
    let (found, missing) = (RequestToken(number: 1), RequestToken(number: 2))
    nodes[0].take(.control(found, .install(try Requirement("app@^1"))))
    nodes[0].take(.control(missing, .install(try Requirement("app@^2"))))
    lan.run(milliseconds: 20_000)
    #expect(nodes[0].installs == [release.variant])
    guard case .update(let result)? = nodes[0].answers[found], case .failed(let error)? = nodes[0].answers[missing]
    else {
      Issue.record("no answers")
      return
    }
    #expect(result.success)
    #expect(error.code == "not-found")
  }

  @Test func whatIsAskedForTogetherIsInstalledByOnePlan() throws {
    var fleet = try VirtualFleet()
    let releases = try [
      fleet.publish("app", "1.0.0", needs: ["lib": "^1"]), fleet.publish("lib", "1.0.0"), fleet.publish("lib", "2.0.0"),
      fleet.publish("tool", "1.0.0", needs: ["lib": "*"]),
    ]
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    for release in releases { try publisher.publish(release, of: fleet) }
    // One after the other, each by the state before both, the tool would bring the lib that the app does not go with.
    let asked = try ["app", "tool"].map { try Requirement($0) }
    let answer = try lan.answer(
      of: nodes[0], to: .sync(requirements: asked, peers: [], dryRun: false, install: true), within: 5_000)
    #expect(nodes[0].installs == [releases[1], releases[0], releases[3]].map(\.variant))
    let report = try #require(answer.synced)
    #expect(report.errors.isEmpty && report.updates.count == 1)
  }

  @Test func whatOnlyAPlanForAllNeedsIsFetchedToo() throws {
    var fleet = try VirtualFleet()
    let releases = try [
      fleet.publish("app", "1.0.0", needs: ["lib": "^1"]), fleet.publish("app", "2.0.0", needs: ["lib": "^2"]),
      fleet.publish("lib", "1.0.0"), fleet.publish("lib", "2.0.0"),
      fleet.publish("tool", "1.0.0", needs: ["lib": "^1"]),
    ]
    let (publisher, _) = try lan.room(fleet, nodes: 0)
    for release in releases { try publisher.publish(release, of: fleet) }
    var configuration = NodeConfiguration()
    configuration.peers = [publisher.endpoint]
    configuration.keepReleases = 1
    let node = try VirtualNode(
      number: 2, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    lan.add(node)
    let asked = try ["app", "tool"].map { try Requirement($0) }
    node.take(
      .control(RequestToken(number: 1), .sync(requirements: asked, peers: [], dryRun: false, install: true)))
    lan.run(milliseconds: 5_000)
    #expect(node.installs == [releases[2], releases[0], releases[4]].map(\.variant))
  }

  @Test func whatDoesNotGoTogetherIsInstalledAsFarAsItGoes() throws {
    var fleet = try VirtualFleet()
    let tool = try fleet.publish("tool", "1.0.0")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    try publisher.publish(tool, of: fleet)
    let (all, none) = (RequestToken(number: 1), RequestToken(number: 2))
    let asked = try ["ghost", "tool", "tool@^2"].map { try Requirement($0) }
    nodes[0].take(.control(all, .sync(requirements: asked, peers: [], dryRun: false, install: true)))
    lan.run(milliseconds: 5_000)
    nodes[0].take(.control(none, .sync(requirements: [asked[0]], peers: [], dryRun: false, install: true)))
    // Nothing happens after it was found out that there is nothing: the answer must not wait for it.
    lan.run(milliseconds: 3_000)
    #expect(nodes[0].installs == [tool.variant])
    guard case .sync(let report)? = nodes[0].answers[all], case .sync(let nothing)? = nodes[0].answers[none] else {
      Issue.record("no answers")
      return
    }
    #expect(report.errors.map(\.code) == ["not-found", "not-found"])
    #expect(nothing.errors.map(\.code) == ["not-found"])
  }

  @Test func whatIsActiveAndNoLongerListedStaysAndIsNotSaidToBeNewerThanEverything() throws {
    var fleet = try VirtualFleet()
    var other = try VirtualFleet()
    let withdrawn = try other.publish("app", "1.5.0")
    let releases = try [fleet.publish("app", "1.4.0"), fleet.publish("app", "2.0.0", needs: ["ghost": "*"])]
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    for release in releases { try publisher.publish(release, of: fleet) }
    nodes[0].take(.installStateChanged(try installed(withdrawn)))
    let answer = try lan.answer(of: nodes[0], to: .install(try Requirement("app")), within: 5_000)
    let error = try #require(answer.failure)
    #expect(error.code == "release-refused")
    #expect(error.message.hasSuffix("stays, as no newer release that is listed can follow it"))
    #expect(error.reason == "2.0.0 cannot: it needs ghost@*, and no release of ghost is listed")
  }

  @Test func whatHasPrereleasesOnlySaysSo() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0-rc.1")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    try publisher.publish(release, of: fleet)
    let answer = try lan.answer(of: nodes[0], to: .install(try Requirement("app")), within: 5_000)
    let error = try #require(answer.failure)
    #expect(error.code == "not-found" && error.advice?.contains("gtach install app@1.0.0-rc.1") == true)
  }

  /// A machine on which one release is active.
  private func installed(_ release: VirtualRelease) throws -> InstallState {
    var package = InstallState.Package()
    package.active = InstallState.Release(
      manifest: try Manifest(json: release.manifest), digest: SHA256().digest(of: release.manifest))
    var state = InstallState()
    state.packages[release.variant.release.name] = package
    return state
  }

  @Test func aBreakingChangeIsFetchedAndToldOfButOnlyInstalledWhereItIsAllowed() throws {
    var fleet = try VirtualFleet()
    let first = try fleet.publish("app", "1.0.0")
    let later = try ["1.0.1", "2.0.0", "2.1.0", "2.2.0"].map { try fleet.publish("app", $0) }
    let (publisher, _) = try lan.room(fleet, nodes: 0)
    for release in [first] + later { try publisher.publish(release, of: fleet) }
    let nodes = try [nil, UpdatePolicy([.breaking])].enumerated().map { number, changes in
      var configuration = NodeConfiguration()
      configuration.peers = [publisher.endpoint]
      configuration.autoInstall = [try PackageName("app"): .any]
      configuration.autoUpdate = changes
      let node = try VirtualNode(
        number: UInt8(number) + 2, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
      lan.add(node)
      node.take(.installStateChanged(try installed(first)))
      return node
    }
    lan.run(milliseconds: 2_000)
    // 1.0.1 is none of the newest two, which every node keeps.
    #expect(nodes[0].held == Set([later[0], later[2], later[3]].map(\.variant)))
    #expect(nodes[0].installs.first == later[0].variant)
    nodes[0].take(.installStateChanged(try installed(later[0])))
    #expect(
      nodes[0].state.installed.map(\.withheld) == [.init(version: later[3].variant.release.version, change: .breaking)])
    #expect(nodes[1].held == Set([later[2], later[3]].map(\.variant)))
    #expect(nodes[1].installs.last == later[3].variant)
    #expect(nodes[1].state.installed.map(\.withheld) == [nil])
  }

  @Test func whatAReleaseNeedsIsInstalledBeforeIt() throws {
    var fleet = try VirtualFleet()
    let all = try [
      fleet.publish("lib", "1.0.0"), fleet.publish("lib", "2.0.0"), fleet.publish("lib", "3.0.0"),
      fleet.publish("lib", "4.0.0"), fleet.publish("app", "1.0.0", needs: ["lib": "^1"]),
    ]
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    for release in all { try publisher.publish(release, of: fleet) }
    let answer = try lan.answer(of: nodes[0], to: .install(try Requirement("app")), within: 5_000)
    // lib 1.0.0 is none of the newest two, and comes because the plan has it.
    #expect(nodes[0].installs == [all[0].variant, all[4].variant])
    #expect(nodes[0].dependencies == [all[0].variant])
    let result = try #require(answer.updated)
    #expect(result.name.text == "app" && result.success)
  }

  @Test func whereADependencyFailsWhatNeedsItFailsWithItAndNothingElse() throws {
    var fleet = try VirtualFleet()
    let lib = try fleet.publish("lib", "1.0.0")
    let app = try fleet.publish("app", "1.0.0", needs: ["lib": "^1"])
    let other = try fleet.publish("other", "1.0.0")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    for release in [lib, app, other] { try publisher.publish(release, of: fleet) }
    nodes[0].failing = ["lib"]
    let (first, second) = (RequestToken(number: 1), RequestToken(number: 2))
    nodes[0].take(.control(first, .install(try Requirement("app"))))
    nodes[0].take(.control(second, .install(try Requirement("other"))))
    lan.run(milliseconds: 5_000)
    #expect(nodes[0].installs == [lib.variant, app.variant, other.variant])
    guard case .update(let failure)? = nodes[0].answers[first], case .update(let success)? = nodes[0].answers[second]
    else {
      Issue.record("no results: \(nodes[0].answers)")
      return
    }
    #expect(failure.name.text == "app" && !failure.success)
    #expect(nodes[0].state.installState.active.keys.map(\.text) == ["other"])
    #expect(success.name.text == "other" && success.success)
  }

  @Test func withoutAPlanTheAnswerSaysWhy() throws {
    var fleet = try VirtualFleet()
    let app = try fleet.publish("app", "1.0.0", needs: ["lib": "^1"])
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    try publisher.publish(app, of: fleet)
    let answer = try lan.answer(of: nodes[0], to: .install(try Requirement("app")), within: 5_000)
    let error = try #require(answer.failure)
    #expect(error.code == "dependency-conflict")
    #expect(
      error.reason
        == "Because app 1.0.0 needs lib@^1, and no release of lib is listed, and app is asked for, there is no plan.")
  }

  @Test func dependenciesOfWhatIsInstalledByItselfComeByThemselves() throws {
    var fleet = try VirtualFleet()
    let lib = try fleet.publish("lib", "1.0.0")
    let app = try fleet.publish("app", "1.0.0", needs: ["lib": "^1"])
    let broken = try fleet.publish("broken", "1.0.0")
    let (publisher, _) = try lan.room(fleet, nodes: 0)
    for release in [lib, app, broken] { try publisher.publish(release, of: fleet) }
    var configuration = NodeConfiguration()
    configuration.peers = [publisher.endpoint]
    configuration.autoInstall = [try PackageName("app"): .any, try PackageName("broken"): .any]
    let node = try VirtualNode(
      number: 2, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    node.failing = ["broken"]
    lan.add(node)
    lan.run(milliseconds: 60_000)
    #expect(node.dependencies == [lib.variant])
    // What failed here is tried once.
    #expect(node.installs.count == 3)
    #expect(Set(node.installs) == [lib.variant, app.variant, broken.variant])
  }

  @Test func whoeverNamesNoVersionDoesNotGoBack() throws {
    var fleet = try VirtualFleet()
    var other = try VirtualFleet()
    let newer = try other.publish("app", "2.0.0-rc.1")
    let release = try fleet.publish("app", "1.0.0")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    try publisher.publish(release, of: fleet)
    nodes[0].take(.installStateChanged(try installed(newer)))
    let (unnamed, named) = (RequestToken(number: 1), RequestToken(number: 2))
    nodes[0].take(.control(unnamed, .install(try Requirement("app"))))
    lan.run(milliseconds: 5_000)
    guard case .failed(let error)? = nodes[0].answers[unnamed] else {
      Issue.record("no failure")
      return
    }
    #expect(error.code == "release-refused" && error.advice?.contains("gtach install app@1.0.0") == true)
    #expect(nodes[0].installs.isEmpty)
    nodes[0].take(.control(named, .install(try Requirement("app@1.0.0"))))
    lan.run(milliseconds: 5_000)
    #expect(nodes[0].installs == [release.variant])
  }
}
