import GtachModel
import GtachWire
import Testing

/// Random and mutated bytes: whatever comes, it is a message or an error, never a trap. A seed replays a run.
@Suite struct RobustnessTests {
  private static let expected: Set<ErrorCode> = [
    .frameMalformed, .frameOversize, .protocolViolation, .protocolVersion, .peerClosed,
  ]

  /// Pieces of JSON that parsers stumble over.
  private static let tokens = [
    "\"", "\\", "\\ud800", "\\udc00", "\\u12", "{", "}", "[", "]", ",", ":", "null", "true", "-", "1e999", "1e-999",
    "-0", ".5",
    "184467440737095516160", "\u{0}", "\u{FEFF}", "{\"\":", "[[[[[[[[", "\"id\":7,", "\"versions\":[1],",
  ]

  private struct Vector: Decodable {
    let stream: String
    let frame: String
  }

  /// Decodes; what decodes must survive another journey unchanged.
  private func check(_ bytes: [UInt8], of stream: MessageStream?, _ comment: Comment) {
    do throws(GtachError) {
      for message in try messages(in: [bytes], of: stream) {
        let again = try messages(in: [message.encoded()], of: stream)
        #expect(again == [message], comment)
      }
    } catch {
      #expect(Self.expected.contains(error.code), comment)
    }
  }

  @Test func mutatedFramesNeverTrap() throws {
    let vectors: [Vector] = try Vectors.load("frames-valid.json")
    var generator = SeededGenerator(seed: 2)
    for round in 0..<4000 {
      let vector = vectors[round % vectors.count]
      var bytes = try #require(Hexadecimal.decode(vector.frame))
      for _ in 0...Int.random(in: 0...3, using: &generator) { mutate(&bytes, using: &generator) }
      // Half of them get a length that fits again, so that the mutation reaches the message.
      if Bool.random(using: &generator), bytes.count > 4 {
        let length = UInt32(bytes.count - 4)
        for position in 0..<4 { bytes[position] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * position)) }
      }
      check(bytes, of: MessageStream(name: vector.stream), "round \(round): \(Hexadecimal.encode(bytes))")
    }
  }

  @Test func randomBytesNeverTrap() {
    var generator = SeededGenerator(seed: 3)
    for round in 0..<4000 {
      let type = MessageType.allCases.randomElement(using: &generator) ?? .hello
      let count = Int.random(in: 0...200, using: &generator)
      let body = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let comment = Comment(rawValue: "round \(round), \(type.name): \(Hexadecimal.encode(body))")
      check(Frame(type: type.rawValue, body: body).encoded(), of: nil, comment)
      check(body, of: nil, comment)
    }
  }

  @Test func mutatedTokensAndRecordsNeverTrap() throws {
    struct Tokens: Decodable { let valid: [[String: JSON]] }
    struct Records: Decodable { let valid: [[String: JSON]] }
    var generator = SeededGenerator(seed: 4)
    let tokens: Tokens = try Vectors.load("tokens.json")
    let records: Records = try Vectors.load("text-records.json")
    for round in 0..<2000 {
      guard case .string(let token) = tokens.valid[round % tokens.valid.count]["token"],
        case .string(let record) = records.valid[round % records.valid.count]["record"]
      else { continue }
      var characters = Array(token.utf8)
      mutate(&characters, using: &generator)
      do throws(GtachError) {
        let token = try InvitationToken(String(decoding: characters, as: UTF8.self))
        let again = try InvitationToken(token.text)
        #expect(again == token)
      } catch {
        #expect(error.code == .tokenInvalid)
      }
      var bytes = Hexadecimal.decode(record) ?? []
      mutate(&bytes, using: &generator)
      do throws(GtachError) {
        let record = try TextRecord(bytes: bytes)
        let again = try TextRecord(bytes: record.bytes)
        #expect(again == record)
      } catch {
        #expect([.protocolViolation, .protocolVersion].contains(error.code))
      }
    }
  }

  private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
    guard let position = bytes.indices.randomElement(using: &generator) else { return }
    switch Int.random(in: 0...6, using: &generator) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &generator)
    case 1: bytes[position] = UInt8.random(in: 0...255, using: &generator)
    case 2: bytes.remove(at: position)
    case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: position)
    case 4: bytes.removeSubrange(position...)
    default: bytes.insert(contentsOf: (Self.tokens.randomElement(using: &generator) ?? "").utf8, at: position)
    }
  }
}
