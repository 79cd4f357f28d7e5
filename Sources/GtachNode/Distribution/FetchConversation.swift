import GtachCore
import GtachModel
import GtachWire

/// What one session says and hears of the variants that it fetches: the numbers under which it follows them and holds
/// leases. A value; the session's threads share it under their lock.
struct FetchConversation {
  /// A variant that the peer was asked to tell of.
  struct Followed {
    let variant: VariantID
    let map: UnitMap
    /// The SHA-256 of its index.
    let index: Digest
    let follow: UInt32
    /// The claim that waits, or was granted.
    var claim: UInt32?
  }

  private var followed: [VariantID: Followed] = [:]

  /// A variant, if it is followed.
  func followed(_ variant: VariantID) -> Followed? { followed[variant] }

  /// All indexes that are followed.
  var indexes: [Digest] { followed.values.map(\.index) }

  /// Begins to follow a variant.
  mutating func follow(_ variant: VariantID, _ map: UnitMap, index: Digest, id: UInt32) -> Message {
    followed[variant] = Followed(variant: variant, map: map, index: index, follow: id)
    return .follow(Follow(id: id, index: index))
  }

  /// No longer follows a variant; nil where it did not.
  mutating func unfollow(_ variant: VariantID) -> (message: Message, index: Digest)? {
    followed.removeValue(forKey: variant).map { (.end(End(id: $0.follow)), $0.index) }
  }

  /// Claims a lease, under the number of a claim that is open where there is one: it may have been granted just now.
  mutating func claim(_ variant: VariantID, have: Int, isUrgent: Bool, id: UInt32) -> Message? {
    guard let entry = followed[variant] else { return nil }
    let number = entry.claim ?? id
    followed[variant]?.claim = number
    return .claim(Claim(id: number, follow: entry.follow, have: have, urgent: isUrgent))
  }

  /// Gives a lease back, or a claim up.
  mutating func endClaim(_ variant: VariantID) -> Message? {
    guard let claim = followed[variant]?.claim else { return nil }
    // A grant may cross this: it is of nothing any more.
    followed[variant]?.claim = nil
    return .end(End(id: claim))
  }

  /// Which variant something new is said of; nil for what was ended, which may cross its end.
  func variant(following id: UInt32) -> VariantID? { followed.values.first { $0.follow == id }?.variant }

  /// A claim was granted, or is over.
  ///
  /// - Returns: The variant; nil for a claim that was ended.
  mutating func lease(_ id: UInt32, isGranted: Bool) -> VariantID? {
    guard let entry = followed.values.first(where: { $0.claim == id }) else { return nil }
    if !isGranted { followed[entry.variant]?.claim = nil }
    return entry.variant
  }
}
