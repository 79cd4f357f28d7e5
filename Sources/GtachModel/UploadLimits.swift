/// What a node gives out of its releases to others: `upload` of `config.json`.
public struct UploadLimits: Hashable, Sendable, Codable {
  /// The fewest bytes per second that a node may be limited to: with every connection that it serves waiting for a
  /// frame of the largest unit, each gets its frame within the 30 s that the protocol gives it.
  public static let leastBytesPerSecond = 300_000
  /// The most bytes per second that can be asked for.
  public static let mostBytesPerSecond = 1_000_000_000_000
  /// The most peers that hold leases at a time, whatever else is said.
  public static let mostPeers = 12

  /// Whether it gives out anything.
  public let isOn: Bool
  /// How many peers may hold leases at a time; as many as fill the link, from 4 to 12, where nothing is said.
  public let peers: Int?
  /// How many bytes of units and chunks go out in a second, over all connections; as many as the link takes where
  /// nothing is said.
  public let bytesPerSecond: Int?

  /// Limits from their fields, which are within theirs.
  public init(isOn: Bool = true, peers: Int? = nil, bytesPerSecond: Int? = nil) {
    self.isOn = isOn
    self.peers = peers
    self.bytesPerSecond = bytesPerSecond
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case peers, bytesPerSecond }

  /// Reads `true`, `false` or an object of the limits; an unknown field is an error.
  public init(from decoder: any Decoder) throws {
    if let isOn = try? decoder.singleValueContainer().decode(Bool.self) {
      self.init(isOn: isOn)
      return
    }
    try StrictJSON.refuseUnknownKeys(decoder, CodingKeys.allCases)
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys, within limits: ClosedRange<Int>) throws -> Int? {
      guard let number = try fields.decodeIfPresent(Int.self, forKey: key) else { return nil }
      guard limits.contains(number) else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: fields,
          debugDescription: "\(number) is not a number from \(limits.lowerBound) to \(limits.upperBound)")
      }
      return number
    }
    self.init(
      peers: try number(.peers, within: 1...Self.mostPeers),
      bytesPerSecond: try number(.bytesPerSecond, within: Self.leastBytesPerSecond...Self.mostBytesPerSecond))
  }

  /// Writes what `init(from:)` reads.
  public func encode(to encoder: any Encoder) throws {
    guard isOn, peers != nil || bytesPerSecond != nil else {
      var container = encoder.singleValueContainer()
      return try container.encode(isOn)
    }
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encodeIfPresent(peers, forKey: .peers)
    try fields.encodeIfPresent(bytesPerSecond, forKey: .bytesPerSecond)
  }
}
