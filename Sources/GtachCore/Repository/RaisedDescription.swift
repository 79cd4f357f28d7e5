import GtachModel

/// A `gtach.json` that says the next version, and is byte for byte what it was otherwise.
public struct RaisedDescription: Hashable, Sendable {
  /// The file as its author left it.
  public let previousBytes: [UInt8]
  /// The version that it says.
  public let previousVersion: SemanticVersion
  /// The file with the next version between the same quotation marks.
  public let bytes: [UInt8]
  /// What the new file says.
  public let description: PackageDescription

  /// Raises the version of a `gtach.json`.
  ///
  /// - Parameters:
  ///   - path: What the file is called, for errors.
  ///   - part: What is raised, as `SemanticVersion.bumped` counts.
  ///   - name: The package's name, whatever the file says.
  /// - Throws: What `PackageDescription.init(json:path:name:version:)` throws, for the file as it is and as it would
  ///   be.
  public init(
    json bytes: [UInt8], path: String = "gtach.json", raising part: SemanticVersion.Part, name: PackageName? = nil
  ) throws(GtachError) {
    let previous = try PackageDescription(json: bytes, path: path, name: name)
    guard let value = JSONReading.values(ofMember: "version", in: bytes).first, value.count >= 2 else {
      throw GtachError(.bug, "the version in \(path) is read but not found")
    }
    previousBytes = bytes
    previousVersion = previous.version
    let next = previous.version.bumped(part)
    // A version has no character that JSON escapes.
    var raised = Array(bytes[...value.lowerBound])
    raised += Array(next.description.utf8)
    raised += bytes[(value.upperBound - 1)...]
    self.bytes = raised
    description = try PackageDescription(json: self.bytes, path: path, name: name)
    var expected = previous
    expected.version = next
    guard description == expected else {
      throw GtachError(
        .bug, "raising the version in \(path) changed something else",
        reason: "it says \(description.version) instead of \(next)")
    }
  }
}
