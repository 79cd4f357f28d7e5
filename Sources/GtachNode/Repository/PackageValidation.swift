import GtachCore
import GtachModel
import GtachSystem

/// What is looked at before a release is made of a tree: a mistake is found here once, and not on every Pi.
struct PackageValidation {
  private let description: PackageDescription
  private let tree: MemberTree
  private let memberCount: Int
  private let directory: String
  private let files = FileSystem()

  /// The most bytes of a program that are looked at: its `#!` line.
  private static let maximumHeadBytes = 512

  init(_ description: PackageDescription, members: [ArchiveMember], directory: String) {
    self.description = description
    self.directory = directory
    tree = MemberTree(members)
    memberCount = members.count
  }

  /// Checks all that can be checked without the machine, and runs on the mock what the self-tests say of GPIO lines.
  ///
  /// - Parameters:
  ///   - mock: A description of the board; one on which everything is as the plan wants it where this is nil.
  ///   - wheel: What the tree's wheel needs.
  /// - Throws: `ErrorCode.descriptionInvalid` with the field and the reason; `ErrorCode.notFound`,
  ///   `ErrorCode.inputOutput` for the files.
  func report(mock: String?, wheel: PythonMetadata?) throws(GtachError) -> PackingReport {
    let hooks = [("preInstall", description.install?.preInstall), ("postInstall", description.install?.postInstall)]
    for (key, path) in hooks { if let path { try checkProgram(path, "install.\(key)") } }
    let doubts: [String] = if let service = description.install?.service { try checkService(service) } else { [] }
    try checkPreserved()
    let templates = try templates()
    let checks = description.selfTest ?? []
    for (number, check) in checks.enumerated() { try checkFiles(of: check, "selfTest[\(number)]") }
    return PackingReport(
      selfTest: try selfTest(checks.filter(\.isOfLines), mock: mock), notRun: checks.filter { !$0.isOfLines },
      pythonDependencies: try pythonDependencies(wheel), templates: templates,
      warnings: description.concerns(members: memberCount) + doubts)
  }

  // MARK: Files

  private func checkFiles(of check: SelfTestCheck, _ key: String) throws(GtachError) {
    switch check {
    case .command(let run, _):
      // What has no slash is looked for in the machine's PATH.
      guard let program = run.first, program.contains("/"), !program.hasPrefix("/") else { return }
      try checkProgram(program, "\(key).command.run")
    case .path(let path, let kind):
      guard !path.hasPrefix("/") else { return }
      let found = tree.member(at: path)?.status.kind
      let wanted: FileKind? =
        switch kind {
        case .file: .file
        case .directory: .directory
        // A release has neither devices nor sockets.
        case .characterDevice, .blockDevice, .socket: .pipe
        case nil: found
        }
      guard let found, found == wanted else {
        throw GtachError(
          .descriptionInvalid, "\(key).path cannot pass",
          reason: "\"\(path)\" is \(found == nil ? "not in the archive" : "not what it is to be")",
          advice: "a path of the machine itself begins with a /")
      }
    case .service(unit: nil, _):
      guard description.install?.service == nil else { return }
      throw GtachError(
        .descriptionInvalid, "\(key).service cannot pass", reason: "the package has no service of its own",
        advice: "name another's \"unit\", or give the package an \"install.service\"")
    case .loopback, .level, .edges, .consumer, .tcp, .service: break
    }
  }

  /// Checks that a unit file is one of a service that systemd would start, and that what it names of the release is
  /// there.
  /// - Returns: What in it may be a mistake.
  private func checkService(_ path: String) throws(GtachError) -> [String] {
    let unit = try UnitFile(
      try text(path, "install.service", maximumBytes: UnitFile.maximumBytes), path: path)
    try InstalledService.checkLinks(of: unit)
    for (command, program, arguments) in try ServiceUnit(unit).releasePaths(of: description.name) {
      let key = "\(command.key) in line \(command.line) of \(path)"
      if let program, isBroughtAlong(program) { try checkProgram(program, key) }
      for argument in arguments where isBroughtAlong(argument) && tree.member(at: argument) == nil {
        throw GtachError(
          .descriptionInvalid, "\(key) names a file that is not in the package",
          reason: "\"\(argument)\" is not in the archive",
          advice: "name what the release has, and what is made later below \"install.preserve\"")
      }
    }
    return unit.doubts
  }

