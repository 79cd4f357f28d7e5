import GtachModel
import Testing

@testable import GtachCommand

@Suite struct HelpTests {
  private var topics: [HelpTopic] {
    [.overview, .command("version")] + CommandSpecification.all.map { .command($0.name) }
  }

  @Test func everyTextFitsATerminal() {
    for topic in topics {
      let text = Help.text(topic)
      #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
      for line in text.split(separator: "\n") {
        #expect(line.count <= 80, "\(line)")
        #expect(line.last != " ", "\(line)")
      }
    }
  }

  @Test func everyCommandIsInTheOverviewOnceAndInOneGroup() {
    let lines = Help.text(.overview).split(separator: "\n")
    for specification in CommandSpecification.all {
      #expect(lines.filter { $0.hasPrefix("  \(specification.name) ") }.count == 1, "\(specification.name)")
    }
    let grouped = CommandSpecification.groups.flatMap(\.commands).map(\.name)
    #expect(grouped == CommandSpecification.all.map(\.name))
  }

  @Test func everyOptionIsExplained() {
    for specification in CommandSpecification.all {
      let text = Help.text(.command(specification.name))
      for option in specification.options {
        #expect(!option.summary.isEmpty)
        #expect(text.contains("  \(option.name)"), "\(specification.name) \(option.name)")
      }
    }
  }

  @Test func everyExampleIsUnderstood() throws {
    for specification in CommandSpecification.all {
      // As a shell would: blanks separate, single quotes hold together.
      var words: [String] = [""]
      var isQuoted = false
      for character in specification.example {
        if character == "'" {
          isQuoted.toggle()
        } else if character == " ", !isQuoted {
          words.append("")
        } else {
          words[words.count - 1].append(character)
        }
      }
      #expect(words.first == "gtach")
      let invocation = try Invocation.parse(Array(words.dropFirst())).get()
      if specification.name != "help" {
        #expect(specification.example.hasPrefix("gtach \(specification.name)"))
        guard case .help = invocation.command else { continue }
        Issue.record("the example of \(specification.name) asks for help")
      }
    }
  }

  @Test func aLineWithoutCommandShowsTheOverviewAndIsAMistake() {
    let rendering = Rendering(output: .plain, errors: .plain, options: GlobalOptions())
    #expect(rendering.help(.missingCommand).exitCode == 64)
    #expect(rendering.help(.missingCommand).standardOutput.isEmpty)
    #expect(rendering.help(.missingCommand).standardError == Help.text(.overview))
    #expect(rendering.help(.overview) == Output(standardOutput: Help.text(.overview)))
  }
}
