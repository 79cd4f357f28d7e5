import GtachCore
import GtachModel
import GtachSystem

/// Carries out a daemon's updates, one after the other on a thread of their own, and tells the decisions how they
/// ended.
struct UpdateWorker {
  private let daemon: NodeDaemon
  private let worker: SerialWorker

  /// - Throws: `ErrorCode.busy` where the system has no room for a thread.
  init(_ daemon: NodeDaemon) throws(GtachError) {
    self.daemon = daemon
    worker = try SerialWorker(name: "gtach-install")
  }

  /// Installs variants, all at once.
  ///
  /// - Parameter held: What is in the repository, with the digests of the manifests.
  func install(_ set: [RequestedVariant], held: [VariantID: Digest]) {
    let (updates, repository) = (daemon.updates, daemon.repository)
    var variants: [ReleaseID: VariantID] = [:]
    var digests: [VariantID: Digest] = [:]
    for requested in set {
      guard let digest = held[requested.variant] else {
        // It went while another update was under way. Without an answer no update would ever begin again.
        let error = GtachError(.notFound, "\(requested.variant) is not in the repository any more")
        daemon.inbox.post(.input(.updateFinished(.failure(error))))
        return
      }
      variants[requested.variant.release] = requested.variant
      digests[requested.variant] = digest
    }
    perform { [variants, digests] () throws(GtachError) in
      var requests: [RequestedRelease] = []
      for requested in set {
        guard let digest = digests[requested.variant] else { continue }
        let release = InstallState.Release(manifest: try repository.manifest(of: requested.variant), digest: digest)
        requests.append(
          RequestedRelease(release, isForced: requested.isForced, isDependency: requested.isDependency))
      }
      return try updates.install(requests) { release, directory throws(GtachError) in
        guard let variant = variants[release] else { throw GtachError(.bug, "\(release) was never asked for") }
        try repository.extract(variant, into: directory)
      }
    }
  }

  /// Makes an earlier release active again.
  func rollBack(_ name: PackageName, to version: SemanticVersion?) {
    let updates = daemon.updates
    perform { () throws(GtachError) in try updates.rollback(name: name, version: version) }
  }

  /// Does what is queued and ends.
  func finish() { worker.finish() }

  private func perform(_ work: @escaping @Sendable () throws(GtachError) -> UpdateResult) {
    let (inbox, updates, events) = (daemon.inbox, daemon.updates, daemon.events)
    worker.perform {
      let result = Result(catching: work)
      do throws(GtachError) {
        inbox.post(.input(.installStateChanged(try updates.state())))
      } catch {
        events(.updateFailed(name: "state", error: ErrorReport(error)))
      }
      inbox.post(.input(.updateFinished(result)))
    }
  }
}
