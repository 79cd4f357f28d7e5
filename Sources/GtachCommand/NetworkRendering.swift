import GtachModel

extension Rendering {
  private struct Peers: Encodable { var peers: [PeerReport] }

  // MARK: Peers

  /// What `gtach peers` says; no peer ends with 1.
  public func peers(_ reports: [PeerReport]) -> Output {
    let reports = reports.sorted { left, right in
      (left.name ?? "~", left.endpoints.first?.description ?? "")
        < (right.name ?? "~", right.endpoints.first?.description ?? "")
    }
    let exitCode: Int32 = reports.isEmpty ? 1 : 0
    if options.json { return document(Peers(peers: reports), exitCode: exitCode) }
    if reports.isEmpty {
      return Output(
        standardError: hint("no peer is known; where discovery finds none, name one with --peer HOST:PORT"),
        exitCode: exitCode)
    }
    var table = Table(columns: [
      .init(title: "NAME", mayShrink: true), .init(title: "ID"), .init(title: "STATE"),
      .init(title: "ADDRESS"), .init(title: "KNOWN BY", mayShrink: true),
      .init(title: "META", alignsRight: true), .init(title: "HOLDS", alignsRight: true),
      .init(title: "RECEIVED", alignsRight: true),
    ])
    table.rows = reports.map(row)
    var hints = ""
    for peer in reports {
      if let error = peer.error {
        hints += hint(Self.line(error, about: peer.name ?? peer.endpoints.first?.description ?? "?"))
      }
    }
    return Output(standardOutput: table.text(for: output), standardError: hints)
  }

  /// The addresses; on a terminal only the shortest, for there is no room for more.
  private func addresses(_ endpoints: [Endpoint]) -> String {
    let texts = endpoints.map(\.description)
    return output.isTerminal ? texts.min { $0.count < $1.count } ?? "?" : texts.joined(separator: ",")
  }

  private func row(_ peer: PeerReport) -> [Table.Cell] {
    let sources = peer.sources.map(\.rawValue).joined(separator: ",")
    return [
      .init(peer.name ?? "?"), .init(peer.id?.description ?? "?"), .init(peer.state.rawValue, Self.look(peer.state)),
      .init(addresses(peer.endpoints)), .init(sources), .init(peer.metadataVersion.map(String.init) ?? "-"),
      .init(peer.variants.map(String.init) ?? "-"), .init(Quantity.bytes(peer.receivedBytes)),
    ]
  }

  private static func look(_ state: PeerReport.State) -> Terminal.Look? {
    switch state {
    case .connected, .idle: .good
    case .connecting: .doubtful
    case .unreachable: .bad
    }
  }

  // MARK: Synchronisation

  /// What `gtach sync` says. How it ends: as the first update that failed; 1 where `--dry-run` found something to
  /// fetch; 69 where no peer answered; otherwise as the first error that is not about one peer among others; otherwise
  /// 1 where what is wanted did not all come.
  public func sync(_ report: SyncReport, dryRun: Bool = false) -> Output {
    let exitCode = Self.exitCode(report, dryRun: dryRun)
    if options.json { return document(report, exitCode: exitCode) }
    var text = ""
    // Whoever reads both streams on a terminal was told when they came.
    if !(output.isTerminal && errors.isTerminal) || options.quiet {
      for fetch in report.fetched { text += Self.line(fetch) + "\n" }
    }
    for release in report.pending {
      text += Text.printable("\(dryRun ? "would fetch" : "not fetched:") \(release)") + "\n"
    }
    for update in report.updates { text += updateText(update) }
    var errors = report.errors.map(errorText).joined()
    if report.peers == 0 {
      errors += errorText(
        ErrorReport(
          GtachError(
            .peerUnreachable, "no peer answered",
            advice: "see `gtach peers`; where discovery finds none, name one with --peer HOST:PORT")))
    } else if !options.quiet {
      let news = report.fetched.isEmpty && report.pending.isEmpty && report.errors.isEmpty ? "; everything is here" : ""
      text += "\(Quantity.count(report.peers, "peer")) answered, metadata version \(report.metadataVersion)\(news)\n"
    }
    return Output(standardOutput: text, standardError: errors, exitCode: exitCode)
  }

  private static func exitCode(_ report: SyncReport, dryRun: Bool) -> Int32 {
    if let failed = report.updates.first(where: { !$0.success }) { return exitCode(failed) }
    if dryRun, !report.pending.isEmpty { return 1 }
    if report.peers == 0 { return ErrorCode.peerUnreachable.exitCode }
    let serious = report.errors.first { error in
      switch error.error.code {
      case .peerUnreachable, .peerTimeout, .peerClosed, .peerUntrusted, .discoveryUnavailable: false
      default: true
      }
    }
    return serious?.error.code.exitCode ?? (report.pending.isEmpty ? 0 : 1)
  }

  /// A fetch on one line: `app@1.0.0 (any): 1.2 MB in 0.8 s: 800.0 kB from pi-2, 400.0 kB from mac`.
  static func line(_ fetch: SyncReport.Fetch) -> String {
    let total = fetch.shares.reduce(0) { $0 + $1.bytes }
    var text = "\(fetch.release) (\(fetch.platform)): \(Quantity.bytes(total))"
    text += " in \(Quantity.duration(milliseconds: fetch.milliseconds))"
    var parts = fetch.shares.sorted { ($1.bytes, $0.peer) < ($0.bytes, $1.peer) }
      .map { "\(Quantity.bytes($0.bytes)) from \($0.peer)" }
    if fetch.reusedBytes > 0 { parts.append("\(Quantity.bytes(fetch.reusedBytes)) were here") }
    if !parts.isEmpty { text += ": " + parts.joined(separator: ", ") }
    return Text.printable(text)
  }
}
