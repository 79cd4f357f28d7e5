import GtachCore
import GtachModel
import GtachSystem

/// Keeps gtach's own homes out of releases: whoever has their keys can sign releases, or be that machine.
struct HomeProtection {
  /// The home in use.
  let home: String
  /// The tree that is packed.
  let directory: String

  /// Refuses a tree of which the home in use, or a key of any home, would be packed.
  ///
  /// - Parameter members: What is to be packed, without what is excluded.
  /// - Throws: `ErrorCode.archiveMemberUnsupported`; `ErrorCode.inputOutput`.
  func check(_ members: [ArchiveMember]) throws(GtachError) {
    let files = FileSystem()
    let inUse = try files.kind(following: home) == nil ? nil : files.status(of: try files.realPath(home))
    let root = try files.status(of: try files.realPath(directory))
    let isInUse = { (status: FileStatus?) in
      guard let status, let inUse else { return false }
      return status.device == inUse.device && status.number == inUse.number
    }
    guard !isInUse(root) else {
      throw refusal(directory, "it is the home in use, which changes while it is packed", nil)
    }
    for member in members {
      if member.status.kind == .directory, isInUse(member.status) {
        throw refusal(member.path, "it is the home in use, which changes while it is packed", member.path)
      }
      if let home = Self.homeOfKey(member.path) {
        throw refusal(
          member.path, "it is a private key of a gtach home: whoever has it can sign releases, or be that machine", home
        )
      }
    }
  }

  /// The home that a path is a private key of, relative to the tree: empty where the tree is that home.
  static func homeOfKey(_ path: String) -> String? {
    let parts = path.split(separator: "/").map(String.init)
    let isNodeKey = parts.count >= 2 && parts.suffix(2) == ["fleet", "node-key.pem"]
    let isFleetKey =
      parts.count >= 3 && parts[parts.count - 3] == "fleet" && parts[parts.count - 2] == "keys"
      && parts[parts.count - 1].hasSuffix(".pem")
    guard isNodeKey || isFleetKey else { return nil }
    return parts.dropLast(isNodeKey ? 2 : 3).joined(separator: "/")
  }

  private func refusal(_ path: String, _ reason: String, _ home: String?) -> GtachError {
    GtachError(
      .archiveMemberUnsupported, "\"\(path)\" is not packed", reason: reason,
      advice: home.map { $0.isEmpty ? "exclude it: \"/fleet/\"" : "exclude it: \"/\($0)/\"" }
        ?? "pack another directory")
  }
}
