import GtachModel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Turns reports into what a command says: tables on a terminal, plain lines in a pipe, one JSON document with
/// `--json`. Results go to the standard output; errors, hints and progress to the standard error.
public struct Rendering: Sendable {
  /// What the results are written to.
  public let output: Terminal
  /// What errors, hints and progress are written to.
  public let errors: Terminal
  /// How much to say, and whether in JSON.
  public let options: GlobalOptions

  /// A rendering for these terminals.
  public init(output: Terminal, errors: Terminal, options: GlobalOptions) {
    self.output = output
    self.errors = errors
    self.options = options
  }

  // MARK: Help, errors

  /// What `gtach help` and `--help` say; without a command, a mistake that ends with 64.
  public func help(_ topic: HelpTopic) -> Output {
    guard topic == .missingCommand else { return Output(standardOutput: Help.text(topic)) }
    if options.json {
      return error(GtachError(.usage, "no command is given", advice: "`gtach help` lists the commands and options"))
    }
    return Output(standardError: Help.text(topic), exitCode: ErrorCode.usage.exitCode)
  }

  /// What `gtach --version` says.
  public func programVersion(_ version: String) -> Output {
    options.json ? document(["gtach": version]) : Output(standardOutput: "gtach \(version)\n")
  }

  /// What a command says that ends with an error: what happened, why, what to do.
  public func error(_ error: GtachError) -> Output {
    let exitCode = error.code.exitCode
    if options.json {
      return Output(standardError: json(["error": ErrorReport(error)]), exitCode: exitCode)
    }
    return Output(standardError: errorText(ErrorReport(error)), exitCode: exitCode)
  }

  /// What a command says that could not read everything: the rest, then the error, with which it ends.
  public func partial(_ output: Output, _ error: GtachError?) -> Output {
    guard let error else { return output }
    let failure = self.error(error)
    // A hint that nothing is here might be wrong.
    let hints = output.standardOutput.isEmpty ? "" : output.standardError
    return Output(
      standardOutput: output.standardOutput, standardError: hints + failure.standardError, exitCode: failure.exitCode)
  }

  /// The error as people read it, each part wrapped on a terminal.
  func errorText(_ error: ErrorReport) -> String {
    var text = paragraph(
      errors.painted("gtach:", .bad), "gtach:".count,
      Text.printable(error.message) + " [" + Text.printable(error.code) + "]")
    if let reason = error.reason {
      // A derivation has a sentence a line.
      for (number, line) in reason.split(separator: "\n").enumerated() {
        text += paragraph(number == 0 ? "  why:" : "      ", "  why:".count, Text.printable(String(line)))
      }
    }
    if let advice = error.advice { text += paragraph("   do:", "   do:".count, Text.printable(advice)) }
    return text
  }

  /// A hint beside a result, unless nobody wants one.
  func hint(_ text: String) -> String {
    options.quiet || options.json ? "" : lines(Text.printable(text))
  }

  /// Text for the standard error with its line break, on a terminal wrapped at words.
  func lines(_ text: String) -> String {
    guard errors.isTerminal else { return text + "\n" }
    return Text.wrapped(text, to: max(20, errors.columns)).map { $0 + "\n" }.joined()
  }

  func paragraph(_ label: String, _ labelWidth: Int, _ text: String) -> String {
    guard errors.isTerminal else { return "\(label) \(text)\n" }
    let indentation = String(repeating: " ", count: labelWidth)
    return Text.wrapped(text, to: max(20, errors.columns - labelWidth - 1)).enumerated()
      .map { ($0.offset == 0 ? label : indentation) + " " + $0.element + "\n" }
      .joined()
  }

  /// An error on one line, as tables and logs show it: `message: reason [code]`.
  static func line(_ error: ErrorReport) -> String {
    let reason = error.reason.map { ": " + $0.split(separator: "\n").joined(separator: " ") } ?? ""
    return Text.printable(error.message + reason + " [\(error.code)]")
  }

  /// The same, beginning with whom it is about unless the message says so.
  static func line(_ error: ErrorReport, about name: String) -> String {
    error.message.contains(name) ? line(error) : Text.printable(name) + ": " + line(error)
  }

  // MARK: JSON

  /// A result as one JSON document.
  func document(_ value: some Encodable, exitCode: Int32 = 0) -> Output {
    Output(standardOutput: json(value), exitCode: exitCode)
  }

  /// Indented JSON, keys sorted, with a final line break.
  func json(_ value: some Encodable) -> String {
    encode(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  }

  /// JSON on one line, keys sorted, with a final line break: the daemon's log with `--json`.
  func jsonLine(_ value: some Encodable) -> String { encode(value, [.sortedKeys, .withoutEscapingSlashes]) }

  private func encode(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    } catch {
      // No report has a value that JSON cannot express; if one ever does, say so in JSON.
      return "{\"error\": {\"code\": \"bug\", \"message\": \"a report cannot be written as JSON\"}}\n"
    }
  }

  // MARK: Small results

  /// What `gtach init` says.
  public func fleetCreated(_ report: FleetCreated) -> Output {
    if options.json { return document(report) }
    return Output(
      standardOutput: fields([
        ("fleet", "\(report.fleet) (\(report.fleetID))"), ("node", "\(report.node) (\(report.id))"),
        ("home", report.home),
      ]),
      standardError: hint("Keep a copy of the home's directory fleet: its keys sign every release of this fleet.")
        + hint("Next: gtach invite NODE, then gtach join TOKEN on that machine."))
  }

  /// What `gtach invite` says: the token alone on the standard output.
  public func invitationCreated(_ report: InvitationCreated) -> Output {
    if options.json { return document(report) }
    var hints = hint("On \(report.node), before \(report.expires): gtach join TOKEN")
    if !report.daemon { hints += hint("No daemon runs here: start `gtach node`, or nobody answers.") }
    return Output(standardOutput: Text.printable(report.token) + "\n", standardError: hints)
  }

  /// What `gtach join` says.
  public func fleetJoined(_ report: FleetJoined) -> Output {
    if options.json { return document(report) }
    return Output(
      standardOutput: fields([
        ("fleet", "\(report.fleet) (\(report.fleetID))"), ("node", "\(report.node) (\(report.id))"),
        ("inviter", "\(report.inviter)"),
      ]),
      standardError: hint("Next: gtach node"))
  }

  /// Names and values under each other; in a pipe with a tab between them.
  func fields(_ fields: [(String, String)]) -> String {
    let width = fields.map(\.0.count).max() ?? 0
    return fields.map { name, value in
      let value = Text.printable(value)
      guard output.isTerminal else { return "\(name)\t\(value)\n" }
      let lines = Text.wrapped(value, to: max(20, output.columns - width - 2))
      let rest = lines.dropFirst().map { String(repeating: " ", count: width + 2) + $0 + "\n" }
      return output.painted(Text.padded(name, to: width), .minor) + "  \(lines[0])\n" + rest.joined()
    }.joined()
  }
}
