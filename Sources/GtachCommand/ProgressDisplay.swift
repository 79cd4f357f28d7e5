import GtachModel

/// What a waiting operator sees on the standard error: a line per event, and on a terminal a bar under them that moves.
public struct ProgressDisplay: Sendable {
  private struct Amount: Sendable {
    var done: Int
    var total: Int
    var started: Instant
  }

  private let rendering: Rendering
  private var fetches: [String: Amount] = [:]
  private var work: (title: String, amount: Amount, shown: Instant)?
  private var hasBar = false

  /// How long a bar stands before the next one, in milliseconds: drawing costs more than a step of the work.
  static let pauseMilliseconds: Int64 = 100

  /// Nothing shown yet.
  public init(rendering: Rendering) { self.rendering = rendering }

  /// What to write to the standard error, now, because of an event; often nothing. Nothing at all with `--json` or
  /// `--quiet`, except failures with the latter.
  public mutating func show(_ event: NodeEvent, now: Instant) -> String {
    switch event {
    case .fetchStarted(let release, let bytes, _):
      fetches[release] = Amount(done: 0, total: bytes, started: now)
    case .fetchProgress(let release, let received, let total):
      fetches[release] = Amount(done: received, total: total, started: fetches[release]?.started ?? now)
    case .fetchFinished(let fetch): fetches[fetch.release] = nil
    case .fetchFailed(let release, _): fetches[release] = nil
    default: break
    }
    guard !rendering.options.json else { return "" }
    // A bar says what progress lines would say.
    let isShownByBar = if case .fetchProgress = event { showsBar } else { false }
    let line = isShownByBar ? "" : rendering.event(event, wraps: true)
    return erased() + line + drawn(now)
  }

  /// What to write, now, because this command's own work has come so far: a bar on a terminal, unless one was drawn
  /// just before, and nothing elsewhere.
  ///
  /// - Parameter title: Which part of the work; each has a bar of its own.
  public mutating func show(_ title: String, doneBytes: Int, totalBytes: Int, now: Instant) -> String {
    guard showsBar, !rendering.options.json else { return "" }
    var amount = Amount(done: doneBytes, total: totalBytes, started: now)
    if let work, work.title == title {
      amount.started = work.amount.started
      let pause = now.milliseconds - work.shown.milliseconds
      guard doneBytes >= totalBytes || pause >= Self.pauseMilliseconds else { return "" }
    }
    work = (title, amount, now)
    let erasing = erased()
    return erasing + drawn(title, amount, now)
  }

  /// What to write when nothing more will come: takes the bar away.
  public mutating func finish() -> String { erased() }

  private var showsBar: Bool { rendering.errors.isTerminal && !rendering.options.quiet }

  private mutating func erased() -> String {
    defer { hasBar = false }
    // Back to the first column, and erase to the end of the line (ECMA-48, EL).
    return hasBar ? "\r\u{1B}[K" : ""
  }

  private mutating func drawn(_ now: Instant) -> String {
    guard showsBar, let (release, first) = fetches.min(by: { $0.key < $1.key }) else { return "" }
    var sum = first
    for (name, fetch) in fetches where name != release {
      sum.done = sum.done.addingReportingOverflow(fetch.done).partialValue
      sum.total = sum.total.addingReportingOverflow(fetch.total).partialValue
      sum.started = min(sum.started, fetch.started)
    }
    return drawn(fetches.count == 1 ? release : "\(fetches.count) releases", sum, now)
  }

  private mutating func drawn(_ title: String, _ amount: Amount, _ now: Instant) -> String {
    hasBar = true
    return Self.bar(
      title, received: amount.done, total: amount.total,
      elapsedMilliseconds: now.milliseconds - amount.started.milliseconds, terminal: rendering.errors)
  }

  /// One line that fits: `gtach-app@0.4.0 [######------]  48 %  1.2 MB of 2.5 MB  1.1 MB/s`.
  static func bar(
    _ title: String, received: Int, total: Int, elapsedMilliseconds: Int64, terminal: Terminal
  ) -> String {
    let fraction = total > 0 ? min(1, max(0, Double(received) / Double(total))) : 0
    var numbers = Text.rightAligned("\(Int(fraction * 100))", to: 3) + " %"
    numbers += "  \(Quantity.bytes(received)) of \(Quantity.bytes(total))"
    if elapsedMilliseconds >= 500, received > 0 {
      // Below 2^53, so that the conversion back cannot trap whatever a peer's numbers were.
      let rate = min(Double(received) * 1000 / Double(elapsedMilliseconds), 9e15)
      numbers += "  \(Quantity.bytes(Int(rate)))/s"
    }
    // The last column stays free: some terminals wrap when it is written.
    let available = max(20, terminal.columns) - 1
    let room = available - numbers.count - "[] ".count - " ".count
    let shownTitle = Text.cut(Text.printable(title), to: max(8, min(title.count, room - 10)))
    let width = room - shownTitle.count
    guard width >= 4 else { return Text.cut("\(shownTitle) \(numbers)", to: available) }
    let filled = Int(fraction * Double(width))
    let bar =
      terminal.painted(String(repeating: "#", count: filled), .good)
      + String(repeating: "-", count: width - filled)
    return "\(shownTitle) [\(bar)] \(numbers)"
  }
}
