import GtachCore
import GtachModel
import GtachSystem

/// The files of signed metadata, as bytes and names: what they mean is for others to judge.
extension PackageRepository {
  /// The longest metadata file in bytes.
  public static let maximumMetadataBytes = 16 << 20

  /// The names of the metadata files that are here, sorted.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  public func metadataFiles() throws(GtachError) -> [String] {
    guard try files.exists(layout.metadata) else { return [] }
    return try files.list(layout.metadata).filter { $0.hasSuffix(".json") }
  }

  /// A metadata file.
  ///
  /// - Throws: `ErrorCode.notFound` where it is not here; `ErrorCode.nameInvalid` for a name that no metadata file has;
  ///   `ErrorCode.inputOutput`.
  public func readMetadata(_ name: String) throws(GtachError) -> [UInt8] {
    try files.read(try layout.metadata(name), maximumBytes: Self.maximumMetadataBytes)
  }

  /// Writes metadata files, so that they last. `timestamp.json` becomes visible last, when all others are on the disk.
  /// What nobody asks for any more then goes.
  ///
  /// - Parameters:
  ///   - isPublisher: As for `MetadataRetention`.
  ///   - isWanted: Asked when nobody else writes metadata any more, whether they still are to be written.
  /// - Returns: Whether they were.
  /// - Throws: `ErrorCode.nameInvalid`; `ErrorCode.busy` where another process holds the lock for a minute;
  ///   `ErrorCode.diskFull`, `ErrorCode.inputOutput`: then the old timestamp stands.
  @discardableResult
  public func writeMetadata(
    _ contents: [String: [UInt8]], isPublisher: Bool, where isWanted: () throws(GtachError) -> Bool = { true }
  ) throws(GtachError) -> Bool {
    guard !contents.isEmpty else { return true }
    let plan = try plan()
    // A directory of its own in the workspace, so that it goes as a whole if anything fails.
    let name = Workspace.newName()
    let own = StorePlan(layout: layout, workspace: "\(plan.workspace)/\(name)")
    let operations = try own.writeMetadata(contents, temporaryName: "new")
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    guard try isWanted() else { return false }
    try perform(operations + [.remove(own.workspace)], plan: plan, temporaryName: name)
    // What cannot be removed now, the next version of the same role takes along.
    try? removeSuperseded(by: contents.keys, isPublisher: isPublisher)
    return true
  }

  private func removeSuperseded(by written: some Sequence<String>, isPublisher: Bool) throws(GtachError) {
    let superseded = MetadataRetention.superseded(by: written, among: try metadataFiles(), isPublisher: isPublisher)
    for name in superseded { try files.perform(.remove(try layout.metadata(name))) }
  }
}
