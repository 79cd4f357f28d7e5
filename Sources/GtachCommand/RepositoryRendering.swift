import GtachModel

extension Rendering {
  private struct Releases: Encodable { var releases: [ReleaseReport] }

  /// A release, whether it was published now, the version that its description had before it was raised for it, and
  /// what was found out on the way.
  private struct Packed: Encodable {
    var release: ReleaseReport
    var isNew: Bool
    var previousVersion: SemanticVersion?
    var packing: PackingReport

    private enum Key: CodingKey {
      case published, previousVersion, selfTest, notRun, pythonDependencies, templates, warnings
    }

    func encode(to encoder: any Encoder) throws {
      try release.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(isNew, forKey: .published)
      try container.encodeIfPresent(previousVersion, forKey: .previousVersion)
      try container.encodeIfPresent(packing.selfTest, forKey: .selfTest)
      try container.encode(packing.notRun, forKey: .notRun)
      try container.encode(packing.pythonDependencies, forKey: .pythonDependencies)
      try container.encode(packing.templates, forKey: .templates)
      try container.encode(packing.warnings, forKey: .warnings)
    }
  }

  /// What `gtach pack` says: `NAME@VERSION` alone on the standard output.
  ///
  /// - Parameters:
  ///   - isNew: Whether it was published now, and not here and listed already.
  ///   - previousVersion: What `gtach.json` said before its version was raised; nil where it was not.
  ///   - packing: What was found out about the tree.
  public func packed(
    _ report: ReleaseReport, isNew: Bool = true, raisedFrom previousVersion: SemanticVersion? = nil,
    packing: PackingReport = PackingReport()
  ) -> Output {
    if options.json {
      return document(
        Packed(release: report, isNew: isNew, previousVersion: previousVersion, packing: packing))
    }
    let manifest = report.manifest
    let summary =
      "\(manifest.variant)\(isNew ? "" : " is here already"): \(Quantity.bytes(manifest.archive.size)) in \(Quantity.count(report.chunks, "chunk")), "
      + "\(Quantity.bytes(report.objectBytes)) on the wire"
      + (report.usefulUpdates.first.map { ", \(Quantity.bytes($0.bytes)) from \($0.from)" } ?? "")
    let raise = previousVersion.map { hint("gtach.json: \($0) -> \(manifest.description.version)") } ?? ""
    return Output(
      standardOutput: "\(manifest.variant.release)\n", standardError: raise + hint(summary) + findings(packing))
  }

  private func findings(_ packing: PackingReport) -> String {
    // What may make all of it useless is said to those, too, who want no hints.
    var lines = packing.warnings.map { paragraph(errors.painted("warning:", .doubtful), "warning:".count, $0) }.joined()
    if let report = packing.selfTest { lines += hint("self-tests: \(Self.selfTestSummary(report))") }
    if !packing.notRun.isEmpty {
      lines += hint("self-tests only for a machine: " + packing.notRun.map(\.title).joined(separator: ", "))
    }
    for needs in packing.pythonDependencies {
      lines += hint(
        "\(needs.file) wants of Python, which gtach does not install: "
          + needs.requirements.map(Text.printable).joined(separator: ", "))
    }
    for template in packing.templates {
      let variables = template.variables.isEmpty ? "no variable" : template.variables.joined(separator: ", ")
      let needed = template.needed.joined(separator: ", ")
      lines += hint(
        "\(Text.printable(template.file)) becomes \(Text.printable(template.target)) with \(variables)"
          + (needed.isEmpty ? "" : "; each machine has to say \(needed)"))
    }
    return lines
  }

  /// What `gtach list` says: names in order, the newest release of each first. Nothing to list ends with 1.
  public func list(_ releases: [ReleaseSummary], name: PackageName? = nil) -> Output {
    guard !releases.isEmpty else {
      let what = name.map { "no release of \($0) is here" } ?? "no release is here"
      return Output(standardError: hint("\(what); `gtach pack` makes one, `gtach sync` fetches"), exitCode: 1)
    }
    return Output(standardOutput: table(of: releases.sorted(by: ReleaseSummary.isListedBefore)))
  }

