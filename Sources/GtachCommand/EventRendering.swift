import GtachModel

extension Rendering {
  private struct LogEntry: Encodable {
    var time: Timestamp?
    var event: NodeEvent
  }

  /// An event as a line of the daemon's log, with its line break: a short sentence, or JSON on one line. Empty where
  /// the options ask for less: `--quiet` keeps the failures only, and nothing but `--verbose` and JSON show progress
  /// and the steps of an update.
  ///
  /// - Parameter wraps: Whether it is read on the standard error's own terminal, where no line is longer than that is
  ///   wide.
  public func event(_ event: NodeEvent, at time: Timestamp? = nil, wraps: Bool = false) -> String {
    if options.quiet, !event.isFailure { return "" }
    if options.json { return jsonLine(LogEntry(time: time, event: event)) }
    if event.isDetail, !options.verbose { return "" }
    let text = Text.printable(event.text)
    let look: Terminal.Look? = event.isFailure ? .bad : event.isDetail ? .minor : nil
    let lines = wraps && errors.isTerminal ? Text.wrapped(text, to: max(20, errors.columns)) : [text]
    return (time.map { "\($0) " } ?? "") + lines.map { errors.painted($0, look) + "\n" }.joined()
  }
}

extension NodeEvent {
  /// Whether something failed that an operator may want to know of.
  var isFailure: Bool {
    switch self {
    case .discoveryUnavailable, .peerFailed, .fetchFailed, .objectUseless, .updateFailed, .cleaningFailed,
      .holderLacking, .releaseDamaged, .checkFailed:
      true
    case .updateFinished(let result): !result.success
    case .listening, .discoveryAvailable, .peerConnected, .metadataUpdated, .fetchStarted, .fetchProgress,
      .fetchFinished, .updateStep, .cleaned, .nodeJoined:
      false
    }
  }

  /// Whether it is part of something that another event will sum up.
  var isDetail: Bool {
    switch self {
    case .fetchProgress, .updateStep: true
    default: false
    }
  }

  /// A short sentence.
  var text: String {
    switch self {
    case .listening(let endpoint): "listening on \(endpoint)"
    case .discoveryAvailable: "discovery works: advertising and browsing"
    case .discoveryUnavailable(let error): "discovery does not work, known peers still do: \(Rendering.line(error))"
    case .peerConnected(let name, let endpoint): "met \(name) at \(endpoint)"
    case .peerFailed(let name, let error): "lost peer: \(Rendering.line(error, about: name))"
    case .metadataUpdated(let version, let peer): "metadata version \(version) from \(peer)"
    case .fetchStarted(let release, let bytes, let peers):
      "fetching \(release), \(Quantity.bytes(bytes)) from \(Quantity.count(peers, "peer"))"
    case .fetchProgress(let release, let received, let total):
      "fetching \(release), \(Quantity.bytes(received)) of \(Quantity.bytes(total))"
    case .fetchFinished(let fetch): "fetched \(Rendering.line(fetch))"
    case .objectUseless(let release, let error):
      "badly made, fetched in another form: \(Rendering.line(error, about: release))"
    case .holderLacking(let name, let release):
      "\(name) lists \(release) and has not got all of it: others are asked, and \(name) when it has news"
    case .releaseDamaged(let release):
      "damaged: a part of \(release) is missing here, and it is fetched again where a peer has it"
    case .checkFailed(let error): "could not look for damage: \(Rendering.line(error))"
    case .fetchFailed(let release, let error): "fetch failed: \(Rendering.line(error, about: release))"
    case .updateStep(let release, let step): "updating to \(release): \(step)"
    case .updateFailed(let name, let error): "update failed: \(Rendering.line(error, about: name))"
    case .updateFinished(let result): Self.text(result)
    case .cleaned(let report): "cleaned: \(Quantity.bytes(report.bytes)) that nothing needed"
    case .cleaningFailed(let error): "could not clean: \(Rendering.line(error))"
    case .nodeJoined(let name): "\(name) joined the fleet"
    }
  }

  private static func text(_ result: UpdateResult) -> String {
    // Where nothing is kept to go back to, nothing was there before.
    let what = !result.success ? "update failed:" : result.backupLocation == nil ? "installed" : "updated to"
    var text = "\(what) \(result.name)@\(result.version): \(result.message)"
    if let report = result.selfTest, !report.results.isEmpty {
      text += "; self-test \(Rendering.selfTestSummary(report))"
    }
    for error in result.validationErrors { text += "; \(Rendering.line(error))" }
    return text
  }
}
