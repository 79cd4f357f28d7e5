import GtachModel

/// The metadata of a targets role, top-level or delegated: TUF specification 1.0, section 4.5.
struct TargetsRole: Sendable {
  let version: Int
  let expires: Timestamp
  /// What it lists of gtach's releases, in the order of their target paths.
  let variants: [ListedVariant]
  /// Targets that are no manifest of a release, or say something that this version cannot read, and why.
  let ignored: [GtachError]
  /// Whom it trusts with which paths, most trusted first.
  let delegations: [Delegation]
  /// Where among them a package is.
  private let positions: [PackageName: Int]

  /// Reads the metadata of `.targets` or of a package.
  init(_ signed: MetadataObject, hashing: any Hashing) throws(GtachError) {
    version = try signed.integer("version", atLeast: 1)
    expires = try signed.timestamp("expires")
    var variants: [ListedVariant] = []
    var ignored: [GtachError] = []
    for (path, target) in try signed.object("targets").objects() {
      // What the specification requires of a target must be there, even of one that gtach has no use for.
      let content = try Manifest.Content(target: target)
      guard let variant = VariantID(targetPath: path), content.size <= Manifest.maximumBytes else {
        ignored.append(GtachError.metadata(.manifestUnlisted, signed.file, "\(path) is no manifest of a release"))
        continue
      }
      do throws(GtachError) {
        variants.append(try ListedVariant(variant, target: target))
      } catch {
        ignored.append(error)
      }
    }
    self.variants = variants
    self.ignored = ignored
    delegations = signed.has("delegations") ? try Delegation.read(signed.object("delegations"), hashing: hashing) : []
    positions = Dictionary(
      delegations.enumerated().compactMap { position, delegation in delegation.package.map { ($0, position) } },
      uniquingKeysWith: min)
  }

  /// The delegation of a package's releases; nil where there is none.
  func delegation(of package: PackageName) -> Delegation? { positions[package].map { delegations[$0] } }
}

/// One entry of a targets role's delegations.
struct Delegation: Sendable {
  let name: String
  /// The package whose releases the role may list; nil for a role that gtach has no use for.
  let package: PackageName?
  let keys: RoleKeys
  let paths: [PathPattern]
  /// Whether later delegations are not asked for what these paths match, even where this role lists nothing.
  let isTerminating: Bool

  static func read(_ delegations: MetadataObject, hashing: any Hashing) throws(GtachError) -> [Delegation] {
    let known = try RoleKeys.read(delegations.object("keys"), hashing: hashing)
    var result: [Delegation] = []
    var names: Set<String> = []
    for (position, element) in try delegations.array("roles").enumerated() {
      let role = try MetadataObject(element, file: delegations.file, path: "\(delegations.path)roles[\(position)]")
      let name = try role.string("name")
      guard names.insert(name).inserted else { throw role.failure("name", "occurs twice") }
      // Delegations by hash of the path match nothing here: gtach delegates by name.
      let paths = role.has("path_hash_prefixes") ? [] : try role.strings("paths")
      var package: PackageName?
      if case .package(let name) = MetadataRole(name) { package = name }
      result.append(
        Delegation(
          name: name, package: package, keys: try RoleKeys(role, known: known), paths: paths.map(PathPattern.init),
          isTerminating: try role.boolean("terminating")))
    }
    return result
  }

  func covers(_ path: String) -> Bool { paths.contains { $0.matches(path) } }
}
