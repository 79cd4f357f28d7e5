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

  /// A policy from what is known.
  ///
  /// - Parameters:
  ///   - listed: What signed metadata lists.
  ///   - held: What is here, complete.
  ///   - planned: What a plan needs of what is installed by itself.
  ///   - needed: Releases that are installed or that can be gone back to.
  public init(
    listed: [ListedVariant], held: Set<VariantID>, machine: Platform, model: String?, isPublisher: Bool,
    keepReleases: Int, planned: [VariantID], needed: Set<ReleaseID>, choices: ReleaseChoices
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
