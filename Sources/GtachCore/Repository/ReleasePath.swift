import GtachModel

/// A path relative to a release's root, as descriptions have it.
enum ReleasePath {
  /// The names that it leads through, `.` left out; nil where it is absolute, climbs, or is none.
  ///
  /// A slash at the end, which says that it is a directory's, has to be taken away before.
  static func components(of path: some StringProtocol) -> [String]? {
    guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
    let names = String(path).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard names.allSatisfy({ !$0.isEmpty && $0 != ".." }) else { return nil }
    return names.filter { $0 != "." }
  }
}

extension PackageDescription.Installation {
  /// What is wrong with the paths of service, preserved files and templates, whatever the tree has; nil where nothing
  /// is.
  var flawInPaths: String? { flawInService ?? flawInTemplates ?? flawInPreserve }

  var flawInService: String? {
    guard let service else { return nil }
    guard let path = ReleasePath.components(of: service), let name = path.last else {
      return Self.outside("install.service", service)
    }
    guard UnitName.isService(name) else {
      return "install.service is \"\(service)\": the name of a systemd service ends in .service, "
        + "and has letters, digits, \"-\", \"_\", \".\" and \":\" before that"
    }
    return nil
  }

  private var flawInTemplates: String? {
    var targets: [[String]] = []
    let templates = (templates ?? [:]).sorted { $0.key < $1.key }
    let sources = templates.compactMap { ReleasePath.components(of: $0.key) }
    for (source, target) in templates {
      for path in [source, target] where ReleasePath.components(of: path)?.isEmpty != false {
        return Self.outside("install.templates", path)
      }
      guard let names = ReleasePath.components(of: target) else { continue }
      if names.contains(where: { $0.hasSuffix(InstallLayout.besideSuffix) }) {
        return "install.templates has \"\(target)\", and \(InstallLayout.besideSuffix) ends the names of files of gtach"
      }
      if sources.contains(names) { return "install.templates renders \"\(source)\" over the template \"\(target)\"" }
      if targets.contains(where: { $0.starts(with: names) || names.starts(with: $0) }) {
        return "install.templates renders two templates to \"\(target)\", or one below the other"
      }
      targets.append(names)
    }
    return nil
  }

  private var flawInPreserve: String? {
    let rendered = (templates ?? [:]).values.sorted()
    let needed: [String] =
      [service, preInstall, postInstall].compactMap { $0 } + (templates ?? [:]).keys.sorted() + rendered
      + ["gtach.json"]
    for path in preserve ?? [] {
      guard let names = ReleasePath.components(of: path.hasSuffix("/") ? path.dropLast() : path[...]) else {
        return Self.outside("install.preserve", path)
      }
      guard !names.isEmpty else { return "install.preserve has \"\(path)\", which is the whole release" }
      let kept = needed.first { ReleasePath.components(of: $0)?.starts(with: names) == true }
      if let kept { return "install.preserve has \"\(path)\", and so no update would ever bring a new \"\(kept)\"" }
      let file = rendered.first { ReleasePath.components(of: $0).map(names.starts(with:)) == true }
      if let file { return "install.preserve has \"\(path)\", which would be below the file \"\(file)\"" }
    }
    return nil
  }

  /// Whether an update leaves alone what is at a path of the release.
  public func preserves(_ path: some StringProtocol) -> Bool {
    guard let path = ReleasePath.components(of: path) else { return false }
    return (preserve ?? []).contains { kept in
      ReleasePath.components(of: kept.hasSuffix("/") ? kept.dropLast() : kept[...]).map(path.starts(with:)) == true
    }
  }

  /// Whether a path of the release is there once a template is rendered.
  public func renders(_ path: some StringProtocol) -> Bool {
    guard let path = ReleasePath.components(of: path) else { return false }
    return (templates ?? [:]).values.contains { ReleasePath.components(of: $0) == path }
  }

  private static func outside(_ field: String, _ path: String) -> String {
    "\(field) has \"\(path)\", which is no path inside the tree"
  }
}
