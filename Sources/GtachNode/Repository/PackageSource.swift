import GtachCore
import GtachModel
import GtachSystem

/// What a release is made of: a directory, or an archive, which is unpacked into this writer's workspace and gone from
/// there with this value.
///
/// An archive that names its root, as `tar -C DIR .` does, is a tree as it stands. Of another one where all lies in one
/// directory, as in the tarballs that people release (`name-1.2/`), that directory is the tree. A wheel always has a
/// second directory beside its own.
final class PackageSource {
  /// What the operator named.
  let path: String
  /// The tree.
  let directory: String
  /// Where an archive was unpacked.
  private let unpacked: String?
  private let files = FileSystem()

  /// Looks at what is named, and unpacks it where it is an archive.
  ///
  /// - Throws: `ErrorCode.notFound`; what `ForeignArchive.unpack` throws.
  init(
    _ path: String, in repository: PackageRepository, progress: (PackingProgress) throws(GtachError) -> Void
  ) throws(GtachError) {
    self.path = path
    let kind = try files.kind(following: path)
    guard let kind else { throw GtachError(.notFound, "there is neither a directory nor an archive \(path)") }
    guard kind != .directory else {
      directory = path
      unpacked = nil
      return
    }
    let archive = try ForeignArchive(path)
    let place = "\(try repository.plan().workspace)/\(Workspace.newName())"
    try files.perform(.makeDirectory(place))
    do throws(GtachError) {
      let namesRoot = try archive.unpack(into: place) { (done) throws(GtachError) in
        try progress(.unpacking(doneBytes: done, totalBytes: archive.size))
      }
      directory = try namesRoot ? place : Self.root(of: place)
      unpacked = place
    } catch {
      // The first error is the one that counts, and the workspace goes as a whole later.
      try? files.perform(.remove(place))
      throw error
    }
  }

  deinit {
    // What cannot be removed now goes with the workspace.
    if let unpacked { try? files.perform(.remove(unpacked)) }
  }

  private static func root(of place: String) throws(GtachError) -> String {
    let names = try FileSystem().list(place)
    guard names.count == 1, try FileSystem().kind(of: "\(place)/\(names[0])") == .directory else { return place }
    return "\(place)/\(names[0])"
  }

  /// The description, and its file where that is to be raised.
  ///
  /// - Parameters: As of `PackageCreator.createPackage`.
  func description(
    file: String?, name: PackageName?, version: SemanticVersion?, bump: SemanticVersion.Part?
  ) throws(GtachError) -> (PackageDescription, DescriptionUpdate?) {
    guard bump == nil || file != nil || unpacked == nil else {
      throw GtachError(
        .usage, "the version in an archive cannot be raised", advice: "name its description's file with --description")
    }
    let json = file ?? "\(directory)/gtach.json"
    do throws(GtachError) {
      if let bump {
        let update = try DescriptionUpdate(file: json, raising: bump, name: name)
        return (update.raised.description, update)
      }
      let bytes = try files.read(json, maximumBytes: PackageDescription.maximumFileBytes)
      return (try PackageDescription(json: bytes, path: json, name: name, version: version), nil)
    } catch {
      guard error.code == .notFound, file == nil else { throw error }
      guard bump == nil else {
        throw GtachError(
          .notFound, "\(path) has no gtach.json whose version could be raised",
          advice: "write one with a \"version\", or give --name and --version instead of --bump")
      }
      if let wheel = try wheelMetadata() { return (try wheel.description(name: name, version: version), nil) }
      guard let name, let version else {
        throw GtachError(.notFound, "\(path) has no gtach.json", advice: "write one, or give --name and --version")
      }
      return (PackageDescription(name: name, version: version), nil)
    }
  }

  /// Checks that a wheel with programs for some platforms is not packed for others: its name ends with what it runs on,
  /// as in `numpy-1.26.4-cp311-cp311-manylinux_2_17_aarch64.whl`, of which several are separated by periods (PEP 425).
  ///
  /// - Throws: `ErrorCode.platformUnsupported`.
  func check(_ platform: Platform) throws(GtachError) {
    guard unpacked != nil, path.hasSuffix(".whl") else { return }
    let tag = path.dropLast(4).split(separator: "-").last ?? ""
    let tags = tag.split(separator: ".")
    guard !tags.contains("any"), !tags.contains(where: { Self.runs($0, on: platform) }) else { return }
    let place = platform == .any ? "everywhere" : "on \(platform)"
    throw GtachError(
      .platformUnsupported, "\(path) does not run \(place)", reason: "it is a wheel for \(tag)",
      advice: "say what it runs on, as in --platform linux-arm64")
  }

  /// Whether a platform tag of a wheel, `SYSTEM[_VERSION]_PROCESSOR`, is one of a platform's.
  private static func runs(_ tag: Substring, on platform: Platform) -> Bool {
    let parts = platform.text.split(separator: "-")
    guard parts.count == 2 else { return false }
    let (system, processor) = (String(parts[0]), String(parts[1]))
    let systems = wheelSystems[system] ?? [system]
    let processors = wheelProcessors[processor] ?? [processor]
    return systems.contains(where: tag.hasPrefix) && processors.contains { tag.hasSuffix("_\($0)") }
  }

  /// What PEP 425, 513, 599, 600 and 656 call the systems.
  private static let wheelSystems: [String: [String]] = [
    "linux": ["linux", "manylinux", "musllinux"], "macos": ["macosx"],
  ]
  /// What Python calls the processors, where it is not what gtach does.
  private static let wheelProcessors: [String: [String]] = [
    "arm64": ["aarch64", "arm64", "universal2"], "armv7": ["armv7l", "armv6l"], "x86_64": ["x86_64", "universal2"],
  ]

  /// What a wheel says of itself; nil where it is none.
  func wheelMetadata() throws(GtachError) -> PythonMetadata? {
    guard unpacked != nil, path.hasSuffix(".whl") else { return nil }
    let names = try files.list(directory).filter { $0.hasSuffix(".dist-info") }
    guard names.count == 1 else {
      throw GtachError(
        .archiveInvalid, "\(path) is no wheel",
        reason: "it has \(names.isEmpty ? "no directory" : "several directories") *.dist-info",
        advice: "call it .zip if it is just that")
    }
    return PythonMetadata(
      try files.read("\(directory)/\(names[0])/METADATA", maximumBytes: PythonMetadata.maximumBytes))
  }
}
