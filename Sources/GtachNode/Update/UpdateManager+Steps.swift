import GtachCore
import GtachModel
import GtachSystem

/// Obeys an `UpdateMachine`.
extension UpdateManager {
  /// Does what an update says, until it ends.
  func run(
    _ start: UpdateMachine, stage: (ReleaseID, String) throws(GtachError) -> Void
  ) throws(GtachError) -> UpdateResult {
    var update = start
    var limit = StepLimit(cancellation: cancellation)
    while true {
      if update.isInterrupted, limit.isInterruptible {
        limit = StepLimit(interruptedAt: MonotonicClock.now())
        events(.updateStep(release: update.release.description, step: "interrupted"))
      }
      announce(update.action)
      switch update.action {
      case .finish(let result): return result
      case .fail(let error): throw error
      case .perform(let operations):
        update.advance(outcome { () throws(GtachError) in try fileSystem.perform(operations) })
      case .stage(let release, let directory):
        update.advance(outcome { () throws(GtachError) in try stage(release, directory) })
      case .inspect(let places):
        do throws(GtachError) {
          update.advance(.seen(try fileSystem.contents(of: places)))
        } catch {
          update.advance(.failed(error))
        }
      case .runHook(let hook):
        do throws(GtachError) {
          let (report, error) = try HookRunner(limit: limit).run(hook)
          update.advance(.ran(report, error))
        } catch {
          update.advance(.failed(error))
        }
      case .inspectService(let unit, let service, let path):
        do throws(GtachError) {
          let keeper = ServiceKeeper(control: services(limit.cancellation), limit: limit)
          update.advance(.inspected(try keeper.inspect(unit: unit, service: service, installedAt: path)))
        } catch {
          update.advance(.failed(error))
        }
      case .inspectActivity(let service):
        do throws(GtachError) {
          update.advance(.isRunning(try services(limit.cancellation).status(of: service).isRunning))
        } catch {
          update.advance(.failed(error))
        }
      case .service(let order):
        let keeper = ServiceKeeper(control: services(limit.cancellation), limit: limit)
        update.advance(outcome { () throws(GtachError) in try keeper.carryOut(order) })
      case .selfTest(let release, let directory, let stage):
        do throws(GtachError) {
          update.advance(.tested(try selfTest(release.manifest, directory, stage)))
        } catch {
          update.advance(.failed(error))
        }
      case .verifyActive(let generation, let releases):
        update.advance(outcome { () throws(GtachError) in try verify(generation, releases) })
      }
    }
  }

  private func outcome(_ body: () throws(GtachError) -> Void) -> UpdateMachine.Outcome {
    do throws(GtachError) {
      try body()
      return .done
    } catch {
      return .failed(error)
    }
  }

  private func announce(_ action: UpdateAction) {
    switch action {
    case .stage(let release, _): events(.updateStep(release: release.description, step: "staging"))
    case .runHook(let hook): events(.updateStep(release: hook.release.description, step: "hook"))
    case .service(.start(let service, _)): events(.updateStep(release: service.name, step: "start"))
    case .service(.stop(let service)): events(.updateStep(release: service.name, step: "stop"))
    case .selfTest(let release, _, _): events(.updateStep(release: release.id.description, step: "self-test"))
    case .finish(let result): events(.updateFinished(result: result))
    case .perform, .inspect, .inspectService, .inspectActivity, .service, .verifyActive, .fail: return
    }
  }

  /// Looks whether a generation is active and its links lead to these releases.
  private func verify(_ generation: Int, _ releases: [ReleaseID]) throws(GtachError) {
    func fail(_ reason: String) -> GtachError {
      GtachError(.inputOutput, "what was active before is not active again", reason: reason)
    }
    let target = try currentTarget()
    guard target == layout.currentTarget(generation) else {
      throw fail("\(layout.current) \(target.map { "leads to \($0)" } ?? "is missing")")
    }
    for release in releases {
      let link = layout.active(release.name)
      guard try fileSystem.kind(of: link) == .symbolicLink else { throw fail("\(link) is missing") }
      guard try fileSystem.readLink(link) == layout.linkTarget(release),
        try fileSystem.kind(of: layout.release(release)) == .directory
      else { throw fail("\(link) does not lead to \(release)") }
    }
  }

  static func stageNothing(_ release: ReleaseID, _ directory: String) throws(GtachError) {
    throw GtachError(.bug, "a release was to be staged that is here already")
  }
}
