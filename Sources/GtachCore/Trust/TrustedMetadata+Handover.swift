import GtachModel

/// What a whole set of metadata files does to what is trusted.
public enum MetadataHandover: Sendable {
  /// It is as new as what is trusted, or newer: what is trusted now, and the files to store for it, if any.
  case accepted(TrustedMetadata, files: [String: [UInt8]])
  /// It is older: nothing of it is used, except roots that are new here, which are to be stored.
  case older(roots: [String: [UInt8]])
  /// Something of it is not what it should be: nothing of it is used, except roots that are new here.
  case refused(GtachError, roots: [String: [UInt8]])
}

extension TrustedMetadata {
  /// Looks at metadata that did not come from a peer but as files, in the same way: the client workflow of the TUF
  /// specification decides.
  ///
  /// That it is older than what is trusted is no attack here: a file may have been on its way for long. It is not used,
  /// so it rolls nothing back.
  ///
  /// - Parameters:
  ///   - files: The files by name.
  ///   - now: As for `MetadataUpdate`.
  public func handedOver(
    _ files: [String: [UInt8]], now: Timestamp, checking: some SignatureChecking, hashing: some Hashing
  ) -> MetadataHandover {
    var update = MetadataUpdate(
      trusted: self, now: max(now, newestSignedTime), checking: checking, hashing: hashing)
    while let file = update.nextFile {
      do throws(GtachError) {
        try update.receive(files[file.name])
      } catch {
        let isOlder = error.code == .metadataRollback && file.name == RepositoryLayout.timestampName
        return isOlder ? .older(roots: update.acceptedRoots) : .refused(error, roots: update.acceptedRoots)
      }
    }
    return .accepted(update.finished?.trusted ?? self, files: update.finished?.newFiles ?? [:])
  }
}
