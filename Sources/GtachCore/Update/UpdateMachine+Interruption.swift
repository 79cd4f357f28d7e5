import GtachModel

/// What becomes of a transaction that is interrupted: by Ctrl-C, or by the end of the daemon or the installer. What is
/// not committed is taken back at once, so that the services of before run again when the process ends. Nobody is to
/// blame for it, and nothing is refused.
extension UpdateMachine {
  /// How long what is left to do may take once it is interrupted, in seconds; after that, each step is given but
  /// `hurriedStepSeconds` more.
  public static let interruptedSeconds: Int64 = 60
  /// How long a step may take in any case, in seconds.
  public static let hurriedStepSeconds: Int64 = 5

  /// Takes note that this program is told to stop.
  ///
  /// - Returns: Whether that decides what comes next; otherwise it is a failure like any other.
  mutating func interrupt() throws(GtachError) -> Bool {
    switch step {
    case .inspectingService, .inspectingDependent, .preInstall, .postInstall, .testing, .serving(_, then: _, .stopping),
      .serving(_, then: _, .reloading), .serving(_, then: _, .starting), .serving(_, then: _, .startingUntested):
      isInterrupted = true
      journal.errors.append(ErrorReport(interruption))
      try undo(refusing: [])
    case .undoHook(let position):
      isInterrupted = true
      try restore(from: position)
    case .serving(let order, let rest, let stage):
      isInterrupted = true
      try serve([order] + rest, stage)
    default: return false
    }
    return true
  }

  private var interruption: GtachError {
    let advice =
      switch journal.kind {
      case .install: "it may be installed again: gtach install \(release)"
      case .rollback: "to go back all the same: gtach rollback \(release.name) \(release.version)"
      }
    return GtachError(.cancelled, "\(release) was interrupted before it was committed", advice: advice)
  }
}

extension ServiceOrder {
  /// What is asked of it where there is no time: whether a service runs at all.
  var hurried: ServiceOrder {
    switch self {
    case .watch(let id, let seconds): .watch(id, stableSeconds: min(seconds, 1))
    case .stop, .reload, .start: self
    }
  }
}
