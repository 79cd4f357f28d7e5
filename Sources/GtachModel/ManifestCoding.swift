#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Manifest {
  /// Reads a manifest from JSON.
  ///
  /// - Throws: `ErrorCode.manifestCorrupt`, also for more than `maximumBytes`.
  public init(json bytes: [UInt8]) throws(GtachError) {
    guard bytes.count <= Self.maximumBytes else {
      throw GtachError(.manifestCorrupt, "a manifest is longer than \(Self.maximumBytes) bytes")
    }
    do {
      self = try JSONReading.decode(Manifest.self, from: bytes)
    } catch {
      throw GtachError(
        .manifestCorrupt, "a manifest cannot be read", reason: StrictJSON.explanation(of: error, in: bytes))
    }
  }

  /// The manifest as JSON, keys sorted: the same manifest gives the same bytes.
  ///
  /// - Throws: `ErrorCode.bug` where it cannot be written.
  public func json() throws(GtachError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(self))
    } catch {
      throw GtachError(.bug, "the manifest of \(variant) cannot be written", reason: "\(error)")
    }
  }
}
