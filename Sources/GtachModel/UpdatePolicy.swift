/// Which kinds of change an update may make to what is installed. `same` is always one of them: it changes nothing.
public struct UpdatePolicy: Hashable, Sendable {
  /// The kinds that it allows.
  public let permitted: Set<Compatibility>

  /// A policy that allows these, and `same`.
  public init(_ permitted: Set<Compatibility>) { self.permitted = permitted.union([.same]) }

  /// What an update that nobody asked for may do where nobody says: neither break anything nor go back.
  public static let automatic = UpdatePolicy([.patch, .minor])
  /// What an update may do that somebody asked for without naming a version: everything but go back.
  public static let byHand = UpdatePolicy(Set(Compatibility.allCases).subtracting([.downgrade]))

  /// Whether it allows a kind of change.
  public func permits(_ change: Compatibility) -> Bool { permitted.contains(change) }
}

extension UpdatePolicy: Codable {
  /// Reads an array of words; one that is none, and one that is there twice, is an error.
  public init(from decoder: any Decoder) throws {
    var words = try decoder.unkeyedContainer()
    var permitted: Set<Compatibility> = []
    // The container is one further already when it turns out that a word is wrong: the word says where.
    func wrong(_ what: String) -> DecodingError {
      .dataCorrupted(DecodingError.Context(codingPath: decoder.codingPath, debugDescription: what))
    }
    while !words.isAtEnd {
      let word = try words.decode(String.self)
      guard let change = Compatibility(rawValue: word) else {
        let known = Compatibility.allCases.map(\.rawValue).joined(separator: ", ")
        throw wrong("\"\(word)\" is no kind of change; known are \(known)")
      }
      guard permitted.insert(change).inserted else { throw wrong("\"\(word)\" is there twice") }
    }
    self.init(permitted)
  }

  /// Writes the words, always in the same order.
  public func encode(to encoder: any Encoder) throws {
    var words = encoder.unkeyedContainer()
    for change in Compatibility.allCases where permitted.contains(change) { try words.encode(change) }
  }
}
