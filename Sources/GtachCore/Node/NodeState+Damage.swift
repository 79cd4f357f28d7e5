import GtachModel

/// Chunks that peers asked for and that could not be read, although what is listed here has them perhaps.
struct Damage: Sendable {
  /// How many chunks are looked at in one go. A peer may ask for anything; whatever else is missing is found with them.
  static let maximumSuspects = 64
  /// How long after a look the next one is due at the earliest, in milliseconds: it goes through all that is here.
  static let pauseMilliseconds: Int64 = 600_000

  /// What is to be looked at.
  var suspects: Set<Digest> = []
  /// Whether somebody is looking.
  var isUnderWay = false
  /// Until when nobody looks again.
  var notBefore: Instant?

  var deadlines: [Instant] { isUnderWay || suspects.isEmpty ? [] : [notBefore].compactMap { $0 } }
}

extension NodeState {
  /// A peer asked for a chunk, and got none. It is not a peer's word for it: this node's own disk did not give it.
  mutating func chunkUnavailable(_ digest: Digest) {
    guard damage.suspects.count < Damage.maximumSuspects else { return }
    damage.suspects.insert(digest)
  }

  /// Has a look at what is listed here: a release that cannot be given out is not to be told of, and has to come again.
  mutating func advanceDamage(now: Instant, into actions: inout [NodeAction]) {
    guard !damage.suspects.isEmpty, !damage.isUnderWay, damage.notBefore.map({ $0 <= now }) ?? true else { return }
    actions.append(.check(suspects: damage.suspects))
    damage.suspects = []
    damage.isUnderWay = true
  }

  mutating func checked(
    _ result: Result<(damaged: [VariantID], held: [VariantID: Digest]), GtachError>, now: Instant,
    into actions: inout [NodeAction]
  ) {
    damage.isUnderWay = false
    damage.notBefore = now.advanced(byMilliseconds: Damage.pauseMilliseconds)
    switch result {
    case .success(let (damaged, held)):
      for variant in damaged { actions.append(.emit(.releaseDamaged(release: variant.release.description))) }
      guard self.held != held else { return }
      hold(held)
      reconsider()
    case .failure(let error): actions.append(.emit(.checkFailed(error: ErrorReport(error))))
    }
  }
}
