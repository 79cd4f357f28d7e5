import GtachModel
import GtachWire
import Testing

/// `Protocol/README.md` says what the code does: the numbers that both have are compared.
@Suite struct SpecificationTests {
  private let specification = try? Vectors.text(of: "Protocol/README.md")

  /// The cells of every table's rows.
  private func rows() throws -> [[String]] {
    try #require(specification).split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
      line.split(separator: "|").map { cell in
        cell.split(separator: " ").joined(separator: " ")
      }
    }
  }

  /// A number of bytes as the specification writes it.
  private func words(_ bytes: Int) -> String {
    if bytes < 16 << 10 {
      return bytes < 1000 ? "\(bytes) bytes" : "\(bytes / 1000),\(threeDigits(bytes % 1000)) bytes"
    }
    let rest = bytes % 1024
    return "\(bytes / 1024) KiB" + (rest == 0 ? "" : " + \(rest) bytes")
  }

  private func threeDigits(_ number: Int) -> String { String(String(1000 + number).dropFirst()) }

  @Test func everyTypeStandsInTheTableWithItsLimitAndItsSenders() throws {
    let types = try rows().filter { $0.first?.hasPrefix("0x") == true }
    #expect(types.count == MessageType.allCases.count)
    for type in MessageType.allCases {
      let number = "0x" + Hexadecimal.encode([type.rawValue]).uppercased()
      let row = try #require(types.first { $0[0] == number }, "\(type) is missing")
      #expect(row[1].hasPrefix("[\(type.name)]("))
      #expect(row[4] == words(type.bodyBytes), "\(type)")
      let senders: [(MessageStream, String)] = [
        (.requests, "D"), (.answers, "A"), (.joinRequests, "J"), (.joinAnswers, "I"),
      ]
      #expect(row[2] == senders.filter { $0.0.carries(type) }.map(\.1).joined(separator: ", "), "\(type)")
    }
  }

  @Test func everyErrorWordIsOneThatTheCodeKnows() throws {
    let table = try rows().filter { $0.count == 3 && ["ends", "goes on"].contains($0[2]) }
    #expect(table.count >= 8)
    for word in table.flatMap({ $0[0].split(separator: ",") }) {
      let code = word.filter { $0 != "`" && $0 != " " }
      #expect(ErrorCode(rawValue: code) != nil, "\(code)")
    }
  }

  @Test func theLimitsAreThoseOfTheCode() throws {
    func grouped(_ number: Int) -> String {
      number < 1000 ? "\(number)" : grouped(number / 1000) + "," + threeDigits(number % 1000)
    }
    let limits = try rows().filter { $0.count == 2 }
    let expected: [(String, [Int])] = [
      ("the length field of a frame", [Limits.frameBytes]), ("JSON: depth", [JSONReading.maximumDepth]),
      ("`hello`: versions", [Limits.versions]),
      ("`failure`: code", [Limits.failureCodeBytes, Limits.failureMessageBytes]),
      ("bytes of a file", [Limits.fileBytes, Limits.fileFrameBytes, Limits.partBytes]), ("bases", [Limits.bases]),
      ("buckets", [Limits.buckets]),
      ("entries of one", [Limits.entriesPerMessage, Limits.targetPathBytes]),
      ("names of entries", [Limits.entryIDsPerMessage]),
      ("bytes of a metadata file name", [Limits.fileNameBytes]),
      ("bytes of an object", [Limits.objectBytes, Limits.unitBytes, Limits.smallestUnitBytes]),
      ("units of an object", [Limits.unitsPerObject]), ("units of a variant", [Limits.unitsPerVariant]),
      ("objects of one `getUnitLists`", [Limits.objectsPerGetUnitLists, Limits.unitsPerGetUnit]),
      ("requests under way", [Limits.outstandingRequests]),
      ("nodes of one `peers`", [Limits.peersPerMessage, Limits.endpointsPerPeer]),
      ("`follow`s open", [Limits.follows, Limits.claims]),
      ("PEM texts", [Limits.certificateBytes, Limits.rootBytes]),
      ("TXT record", [Limits.textRecordBytes, Limits.textStringBytes]),
      ("token; hints", [Limits.tokenCharacters, Limits.tokenHints]),
    ]
    for (name, numbers) in expected {
      let row = try #require(limits.first { $0[0].hasPrefix(name) }, "\(name) is missing")
      for number in numbers { #expect(row[1].contains(grouped(number)), "\(name)") }
    }
  }
}
