import GtachModel

/// Where things are under the install root: every path that an update reads or writes.
///
/// ```
/// releases/NAME/VERSION/   complete releases, read-only
/// generations/N/NAME       links to releases; a generation is a set of packages that are active together
/// current                  a link to one generation, swapped by rename
/// state/NAME/              a package's data, kept over updates
/// configuration/NAME/VERSION/  what a release's templates became here, and what an operator put beside it
/// variables/NAME.json      an operator's values of a package's variables
/// staging/tree/            a release that is not complete yet
/// journal.json             the transaction that is under way; absent where there is none
/// state.json               what is installed
/// history.jsonl            how the last transactions ended
/// lock                     held by whoever changes anything
/// ```
public struct InstallLayout: Hashable, Sendable {
  /// The install root, an absolute path.
  public let root: String

  /// The layout of an install root.
  public init(root: String) { self.root = root }

  /// The directory above the install root.
  public var parent: String {
    guard let slash = root.lastIndex(of: "/"), slash != root.startIndex else { return "/" }
    return String(root[..<slash])
  }
  /// The file that whoever changes anything has locked.
  public var lock: String { "\(root)/lock" }
  /// The transaction that is under way.
  public var journal: String { "\(root)/journal.json" }
  /// What is installed.
  public var state: String { "\(root)/state.json" }
  /// How the last transactions ended.
  public var history: String { "\(root)/history.jsonl" }
  /// The link to the active generation.
  public var current: String { "\(root)/current" }
  /// The directory of releases.
  public var releases: String { "\(root)/releases" }
  /// The directory of generations.
  public var generations: String { "\(root)/generations" }
  /// The directory of the packages' data.
  public var data: String { "\(root)/state" }
  /// The directory of what is not complete yet.
  public var staging: String { "\(root)/staging" }
  /// The directory that a release is staged into.
  public var stagingTree: String { "\(staging)/tree" }

  /// The directory of a package's releases.
  public func releases(of name: PackageName) -> String { "\(releases)/\(name)" }
  /// The directory of a release.
  public func release(_ id: ReleaseID) -> String { "\(releases(of: id.name))/\(id.version)" }
  /// The directory of a package's data.
  public func data(of name: PackageName) -> String { "\(data)/\(name)" }
  /// The directory of a generation.
  public func generation(_ number: Int) -> String { "\(generations)/\(number)" }
  /// The path by which services use a package: it always leads to the active release.
  public func active(_ name: PackageName) -> String { "\(current)/\(name)" }

  /// What the link `current` holds where a generation is active: relative, so that the root may be moved.
  public func currentTarget(_ generation: Int) -> String { "generations/\(generation)" }
  /// What a generation's link to a release holds.
  public func linkTarget(_ id: ReleaseID) -> String { "../../releases/\(id.name)/\(id.version)" }

  /// What the link of a release holds that leads to its package's data.
  ///
  /// - Parameter names: The path of the data, and of the link below the release's root.
  public func dataLink(_ name: PackageName, _ names: [String]) -> String {
    String(repeating: "../", count: names.count + 2) + "state/\(name)/\(names.joined(separator: "/"))"
  }

  /// The directory of all that templates became.
  public var configurations: String { "\(root)/configuration" }
  /// The directory of what the templates of a package's releases became.
  public func configuration(of name: PackageName) -> String { "\(configurations)/\(name)" }
  /// The directory of what a release's templates became.
  public func configuration(_ id: ReleaseID) -> String { "\(configuration(of: id.name))/\(id.version)" }
  /// Where what a release's templates become is made that is here already, with a configuration of its own.
  public func nextConfiguration(_ id: ReleaseID) -> String { "\(configuration(of: id.name))/.\(id.version).next" }
  /// Where that configuration is, until it is decided which of the two stays.
  public func formerConfiguration(_ id: ReleaseID) -> String { "\(configuration(of: id.name))/.\(id.version).former" }
  /// What the link of a release holds that leads to such a file.
  ///
  /// - Parameter names: The path of the file, and of the link below the release's root.
  public func configurationLink(_ id: ReleaseID, _ names: [String]) -> String {
    String(repeating: "../", count: names.count + 2)
      + "configuration/\(id.name)/\(id.version)/\(names.joined(separator: "/"))"
  }
  /// What ends the name of a file that lies beside one of the operator's.
  public static let besideSuffix = ".gtach-new"

  /// The longest version that becomes a directory's name, in bytes: file systems allow 255.
  public static let maximumVersionBytes = 128
}
