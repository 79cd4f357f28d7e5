import GtachModel

extension Rendering {
  /// What `gtach resolve` says: each package after those that it needs, what happens to it, and why.
  public func plan(_ plan: InstallPlan, asked: [Requirement]) -> Output {
    if options.json { return document(plan) }
    var table = Table(columns: [
      .init(title: "ACTION"), .init(title: "PACKAGE", mayShrink: true), .init(title: "VERSION", mayShrink: true),
      .init(title: "WHY"),
    ])
    let others =
      "install".count + (["PACKAGE"] + plan.steps.map(\.name.text)).reduce(0) { max($0, $1.count) }
      + (["VERSION"] + plan.steps.map(Self.versions)).reduce(0) { max($0, $1.count) } + 3 * 2
    let lines = plan.steps.flatMap { step in
      Self.sentences(step)
        .flatMap { output.isTerminal ? Text.wrapped($0, to: max(20, output.columns - others)) : [$0] }
        .enumerated().map { (step, isFirst: $0.offset == 0, sentence: $0.element) }
    }
    table.rows = lines.map { step, isFirst, sentence in
      // In a pipe every line stands for itself.
      guard isFirst || !output.isTerminal else { return ["", "", "", .init(sentence, .minor)] }
      return [
        .init(step.action.rawValue, Self.look(step)), .init(step.name.text), .init(Self.versions(step)),
        .init(sentence),
      ]
    }
    let changes = plan.steps.count { $0.action != .keep }
    var hints = hint(changes == 0 ? "Nothing has to change." : "\(Quantity.count(changes, "change")).")
    if options.verbose {
      let effort = plan.effort
      hints +=
        "\(Quantity.count(effort.steps, "step")): \(Quantity.count(effort.decisions, "decision")), "
        + "\(Quantity.count(effort.derivations, "derivation")), \(Quantity.count(effort.conflicts, "conflict"))\n"
    }
    if !plan.obstructed.isEmpty {
      hints += hint("It cannot be carried out: what is installed is in the way.")
    } else if changes > 0, !asked.isEmpty {
      // The quotes keep a shell from reading ranges as its own.
      let names = asked.map { "'\($0)'" }.joined(separator: " ")
      hints += hint("To do it: gtach \(asked.count == 1 ? "install" : "sync --install") \(names)")
    }
    return Output(standardOutput: table.text(for: output), standardError: hints)
  }

  private static func sentences(_ step: InstallPlan.Step) -> [String] {
    let newer = step.newer.map { ["not \($0.version): \($0.reason)"] } ?? []
    let obstacle = step.obstacle.map { ["cannot take over: \($0)"] } ?? []
    let all = step.reasons + newer + obstacle
    return all.isEmpty ? [""] : all
  }

  private static func versions(_ step: InstallPlan.Step) -> String {
    guard step.action == .update, let installed = step.installed else { return "\(step.version)" }
    return "\(installed) -> \(step.version)"
  }

  private static func look(_ step: InstallPlan.Step) -> Terminal.Look? {
    switch step.action {
    case .install, .update: step.change == .breaking || step.change == .downgrade ? .doubtful : .good
    case .keep: .minor
    case .remove: .doubtful
    }
  }
}
