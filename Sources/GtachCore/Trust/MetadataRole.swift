import GtachModel

/// Who signs what in TUF: the four top-level roles, and one delegated targets role for each package.
public enum MetadataRole: Hashable, Sendable {
  /// Says which keys the top-level roles have.
  case root
  /// Says which snapshot is the newest.
  case timestamp
  /// Says which version of each targets role is current.
  case snapshot
  /// Says which role may list which package.
  case targets
  /// Lists the releases of one package.
  case package(PackageName)

  private static let packagePrefix = "package-"

  /// The role of that name; nil for a name that gtach has no use for.
  public init?(_ text: String) {
    switch text {
    case "root": self = .root
    case "timestamp": self = .timestamp
    case "snapshot": self = .snapshot
    case "targets": self = .targets
    default:
      guard text.hasPrefix(Self.packagePrefix) else { return nil }
      do throws(GtachError) {
        self = .package(try PackageName(String(text.dropFirst(Self.packagePrefix.count))))
      } catch {
        return nil
      }
    }
  }

  /// The role's name. A package's has a prefix, so that a package called "root" is harmless.
  public var text: String {
    switch self {
    case .root: "root"
    case .timestamp: "timestamp"
    case .snapshot: "snapshot"
    case .targets: "targets"
    case .package(let name): Self.packagePrefix + name.text
    }
  }

  /// The word in the field `_type` of its metadata.
  var type: String {
    switch self {
    case .root, .timestamp, .snapshot, .targets: text
    case .package: "targets"
    }
  }

  /// Its name in the list of another role: `ROLE.json`.
  var listedFileName: String { text + ".json" }

  /// The most bytes of its metadata that anybody reads where no signed length says less (TUF specification 1.0,
  /// section 5: the numbers W, X, Y and Z; the values are those of python-tuf's client).
  public var maximumBytes: Int {
    switch self {
    case .root: 512_000
    case .timestamp: 16_384
    case .snapshot: 2_000_000
    case .targets, .package: 5_000_000
    }
  }
}

extension MetadataRole: CustomStringConvertible {
  /// The role's name.
  public var description: String { text }
}

/// The name of a file of signed metadata, with consistent snapshots (TUF specification 1.0, section 6.2):
/// `timestamp.json`, and `VERSION.ROLE.json` for every other role. Always one harmless path component.
public struct MetadataFileName: Hashable, Sendable, CustomStringConvertible {
  /// Whose metadata it holds.
  public let role: MetadataRole
  /// Which version of it; nil for the timestamp role, of which only the newest is kept.
  public let version: Int?

  /// The name of a version of a role's metadata.
  public init(_ role: MetadataRole, version: Int) {
    self.role = role
    self.version = role == .timestamp ? nil : version
  }

  /// Reads a file name; nil for anything that is not exactly one.
  public init?(_ text: String) {
    guard text.hasSuffix(".json"), text.utf8.count <= 128 else { return nil }
    let stem = text.dropLast(5)
    if stem == "timestamp" {
      self.init(.timestamp, version: 0)
      return
    }
    guard let dot = stem.firstIndex(of: "."), let version = Int(stem[..<dot]), version > 0,
      let role = MetadataRole(String(stem[stem.index(after: dot)...])), role != .timestamp
    else { return nil }
    self.init(role, version: version)
    guard description == text else { return nil }
  }

  /// The file name.
  public var description: String {
    guard let version else { return role.listedFileName }
    return "\(version).\(role.listedFileName)"
  }
}

extension MetadataFileName: Comparable {
  /// The order in which the client workflow asks for files: roots, timestamp, snapshot, targets, packages.
  public static func < (left: MetadataFileName, right: MetadataFileName) -> Bool { left.place < right.place }

  private var place: (rank: Int, name: String, version: Int) {
    switch role {
    case .root: (0, "", version ?? 0)
    case .timestamp: (1, "", version ?? 0)
    case .snapshot: (2, "", version ?? 0)
    case .targets: (3, "", version ?? 0)
    case .package(let name): (4, name.text, version ?? 0)
    }
  }
}
