import GtachModel

/// Who speaks: the first frame in both directions of a connection (JSON).
public struct Hello: Hashable, Sendable {
  /// The versions of the protocol that this program speaks.
  public static let supportedVersions = [1]

  /// The versions of the protocol that the sender speaks.
  public let versions: [Int]
  /// The sender. Only what TLS says of its key proves it.
  public let node: NodeID
  /// The sender's name for people.
  public let name: NodeName
  /// The sender's fleet. Only TLS proves it.
  public let fleet: FleetID
  /// The root of the sender's index digest.
  public let indexRoot: ShortDigest
  /// The version of the sender's TUF timestamp; 0 where it has none.
  public let metadataVersion: Int
  /// The TCP port on which the sender listens; nil where it does not.
  public let port: UInt16?

  /// A greeting from its fields.
  public init(
    versions: [Int] = Hello.supportedVersions, node: NodeID, name: NodeName, fleet: FleetID, indexRoot: ShortDigest,
    metadataVersion: Int, port: UInt16? = nil
  ) {
    self.versions = versions
    self.node = node
    self.name = name
    self.fleet = fleet
    self.indexRoot = indexRoot
    self.metadataVersion = metadataVersion
    self.port = port
  }

  /// The highest version that both sides speak; nil where there is none.
  public var commonVersion: Int? { versions.filter(Self.supportedVersions.contains).max() }
}

extension Hello: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .hello }

  var flaw: String? {
    if !(0...Limits.integer).contains(metadataVersion) { return "metadataVersion is out of range" }
    return port == 0 ? "port is out of range" : nil
  }

  // Of a version that nobody knows yet only `versions` is certain, so it is looked at before anything else.
  private struct Versions: Decodable {
    let versions: [Int]
  }

  /// Reads a JSON object, `versions` first.
  ///
  /// - Throws: `ErrorCode.protocolVersion` where no version is common, else `ErrorCode.frameMalformed`.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    let versions = try JSONBody.decode(Versions.self, from: body, of: .hello).versions
    guard (1...Limits.versions).contains(versions.count) else {
      throw .malformed(.hello, "it lists \(versions.count) versions")
    }
    guard versions.contains(where: Self.supportedVersions.contains) else {
      throw .noCommonVersion(versions.map(String.init).joined(separator: ", "))
    }
    self = try JSONBody.decode(Self.self, from: body, of: .hello)
    if let flaw { throw .malformed(.hello, flaw) }
  }
}

extension GtachError {
  static func noCommonVersion(_ theirs: String) -> GtachError {
    let ours = Hello.supportedVersions.map(String.init).joined(separator: ", ")
    return GtachError(
      .protocolVersion, "the peer speaks no version of the protocol that this node speaks",
      reason: "it speaks \(theirs), this node \(ours)", advice: "update gtach on the older of the two machines")
  }
}
