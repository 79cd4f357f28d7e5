import GtachModel

/// Where everything lies in a repository, as paths. Directories and signed metadata are the truth; nothing else is.
public struct RepositoryLayout: Hashable, Sendable {
  /// `HOME/repository`.
  public let root: String

  /// The layout of the repository in a node's home.
  public init(home: String) { root = home == "/" ? "/repository" : "\(home)/repository" }

  /// The signed metadata, a file each.
  public var metadata: String { "\(root)/metadata" }
  /// `NAME/VERSION/PLATFORM/`, a directory for every variant that is complete here.
  public var packages: String { "\(root)/packages" }
  /// Chunks, each on its own as one zstd frame, a light one or that of an object that needs no prefix, whose file it
  /// then is as well: what is installed and repaired from.
  public var chunks: String { "\(root)/chunks" }
  /// Objects as they travel: a cache for serving.
  public var objects: String { "\(root)/objects" }
  /// Objects of which not all units are here, in files like those in `objects`.
  public var arriving: String { "\(root)/arriving" }
  /// What is not finished: a directory for every process that writes. Never visible, removed when its owner is gone.
  public var incoming: String { "\(root)/incoming" }
  /// `NAME/VERSION/PLATFORM/`, a directory with an index for every variant that is being fetched: what it names is
  /// needed.
  public var partial: String { "\(root)/partial" }
  /// What was found damaged.
  public var quarantine: String { "\(root)/quarantine" }
  /// What an operator decided about releases here.
  public var choices: String { "\(root)/choices.json" }
  /// What was read from the manifests, for whoever reads them next: an SQLite database that anybody may delete.
  public var packageIndex: String { "\(root)/index.sqlite" }
  /// Who changes that database holds this lock.
  public var packageIndexLock: String { "\(root)/index.lock" }
  /// Who changes what is visible holds this lock.
  public var lock: String { "\(root)/lock" }

  /// The directory of a version of a package.
  public func directory(of release: ReleaseID) -> String { "\(packages)/\(release.name)/\(release.version)" }
  /// The directory of a variant.
  public func directory(of variant: VariantID) -> String { "\(directory(of: variant.release))/\(variant.platform)" }
  /// The manifest of a variant.
  public func manifest(of variant: VariantID) -> String { "\(directory(of: variant))/\(Self.manifestName)" }
  /// The index of a variant's chunks and objects.
  public func index(of variant: VariantID) -> String { "\(directory(of: variant))/\(Self.indexName)" }
  /// The directory of a variant that is being fetched.
  public func partialDirectory(of variant: VariantID) -> String {
    "\(partial)/\(variant.release.name)/\(variant.release.version)/\(variant.platform)"
  }
  /// What says that a variant was complete here and is damaged: until it is complete again, removed or not wanted any
  /// more.
  public func lossMark(of variant: VariantID) -> String { "\(partialDirectory(of: variant))/\(Self.lossMarkName)" }

  /// The index of a variant that is not complete here, where it is known what it needs.
  public func partialIndex(of variant: VariantID) -> String { "\(partialDirectory(of: variant))/\(Self.indexName)" }
  /// A chunk, in a directory for the first byte of its digest.
  public func chunk(_ digest: Digest) -> String { Self.path(in: chunks, digest.bytes) }
  /// An object, in a directory for the first byte of its id.
  public func object(_ id: ObjectID) -> String { Self.path(in: objects, id.bytes) }

  /// An object of which not all units are here.
  public func arrivingObject(_ id: ObjectID) -> String { Self.path(in: arriving, id.bytes) }

  /// A metadata file.
  ///
  /// - Throws: `ErrorCode.nameInvalid` for a name that is not 1 to 100 lower-case letters, digits, `-` and `.` with
  ///   `.json` at its end, so that it is always one harmless path component.
  public func metadata(_ name: String) throws(GtachError) -> String {
    let characters = Array(name.utf8)
    let isPlain = characters.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E
    }
    guard isPlain, (6...100).contains(characters.count), name.hasSuffix(".json"), characters.first != 0x2E else {
      throw GtachError(.nameInvalid, "\"\(name)\" is not the name of a metadata file")
    }
    return "\(metadata)/\(name)"
  }

  /// The name of a manifest in its variant's directory.
  public static let manifestName = "manifest.json"
  /// The name of an index in its variant's directory.
  public static let indexName = "chunks.index"
  /// The name of the mark of a loss in the directory of a variant that is to be fetched.
  public static let lossMarkName = "lost"
  /// The metadata file that is written last: it names all others (TUF 1.0, section 5.3).
  public static let timestampName = "timestamp.json"

  private static func path(in directory: String, _ name: [UInt8]) -> String {
    "\(directory)/\(Hexadecimal.encode(name.prefix(1)))/\(Hexadecimal.encode(name))"
  }
}
