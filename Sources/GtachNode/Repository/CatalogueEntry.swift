import GtachCore
import GtachModel
import GtachSystem

extension Catalogue {
  /// A variant that is complete, with what of its manifest is asked for again and again.
  struct Entry: Equatable {
    /// The variant's directory.
    let directory: String
    /// What a list shows of it.
    let summary: ReleaseSummary
    /// The SHA-256 of its manifest.
    let digest: Digest
    /// Its tar archive.
    let archive: Manifest.Content
    /// The index of its chunks and objects.
    let index: Manifest.Content
    /// Which manifest this was read from.
    let stamp: Stamp

    /// Which variant it is.
    var variant: VariantID { summary.variant }
    /// By what it is asked for.
    func digest(of content: Content) -> Digest {
      switch content {
      case .manifest: digest
      case .index: index.digest
      case .archive: archive.digest
      }
    }
  }

  /// What a digest is of. A manifest may claim any digest for its archive, and that must not stand in the way of a
  /// manifest or an index which has it.
  enum Content: CaseIterable {
    case manifest, index, archive
  }

  /// What is complete in the directory of a version of a package.
  struct Version: Equatable {
    /// By what the directory is known again; nil where it has to be listed each time.
    var stamp: Stamp?
    var entries: [Entry]
  }

  /// By what a file or a directory is known again. Not the device: its number may be another one after a restart.
  struct Stamp: Hashable {
    let size: Int
    let number: UInt64
    let modifiedNanoseconds: Int64
    let changedNanoseconds: Int64
  }
}

extension Catalogue.Stamp {
  init(_ status: FileStatus) {
    self.init(
      size: status.size, number: status.number, modifiedNanoseconds: status.modifiedNanoseconds,
      changedNanoseconds: status.changedNanoseconds)
  }
}
