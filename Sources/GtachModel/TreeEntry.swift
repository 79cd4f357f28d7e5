/// What is at a path of a release: in its archive, or where it is installed.
public enum TreeEntry: Hashable, Sendable {
  /// A directory, and its permissions where they matter.
  case directory(permissions: UInt16?)
  /// A regular file: the SHA-256 of its bytes, and its permissions.
  case file(Digest, permissions: UInt16)
  /// A symbolic link, and where it leads.
  case link(to: String)
  /// A device, a socket or a pipe.
  case other
}
