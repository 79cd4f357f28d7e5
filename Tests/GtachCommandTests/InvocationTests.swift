import GtachModel
import Testing

@testable import GtachCommand

/// Command lines as people type them, right and wrong.
@Suite struct InvocationTests {
  private func command(_ line: String) throws -> Command { try invocation(line).command }

  private func invocation(_ line: String) throws -> Invocation {
    try Invocation.parse(line.split(separator: " ").map(String.init)).get()
  }

  private func failure(_ words: [String]) -> GtachError? {
    guard case .failure(let failure) = Invocation.parse(words) else { return nil }
    return failure.error
  }

  @Test func readsEveryCommand() throws {
    let (app, version) = try (PackageName("gtach-app"), SemanticVersion("0.4.0"))
    let peer = try Endpoint("192.168.1.20:7420")
    #expect(try command("init") == .initialize(fleet: nil, node: nil))
    #expect(try command("init --fleet workshop --node mac") == .initialize(fleet: "workshop", node: NodeName("mac")))
    #expect(try command("invite pi-1") == .invite(node: NodeName("pi-1"), addresses: [], minutes: 30))
    #expect(
      try command("invite --address 192.168.1.20:7420 --address [fe80::1%eth0]:1 pi-1 --minutes 5")
        == .invite(node: NodeName("pi-1"), addresses: [peer, Endpoint("[fe80::1%eth0]:1")], minutes: 5))
    #expect(try command("join gtach1.abc") == .join(token: "gtach1.abc", address: nil))
    #expect(try command("join gtach1.abc --address=192.168.1.20:7420") == .join(token: "gtach1.abc", address: peer))
    #expect(try command("pack .") == .pack(.init(source: ".")))
    #expect(
      try command(
        "pack src --name gtach-app --version 0.4.0 --level 3 --description d.json --platform linux-arm64")
        == .pack(
          .init(
            source: "src", name: app, version: version, level: 3, description: "d.json",
            platform: Platform("linux-arm64"))))
    #expect(try command("pack src --bump minor") == .pack(.init(source: "src", bump: .minor)))
    #expect(try command("list") == .list(name: nil))
    #expect(try command("list gtach-app") == .list(name: app))
    #expect(try command("reindex") == .reindex)
    var query = ReleaseQuery()
    query.words = try SearchWord.parse("Tacho*") + SearchWord.parse("gtach-app")
    query.texts = ["tacho*", "gtach-app"]
    #expect(try command("search Tacho* gtach-app") == .search(query))
    query.name = app
    query.author = try SearchWord.parse("Ann") + SearchWord.parse("Example")
    query.platform = try Platform("linux-arm64")
    query.versions = try VersionRange("^0.4")
    query.since = Timestamp("2026-01-02T00:00:00Z")
    query.until = Timestamp("2026-01-02T23:59:59Z")
    #expect(
      try command(
        "search Tacho* --name gtach-app gtach-app --author Ann --author Example --platform linux-arm64 --version ^0.4 "
          + "--since 2026-01-02 --until 2026-01-02") == .search(query))
    for wrong in [
      "search", "search *", "search --", "search a*b", "search x --since yesterday", "search --since 2026-02-30",
      "search --until 2026-01-01 --since 2026-01-02", "search --platform x", "search --version nonsense",
    ] {
      #expect(failure(wrong.split(separator: " ").map(String.init)) != nil, "\(wrong)")
    }
    #expect(try command("info gtach-app") == .info(name: app, version: nil))
    #expect(try command("info gtach-app@0.4.0") == .info(name: app, version: version))
    #expect(
      try command("extract gtach-app@0.4.0 look")
        == .extract(ReleaseID("gtach-app@0.4.0"), platform: nil, directory: "look"))
    #expect(
      try command("extract gtach-app@0.4.0 look --platform linux-arm64")
        == .extract(ReleaseID("gtach-app@0.4.0"), platform: Platform("linux-arm64"), directory: "look"))
    let release = try ReleaseID("gtach-app@0.4.0")
    #expect(try command("remove gtach-app@0.4.0") == .remove(release, force: false))
    #expect(try command("remove --force gtach-app@0.4.0") == .remove(release, force: true))
    #expect(try command("gc") == .collectGarbage(dryRun: false))
    #expect(try command("gc --dry-run") == .collectGarbage(dryRun: true))
    #expect(try command("verify") == .verify(name: nil, version: nil, repairs: false))
    #expect(try command("verify gtach-app") == .verify(name: app, version: nil, repairs: false))
    #expect(try command("verify --installed") == .verifyInstalled(name: nil, version: nil))
    #expect(try command("verify gtach-app@0.4.0 --installed") == .verifyInstalled(name: app, version: version))
    #expect(
      try command("verify gtach-app@0.4.0 --repair") == .verify(name: app, version: version, repairs: true))
    #expect(try command("export gtach-app@0.4.0 f.tar") == .export(release, to: .file("f.tar")))
    #expect(try command("export gtach-app@0.4.0 --casync d") == .export(release, to: .casync(directory: "d")))
    #expect(try command("import f.tar") == .importRelease(from: .file("f.tar"), release: nil))
    #expect(try command("import --casync d") == .importRelease(from: .casync(directory: "d"), release: nil))
    #expect(
      try command("import gtach-app@0.4.0 --casync d")
        == .importRelease(from: .casync(directory: "d"), release: release))
    #expect(try command("node") == .node(.init()))
    #expect(
      try command("node --listen 0.0.0.0:0 --peer 192.168.1.20:7420 --no-mdns --mock m.json")
        == .node(.init(listen: Endpoint("0.0.0.0:0"), peers: [peer], discovery: false, mock: "m.json")))
    #expect(try command("node --debug-tls-keys keys.log") == .node(.init(keyLog: "keys.log")))
    #expect(try command("sync") == .sync(.init()))
    #expect(
      try command("sync gtach-app@^0.4 hyperpixel --peer 192.168.1.20:7420 --no-mdns --install")
        == .sync(
          .init(
            requirements: [Requirement("gtach-app@^0.4"), Requirement("hyperpixel")], peers: [peer], discovery: false,
            install: true)))
    #expect(
      try command("resolve gtach-app gtach-app@^0.4 gtach-app")
        == .resolve([Requirement(name: app), Requirement("gtach-app@^0.4")]))
    #expect(try command("sync --dry-run") == .sync(.init(dryRun: true)))
    #expect(try command("peers") == .peers)
    #expect(try command("status") == .status)
    #expect(try command("install gtach-app@~0.4.1") == .install(Requirement("gtach-app@~0.4.1"), services: true))
    #expect(try command("install app --no-service") == .install(Requirement("app"), services: false))
    #expect(try command("rollback gtach-app") == .rollback(name: app, version: nil))
    #expect(try command("rollback gtach-app 0.4.0") == .rollback(name: app, version: version))
    #expect(try command("history") == .history(name: nil))
    #expect(try command("history gtach-app") == .history(name: app))
    #expect(try command("selftest") == .selfTest(name: nil, plan: nil, mock: nil))
    #expect(try command("selftest gtach-app --mock m.json") == .selfTest(name: app, plan: nil, mock: "m.json"))
    #expect(try command("selftest --plan p.json") == .selfTest(name: nil, plan: "p.json", mock: nil))
    #expect(try command("version check 1.2") == .version(.check("1.2")))
    #expect(try command("version compare 0.4.0 1.0.0") == .version(.compare(version, SemanticVersion("1.0.0"))))
    #expect(try command("version satisfies 0.4.0 ^0.4") == .version(.satisfies(version, VersionRange("^0.4"))))
    #expect(
      try command("version compatibility 0.4.0 1.0.0")
        == .version(.compatibility(from: version, to: SemanticVersion("1.0.0"))))
    #expect(try command("version bump 0.4.0 minor") == .version(.bump(version, .minor)))
  }

  @Test func readsARangeWithBlanks() throws {
    let parsed = try Invocation.parse(["install", "gtach-app@>=1.0 <2 || 3.x"]).get()
    #expect(try parsed.command == .install(Requirement("gtach-app@>=1.0 <2 || 3.x"), services: true))
  }

  @Test func globalOptionsStandAnywhere() throws {
    let expected = GlobalOptions(home: "/h", json: true, quiet: true, verbose: false)
    for line in [
      "--home /h --json --quiet list gtach-app", "list gtach-app --home=/h --json --quiet",
      "--json list --home /h gtach-app --quiet",
    ] {
      let parsed = try invocation(line)
      #expect(parsed.options == expected)
      #expect(try parsed.command == .list(name: PackageName("gtach-app")))
    }
    #expect(try invocation("--verbose status").options.verbose)
  }

  @Test func dashesEndTheOptions() throws {
    #expect(try command("pack -- --json") == .pack(.init(source: "--json")))
    #expect(try command("pack -- -h") == .pack(.init(source: "-h")))
    #expect(try command("pack -") == .pack(.init(source: "-")))
    // A value that looks like an option is written with an equals sign.
    #expect(try invocation("list --home=--odd=1").options.home == "--odd=1")
  }

  @Test func helpIsEverywhere() throws {
    for specification in CommandSpecification.all where specification.name != "help" {
      for help in ["-h", "--help"] {
        #expect(try command("\(specification.name) \(help)") == .help(.command(specification.name)))
        #expect(try command("\(help) \(specification.name)") == .help(.command(specification.name)))
        // However little else makes sense.
        #expect(try command("\(specification.name) --nonsense \(help) x y z") == .help(.command(specification.name)))
      }
      #expect(try command("help \(specification.name)") == .help(.command(specification.name)))
    }
    for line in ["help", "-h", "--help", "help -h", "--json --help"] { #expect(try command(line) == .help(.overview)) }
    for line in ["version -h", "-h version", "help version"] {
      #expect(try command(line) == .help(.command("version")))
    }
    #expect(try command("help help") == .help(.command("help")))
    #expect(try command("") == .help(.missingCommand))
    #expect(try command("--json") == .help(.missingCommand))
  }

  @Test func theProgramsVersionIsNotAPackagesVersion() throws {
    #expect(try command("--version") == .programVersion)
    #expect(try command("list --version") == .programVersion)
    #expect(try command("pack . --version 0.4.0") == .pack(.init(source: ".", version: SemanticVersion("0.4.0"))))
    #expect(failure(["pack", ".", "--version"])?.message == "--version needs a value, VERSION")
  }

  @Test(arguments: [
    // What was typed, what the message says, what the advice says.
    ("pakc .", "unknown command \"pakc\"", "did you mean pack?"),
    ("lst", "unknown command \"lst\"", "did you mean list?"),
    ("stauts", "unknown command \"stauts\"", "did you mean status?"),
    ("Install x", "unknown command \"Install\"", "did you mean install?"),
    ("self-test", "unknown command \"self-test\"", "did you mean selftest?"),
    ("deploy", "unknown command \"deploy\"", "`gtach help`"),
    ("version", "version needs one of check, compare", "gtach --version"),
    ("version bmup 1.0.0 minor", "unknown command \"version bmup\"", "did you mean version bump?"),
    ("version 1.0.0", "unknown command \"version 1.0.0\"", "check, compare, compatibility, satisfies, bump"),
    ("help pakc", "unknown command \"pakc\"", "did you mean pack?"),
    ("help pack it", "there is no help on \"pack it\"", "`gtach help`"),
    ("frob --help", "unknown command \"frob\"", "`gtach help`"),
    ("list --jsno", "unknown option --jsno", "did you mean --json?"),
    ("sync --peers a:1", "unknown option --peers", "did you mean --peer?"),
    ("sync --no-mdsn", "unknown option --no-mdsn", "did you mean --no-mdns?"),
    ("list -q", "unknown option -q", "did you mean --quiet?"),
    ("list -V", "unknown option -V", "did you mean --verbose or --version?"),
    ("list --peer a:1", "unknown option --peer", "--peer belongs to node, sync, not to list"),
    ("--dry-run sync", "unknown option --dry-run", "write it after the command: gc, sync"),
    ("status --frobnicate", "unknown option --frobnicate", "usage: gtach status"),
    ("--home", "--home needs a value, DIR", "`gtach help`"),
    ("list --home --json", "--home needs a value, DIR", "usage: gtach list"),
    ("list --home=", "--home needs a value, DIR, and has an empty one", "usage"),
    ("list --home a --home b", "--home is given more than once", "usage"),
    ("list --json=yes", "--json takes no value", "usage"),
    ("status --quiet --verbose", "contradict", "leave one"),
    ("pack", "pack needs SOURCE", "usage: gtach pack SOURCE"),
    ("version compare 1.0.0", "version compare needs VERSION", "usage"),
    ("version compatibility 1.0.0", "version compatibility needs TO", "usage"),
    ("version satisfies", "version satisfies needs VERSION and RANGE", "usage"),
    ("version bump 1.0.0 minr", "\"minr\" is not a part", "did you mean minor?"),
    ("version bump 1.0.0 everything", "\"everything\" is not a part", "major, minor, patch, prerelease"),
    ("export gtach-app 1.tar", "\"gtach-app\" names no release", "NAME@VERSION"),
    ("export gtach-app@1.0.0", "export needs a FILE or --casync DIR", "gtach export gtach-app@1.0.0 FILE"),
    ("export gtach-app@1.0.0 f --casync d", "\"f\" and --casync are two places", "leave one"),
    ("import", "import needs a FILE or --casync DIR", "gtach import FILE"),
    ("import f.tar --casync d", "\"f.tar\" names no release", "NAME@VERSION"),
    ("import f.tar g.tar", "unexpected argument \"g.tar\"", "usage: gtach import"),
    ("extract gtach-app@1.0.0", "extract needs DIR", "usage: gtach extract"),
    ("status now", "unexpected argument \"now\"", "usage: gtach status"),
    ("install gtach-app ^1.0", "unexpected argument \"^1.0\"", "write gtach install 'gtach-app@^1.0'"),
    ("info gtach-app 1.0.0", "unexpected argument \"1.0.0\"", "write gtach info 'gtach-app@1.0.0'"),
    ("list gtach-app@1.0.0", "\"gtach-app@1.0.0\" is not only a name", "leave the version away"),
    ("rollback gtach-app@1.0.0", "\"gtach-app@1.0.0\" is not only a name", "after a blank"),
    ("invite pi-1 --minutes 0", "--minutes is \"0\"", "1 to 10080"),
    ("invite pi-1 --minutes soon", "--minutes is \"soon\"", "1 to 10080"),
    ("pack . --level 99999999999999999999", "--level is", "1 to 22"),
    ("pack . --level +3", "--level is \"+3\"", "1 to 22"),
    ("pack . --bump minr", "\"minr\" is not a part", "did you mean minor?"),
    ("pack . --bump", "--bump needs a value, PART", "usage: gtach pack"),
    ("pack . --bump patch --version 1.0.0", "--bump and --version contradict", "leave one"),
    ("node --peer 192.168.1.20", "--peer: \"192.168.1.20\" is not HOST:PORT", "192.168.1.20:7420"),
    ("node --peer fe80::1:7420", "--peer: \"fe80::1:7420\" is not HOST:PORT", "[fe80::1%eth0]:7420"),
    ("sync --peer pi-2:0", "--peer: nobody can be reached at port 0", "port"),
    ("sync gtach-app --install --dry-run", "contradict", "leave one"),
    ("selftest gtach-app --plan p.json", "two sources of checks", "leave one"),
  ])
  func explainsUsageErrors(line: String, message: String, advice: String) throws {
    let error = try #require(failure(line.split(separator: " ").map(String.init)))
    #expect(error.code == .usage)
    #expect(error.message.contains(message), "\(error.message)")
    #expect(error.advice?.contains(advice) == true, "\(error.advice ?? "no advice")")
  }

  @Test(arguments: [
    (["info", "Gtach"], ErrorCode.nameInvalid), (["info", "../etc"], .nameInvalid),
    (["info", "a@1.0"], .versionInvalid),
    (["info", "a@"], .versionInvalid), (["install", "@1.0.0"], .nameInvalid), (["install", "a@!=1"], .rangeInvalid),
    (["sync", "a", "b@>=1,<2"], .rangeInvalid), (["rollback", "a", "latest"], .versionInvalid),
    (["invite", "Pi 1"], .nameInvalid), (["init", "--node", "-pi"], .nameInvalid),
    (["pack", ".", "--version", "1.0"], .versionInvalid), (["pack", ".", "--platform", "arm64"], .nameInvalid),
    (["pack", ""], .usage), (["list", ""], .usage), (["join", ""], .usage), (["version", "check", ""], .usage),
  ])
  func keepsTheCodeOfWhatIsWrong(words: [String], code: ErrorCode) {
    #expect(failure(words)?.code == code)
  }

  @Test func anErrorIsShownInJSONWhereJSONWasAskedFor() {
    for words in [
      ["--json", "frob"], ["lst", "--json"], ["list", "--frob", "--json"], ["list", "a", "b", "--json"],
    ] {
      guard case .failure(let failure) = Invocation.parse(words) else {
        Issue.record("\(words) was understood")
        continue
      }
      #expect(failure.options.json)
    }
    guard case .failure(let failure) = Invocation.parse(["list", "a", "b", "--", "--json"]) else {
      Issue.record("two names were understood")
      return
    }
    #expect(!failure.options.json)
  }

  @Test(arguments: [
    ("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("", "ab", 2), ("pakc", "pack", 1), ("lst", "list", 1),
    ("kitten", "sitting", 3), ("ca", "abc", 3),
  ])
  func countsEdits(left: String, right: String, edits: Int) {
    #expect(Suggestion.distance(left, right) == edits)
    #expect(Suggestion.distance(right, left) == edits)
  }
}
