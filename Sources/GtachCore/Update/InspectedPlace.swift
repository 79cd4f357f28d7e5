import GtachModel

/// A place below a directory that a decision has to know of: looked at name by name, links not followed, so that what
/// it says is of this place and no other.
public struct InspectedPlace: Hashable, Sendable {
  /// The directory.
  public let root: String
  /// The names that lead from there to it; never empty, and never `..`.
  public let names: [String]
  /// The longest file that is read, in bytes; nil where only the kind of what is there matters.
  public let maximumBytes: Int?

  /// A place from its parts.
  init(root: String, names: [String], maximumBytes: Int? = nil) {
    self.root = root
    self.names = names
    self.maximumBytes = maximumBytes
  }

  /// Its path.
  public var path: String { "\(root)/\(names.joined(separator: "/"))" }
  /// The directory around it.
  var parent: String { ([root] + names.dropLast()).joined(separator: "/") }
}

/// What is at a place.
public enum PlaceContent: Hashable, Sendable {
  /// Nothing, or no directory that it could be in.
  case nothing
  /// A directory.
  case directory
  /// A regular file; its bytes where they were asked for, else none.
  case file(bytes: [UInt8], permissions: UInt16)
  /// A symbolic link, and where it leads.
  case link(to: String)
  /// A device, a socket or a pipe.
  case other
  /// Something that is no directory is on the way: its path.
  case unreachable(String)
}