  /// What `gtach list --json` says.
  public func list(_ reports: [ReleaseReport]) -> Output {
    document(Releases(releases: Self.sorted(reports)), exitCode: reports.isEmpty ? 1 : 0)
  }

  /// What `gtach search` says, in the order that it has. Nothing that fits ends with 1.
  public func found(_ found: [FoundRelease], query: ReleaseQuery) -> Output {
    guard let first = found.first else {
      return Output(
        standardError: hint("nothing here fits; 'WORD*' finds all that begins so, `gtach list` shows all"), exitCode: 1)
    }
    // Whoever looks for a package by its name is told where that ends and what only shares a word with it begins.
    let named = found.prefix { $0.match == .name }
    var hints = ""
    if query.name == nil, !named.isEmpty, named.count < found.count {
      hints = hint(
        "\(first.summary.variant.release.name) is the package of that name; "
          + "\(Quantity.count(found.count - named.count, "release")) of others only "
          + (found.count - named.count == 1 ? "has the word" : "have the word"))
    }
    return Output(standardOutput: table(of: found.map(\.summary)), standardError: hints)
  }

  /// What `gtach search --json` says: as `list`, and how each release fits.
  public func found(_ found: [(report: ReleaseReport, match: ReleaseQuery.Match)]) -> Output {
    document(
      Found(releases: found.map { Found.Release(report: $0.report, match: $0.match) }),
      exitCode: found.isEmpty ? 1 : 0)
  }

  private struct Found: Encodable {
    struct Release: Encodable {
      var report: ReleaseReport
      var match: ReleaseQuery.Match

      private enum Key: CodingKey { case match }

