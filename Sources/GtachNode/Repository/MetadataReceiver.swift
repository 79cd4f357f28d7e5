import GtachCore
import GtachModel
import GtachSystem

/// Takes signed metadata that comes as files, and keeps what is newer: what a node does with that of a peer.
struct MetadataReceiver {
  let repository: PackageRepository
  /// The TUF root that trust starts from.
  let pinnedRoot: [UInt8]
  /// Whether releases are published here, too.
  let isPublisher: Bool

  /// Verifies files, and stores what is newer of them. Older ones change nothing: what this machine trusts already
  /// counts.
  ///
  /// - Parameters:
  ///   - files: The files by name; none where there are only those of this machine.
  ///   - source: Where they are from.
  /// - Returns: What is trusted now.
  /// - Throws: What `MetadataUpdate.receive` says of them; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func receive(_ files: [String: [UInt8]], from source: String) throws(GtachError) -> TrustedMetadata {
    while true {
      let name = RepositoryLayout.timestampName
      let before = try repository.metadataIfPresent(name)
      let trusted = try TrustedMetadata.load(from: repository, pinnedRoot: pinnedRoot)
      if files.isEmpty { return trusted }
      switch trusted.handedOver(files, now: SystemClock.now(), checking: Ed25519(), hashing: SHA256()) {
      case .accepted(let newer, let newFiles):
        // A daemon may have stored still newer ones meanwhile, which nothing may roll back.
        let isStored = try repository.writeMetadata(newFiles, isPublisher: isPublisher) { () throws(GtachError) in
          try repository.metadataIfPresent(name) == before
        }
        if isStored { return newer }
      case .older(let roots):
        try repository.writeMetadata(roots, isPublisher: isPublisher)
        return roots.isEmpty ? trusted : try TrustedMetadata.load(from: repository, pinnedRoot: pinnedRoot)
      case .refused(let error, let roots):
        // A change of keys lasts even where what follows it does not verify (TUF specification 1.0, section 5.3.8).
        try repository.writeMetadata(roots, isPublisher: isPublisher)
        throw GtachError(
          error.code, "the signed metadata in \(source) is refused",
          reason: error.message + (error.reason.map { ": \($0)" } ?? ""),
          advice: error.advice
            ?? (error.code == .metadataUnsigned
              ? "is it of another fleet? Export it on a machine of this one" : "copy it or export it again"))
      }
    }
  }
}
