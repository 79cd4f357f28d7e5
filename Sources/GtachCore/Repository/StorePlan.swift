import GtachModel

/// In which order a repository is written, so that a power cut at any instant leaves either the old or the new and
/// never half of one: all objects, one sync of the file system, the one rename that makes a release visible, then its
/// directory.
///
/// A sync for each object would cost minutes on an SD card. Without one, chunks and objects may be torn by a power cut
/// before the release that needs them is visible; nobody trusts them unread, so that harms nobody.
public struct StorePlan: Hashable, Sendable {
  /// Where everything lies.
  public let layout: RepositoryLayout
  /// This writer's own directory in `incoming`, on the same file system as all else.
  public let workspace: String

  /// A plan for a writer.
  public init(layout: RepositoryLayout, workspace: String) {
    self.layout = layout
    self.workspace = workspace
  }

  /// Stores a chunk or an object: whole under its name or not at all, as long as the power stays on.
  ///
  /// - Parameters:
  ///   - path: Where it belongs.
  ///   - name: A name in the workspace that is used for nothing else.
  public func store(_ bytes: [UInt8], at path: String, temporaryName name: String) -> [FileOperation] {
    let temporary = "\(workspace)/\(name)"
    return [
      .makeDirectory(workspace), .makeDirectory(Self.directory(of: path)),
      .write(path: temporary, bytes: bytes, permissions: 0o644), .rename(from: temporary, to: path),
    ]
  }

  /// Gives an object its place among the whole ones, when its last unit has come.
  ///
  /// - Parameter file: The object's, in the workspace: a power cut now costs one object that is fetched again.
  public func settle(_ id: ObjectID, from file: String) -> [FileOperation] {
    let path = layout.object(id)
    return [.makeDirectory(Self.directory(of: path)), .rename(from: file, to: path)]
  }

  /// Makes a variant visible of which every chunk was stored before.
  ///
  /// - Parameters:
  ///   - name: A name in the workspace, and in `quarantine`, that is used for nothing else.
  ///   - obstacles: Directories that are in its way. They go to `quarantine` at the last moment; a power cut between
  ///     that and the rename leaves neither the old nor the new, but all chunks.
  public func publish(
    _ variant: VariantID, manifest: [UInt8], index: [UInt8], temporaryName name: String, replacing obstacles: [String]
  ) -> [FileOperation] {
    let staging = "\(workspace)/\(name)"
    let parent = layout.directory(of: variant.release)
    return [
      .makeDirectory(staging),
      .write(path: "\(staging)/\(RepositoryLayout.indexName)", bytes: index, permissions: 0o644),
      .write(path: "\(staging)/\(RepositoryLayout.manifestName)", bytes: manifest, permissions: 0o644),
      .makeDirectory(parent),
      .syncFileSystem(of: layout.root),
    ]
      + obstacles.enumerated().flatMap { quarantine($0.element, as: "\(name)-\($0.offset)") }
      + [
        .rename(from: staging, to: layout.directory(of: variant)), .syncDirectory(parent),
        .remove(layout.partialDirectory(of: variant)),
      ]
  }

  /// Notes that a variant is being fetched: from then on its chunks and objects are needed, also after a crash.
  ///
  /// - Parameter name: A name in the workspace that is used for nothing else.
  public func beginFetching(_ variant: VariantID, index: [UInt8], temporaryName name: String) -> [FileOperation] {
    let (staging, directory) = ("\(workspace)/\(name)", layout.partialDirectory(of: variant))
    let file = "\(staging)/\(RepositoryLayout.indexName)"
    return [
      .makeDirectory(staging), .makeDirectory(directory), .write(path: file, bytes: index, permissions: 0o644),
      .syncFile(file), .rename(from: file, to: "\(directory)/\(RepositoryLayout.indexName)"),
      .syncDirectory(directory), .remove(staging),
    ]
  }

  /// Notes that a variant was complete here and is not any more.
  public func markLost(_ variant: VariantID) -> [FileOperation] {
    let directory = layout.partialDirectory(of: variant)
    return [
      .makeDirectory(directory), .write(path: layout.lossMark(of: variant), bytes: [], permissions: 0o644),
      .syncDirectory(directory),
    ]
  }

