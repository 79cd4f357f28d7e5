/// What a hook of a release said.
public struct HookReport: Hashable, Sendable, Codable {
  /// `NAME@VERSION`.
  public var release: String
  /// `preInstall` or `postInstall`.
  public var hook: String
  /// The end of what it wrote, control characters left out but for line ends.
  public var output: String
  /// How long it took, in milliseconds.
  public var milliseconds: Int

  /// How much of the output is kept, in characters: some hundred transactions are remembered.
  public static let maximumOutputLength = 1000

  /// A report from its fields; of the output only the end stays, printable.
  public init(release: String, hook: String, output: String, milliseconds: Int) {
    self.release = release
    self.hook = hook
    let printable = output.unicodeScalars.filter { $0 == "\n" || !Self.isControl($0) }
    self.output = String(String(String.UnicodeScalarView(printable)).suffix(Self.maximumOutputLength))
    self.milliseconds = milliseconds
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    let category = scalar.properties.generalCategory
    return category == .control || category == .format || category == .surrogate
  }
}
