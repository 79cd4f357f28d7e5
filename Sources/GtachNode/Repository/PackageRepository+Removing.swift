import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// What operators decided about releases here.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` where the file cannot be understood; `ErrorCode.inputOutput`.
  public func choices() throws(GtachError) -> ReleaseChoices {
    do throws(GtachError) {
      let bytes = try files.read(layout.choices, maximumBytes: JSONFile.maximumBytes)
      return try JSONFile.decode(ReleaseChoices.self, from: bytes, name: layout.choices)
    } catch {
      if error.code == .notFound { return ReleaseChoices() }
      guard error.code == .configurationInvalid else { throw error }
      throw GtachError(
        error.code, error.message, reason: error.reason,
        advice: "put a copy of it back, or delete it: then what was removed here may come back")
    }
  }

  /// Changes what operators decided, durably. A change that changes nothing writes nothing.
  ///
  /// - Throws: As `choices`; `ErrorCode.busy` where another process holds the lock for a minute; `ErrorCode.diskFull`.
  public func changeChoices(_ change: (inout ReleaseChoices) -> Void) throws(GtachError) {
    var choices = try choices()
    let before = choices
    change(&choices)
    guard choices != before else { return }
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    try writeChoices(change)
  }

  /// Takes all variants of a release out of the repository, and notes that it is not wanted here. After a crash it is
  /// here as before, or marked and here, or marked and gone: gc takes away what is marked. On a full disk it goes first,
  /// to make room for the mark: a crash in between leaves it gone and not marked.
  ///
  /// - Returns: The variants that were here.
  /// - Throws: As `changeChoices`.
  public func remove(_ release: ReleaseID) throws(GtachError) -> [VariantID] {
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    let variants = try entries(of: release.name).keys.filter { $0.release == release }.sorted()
    do throws(GtachError) {
      try writeChoices { $0.remove(release) }
      let plan = try plan()
      let name = Workspace.newName()
      try perform(
        plan.takeAway(try directories(of: release), temporaryName: name), plan: plan, temporaryName: name)
    } catch {
      guard error.code == .diskFull, !variants.isEmpty else { throw error }
      try removeInPlace(release)
    }
    return variants
  }

  /// With the lock held.
  private func removeInPlace(_ release: ReleaseID) throws(GtachError) {
    let directories = try directories(of: release)
    var variants: [String] = []
    for directory in directories {
      for name in try files.list(directory) where try files.kind(of: "\(directory)/\(name)") == .directory {
        variants.append("\(directory)/\(name)")
      }
    }
    try files.perform(
      StorePlan(layout: layout, workspace: layout.incoming).takeAwayInPlace(directories, variants: variants))
    do throws(GtachError) {
      try writeChoices { $0.remove(release) }
    } catch {
      throw GtachError(
        error.code, "\(release) is gone, but there is no room to note that it is not wanted",
        reason: error.reason ?? error.message, advice: "run gtach gc, then gtach remove \(release) again")
    }
  }

  /// With the lock held.
  private func writeChoices(_ change: (inout ReleaseChoices) -> Void) throws(GtachError) {
    // Read again: another process may have changed them before it gave the lock back.
    var choices = try choices()
    change(&choices)
    let plan = try plan()
    let name = Workspace.newName()
    try perform(plan.choose(JSONFile.encode(choices), temporaryName: name), plan: plan, temporaryName: name)
  }

  /// The directories of a release: one for each way of writing its version, as build metadata makes no other.
  private func directories(of release: ReleaseID) throws(GtachError) -> [String] {
    let parent = "\(layout.packages)/\(release.name)"
    guard try files.kind(of: parent) == .directory else { return [] }
    var directories: [String] = []
    for name in try files.list(parent) {
      guard let version = try? SemanticVersion(name), version == release.version else { continue }
      directories.append("\(parent)/\(name)")
    }
    return directories
  }
}
