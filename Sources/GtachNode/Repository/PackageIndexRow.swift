import GtachCore
import GtachModel
import GtachSystem

/// A row of the package index.
struct PackageIndexRow {
  /// The variant's directory, relative to `packages`.
  let path: String
  let entry: Catalogue.Entry
  /// How many variants its version has.
  let variants: Int
  /// The directory of its version, as far as it can be relied on.
  let directory: Catalogue.Stamp?

  static let columns = [
    "path", "version", "created", "description", "author", "archive", "archive_size", "chunks", "chunks_size",
    "manifest", "manifest_size", "manifest_inode", "manifest_modified", "manifest_changed", "directory_variants",
    "directory_size", "directory_inode", "directory_modified", "directory_changed", "checksum",
  ]

  init(path: String, entry: Catalogue.Entry, variants: Int, directory: Catalogue.Stamp?) {
    self.path = path
    self.entry = entry
    self.variants = variants
    self.directory = directory
  }

  /// What a row says; nil where it is not what was written.
  init?(_ row: SQLiteStatement, packages: String) {
    func content(_ column: Int32) -> Manifest.Content? {
      row.bytes(column).flatMap { Digest($0) }.map { Manifest.Content(digest: $0, size: Int(row.integer(column + 1))) }
    }
    func stamp(_ column: Int32) -> Catalogue.Stamp {
      Catalogue.Stamp(
        size: Int(row.integer(column)), number: UInt64(bitPattern: row.integer(column + 1)),
        modifiedNanoseconds: row.integer(column + 2), changedNanoseconds: row.integer(column + 3))
    }
    guard let path = row.text(0), let versionText = row.text(1), let archive = content(5), let index = content(7),
      let manifest = content(9), let target = VariantID(targetPath: "\(path)/\(RepositoryLayout.manifestName)"),
      let version = try? SemanticVersion(versionText)
    else { return nil }
    let release = ReleaseID(name: target.release.name, version: version)
    self.path = path
    entry = Catalogue.Entry(
      directory: "\(packages)/\(path)",
      summary: ReleaseSummary(
        variant: VariantID(release: release, platform: target.platform), archiveBytes: archive.size,
        created: Timestamp(secondsSinceEpoch: row.integer(2)), description: row.text(3), author: row.text(4)),
      digest: manifest.digest, archive: archive, index: index, stamp: stamp(10))
    variants = Int(row.integer(14))
    directory = row.isNull(15) ? nil : stamp(15)
    guard checksum == row.integer(19) else { return nil }
  }

  /// The values of the columns.
  var values: [SQLiteStatement.Value] {
    func text(_ text: String?) -> SQLiteStatement.Value { text.map { .text($0) } ?? .null }
    func stamp(_ stamp: Catalogue.Stamp?) -> [SQLiteStatement.Value] {
      guard let stamp else { return [.null, .null, .null, .null] }
      return [
        .integer(Int64(stamp.size)), .integer(Int64(bitPattern: stamp.number)), .integer(stamp.modifiedNanoseconds),
        .integer(stamp.changedNanoseconds),
      ]
    }
    let summary = entry.summary
    let said: [SQLiteStatement.Value] = [
      .text(path), .text("\(entry.variant.release.version)"), .integer(summary.created.secondsSinceEpoch),
      text(summary.description), text(summary.author), .blob(entry.archive.digest.bytes),
      .integer(Int64(entry.archive.size)), .blob(entry.index.digest.bytes), .integer(Int64(entry.index.size)),
      .blob(entry.digest.bytes),
    ]
    return said + stamp(entry.stamp) + [.integer(Int64(variants))] + stamp(directory) + [.integer(checksum)]
  }

  /// The first 64 bits of the SHA-256 of all that the row says.
  private var checksum: Int64 {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    func add(_ number: Int64) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    func add(_ text: String?) {
      add(Int64(text?.utf8.count ?? -1))
      bytes += (text ?? "").utf8
    }
    func add(_ stamp: Catalogue.Stamp) {
      add(Int64(stamp.size))
      add(Int64(bitPattern: stamp.number))
      add(stamp.modifiedNanoseconds)
      add(stamp.changedNanoseconds)
    }
    add(path)
    add("\(entry.variant.release.version)")
    add(entry.summary.created.secondsSinceEpoch)
    add(entry.summary.description)
    add(entry.summary.author)
    for content in [entry.archive, entry.index] {
      bytes += content.digest.bytes
      add(Int64(content.size))
    }
    bytes += entry.digest.bytes
    add(entry.stamp)
    add(Int64(variants))
    if let directory { add(directory) }
    return SHA256().digest(of: bytes).bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
  }
}
