import GtachModel
import GtachSystem

/// The paths below a node's home directory, `~/.gtach` unless it is told otherwise. What the repository keeps below
/// `repository/` is its own affair.
public struct Home: Hashable, Sendable {
  /// The home directory.
  public let path: String

  /// The home at a path.
  public init(_ path: String) { self.path = path }

  /// The home at a path that may be relative to the working directory.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` for an empty path, or where the working directory is gone.
  public init(absolute path: String) throws(GtachError) {
    guard !path.isEmpty else { throw GtachError(.configurationInvalid, "the home directory has no name") }
    if path.hasPrefix("/") {
      self.path = path
      return
    }
    guard let directory = Console.directory else {
      throw GtachError(.configurationInvalid, "the working directory is gone", advice: "give an absolute --home")
    }
    self.path = "\(directory)/\(path)"
  }

  /// What the owner configures.
  public var configuration: String { "\(path)/config.json" }
  /// Membership: keys, certificates, the pinned root.
  public var fleet: String { "\(path)/fleet" }
  /// Open invitations, a file each, named by the SHA-256 of its secret.
  public var invitations: String { "\(path)/invitations" }
  /// Peers that were met.
  public var peers: String { "\(path)/peers.json" }
  /// Held by the daemon as long as it lives.
  public var daemonLock: String { "\(path)/node.lock" }
  /// Where the daemon and the command line meet.
  public var socket: String { "\(path)/node.sock" }
  /// The GPIO lines that are being driven, so that a crash does not leave them so.
  public var drivenLines: String { "\(path)/driven-lines.json" }
  /// Installed releases, unless the configuration names another place.
  public var apps: String { "\(path)/apps" }
}
