/// What became of a service at the end of an update.
public struct ServiceReport: Hashable, Sendable, Codable {
  /// The release that it is of: `NAME@VERSION`.
  public var release: String
  /// Its unit.
  public var unit: String
  /// Whether it was seen to run for as long as it has to.
  public var isRunning: Bool

  /// A report from its fields.
  public init(release: String, unit: String, isRunning: Bool) {
    self.release = release
    self.unit = unit
    self.isRunning = isRunning
  }
}
