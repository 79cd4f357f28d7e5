import GtachCore
import GtachModel
import GtachSystem

/// What makes a machine a member of a fleet: its key and certificate, the fleet's authority, and the root of trust for
/// releases that it was given when it joined.
public struct Membership: Sendable {
  /// The fleet's name for people.
  public let fleetName: String
  /// The machine's name, as its certificate says.
  public let nodeName: NodeName
  /// Key, certificate and authority for TLS.
  public internal(set) var identity: TLSIdentity
  /// The TUF root that trust starts from.
  public let pinnedRoot: [UInt8]
  /// Whether the keys that sign releases are here.
  public let isPublisher: Bool

  /// Who this machine is.
  public var id: NodeID { NodeID(publicKey: identity.certificate.publicKey, hashing: SHA256()) }
  /// Which fleet it belongs to.
  public var fleet: FleetID { FleetID(publicKey: identity.authority.publicKey, hashing: SHA256()) }
}

/// The files below `fleet/` in a node's home.
public struct MembershipStore: Sendable {
  private struct Names: Codable {
    var fleet: String
    var node: NodeName
  }

  let home: Home
  private let files = FileSystem()

  /// The membership of a home.
  public init(home: Home) { self.home = home }

  /// Whether the machine belongs to a fleet.
  ///
  /// - Throws: `ErrorCode.inputOutput` where the home cannot be looked into.
  public func exists() throws(GtachError) -> Bool { try files.exists("\(home.fleet)/fleet.json") }

  /// Reads the membership.
  ///
  /// - Throws: `ErrorCode.fleetMissing` where the machine is in no fleet; `ErrorCode.configurationInvalid` where a file
  ///   of it cannot be understood.
  public func load() throws(GtachError) -> Membership {
    guard try exists() else {
      throw GtachError(
        .fleetMissing, "this machine belongs to no fleet", reason: "\(home.path) holds no membership",
        advice: "make a fleet with \"gtach init\", or join one with \"gtach join TOKEN\"")
    }
    let names = try JSONFile.decode(Names.self, from: read("fleet.json"), name: "\(home.fleet)/fleet.json")
    return Membership(
      fleetName: names.fleet, nodeName: names.node,
      identity: try TLSIdentity(
        key: try Ed25519PrivateKey(pem: text("node-key.pem")), certificate: try Certificate(pem: text("node.pem")),
        authority: try Certificate(pem: text("authority.pem"))),
      pinnedRoot: try read("root.json"), isPublisher: try files.exists(keyPath("timestamp")))
  }

  /// Puts a membership on disk whole or not at all.
  ///
  /// - Parameter keys: the fleet's private keys by their purpose; empty for a machine that only joins.
  /// - Throws: `ErrorCode.fleetExists` where there is one already.
  func store(_ membership: Membership, keys: [String: Ed25519PrivateKey]) throws(GtachError) {
    try refuseSecondMembership()
    let building = "\(home.fleet).new"
    let names = Names(fleet: membership.fleetName, node: membership.nodeName)
    var operations: [FileOperation] = [.remove(building), .makeDirectory("\(building)/keys")]
    func write(_ name: String, _ bytes: [UInt8], secret: Bool = false) {
      let path = "\(building)/\(name)"
      operations += [.write(path: path, bytes: bytes, permissions: secret ? 0o600 : 0o644), .syncFile(path)]
    }
    write("fleet.json", try JSONFile.encode(names))
    write("node-key.pem", Array(try membership.identity.key.pem().utf8), secret: true)
    write("node.pem", Array(try membership.identity.certificate.pem().utf8))
    write("authority.pem", Array(try membership.identity.authority.pem().utf8))
    write("root.json", membership.pinnedRoot)
    for (purpose, key) in keys.sorted(by: { $0.key < $1.key }) {
      write("keys/\(purpose).pem", Array(try key.pem().utf8), secret: true)
    }
    operations += [
      .syncDirectory("\(building)/keys"), .syncDirectory(building), .rename(from: building, to: home.fleet),
      .syncDirectory(home.path),
    ]
    try files.perform(operations)
  }

  func refuseSecondMembership() throws(GtachError) {
    guard try !exists() else {
      throw GtachError(
        .fleetExists, "this machine belongs to a fleet already", reason: "\(home.fleet) is there",
        advice: "use another home with --home; to leave that fleet, keep a copy of the directory first: it may "
          + "hold the only keys that sign the fleet's releases")
    }
  }

  /// One of the fleet's private keys.
  ///
  /// - Throws: `ErrorCode.notPermitted` where it is not on this machine.
  func key(_ purpose: String) throws(GtachError) -> Ed25519PrivateKey {
    guard try files.exists(keyPath(purpose)) else {
      throw GtachError(
        .notPermitted, "this machine does not have the fleet's \(purpose) key",
        advice: "do this on the machine where \"gtach init\" was done")
    }
    return try Ed25519PrivateKey(pem: text("keys/\(purpose).pem"))
  }

  /// The key of a purpose, made where there is none.
  func keyOrNew(_ purpose: String) throws(GtachError) -> Ed25519PrivateKey {
    if try files.exists(keyPath(purpose)) { return try key(purpose) }
    let key = try Ed25519PrivateKey()
    let path = keyPath(purpose)
    try files.perform([
      .write(path: "\(path).new", bytes: Array(try key.pem().utf8), permissions: 0o600), .syncFile("\(path).new"),
      .rename(from: "\(path).new", to: path), .syncDirectory("\(home.fleet)/keys"),
    ])
    return key
  }

  private func keyPath(_ purpose: String) -> String { "\(home.fleet)/keys/\(purpose).pem" }

  private func read(_ name: String) throws(GtachError) -> [UInt8] {
    try files.read("\(home.fleet)/\(name)", maximumBytes: 1 << 20)
  }

  private func text(_ name: String) throws(GtachError) -> String { String(decoding: try read(name), as: UTF8.self) }
}
