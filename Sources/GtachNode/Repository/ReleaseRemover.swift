import GtachCore
import GtachModel

/// `gtach remove`: a release that is not wanted here.
public struct ReleaseRemover: Sendable {
  private let context: NodeContext

  /// A remover in a home.
  public init(_ context: NodeContext) { self.context = context }

  /// Takes a release out of the repository and keeps it from coming back. What is installed stays.
  ///
  /// - Parameter force: Also on the publisher, whose copy may be the only one, and where it is installed.
  /// - Throws: `ErrorCode.notFound` where it is neither here nor listed in signed metadata; `ErrorCode.notPermitted` on
  ///   the publisher, or where it is installed, without `force`; what `PackageRepository.remove` throws.
  public func remove(_ release: ReleaseID, force: Bool) throws(GtachError) -> RemovalReport {
    let repository = try context.repository()
    let membership = try context.membership()
    let trusted = try TrustedMetadata.load(from: repository, membership: membership)
    let isHere = try repository.entries(of: release.name).keys.contains { $0.release == release }
    let isListed = trusted.targets.keys.contains { $0.release == release }
    let wasRemoved = try repository.choices().removed.contains(release)
    guard isHere || isListed || wasRemoved else {
      throw GtachError(
        .notFound, "\(release) is not here, and the signed metadata does not list it",
        advice: "`gtach list` shows what is here")
    }
    guard force || !isHere || !membership.isPublisher else {
      throw GtachError(
        .notPermitted, "\(release) is not removed: this machine published it, and its copy may be the only one",
        reason: "a release stays listed in signed metadata, and one that nobody holds cannot be fetched again",
        advice: "if another node holds it, or nobody needs it: gtach remove \(release) --force")
    }
    let isInstalled = try context.updates().needed().contains(release)
    guard force || !isHere || !isInstalled else {
      throw GtachError(
        .notPermitted, "\(release) is not removed: it is installed here, or kept to go back to",
        reason: "what is installed is compared with its archive, which would be gone: gtach verify --installed could "
          + "not tell whether it was changed",
        advice: "install another release first, or: gtach remove \(release) --force")
    }
    let variants = try repository.remove(release)
    return RemovalReport(
      release: release.description, platforms: variants.map(\.platform), installed: isInstalled)
  }
}
