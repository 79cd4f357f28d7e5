import GtachModel

/// What `gtach init` made.
public struct FleetCreated: Hashable, Sendable, Codable {
  /// The fleet's name.
  public var fleet: String
  /// The fleet's id.
  public var fleetID: FleetID
  /// This machine's name in it.
  public var node: NodeName
  /// This machine's id.
  public var id: NodeID
  /// Where everything is kept.
  public var home: String

  /// A report from its fields.
  public init(fleet: String, fleetID: FleetID, node: NodeName, id: NodeID, home: String) {
    self.fleet = fleet
    self.fleetID = fleetID
    self.node = node
    self.id = id
    self.home = home
  }
}

/// What `gtach invite` made.
public struct InvitationCreated: Hashable, Sendable, Codable {
  /// The machine that may join.
  public var node: NodeName
  /// What it joins with: a secret.
  public var token: String
  /// Until when.
  public var expires: Timestamp
  /// Where it will look for this machine.
  public var addresses: [Endpoint]
  /// Whether a daemon runs here that will answer.
  public var daemon: Bool

  /// A report from its fields.
  public init(node: NodeName, token: String, expires: Timestamp, addresses: [Endpoint], daemon: Bool) {
    self.node = node
    self.token = token
    self.expires = expires
    self.addresses = addresses
    self.daemon = daemon
  }
}

/// What `gtach join` did.
public struct FleetJoined: Hashable, Sendable, Codable {
  /// The fleet's name.
  public var fleet: String
  /// The fleet's id.
  public var fleetID: FleetID
  /// This machine's name in it.
  public var node: NodeName
  /// This machine's id.
  public var id: NodeID
  /// Where the inviting machine was reached.
  public var inviter: Endpoint

  /// A report from its fields.
  public init(fleet: String, fleetID: FleetID, node: NodeName, id: NodeID, inviter: Endpoint) {
    self.fleet = fleet
    self.fleetID = fleetID
    self.node = node
    self.id = id
    self.inviter = inviter
  }
}
