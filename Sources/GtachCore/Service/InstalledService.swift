import GtachModel

/// The service of a release as a machine has it: all that is needed to have it run, or another in its place.
public struct InstalledService: Hashable, Sendable, Codable {
  /// Whose it is, and what its unit is called.
  public var id: ServiceID
  /// The directory of unit files.
  public var directory: String
  /// The unit file.
  public var text: String
  /// What has it started with the machine: links to the unit file, relative to the directory.
  public var links: [String]

  /// The unit file's path.
  public var path: String { "\(directory)/\(id.name)" }
  /// Where the unit file is written before it gets its name; systemd passes over such names.
  var draft: String { "\(directory)/.\(id.name).gtach" }

  /// The first line of every unit file that gtach wrote for a package: what has another one is somebody else's.
  static func mark(_ name: PackageName, _ layout: InstallLayout) -> String {
    "# gtach wrote this for \(name) in \(layout.root), and replaces it with the next release. What is to stay goes into a drop-in.\n"
  }

  /// Makes it of a release's own unit file.
  ///
  /// What leads to the package's active release, by `current/NAME` in whatever install root, leads to this machine's: a
  /// package is packed once for machines that have theirs in other places.
  ///
  /// - Parameters:
  ///   - path: What the unit file is called in errors.
  /// - Throws: `ErrorCode.descriptionInvalid` for a unit that systemd would not start, or that asks for what is not
  ///   done; `ErrorCode.configurationInvalid` where the install root cannot stand in a unit file.
  init(
    unit bytes: [UInt8], path: String, of name: PackageName, layout: InstallLayout, id: ServiceID, directory: String
  ) throws(GtachError) {
    let unit = try UnitFile(bytes, path: path)
    _ = try ServiceUnit(unit)
    guard layout.root.utf8.allSatisfy(Self.isPlain) else {
      throw GtachError(
        .configurationInvalid, "the install root \"\(layout.root)\" cannot stand in a unit file",
        reason: "it has other characters than letters, digits and ._-+@/",
        advice: "name another \"installRoot\", or set \"services\": false")
    }
    self.id = id
    self.directory = directory
    links = try Self.links(unit, to: id)
    // What stands before it is not at the beginning any more.
    let bytes =
      bytes.starts(with: UnitFile.byteOrderMark) ? Array(bytes.dropFirst(UnitFile.byteOrderMark.count)) : bytes
    var text = ReleaseReferences.redirected(bytes, of: name, to: layout)
    if text.last != 0x0A { text.append(0x0A) }
    let own = """

      [Service]
      Environment="GTACH_NAME=\(name)" "GTACH_RELEASE_DIR=\(layout.active(name))"
      Environment="GTACH_STATE_DIR=\(layout.data(of: name))"

      """
    self.text = Self.mark(name, layout) + String(decoding: text, as: UTF8.self) + own
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "@"):
      true
    default: false
    }
  }

  /// Checks what a unit file says of when its service starts.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid` with the line.
  public static func checkLinks(of unit: UnitFile) throws(GtachError) {
    _ = try links(unit, to: ServiceID(manager: .systemd, name: ""))
  }

  /// What `systemctl enable` would link, of [Install] in systemd.unit(5). A service that says nothing is started with
  /// the machine as well: it is there to run.
  private static func links(_ unit: UnitFile, to id: ServiceID) throws(GtachError) -> [String] {
    for key in ["Alias", "Also"] {
      guard let assignment = unit.assignments(key, in: "Install").first else { continue }
      throw unit.flaw(
        line: assignment.line, "\(key)= would install another unit than the package's own",
        advice: "leave it away: WantedBy=, RequiredBy= and UpheldBy= say when the service starts")
    }
    var links: [String] = []
    for (key, suffix) in [("WantedBy", "wants"), ("RequiredBy", "requires"), ("UpheldBy", "upholds")] {
      for assignment in unit.assignments(key, in: "Install") {
        for target in assignment.value.split(separator: " ").map(String.init) {
          guard UnitName.isUnit(target) else {
            throw unit.flaw(line: assignment.line, "\"\(target)\" is no name of a unit")
          }
          links.append("\(own(target, of: id.manager)).\(suffix)/\(id.name)")
        }
      }
    }
    if links.isEmpty { links = ["\(own(Self.bootTarget, of: id.manager)).wants/\(id.name)"] }
    return Set(links).sorted()
  }

  private static let bootTarget = "multi-user.target"

  /// A user's own systemd knows neither of the targets that the system boots to (systemd.special(7)).
  private static func own(_ target: String, of manager: ServiceManager) -> String {
    manager == .systemdUser && [bootTarget, "graphical.target"].contains(target) ? "default.target" : target
  }
}

/// Whether the services of releases are installed, and where.
public enum ServiceSupport: Hashable, Sendable {
  /// The operator does not want them.
  case off
  /// They cannot be.
  case missing(reason: String)
  /// By this manager, which reads unit files in this directory.
  case available(ServiceManager, directory: String)
}

/// What was found where a service is to be installed.
public struct ServiceFinding: Hashable, Sendable {
  /// The release's own unit file.
  public var unit: [UInt8]
  /// What is there under its name in the directory of unit files.
  public var installed: Installed
  /// The file from which the manager knows a unit of that name; nil where it knows none.
  public var known: String?

  /// What has the name of the unit file.
  public enum Installed: Hashable, Sendable {
    /// Nothing.
    case nothing
    /// A file.
    case file([UInt8])
    /// Something else: a link, by which a unit is masked for instance.
    case other
  }

  /// A finding from its fields.
  public init(unit: [UInt8], installed: Installed, known: String?) {
    self.unit = unit
    self.installed = installed
    self.known = known
  }

  /// Throws where the name is somebody else's.
  ///
  /// - Throws: `ErrorCode.serviceForeign`.
  func checkOwner(of service: InstalledService, for name: PackageName, layout: InstallLayout) throws(GtachError) {
    func foreign(_ reason: String) -> GtachError {
      GtachError(
        .serviceForeign, "\(service.id.name) of \(name) is the name of another service on this machine",
        reason: reason, advice: "nothing was changed; remove that one, or call the package's otherwise")
    }
    switch installed {
    case .nothing: break
    case .file(let bytes):
      guard bytes.starts(with: InstalledService.mark(name, layout).utf8) else {
        throw foreign("\(service.path) was not written by gtach for \(name) in \(layout.root)")
      }
    case .other: throw foreign("\(service.path) is there and no file")
    }
    if let known, known != service.path { throw foreign("its unit file is \(known)") }
  }
}
