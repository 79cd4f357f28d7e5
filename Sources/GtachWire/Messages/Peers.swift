import GtachModel

/// Nodes that the sender has met, and where (JSON, an extension). A hint: who is there, only TLS shows.
public struct Peers: Hashable, Sendable {
  /// A node, and where the sender reached it.
  public struct Entry: Hashable, Sendable {
    /// The node.
    public let node: NodeID
    /// 1 to `Limits.endpointsPerPeer` numeric addresses without a zone, with their ports.
    public let endpoints: [Endpoint]

    /// An entry from its fields.
    public init(node: NodeID, endpoints: [Endpoint]) {
      self.node = node
      self.endpoints = endpoints
    }
  }

  /// The request that it answers.
  public let id: UInt32
  /// At most `Limits.peersPerMessage` nodes.
  public let peers: [Entry]

  /// An answer from its fields.
  public init(id: UInt32, peers: [Entry]) {
    self.id = id
    self.peers = peers
  }
}

extension Peers: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .peers }

  var flaw: String? {
    if peers.count > Limits.peersPerMessage { return "it has \(peers.count) peers" }
    for entry in peers {
      guard (1...Limits.endpointsPerPeer).contains(entry.endpoints.count) else {
        return "a peer has \(entry.endpoints.count) endpoints"
      }
      for endpoint in entry.endpoints where endpoint.port == 0 || NetworkAddress(endpoint.host) == nil {
        return "an endpoint is no address in digits without a zone, or has the port 0"
      }
    }
    return nil
  }
}

extension Peers.Entry: Codable {}
