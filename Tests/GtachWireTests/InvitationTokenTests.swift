import GtachModel
import GtachWire
import Testing

@Suite struct InvitationTokenTests {
  private struct File: Decodable {
    struct Valid: Decodable {
      let name: String
      let token: String
      let fields: JSON
      let canonical: Bool
    }
    struct Invalid: Decodable {
      let name: String
      let token: String
    }
    let valid: [Valid]
    let invalid: [Invalid]
  }

  @Test func validTokensMeanWhatTheVectorsSay() throws {
    let file: File = try Vectors.load("tokens.json")
    for vector in file.valid {
      let token = try InvitationToken(vector.token)
      let fields: JSON = [
        "secret": .string(Hexadecimal.encode(token.secret.bytes)), "fleet": .string(token.fleet.hex),
        "inviter": .string(token.inviter.hex), "name": .string(token.name.text),
        "hints": .array(token.hints.map { .string($0.description) }),
      ]
      #expect(fields == vector.fields, Comment(rawValue: vector.name))
      if vector.canonical { #expect(token.text == vector.token, Comment(rawValue: vector.name)) }
    }
  }

  @Test func invalidTokensAreRefused() throws {
    let file: File = try Vectors.load("tokens.json")
    #expect(file.invalid.count >= 15)
    for vector in file.invalid {
      let comment = Comment(rawValue: vector.name)
      let error = caught { try InvitationToken(vector.token) }
      #expect(error?.code == .tokenInvalid, comment)
      #expect(error?.advice != nil, comment)
    }
  }

  @Test func everySlipOfOneCharacterIsNoticed() throws {
    let file: File = try Vectors.load("tokens.json")
    let token = try #require(file.valid.first).token
    for position in token.indices {
      var slipped = token
      slipped.replaceSubrange(position...position, with: token[position] == "x" ? "y" : "x")
      #expect(throws: GtachError.self) { try InvitationToken(slipped) }
    }
  }

  @Test func onlySoManyHintsAreCarried() throws {
    let id = try #require(NodeID([UInt8](repeating: 1, count: 16)))
    let secret = try #require(InvitationSecret([UInt8](repeating: 2, count: 16)))
    let long = Endpoint(host: String(repeating: "x", count: 250), port: 65535)
    let unreadable = [Endpoint(host: "", port: 1), Endpoint(host: "a b", port: 1)]
    let hints = [long] + unreadable + (1...12).map { Endpoint(host: "192.168.1.\($0)", port: 7420) }
    let token = InvitationToken(
      secret: secret, fleet: id, inviter: id, name: try NodeName(String(repeating: "n", count: 63)), hints: hints)
    #expect(token.hints == Array(hints[3...10]))
    #expect(try InvitationToken(token.text) == token)
    let longest = InvitationToken(
      secret: secret, fleet: id, inviter: id, name: try NodeName(String(repeating: "n", count: 63)),
      hints: Array(repeating: Endpoint(host: String(repeating: "x", count: 249), port: 65535), count: 8))
    #expect(longest.text.utf8.count <= Limits.tokenCharacters)
    #expect(try InvitationToken(longest.text) == longest)
  }
}