  /// Keeps the index of a variant that goes out of sight, so that what it needs still is known.
  ///
  /// - Parameter index: Where the index is.
  public func keepIndex(_ index: String, of variant: VariantID) -> [FileOperation] {
    let directory = layout.partialDirectory(of: variant)
    return [
      .makeDirectory(directory), .rename(from: index, to: "\(directory)/\(RepositoryLayout.indexName)"),
      .syncDirectory(directory),
    ]
  }

  /// Writes metadata files. The timestamp becomes visible when all that it may name is on the disk.
  ///
  /// - Throws: `ErrorCode.nameInvalid`.
  public func writeMetadata(
    _ files: [String: [UInt8]], temporaryName name: String
  ) throws(GtachError) -> [FileOperation] {
    guard !files.isEmpty else { return [] }
    var writes: [FileOperation] = [.makeDirectory(workspace), .makeDirectory(layout.metadata)]
    var renames: [FileOperation] = []
    var last: FileOperation?
    for (file, bytes) in files.sorted(by: { $0.key < $1.key }) {
      let path = try layout.metadata(file)
      let temporary = "\(workspace)/\(name).\(file)"
      writes.append(.write(path: temporary, bytes: bytes, permissions: 0o644))
      if file == RepositoryLayout.timestampName {
        last = .rename(from: temporary, to: path)
      } else {
        renames.append(.rename(from: temporary, to: path))
      }
    }
    var plan = writes + [.syncFileSystem(of: layout.root)]
    if !renames.isEmpty { plan += renames + [.syncDirectory(layout.metadata)] }
    if let last { plan += [last, .syncDirectory(layout.metadata)] }
    return plan
  }

  /// Takes something damaged, a file or a directory, out of use and keeps it for people to look at.
  ///
  /// - Parameter name: A name in `quarantine` that nothing else has.
  public func quarantine(_ path: String, as name: String) -> [FileOperation] {
    [
      .makeDirectory(layout.quarantine), .rename(from: path, to: "\(layout.quarantine)/\(name)"),
      .syncDirectory(Self.directory(of: path)),
    ]
  }

  /// Writes down what an operator decided about releases.
  ///
  /// - Parameter name: A name in the workspace that is used for nothing else.
  public func choose(_ choices: [UInt8], temporaryName name: String) -> [FileOperation] {
    let staging = "\(workspace)/\(name)"
    return [
      .makeDirectory(staging), .write(path: "\(staging)/choices", bytes: choices, permissions: 0o644),
      .syncFile("\(staging)/choices"), .rename(from: "\(staging)/choices", to: layout.choices),
      .syncDirectory(layout.root), .remove(staging),
    ]
  }

  /// Takes a release off a disk that has no room left, not even for a directory to move it to: each variant goes out of
  /// sight with its manifest.
  ///
  /// - Parameters:
  ///   - directories: Directories of versions.
  ///   - variants: The directories of variants in them.
  public func takeAwayInPlace(_ directories: [String], variants: [String]) -> [FileOperation] {
    var operations: [FileOperation] = []
    for variant in variants {
      operations += [.remove("\(variant)/\(RepositoryLayout.manifestName)"), .syncDirectory(variant)]
    }
    return operations + directories.map { .remove($0) }
  }

  /// Takes releases or variants out of sight, each whole or not at all, and then off the disk. It is certain that they
  /// are out of sight before anything that they need may be removed.
  ///
  /// - Parameters:
  ///   - directories: Directories of releases or of variants.
  ///   - name: A name in the workspace that is used for nothing else.
  public func takeAway(_ directories: [String], temporaryName name: String) -> [FileOperation] {
    guard !directories.isEmpty else { return [] }
    let staging = "\(workspace)/\(name)"
    let parents = Set(directories.map(Self.directory)).sorted()
    return [.makeDirectory(staging)]
      + directories.enumerated().map { .rename(from: $0.element, to: "\(staging)/\($0.offset)") }
      + parents.map { .syncDirectory($0) } + [.remove(staging)]
  }

  /// The directory that something is in.
  public static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return String(path[..<slash])
  }
}
