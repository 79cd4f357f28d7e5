/// What a transaction of an install root is.
public enum UpdateKind: String, Hashable, Sendable, Codable {
  /// Releases take the place of others or of none.
  case install
  /// An operator wants an earlier release back.
  case rollback
}

/// How one transaction of an install root ended.
public struct HistoryEntry: Hashable, Sendable, Codable {
  /// The number of the transaction.
  public var transaction: Int
  /// When it began, as far as this machine knew the time.
  public var started: Timestamp
  /// What it was.
  public var kind: UpdateKind
  /// How it ended.
  public var result: UpdateResult

  /// An entry from its fields.
  public init(transaction: Int, started: Timestamp, kind: UpdateKind, result: UpdateResult) {
    self.transaction = transaction
    self.started = started
    self.kind = kind
    self.result = result
  }

  /// Whether it was about a package, alone or among others.
  public func concerns(_ name: PackageName) -> Bool {
    result.name == name || result.together?.contains { $0.hasPrefix("\(name)@") } ?? false
  }
}
