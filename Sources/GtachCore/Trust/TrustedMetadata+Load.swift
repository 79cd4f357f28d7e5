import GtachModel

extension TrustedMetadata {
  /// Verifies what this node keeps on its disk, from the pinned root down, as if a peer had sent it.
  ///
  /// What has expired is loaded all the same: what is installed keeps running (ask `requireFresh` where it matters). A
  /// file below the timestamp that is missing or damaged leaves the result incomplete, says so in `problems`, and is
  /// fetched again by the next update; versions that were seen are not forgotten over it. Metadata of keys that a newer
  /// root has replaced is ignored (TUF specification 1.0, section 5.3.11).
  ///
  /// - Parameters:
  ///   - files: the bytes of a file of the metadata directory, nil if it is not there.
  ///   - pinnedRoot: the root that the fleet's owner or the invitation gave.
  ///   - package: the one package that is of interest: of the others nothing is read, and nothing is known then.
  /// - Throws: `ErrorCode.metadataMalformed` or `.metadataUnsigned` if a root or the timestamp is damaged, and whatever
  ///   `files` throws.
  public static func load(
    files: (String) throws(GtachError) -> [UInt8]?, pinnedRoot: [UInt8], package: PackageName? = nil,
    checking: some SignatureChecking, hashing: some Hashing
  ) throws(GtachError) -> TrustedMetadata {
    let pinned = try TrustedMetadata(pinnedRoot: pinnedRoot, checking: checking, hashing: hashing)
    var update = MetadataUpdate(trusted: pinned, start: nil, package: package, checking: checking, hashing: hashing)
    var olderRoots: [RootRole] = []
    while let file = update.nextFile {
      let bytes = try files(file.name)
      let before = update.current
      let role = MetadataFileName(file.name)?.role
      do throws(GtachError) {
        if bytes == nil, role == .timestamp { return before }
        try update.receive(bytes)
        if update.current.root.version != before.root.version { olderRoots.append(before.root) }
      } catch {
        let advice = "delete the file; this node then fetches it from its neighbours"
        switch role {
        case .root:
          throw GtachError(error.code, error.message, reason: error.reason, advice: advice)
        case .timestamp:
          if let bytes, olderRoots.contains(where: { isSigned(bytes, .timestamp, $0.timestamp, checking) }) {
            return before
          }
          throw GtachError(error.code, error.message, reason: error.reason, advice: advice)
        default:
          var incomplete = before
          if role == .snapshot, let bytes,
            olderRoots.contains(where: { isSigned(bytes, .snapshot, $0.snapshot, checking) })
          {
            incomplete.timestamp = nil
          }
          incomplete.problems.append(error)
          incomplete.collectTargets()
          return incomplete
        }
      }
    }
    return update.finished?.trusted ?? update.current
  }

  /// The same, of which this was loaded before: where something was published since, only that is read and verified.
  ///
  /// - Throws: As `load`.
  public func reloaded(
    files: (String) throws(GtachError) -> [UInt8]?, pinnedRoot: [UInt8], checking: some SignatureChecking,
    hashing: some Hashing
  ) throws(GtachError) -> TrustedMetadata {
    var update = MetadataUpdate(trusted: self, start: nil, checking: checking, hashing: hashing)
    do throws(GtachError) {
      while let file = update.nextFile { try update.receive(try files(file.name)) }
      if let newer = update.finished?.trusted, newer.timestampVersion > timestampVersion { return newer }
    } catch {
      // What is older, missing or damaged is judged from the pinned root on.
    }
    return try Self.load(files: files, pinnedRoot: pinnedRoot, checking: checking, hashing: hashing)
  }

  private static func isSigned(
    _ bytes: [UInt8], _ role: MetadataRole, _ keys: RoleKeys, _ checking: some SignatureChecking
  ) -> Bool {
    do throws(GtachError) {
      let signed = try SignedMetadata(bytes, file: role.listedFileName, role: role)
      try signed.requireSignatures(of: keys, named: role.text, checking: checking)
      return true
    } catch {
      return false
    }
  }
}