  /// Whether only the release can have it, because nothing else makes it on the machine.
  private func isBroughtAlong(_ path: String) -> Bool {
    description.install?.preserves(path) != true && description.install?.renders(path) != true
  }

  private func checkPreserved() throws(GtachError) {
    for path in description.install?.preserve ?? [] {
      try checkPlain(path, "install.preserve")
      guard path.hasSuffix("/") else { continue }
      guard let found = tree.member(at: path)?.status.kind, found != .directory else { continue }
      throw GtachError(
        .descriptionInvalid, "install.preserve has \"\(path)\"", reason: "it is no directory",
        advice: "leave the slash at its end away")
    }
  }

  /// Checks that a path leads through no link: what a machine puts there would be somewhere else.
  private func checkPlain(_ path: String, _ key: String) throws(GtachError) {
    guard let link = tree.firstLink(on: path) else { return }
    throw GtachError(
      .descriptionInvalid, "\(key) has \"\(path)\"", reason: "\"\(link)\" is a symbolic link",
      advice: "name what the link leads to")
  }

  private func templates() throws(GtachError) -> [PackingReport.Template] {
    var templates: [PackingReport.Template] = []
    let own = Set((description.install?.variables?.everywhere ?? [:]).keys)
    for (source, target) in (description.install?.templates ?? [:]).sorted(by: { $0.key < $1.key }) {
      let bytes = try text(source, "install.templates", maximumBytes: ConfigurationTemplate.maximumBytes)
      guard tree.member(at: target) == nil else {
        throw GtachError(
          .descriptionInvalid, "install.templates renders \"\(source)\" to \"\(target)\"",
          reason: "the package has a file \"\(target)\" already", advice: "exclude that, or name another")
      }
      for path in [source, target] { try checkPlain(path, "install.templates") }
      let template = try ConfigurationTemplate(bytes, path: source)
      templates.append(
        .init(
          file: source, target: target, variables: template.variables,
          needed: template.variables.filter { !$0.hasPrefix("gtach.") && !own.contains($0) }))
    }
    return templates
  }

  /// The bytes of a small file of the tree.
  private func text(_ path: String, _ key: String, maximumBytes: Int) throws(GtachError) -> [UInt8] {
    func fail(_ reason: String, _ advice: String? = nil) -> GtachError {
      GtachError(.descriptionInvalid, "\(key) cannot be used", reason: "\"\(path)\" \(reason)", advice: advice)
    }
    guard let member = tree.member(at: path) else {
      throw fail("is not in the archive", "name a file, relative to the tree's root, and do not exclude it")
    }
    guard member.status.kind == .file else { throw fail("is not a file") }
    guard member.status.size <= maximumBytes else { throw fail("is longer than \(maximumBytes) bytes") }
    return try files.read("\(directory)/\(member.path)", maximumBytes: maximumBytes)
  }

  /// Checks that a path of the release is something that the kernel executes.
  private func checkProgram(_ path: String, _ key: String) throws(GtachError) {
    func fail(_ reason: String, _ advice: String) -> GtachError {
      GtachError(
        .descriptionInvalid, "\(key) is no program of the package", reason: "\"\(path)\" \(reason)", advice: advice)
    }
    guard let member = tree.member(at: path), !path.hasPrefix("/") else {
      throw fail("is not in the archive", "name an executable file, relative to the tree's root, and do not exclude it")
    }
    guard member.status.kind == .file, member.status.permissions & 0o100 != 0 else {
      throw fail("is not an executable file", "chmod +x \(path), or name another file")
    }
    let head = try files.read("\(directory)/\(member.path)", offset: 0, count: Self.maximumHeadBytes)
    guard head.starts(with: Array("#!".utf8)) else {
      // ELF, and Mach-O of one or several processors.
      let magics: [[UInt8]] = [
        [0x7F, 0x45, 0x4C, 0x46], [0xCF, 0xFA, 0xED, 0xFE], [0xCE, 0xFA, 0xED, 0xFE], [0xCA, 0xFE, 0xBA, 0xBE],
      ]
      if magics.contains(where: head.starts(with:)) { return }
      throw fail("is neither a script with a #! line nor a program", "begin it with #!/bin/sh or the like")
    }
    let line = head.dropFirst(2).prefix { $0 != 0x0A }
    guard !line.contains(0x0D) else {
      throw fail("has a #! line that ends with a carriage return", "save it with the line ends of Unix")
    }
    guard line.first(where: { $0 != 0x20 && $0 != 0x09 }) == UInt8(ascii: "/") else {
      throw fail("has a #! line without an absolute path", "begin it with #!/bin/sh or the like")
    }
  }

