/// What an operator decided about releases on this machine, whatever the policy would say: `choices.json` in the
/// repository.
public struct ReleaseChoices: Hashable, Sendable {
  /// Releases that were removed here: they are not fetched again by themselves.
  public private(set) var removed: Set<ReleaseID>
  /// Releases that were asked for by name: they stay, however many newer ones there are.
  public private(set) var kept: Set<ReleaseID>

  /// Choices from their fields; what is in both was removed.
  public init(removed: Set<ReleaseID> = [], kept: Set<ReleaseID> = []) {
    self.removed = removed
    self.kept = kept.subtracting(removed)
  }

  /// Notes that a release is not wanted here.
  public mutating func remove(_ release: ReleaseID) {
    kept.remove(release)
    removed.insert(release)
  }

  /// Notes that a release is wanted here, although it may have been removed.
  public mutating func keep(_ release: ReleaseID) {
    removed.remove(release)
    kept.insert(release)
  }

  /// Notes that a release is here again, as any other.
  public mutating func restore(_ release: ReleaseID) { removed.remove(release) }
}

extension ReleaseChoices: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable { case removed, kept }

  /// Reads the two lists of `NAME@VERSION`; an unknown field is an error.
  public init(from decoder: any Decoder) throws {
    try StrictJSON.refuseUnknownKeys(decoder, CodingKeys.allCases)
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func releases(_ key: CodingKeys) throws -> Set<ReleaseID> {
      Set(try (fields.decodeIfPresent([String].self, forKey: key) ?? []).map { try ReleaseID($0) })
    }
    self.init(removed: try releases(.removed), kept: try releases(.kept))
  }

  /// Writes the two lists, sorted.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(removed.sorted().map(\.description), forKey: .removed)
    try fields.encode(kept.sorted().map(\.description), forKey: .kept)
  }
}
