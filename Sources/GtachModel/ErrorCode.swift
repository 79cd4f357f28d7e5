/// The stable words for everything that can go wrong, and the exit code of a command that ends with one.
public enum ErrorCode: String, Hashable, Sendable, CaseIterable, Codable {
  // What the operator typed or configured.
  case usage
  case notFound = "not-found"
  case configurationInvalid = "configuration-invalid"
  case fleetMissing = "fleet-missing"
  case fleetExists = "fleet-exists"
  case notPermitted = "not-permitted"

  // Names, versions and descriptions.
  case versionInvalid = "version-invalid"
  case rangeInvalid = "range-invalid"
  case nameInvalid = "name-invalid"
  case descriptionInvalid = "description-invalid"
  case releaseExists = "release-exists"
  case platformUnsupported = "platform-unsupported"

  // Archives, chunks and indexes.
  case archiveInvalid = "archive-invalid"
  case archivePathUnsafe = "archive-path-unsafe"
  case archiveMemberUnsupported = "archive-member-unsupported"
  case chunkCorrupt = "chunk-corrupt"
  case chunkMissing = "chunk-missing"
  case objectCorrupt = "object-corrupt"
  case indexCorrupt = "index-corrupt"
  case manifestCorrupt = "manifest-corrupt"
  case manifestUnlisted = "manifest-unlisted"

  // Signed metadata (the words follow the TUF specification's attacks and checks).
  case metadataMalformed = "metadata-malformed"
  case metadataUnsigned = "metadata-unsigned"
  case metadataRollback = "metadata-rollback"
  case metadataMismatch = "metadata-mismatch"
  case metadataExpired = "metadata-expired"
  case metadataMissing = "metadata-missing"

  // The wire and the peers.
  case frameOversize = "frame-oversize"
  case frameMalformed = "frame-malformed"
  case protocolViolation = "protocol-violation"
  case protocolVersion = "protocol-version"
  case peerUnreachable = "peer-unreachable"
  case peerTimeout = "peer-timeout"
  case peerClosed = "peer-closed"
  case peerUntrusted = "peer-untrusted"
  case noLease = "no-lease"
  case uploadOff = "upload-off"
  case discoveryUnavailable = "discovery-unavailable"
  case tokenInvalid = "token-invalid"
  case invitationUnknown = "invitation-unknown"

  // Installing and testing.
  case hookFailed = "hook-failed"
  case selfTestFailed = "self-test-failed"
  case updateRolledBack = "update-rolled-back"
  case releaseRefused = "release-refused"
  case dependencyMissing = "dependency-missing"
  case dependencyConflict = "dependency-conflict"
  case journalCorrupt = "journal-corrupt"
  case serviceFailed = "service-failed"
  case serviceForeign = "service-foreign"
  case serviceUnavailable = "service-unavailable"
  case gpioUnavailable = "gpio-unavailable"
  case gpioLineMissing = "gpio-line-missing"
  case gpioLineAmbiguous = "gpio-line-ambiguous"
  case gpioLineHeld = "gpio-line-held"
  case gpioLineForbidden = "gpio-line-forbidden"

  // This machine.
  case diskFull = "disk-full"
  case inputOutput = "input-output"
  case databaseCorrupt = "database-corrupt"
  case busy
  case cancelled
  case bug

  /// The exit code of a command that ends with this error, after sysexits(3) where that has a word for it.
  public var exitCode: Int32 {
    switch self {
    case .notFound, .dependencyMissing, .dependencyConflict: 1
    case .updateRolledBack, .hookFailed, .serviceFailed: 20
    case .selfTestFailed: 21
    case .usage: 64
    case .versionInvalid, .rangeInvalid, .nameInvalid, .descriptionInvalid, .releaseExists, .archiveInvalid,
      .archivePathUnsafe, .archiveMemberUnsupported, .chunkCorrupt, .objectCorrupt, .indexCorrupt, .manifestCorrupt,
      .manifestUnlisted, .metadataMalformed, .metadataUnsigned, .metadataRollback, .metadataMismatch,
      .metadataExpired, .metadataMissing, .frameOversize, .frameMalformed, .protocolViolation, .protocolVersion,
      .journalCorrupt, .databaseCorrupt, .platformUnsupported:
      65
    case .peerUnreachable, .peerTimeout, .peerClosed, .discoveryUnavailable, .gpioUnavailable, .serviceUnavailable: 69
    case .bug: 70
    case .diskFull, .inputOutput, .chunkMissing: 74
    case .busy, .cancelled, .noLease: 75
    case .notPermitted, .uploadOff, .peerUntrusted, .tokenInvalid, .invitationUnknown, .releaseRefused,
      .gpioLineForbidden:
      77
    case .configurationInvalid, .fleetMissing, .fleetExists, .serviceForeign, .gpioLineMissing, .gpioLineAmbiguous,
      .gpioLineHeld:
      78
    }
  }
}
