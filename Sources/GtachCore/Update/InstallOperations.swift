import GtachModel

/// The file operations of installing, in the order of durability: at every point, whatever of the last unsynced
/// operations is lost, what `state.json`, the journal and `current` lead to is complete.
struct InstallOperations {
  let layout: InstallLayout

  /// Replaces a file in the install root: its bytes are on the disk before its name is.
  ///
  /// - Parameter syncingAll: Whether all else that was done before has to be on the disk with them.
  func replace(_ path: String, _ bytes: [UInt8], syncingAll: Bool = false) -> [FileOperation] {
    [
      .write(path: "\(path).new", bytes: bytes, permissions: 0o644),
      syncingAll ? .syncFileSystem(of: layout.root) : .syncFile("\(path).new"),
      .rename(from: "\(path).new", to: path),
      .syncDirectory(layout.root),
    ]
  }

  /// Writes the journal.
  func write(_ journal: UpdateJournal) throws(GtachError) -> [FileOperation] {
    replace(layout.journal, try InstallCoding.encode(journal))
  }

  /// Writes the state.
  func write(_ state: InstallState) throws(GtachError) -> [FileOperation] {
    replace(layout.state, try InstallCoding.encode(state))
  }

  /// Makes an install root in which nothing is installed. `state.json` comes first: whoever finds one of the others
  /// without it knows that it was lost.
  func create() throws(GtachError) -> [FileOperation] {
    try [.makeDirectory(layout.root), .syncDirectory(layout.parent)] + write(InstallState())
      + makeDirectories() + generation(0, [:]) + activate(0)
  }

  /// Makes the directories of an install root: on the disk before a link leads into them.
  func makeDirectories() -> [FileOperation] {
    [
      .makeDirectory(layout.releases), .makeDirectory(layout.generations), .makeDirectory(layout.data),
      .syncDirectory(layout.root),
    ]
  }

  /// Makes a generation, which must not be the active one.
  func generation(_ number: Int, _ releases: [PackageName: InstallState.Release]) -> [FileOperation] {
    unsyncedGeneration(number, releases)
      + [.syncDirectory(layout.generation(number)), .syncDirectory(layout.generations)]
  }

  /// Makes a generation that a sync of the file system brings onto the disk.
  func unsyncedGeneration(_ number: Int, _ releases: [PackageName: InstallState.Release]) -> [FileOperation] {
    let directory = layout.generation(number)
    let links = releases.sorted { $0.key < $1.key }.map { name, release in
      FileOperation.makeSymbolicLink(at: "\(directory)/\(name)", to: layout.linkTarget(release.id))
    }
    return [.remove(directory), .makeDirectory(directory)] + links
  }

  /// Makes a generation the active one.
  func activate(_ generation: Int) -> [FileOperation] {
    let link = "\(layout.current).new"
    return [
      .remove(link),
      .makeSymbolicLink(at: link, to: layout.currentTarget(generation)),
      .rename(from: link, to: layout.current),
      .syncDirectory(layout.root),
    ]
  }

  /// Makes room for a release that is to be staged, whatever is left there of another.
  func prepareStaging() -> [FileOperation] {
    [.remove(layout.staging), .makeDirectory(layout.stagingTree)]
  }

  /// Gives what was staged its name among the releases. A leftover of that name, which nothing leads to, goes first.
  func place(_ id: ReleaseID) -> [FileOperation] {
    let release = layout.release(id)
    return [
      .makeDirectory(layout.releases(of: id.name)),
      .remove(release),
      .syncDirectory(layout.releases(of: id.name)),
      .rename(from: layout.stagingTree, to: release),
      .makeReadOnly(release),
      .makeDirectory(layout.data(of: id.name)),
    ]
  }

  /// Makes complete what was placed, and the generation that leads to it. One sync of the file system is enough for all
  /// of it: until the journal says "staged", it counts for nothing.
  func seal(_ generation: [FileOperation]) -> [FileOperation] {
    [.remove(layout.staging)] + generation + [.syncFileSystem(of: layout.root)]
  }

  /// Removes what a transaction left behind that never made its releases active.
  func discard(_ journal: UpdateJournal) -> [FileOperation] {
    // Whatever ran may have written to the data, or moved older ones there: they stay.
    let hooksMayHaveRun =
      journal.phase != .staging
      && journal.members.contains { $0.release.manifest.description.install?.preInstall != nil }
    let seeds = journal.wasActivated || hooksMayHaveRun ? [] : journal.members.flatMap(removeSeeds)
    return [.remove(layout.staging), .syncDirectory(layout.root)] + journal.members.flatMap(removeRelease)
      + journal.members.flatMap(removeConfiguration) + seeds
      + [.remove(layout.generation(journal.transaction)), .syncDirectory(layout.generations)]
  }

  /// Removes a release of a transaction that failed, unless it was here before.
  private func removeRelease(of member: UpdateJournal.Member) -> [FileOperation] {
    guard !member.wasKept else { return [] }
    let isOnly = member.before.kept.isEmpty
    let directory = layout.releases(of: member.name)
    return isOnly
      ? [.remove(directory), .syncDirectory(layout.releases)]
      : [.remove(layout.release(member.release.id)), .syncDirectory(directory)]
  }

  /// Removes what a committed transaction made superfluous: the generation before, and releases before the previous. A
  /// sync of the file system has to follow.
  func retire(_ journal: UpdateJournal, committed state: InstallState) -> [FileOperation] {
    let old = journal.members.flatMap { member -> [FileOperation] in
      let old = member.before.kept
        .filter { state.packages[member.name]?.kept($0.id.version) == nil }
      return old.map { .remove(layout.release($0.id)) }
        + old.filter { $0.configuration != nil }.map { .remove(layout.configuration($0.id)) }
        + (member.isReconfigured == true ? [.remove(layout.formerConfiguration(member.release.id))] : [])
    }
    return old + [.remove(layout.generation(journal.generationBefore))]
  }

  /// Ends a transaction.
  func close() -> [FileOperation] { [.remove(layout.journal), .syncDirectory(layout.root)] }
}

extension InstallRecords {
  /// What has to be done before anything else is: makes an install root where there is none, and makes `current` lead
  /// to where the state says, unless a transaction is under way, whose recovery does that.
  ///
  /// - Parameter currentTarget: What the link `current` holds; nil where it is absent.
  /// - Throws: `ErrorCode.bug` where the state cannot be written.
  public func opening(layout: InstallLayout, currentTarget: String?) throws(GtachError) -> [FileOperation] {
    let operations = InstallOperations(layout: layout)
    if isNew { return try operations.create() }
    guard journal == nil, currentTarget != layout.currentTarget(state.generation) else { return [] }
    // Power was lost while the root was made, or somebody else changed it.
    return operations.makeDirectories() + operations.generation(state.generation, state.active)
      + operations.activate(state.generation)
  }
}
