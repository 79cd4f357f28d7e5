/// A file of a package's configuration that an update left as it was changed here.
public struct KeptFile: Hashable, Sendable, Codable {
  /// The file, below the install root.
  public var path: String
  /// What the release would have in its place, laid beside it; nil where the release has no such template any more.
  public var beside: String?

  /// A kept file from its fields.
  public init(path: String, beside: String?) {
    self.path = path
    self.beside = beside
  }
}
