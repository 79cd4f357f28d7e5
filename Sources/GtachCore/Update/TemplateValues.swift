import GtachModel

/// The values of a release's variables: what gtach knows by itself, then what the package says, what the machine's
/// configuration does, and what an operator wrote for this package, each before those that stand ahead of it here.
struct TemplateValues {
  let release: InstallState.Release
  let layout: InstallLayout
  let machine: InstallMachine

  /// The longest file of an operator's values, in bytes.
  static let maximumBytes = 1 << 20

  /// Where an operator's values are.
  var place: InspectedPlace {
    InspectedPlace(
      root: layout.root, names: ["variables", "\(release.id.name).json"], maximumBytes: Self.maximumBytes)
  }

  /// What gtach knows by itself.
  private var own: [String: String] {
    var values = [
      "gtach.name": release.id.name.text, "gtach.version": release.id.version.description,
      "gtach.platform": machine.platform.text, "gtach.release": layout.active(release.id.name),
      "gtach.state": layout.data(of: release.id.name),
    ]
    values["gtach.model"] = machine.model
    return values
  }

  /// All values.
  ///
  /// - Parameter operators: What is at `place`.
  /// - Throws: `ErrorCode.configurationInvalid` where that is no file of values.
  func values(_ operators: PlaceContent) throws(GtachError) -> [String: String] {
    var values = own
    let package = release.manifest.description.install?.variables?.values(for: machine.platform) ?? [:]
    for layer in [package, machine.variables?.values(for: release.id.name) ?? [:], try decoded(operators)] {
      values.merge(layer) { _, next in next }
    }
    return values
  }

  private func decoded(_ content: PlaceContent) throws(GtachError) -> [String: String] {
    switch content {
    case .nothing: return [:]
    case .file(let bytes, _):
      return try StrictJSON.decode(PlainVariables.self, from: bytes, what: place.path, code: .configurationInvalid)
        .values
    case .directory, .link, .other, .unreachable:
      throw GtachError(
        .configurationInvalid, "\(place.path) cannot be used", reason: "it is no regular file",
        advice: "write a file with an object of values, as in { \"port\": 8080 }")
    }
  }
}
