import GtachModel
import GtachWire
import Testing

@Suite struct TextRecordTests {
  private struct File: Decodable {
    struct Valid: Decodable {
      let name: String
      let record: String
      let fields: JSON
      let canonical: Bool
    }
    struct Invalid: Decodable {
      let name: String
      let record: String
      let error: String
    }
    let valid: [Valid]
    let invalid: [Invalid]
  }

  private func describe(_ record: TextRecord) -> JSON {
    [
      "versions": .array(record.versions.map { .number($0) }), "node": .string(record.node.hex),
      "fleet": .string(record.fleet.hex), "indexRoot": .string(record.indexRoot.hex),
      "metadataVersion": .number(record.metadataVersion),
    ]
  }

  @Test func validRecordsMeanWhatTheVectorsSay() throws {
    let file: File = try Vectors.load("text-records.json")
    for vector in file.valid {
      let comment = Comment(rawValue: vector.name)
      let record = try TextRecord(bytes: try #require(Hexadecimal.decode(vector.record)))
      #expect(describe(record) == vector.fields, comment)
      #expect(try TextRecord(pairs: record.pairs) == record, comment)
      if vector.canonical { #expect(Hexadecimal.encode(record.bytes) == vector.record, comment) }
    }
  }

  @Test func invalidRecordsAreRefusedWithTheRightCode() throws {
    let file: File = try Vectors.load("text-records.json")
    #expect(file.invalid.count >= 15)
    for vector in file.invalid {
      let comment = Comment(rawValue: vector.name)
      let bytes = try #require(Hexadecimal.decode(vector.record))
      let error = caught { try TextRecord(bytes: bytes) }
      #expect(error?.code.rawValue == vector.error, comment)
    }
  }

  @Test func aRecordFitsWhereDNSPutsIt() throws {
    let node = try #require(NodeID([UInt8](repeating: 255, count: 16)))
    let record = TextRecord(node: node, fleet: node, indexRoot: .zero, metadataVersion: Limits.integer)
    #expect(record.bytes.count <= Limits.textRecordBytes)
    #expect(record.pairs.allSatisfy { $0.key.utf8.count + 1 + $0.value.utf8.count <= Limits.textStringBytes })
  }
}
