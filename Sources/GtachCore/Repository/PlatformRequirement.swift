import GtachModel

extension PackageDescription.Requirement {
  /// Whether a machine fits: every field that is given must.
  ///
  /// - Parameter model: The board's own name of itself; nil fits no requirement that names one.
  public func accepts(_ machine: Platform, model: String?) -> Bool {
    let parts = machine.text.split(separator: "-")
    if let os, parts.first.map({ $0 == os }) != true { return false }
    if let arch, parts.count != 2 || parts[1] != arch { return false }
    if let pattern = self.model {
      guard let model else { return false }
      return Wildcard.matches(model, pattern: pattern)
    }
    return true
  }
}

extension ListedVariant {
  /// Whether a machine can use this variant.
  public func fits(_ machine: Platform, model: String?) -> Bool {
    guard variant.platform.suitability(for: machine) != nil else { return false }
    guard let platforms, !platforms.isEmpty else { return true }
    return platforms.contains { $0.accepts(machine, model: model) }
  }
}