      func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(match, forKey: .match)
      }
    }
    var releases: [Release]
  }

  private func table(of releases: [ReleaseSummary]) -> String {
    var table = Table(columns: [
      .init(title: "NAME", mayShrink: true), .init(title: "VERSION", mayShrink: true), .init(title: "PLATFORM"),
      .init(title: "SIZE", alignsRight: true), .init(title: "CREATED"), .init(title: "DESCRIPTION", mayShrink: true),
    ])
    table.rows = releases.map { release in
      let id = release.variant.release
      return [
        .init(id.name.text), .init("\(id.version)"), .init(release.variant.platform.text),
        .init(Quantity.bytes(release.archiveBytes)), .init(String(release.created.description.prefix(10))),
        .init(release.description ?? ""),
      ]
    }
    return table.text(for: output)
  }

  /// What `gtach info` says of a package of which all releases are given: every variant of one version, the newest
  /// where none is named. Nothing to show ends with 1.
  public func info(_ reports: [ReleaseReport], name: PackageName, version: SemanticVersion?) -> Output {
    let all = Self.sorted(reports.filter { $0.manifest.description.name == name })
    let shownVersion = version ?? Self.newestVersion(of: all)
    let shown = all.filter { $0.manifest.description.version == shownVersion }
    guard let first = shown.first else {
      let what = version.map { "\(name)@\($0)" } ?? name.text
      let others = Self.versions(all).map(\.description).joined(separator: ", ")
      return error(
        GtachError(
          .notFound, "\(what) is not here",
          advice: others.isEmpty ? "`gtach list` shows what is here" : "these versions are: \(others)"))
    }
    if options.json { return document(Releases(releases: shown)) }
    let others = Self.versions(all).filter { $0 != first.manifest.description.version }.map(\.description)
    let blocks = shown.map { report in
      fields(Self.infoFields(report) + (others.isEmpty ? [] : [("others", others.joined(separator: ", "))]))
    }
    return Output(standardOutput: blocks.joined(separator: "\n"))
  }

  private static func infoFields(_ report: ReleaseReport) -> [(String, String)] {
    let manifest = report.manifest
    let description = manifest.description
    var fields = [("release", "\(manifest.variant.release)"), ("platform", manifest.platform.text)]
    func add(_ name: String, _ value: String?) { if let value, !value.isEmpty { fields.append((name, value)) } }
    add("about", description.description)
    add("author", description.author)
    add("license", description.license)
    add("created", manifest.created.description)
    add("runs on", description.platforms.map { $0.map(Self.machine).joined(separator: "; or ") })
    add("needs", Self.ranges(description.dependencies?.everywhere ?? [:]))
    for (platform, needs) in (description.dependencies?.perPlatform ?? [:]).sorted(by: { $0.key < $1.key }) {
      add("needs", "\(Self.ranges(needs)) on \(platform)")
    }
    add("archive", "\(Quantity.bytes(manifest.archive.size)) in \(Quantity.count(report.chunks, "chunk"))")
    add("sha-256", manifest.archive.digest.hex)
    add("wire", "\(Quantity.bytes(report.objectBytes)) where nothing of it is yet")
    for update in report.usefulUpdates { add("from \(update.from)", Quantity.bytes(update.bytes)) }
    add(
      "hooks",
      [description.install?.preInstall, description.install?.postInstall].compactMap { $0 }.joined(separator: ", "))
    add("service", description.install?.service)
    add("variables", description.install?.variables.map { $0.sorted.joined(separator: ", ") })
    add("preserves", description.install?.preserve?.joined(separator: ", "))
    add(
      "templates",
      description.install?.templates?.sorted { $0.key < $1.key }.map { "\($0.key) -> \($0.value)" }
        .joined(separator: ", "))
    add("self-test", (description.selfTest ?? []).map { "\($0.title)" }.joined(separator: ", "))
    return fields
  }

  private static func ranges(_ needs: [PackageName: VersionRange]) -> String {
    needs.sorted { $0.key < $1.key }.map { "\($0.key)@\($0.value)" }.joined(separator: ", ")
  }

  private static func machine(_ requirement: PackageDescription.Requirement) -> String {
    let parts = [requirement.os, requirement.arch, requirement.model].compactMap { $0 }
    return parts.isEmpty ? "any machine" : parts.joined(separator: " ")
  }

  /// The newest version that is no prerelease, or else the newest prerelease: the one that `gtach info NAME` shows.
  public static func newestVersion(of reports: [ReleaseReport]) -> SemanticVersion? {
    let versions = versions(reports)
    return versions.first { !$0.isPrerelease } ?? versions.first
  }

  private static func versions(_ sorted: [ReleaseReport]) -> [SemanticVersion] {
    var versions: [SemanticVersion] = []
    for report in sorted where versions.last != report.manifest.description.version {
      versions.append(report.manifest.description.version)
    }
    return versions
  }

  private static func sorted(_ reports: [ReleaseReport]) -> [ReleaseReport] {
    reports.sorted { ReleaseSummary.isListedBefore($0.summary, $1.summary) }
  }
}

extension ReleaseReport {
  /// From which releases a machine gets here with fewer bytes than without any.
  var usefulUpdates: [Update] { (updates ?? []).filter { $0.bytes < objectBytes } }
}

extension SelfTestCheck {
  /// The check in a few words: `gpio.level GPIO4`.
  var title: String {
    switch self {
    case .loopback(let output, let input): "gpio.loopback \(output) to \(input)"
    case .level(let line, _, _): "gpio.level \(line)"
    case .edges(let line, _, _): "gpio.edges \(line)"
    case .consumer(let line, _): "gpio.consumer \(line)"
    case .path(let path, _): "path \(path)"
    case .tcp(let endpoint, _): "tcp \(endpoint)"
    case .service(let unit, _): "service" + (unit.map { " \($0)" } ?? "")
    case .command(let run, _): "command \(run.joined(separator: " "))"
    }
  }
}
