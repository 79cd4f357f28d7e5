import GtachModel

/// Which of the variants that are here, or half here, go when a repository is cleaned.
public struct RetentionPolicy: Sendable {
  /// How long a fetch that nobody goes on with is kept, in days.
  public static let partialDays: Int64 = 7
  /// How long something damaged is kept for people to look at, in days.
  public static let quarantineDays: Int64 = 7

  private let listed: Set<VariantID>
  private let wanted: Set<VariantID>
  private let needed: Set<ReleaseID>
  private let choices: ReleaseChoices
  private let isPublisher: Bool
  private let objectCacheBytes: Int

  /// A policy from what is known.
  ///
  /// - Parameters:
  ///   - listed: What signed metadata lists.
  ///   - held: What is here, complete.
  ///   - planned: What a plan needs of what is installed by itself.
  ///   - needed: Releases that are installed or that can be gone back to.
  ///   - objectCacheBytes: How many bytes of objects stay on a node that is no publisher.
  public init(
    listed: [ListedVariant], held: Set<VariantID>, machine: Platform, model: String?, isPublisher: Bool,
    keepReleases: Int, planned: [VariantID], needed: Set<ReleaseID>, choices: ReleaseChoices,
    objectCacheBytes: Int
  ) {
    func wanted(_ listed: [ListedVariant]) -> [VariantID] {
      WantPolicy.wanted(
        listed: listed, held: [], machine: machine, model: model, isPublisher: isPublisher, keepReleases: keepReleases,
        planned: planned, choices: choices)
    }
    self.listed = Set(listed.map(\.variant))
    // The newest of all may not have come yet: until then, the newest that are here stay.
    self.wanted = Set(wanted(listed) + wanted(listed.filter { held.contains($0.variant) }))
    self.needed = needed
    self.choices = choices
    self.isPublisher = isPublisher
    self.objectCacheBytes = objectCacheBytes
  }

  /// An object that is there only to be served.
  public struct CachedObject: Hashable, Sendable {
    /// Where it is.
    public let path: String
    /// Its length in bytes.
    public let bytes: Int
    /// When it came: only the order counts.
    public let modified: Int64

    /// An object from its fields.
    public init(path: String, bytes: Int, modified: Int64) {
      self.path = path
      self.bytes = bytes
      self.modified = modified
    }
  }

  /// Which objects of the cache go: all but the newest that together have no more bytes than may stay. A publisher's
  /// stay: others have them from there.
  public func evicted(from cache: [CachedObject]) -> [CachedObject] {
    guard !isPublisher else { return [] }
    var kept = 0
    return cache.sorted { ($0.modified, $1.path) > ($1.modified, $0.path) }.filter { object in
      kept += object.bytes
      return kept > objectCacheBytes
    }
  }

  /// Whether a variant that is here complete goes.
  ///
  /// What signed metadata does not list stays: metadata that is lost or old must not empty a repository.
  public func isSuperfluous(_ variant: VariantID) -> Bool {
    if choices.removed.contains(variant.release) { return true }
    return !isPublisher && listed.contains(variant) && !needed.contains(variant.release) && !wanted.contains(variant)
  }

  /// Whether what was fetched of a variant that is not here complete goes.
  ///
  /// - Parameter ageSeconds: How long ago the fetch began, or began again.
  public func isAbandoned(_ variant: VariantID, ageSeconds: Int64) -> Bool {
    if choices.removed.contains(variant.release) || !listed.contains(variant) { return true }
    return !wanted.contains(variant) && ageSeconds > Self.partialDays * 86_400
  }
}