  // MARK: Hardware

  private func selfTest(_ checks: [SelfTestCheck], mock: String?) throws(GtachError) -> SelfTestReport? {
    // A board that is named is read even where nothing looks at it: it may be the wrong file.
    var named: MockGPIO?
    if let mock { named = try MockGPIO(json: try files.read(mock, maximumBytes: JSONFile.maximumBytes)) }
    guard !checks.isEmpty else { return nil }
    let board: MockGPIO
    if let named { board = named } else { board = try MockGPIO.ideal(for: checks) }
    let outputs = checks.compactMap { if case .loopback(let output, _) = $0 { output } else { nil } }
    let runner = SelfTestRunner(root: directory, mayDrive: outputs, environment: [:], recordPath: nil)
    let report = try runner.run(checks, gpio: board)
    if let failed = report.results.first(where: { !$0.passed }) {
      throw GtachError(
        .descriptionInvalid, "the self-tests cannot pass: \(failed.expected)",
        reason: "\(failed.actual), on \(mock.map { "the board of \($0)" } ?? "a board made to pass them")",
        advice: mock == nil ? "two of them contradict each other, or one contradicts itself" : nil)
    }
    return report
  }

  // MARK: Python

  private func pythonDependencies(
    _ wheel: PythonMetadata?
  ) throws(GtachError) -> [PackingReport.PythonDependencies] {
    var found: [PackingReport.PythonDependencies] = []
    func add(_ file: String, _ requirements: [String]) {
      if !requirements.isEmpty { found.append(.init(file: file, requirements: requirements)) }
    }
    if let wheel { add("METADATA", wheel.requirements) }
    for name in PythonProject.fileNames {
      let path = "\(directory)/\(name)"
      guard let status = try files.status(of: path), status.kind == .file,
        status.size <= PythonProject.maximumBytes
      else { continue }
      let bytes = try files.read(path, maximumBytes: PythonProject.maximumBytes)
      add(name, PythonProject.requirements(in: bytes, called: name))
    }
    return found
  }
}

/// The members of a tree by their paths, through the links in it as the kernel goes through them.
private struct MemberTree {
  /// As many as Linux follows (path_resolution(7)).
  private static let maximumLinks = 40

  private let members: [String: ArchiveMember]

  init(_ members: [ArchiveMember]) {
    self.members = Dictionary(members.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The first link that a path leads through or ends at.
  func firstLink(on path: String) -> String? {
    let names = path.split(separator: "/").filter { $0 != "." }
    return names.indices.map { names[...$0].joined(separator: "/") }.first { members[$0]?.linkTarget != nil }
  }

  /// What a path names in the end; nil where that is nothing, or outside of the tree.
  func member(at path: String) -> ArchiveMember? {
    var pending = path.split(separator: "/").map(String.init)[...]
    var place: [String] = []
    var found: ArchiveMember?
    var links = 0
    while let name = pending.popFirst() {
      if name == "." { continue }
      if name == ".." {
        guard place.popLast() != nil else { return nil }
        found = members[place.joined(separator: "/")]
        continue
      }
      guard let member = members[(place + [name]).joined(separator: "/")] else { return nil }
      if let target = member.linkTarget {
        links += 1
        guard links <= Self.maximumLinks else { return nil }
        pending = (target.split(separator: "/").map(String.init) + pending)[...]
      } else {
        place.append(name)
        found = member
      }
    }
    return found
  }
}
