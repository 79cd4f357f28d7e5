import GtachModel

/// Gives the words of a command line their meaning.
enum InvocationParser {
  static func parse(_ words: [String]) throws(GtachError) -> Invocation {
    let scan = try ArgumentScanner(words)
    let options = GlobalOptions(
      home: scan.value("--home"), json: scan.has("--json"), quiet: scan.has("--quiet"), verbose: scan.has("--verbose"))
    if options.quiet, options.verbose {
      throw GtachError(.usage, "--quiet and --verbose contradict each other", advice: "leave one of them out")
    }
    return Invocation(options: options, command: try command(scan))
  }

  private static func command(_ scan: ArgumentScanner) throws(GtachError) -> Command {
    if scan.wantsHelp {
      if let specification = scan.specification, specification.name != "help" {
        return .help(.command(specification.name))
      }
      return .help(try topic(scan.arguments))
    }
    if scan.wantsProgramVersion { return .programVersion }
    guard let specification = scan.specification else { return .help(.missingCommand) }
    try checkCount(scan, specification)
    let arguments = scan.arguments
    switch specification.name {
    case "init":
      return .initialize(fleet: scan.value("--fleet"), node: try scan.value("--node").map(NodeName.init))
    case "invite":
      let minutes = try number(scan, "--minutes", 1...CommandSpecification.maximumInvitationMinutes)
      return .invite(
        node: try NodeName(arguments[0]), addresses: try endpoints(scan, "--address"),
        minutes: minutes ?? CommandSpecification.invitationMinutes)
    case "join":
      return .join(token: arguments[0], address: try endpoints(scan, "--address").first)
    case "pack":
      return .pack(try packOptions(scan, source: arguments[0]))
    case "list":
      return .list(name: try arguments.first.map(name))
    case "search":
      return .search(try ReleaseQuery(scan))
    case "info":
      let (name, version) = try nameAndVersion(arguments[0])
      return .info(name: name, version: version)
    case "extract":
      return .extract(
        try ReleaseID(arguments[0]), platform: try scan.value("--platform").map(Platform.init),
        directory: arguments[1])
    case "export":
      return try exportCommand(scan)
    case "import":
      return try importCommand(scan)
    case "remove":
      return .remove(try ReleaseID(arguments[0]), force: scan.has("--force"))
    case "verify":
      let (name, version) = try arguments.first.map(nameAndVersion) ?? (nil, nil)
      guard scan.has("--installed") else {
        return .verify(name: name, version: version, repairs: scan.has("--repair"))
      }
      if scan.has("--repair") {
        throw GtachError(
          .usage, "--repair is for what was fetched, not for what is installed", advice: "leave one of them out")
      }
      return .verifyInstalled(name: name, version: version)
    case "reindex":
      return .reindex
    case "gc":
      return .collectGarbage(dryRun: scan.has("--dry-run"))
    case "node":
      return .node(try nodeOptions(scan))
    case "sync":
      return .sync(try syncOptions(scan))
    case "peers":
      return .peers
    case "status":
      return .status
    case "install":
      return .install(try Requirement(arguments[0]), services: !scan.has("--no-service"))
    case "installer":
      guard let source = scan.value("--from") else {
        throw GtachError(.usage, "installer needs --from HOME", advice: "name the home of the daemon")
      }
      return .installer(source: source, socket: scan.value("--socket"))
    case "rollback":
      let version = arguments.count > 1 ? try SemanticVersion(arguments[1]) : nil
      return .rollback(name: try name(arguments[0], otherwise: "write the version after a blank"), version: version)
    case "history":
      return .history(name: try arguments.first.map(name))
    case "selftest":
      let plan = scan.value("--plan")
      if scan.has("--release-lines") {
        guard plan == nil, arguments.isEmpty else {
          throw GtachError(.usage, "--release-lines tests nothing", advice: "leave the name and --plan out")
        }
        return .releaseLines
      }
      if plan != nil, let name = arguments.first {
        throw GtachError(
          .usage, "\"\(name)\" and --plan are two sources of checks", advice: "leave one of them out")
      }
      return .selfTest(name: try arguments.first.map(name), plan: plan, mock: scan.value("--mock"))
    case "version check":
      return .version(.check(arguments[0]))
    case "version compare":
      return .version(.compare(try SemanticVersion(arguments[0]), try SemanticVersion(arguments[1])))
    case "version compatibility":
      return .version(
        .compatibility(from: try SemanticVersion(arguments[0]), to: try SemanticVersion(arguments[1])))
    case "version satisfies":
      return .version(.satisfies(try SemanticVersion(arguments[0]), try VersionRange(arguments[1])))
    case "version bump":
      return .version(.bump(try SemanticVersion(arguments[0]), try part(arguments[1])))
    case "resolve":
      return .resolve(try requirements(scan))
    case "help":
      return .help(try topic(arguments))
    default:
      throw GtachError(.bug, "the command \(specification.name) is described and does nothing")
    }
  }

