import GtachModel
import Testing

@testable import GtachCommand

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What suites share that look at what commands print.
protocol RendersReports {}

extension RendersReports {
  func rendering(
    columns: Int? = 80, json: Bool = false, quiet: Bool = false, verbose: Bool = false
  ) -> Rendering {
    let terminal = columns.map { Terminal(isTerminal: true, columns: $0) } ?? .plain
    return Rendering(
      output: terminal, errors: terminal, options: GlobalOptions(json: json, quiet: quiet, verbose: verbose))
  }

  func decoded<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }
}
