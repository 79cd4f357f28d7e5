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
        throw refusal(member.path, "it is the home in use, which changes while it is packed", member.path + "/")
      }
      if try isKey(member) {
        throw refusal(
          member.path, "it is a private key of a gtach home: whoever has it can sign releases, or be that machine",
          Self.homeOfKey(member.path))
      }
    }
  }

  /// Whether a file is a private key of a home: by its path, or, as backups have other paths, by its name and content.
  private func isKey(_ member: ArchiveMember) throws(GtachError) -> Bool {
    let parts = member.path.split(separator: "/")
    guard member.status.kind == .file, let name = parts.last, Self.isNameOfKey(name) else { return false }
    if name == "node-key.pem", parts.dropLast().last == "fleet" { return true }
    if parts.dropLast().suffix(2) == ["fleet", "keys"] { return true }
    let head = try FileSystem().read("\(directory)/\(member.path)", offset: 0, count: Self.keyHead.utf8.count)
    return head == Array(Self.keyHead.utf8)
  }

  /// How an Ed25519 key in PKCS#8 begins, as PEM (RFC 8410, section 7): all but the key itself is the same in all.
  private static let keyHead = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI"

  private static func isNameOfKey(_ name: Substring) -> Bool {
    let purposes: [Substring] = ["node-key", "authority", "root", "targets", "snapshot", "timestamp"]
    return name.hasSuffix(".pem") && (purposes.contains(name.dropLast(4)) || name.hasPrefix("package-"))
  }

  /// What to exclude with a key: the home that it is in, or what takes the place of its directory `fleet` elsewhere, or
  /// the file alone; relative to the tree.
  static func homeOfKey(_ path: String) -> String {
    var parts = path.split(separator: "/")[...]
    if parts.count < 2 { return path }
    parts = parts.dropLast()
    if parts.last == "keys" { parts = parts.dropLast() }
    if parts.last == "fleet", parts.count > 1 { parts = parts.dropLast() }
    return parts.isEmpty ? "keys/" : parts.joined(separator: "/") + "/"
  }

  private func refusal(_ path: String, _ reason: String, _ excluded: String?) -> GtachError {
    GtachError(
      .archiveMemberUnsupported, "\"\(path)\" is not packed", reason: reason,
      advice: excluded.map { "exclude it: \"/\($0)\"" } ?? "pack another directory")
  }
}