  // MARK: Commands with many options

  private static func packOptions(
    _ scan: ArgumentScanner, source: String
  ) throws(GtachError) -> Command.PackOptions {
    let options = Command.PackOptions(
      source: source, name: try scan.value("--name").map(name),
      version: try scan.value("--version").map(SemanticVersion.init), bump: try scan.value("--bump").map(part),
      level: try number(scan, "--level", CommandSpecification.compressionLevels), isFast: scan.has("--fast"),
      patches: try number(scan, "--patches", CommandSpecification.patchBases),
      description: scan.value("--description"), platform: try scan.value("--platform").map(Platform.init) ?? .any,
      mock: scan.value("--mock"))
    if options.bump != nil, options.version != nil {
      throw GtachError(
        .usage, "--bump and --version contradict each other",
        reason: "--bump raises the version that is in the description", advice: "leave one of them out")
    }
    return options
  }

  private static func exportCommand(_ scan: ArgumentScanner) throws(GtachError) -> Command {
    let release = try ReleaseID(scan.arguments[0])
    switch (scan.arguments.dropFirst().first, scan.value("--casync")) {
    case (let file?, nil): return .export(release, to: .file(file))
    case (nil, let directory?): return .export(release, to: .casync(directory: directory))
    case (let file?, _?):
      throw GtachError(
        .usage, "\"\(file)\" and --casync are two places to write to", advice: "leave one of them out")
    case (nil, nil):
      throw GtachError(
        .usage, "export needs a FILE or --casync DIR", advice: "write gtach export \(release) FILE")
    }
  }

  private static func importCommand(_ scan: ArgumentScanner) throws(GtachError) -> Command {
    if let directory = scan.value("--casync") {
      let release = try scan.arguments.first.map { text throws(GtachError) in try ReleaseID(text) }
      return .importRelease(from: .casync(directory: directory), release: release)
    }
    guard let file = scan.arguments.first else {
      throw GtachError(.usage, "import needs a FILE or --casync DIR", advice: "write gtach import FILE")
    }
    return .importRelease(from: .file(file), release: nil)
  }

  private static func nodeOptions(_ scan: ArgumentScanner) throws(GtachError) -> Command.NodeOptions {
    let listen = try scan.value("--listen").map { text throws(GtachError) in try endpoint(text, of: "--listen") }
    return Command.NodeOptions(
      listen: listen, peers: try endpoints(scan, "--peer"), discovery: !scan.has("--no-mdns"),
      mock: scan.value("--mock"), services: !scan.has("--no-service"), keyLog: scan.value("--debug-tls-keys"))
  }

  private static func syncOptions(_ scan: ArgumentScanner) throws(GtachError) -> Command.SyncOptions {
    let options = Command.SyncOptions(
      requirements: try requirements(scan), peers: try endpoints(scan, "--peer"), discovery: !scan.has("--no-mdns"),
      dryRun: scan.has("--dry-run"), install: scan.has("--install"),
      services: !scan.has("--no-service"))
    if options.install, options.dryRun {
      throw GtachError(.usage, "--install and --dry-run contradict each other", advice: "leave one of them out")
    }
    return options
  }

  // MARK: Values

