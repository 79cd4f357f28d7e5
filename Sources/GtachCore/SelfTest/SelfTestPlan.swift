import GtachModel

/// The content of a plan file: an array of checks, or `{ "selfTest": [...], "mayDrive": ["GPIO17"] }`.
public struct SelfTestPlan: Hashable, Sendable {
  /// The checks, in the order in which they are carried out.
  public var checks: [SelfTestCheck]
  /// The lines that whoever wrote the plan allows to be driven, beside those of the node's configuration.
  public var mayDrive: [String]

  /// A plan from its parts.
  public init(checks: [SelfTestCheck], mayDrive: [String] = []) {
    self.checks = checks
    self.mayDrive = mayDrive
  }

  /// Reads a plan from JSON. Unknown keys are refused: a misspelt check must not pass because nobody ran it.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid`, naming the place.
  public init(json: [UInt8]) throws(GtachError) {
    self = try StrictJSON.decode(Self.self, from: json, what: "the self-test plan")
  }
}

extension SelfTestPlan: Decodable {
  private enum Key: String, CodingKey, CaseIterable { case selfTest, mayDrive }

  /// Reads either form.
  public init(from decoder: any Decoder) throws {
    if let list = try? decoder.unkeyedContainer() {
      // Decoded as a whole below; the container only told the two forms apart.
      _ = list
      self.init(checks: try [SelfTestCheck](from: decoder))
      return
    }
    try StrictJSON.refuseUnknownKeys(decoder, Key.allCases)
    let container = try decoder.container(keyedBy: Key.self)
    self.init(
      checks: try container.decode([SelfTestCheck].self, forKey: .selfTest),
      mayDrive: try container.decodeIfPresent([String].self, forKey: .mayDrive) ?? [])
  }
}