  private static func requirements(_ scan: ArgumentScanner) throws(GtachError) -> [Requirement] {
    var requirements: [Requirement] = []
    for text in scan.arguments {
      let requirement = try Requirement(text)
      if !requirements.contains(requirement) { requirements.append(requirement) }
    }
    return requirements
  }

  private static func checkCount(
    _ scan: ArgumentScanner, _ specification: CommandSpecification
  ) throws(GtachError) {
    let expected = specification.arguments
    let given = scan.arguments
    let usage = ArgumentScanner.advice(specification)
    let required = expected.filter(\.required)
    if given.count < required.count {
      let missing = required[given.count...].map(\.name).joined(separator: " and ")
      throw GtachError(.usage, "\(specification.name) needs \(missing)", advice: usage)
    }
    if given.count > expected.count, !expected.contains(where: \.repeats) {
      let extra = given[expected.count]
      var advice = usage
      if expected.last?.name.contains("[@") == true {
        advice = "write gtach \(specification.name) '\(given[expected.count - 1])@\(extra)'"
      }
      throw GtachError(.usage, "unexpected argument \"\(extra)\"", advice: advice)
    }
    if let position = given.firstIndex(of: "") {
      let name = expected.isEmpty ? "an argument" : expected[min(position, expected.count - 1)].name
      throw GtachError(.usage, "\(name) is empty", advice: usage)
    }
  }

  private static func name(_ text: String) throws(GtachError) -> PackageName {
    try name(text, otherwise: "leave the version away")
  }

  /// A name; the advice is for those who wrote `NAME@VERSION`.
  private static func name(_ text: String, otherwise advice: String) throws(GtachError) -> PackageName {
    if text.contains("@") {
      throw GtachError(.usage, "\"\(text)\" is not only a name", reason: "a name has no \"@\"", advice: advice)
    }
    return try PackageName(text)
  }

  private static func nameAndVersion(_ text: String) throws(GtachError) -> (PackageName, SemanticVersion?) {
    guard text.contains("@") else { return (try PackageName(text), nil) }
    let release = try ReleaseID(text)
    return (release.name, release.version)
  }

  private static func part(_ text: String) throws(GtachError) -> SemanticVersion.Part {
    if let part = SemanticVersion.Part(rawValue: text) { return part }
    let names = SemanticVersion.Part.allCases.map(\.rawValue)
    throw GtachError(
      .usage, "\"\(text)\" is not a part of a version",
      advice: Suggestion.nearest(to: text, among: names).map { "did you mean \($0)?" }
        ?? "write one of \(names.joined(separator: ", "))")
  }

  private static func number(
    _ scan: ArgumentScanner, _ option: String, _ range: ClosedRange<Int>
  ) throws(GtachError) -> Int? {
    guard let text = scan.value(option) else { return nil }
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), range.contains(number) else {
      throw GtachError(
        .usage, "\(option) is \"\(text)\"", advice: "write a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private static func endpoint(_ text: String, of option: String) throws(GtachError) -> Endpoint {
    do {
      return try Endpoint(text)
    } catch {
      throw GtachError(error.code, "\(option): \(error.message)", reason: error.reason, advice: error.advice)
    }
  }

  private static func endpoints(_ scan: ArgumentScanner, _ option: String) throws(GtachError) -> [Endpoint] {
    var endpoints: [Endpoint] = []
    for text in scan.values[option] ?? [] {
      let endpoint = try endpoint(text, of: option)
      guard endpoint.port != 0 else {
        throw GtachError(.usage, "\(option): nobody can be reached at port 0", advice: "write the port of the daemon")
      }
      endpoints.append(endpoint)
    }
    return endpoints
  }

  private static func topic(_ words: [String]) throws(GtachError) -> HelpTopic {
    guard !words.isEmpty else { return .overview }
    let name = words.joined(separator: " ")
    if name == "help" || Help.text(ofCommand: name) != nil { return .command(name) }
    // Reading it as a command line makes the same suggestions.
    _ = try ArgumentScanner(words)
    throw GtachError(.usage, "there is no help on \"\(name)\"", advice: ArgumentScanner.advice(nil))
  }
}
