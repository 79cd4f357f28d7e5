import CSQLite
import GtachModel

/// An SQLite database in write-ahead mode: whoever reads sees one state and holds nobody up, whoever writes waits for
/// the writer before it. For one thread.
public final class SQLiteDatabase {
  fileprivate let connection: OpaquePointer
  /// The database's file.
  public let path: String

  /// Opens a database, which is made where it is missing.
  ///
  /// - Parameter busyMilliseconds: How long to wait for another process.
  /// - Throws: `ErrorCode.databaseCorrupt` where the file is no database, or a damaged one; `ErrorCode.busy` where
  ///   another process keeps all of it to itself; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public init(path: String, busyMilliseconds: Int32) throws(GtachError) {
    self.path = path
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let result = sqlite3_open_v2(path, &opened, flags, nil)
    guard let opened else { throw Self.failure(SQLITE_NOMEM, "cannot open \(path)", nil) }
    guard result == SQLITE_OK else {
      defer { sqlite3_close_v2(opened) }
      throw Self.failure(result, "cannot open \(path)", opened)
    }
    connection = opened
    sqlite3_busy_timeout(connection, busyMilliseconds)
    // In this mode NORMAL loses the last transactions in a power cut, and never half of one: the log is on the disk
    // before the database is changed from it (sqlite.org/pragma.html, "synchronous").
    try beginWriteAhead(until: MonotonicClock.now().advanced(byMilliseconds: Int64(busyMilliseconds)))
    try execute("PRAGMA synchronous=NORMAL; PRAGMA trusted_schema=OFF")
  }

  /// Changes to write-ahead mode, which lasts. Where several open a new database at once, SQLite lets all but one fail
  /// without waiting, as two who waited for each other would wait for ever.
  private func beginWriteAhead(until deadline: Instant) throws(GtachError) {
    while true {
      do throws(GtachError) {
        return try execute("PRAGMA journal_mode=WAL")
      } catch {
        guard error.code == .busy, MonotonicClock.now() < deadline else { throw error }
        sqlite3_sleep(Self.pauseMilliseconds)
      }
    }
  }

  private static let pauseMilliseconds: Int32 = 5

  deinit { sqlite3_close_v2(connection) }

  /// Carries out statements without parameters and results.
  ///
  /// - Throws: As `SQLiteStatement.step`.
  public func execute(_ sql: String) throws(GtachError) {
    let result = sqlite3_exec(connection, sql, nil, nil, nil)
    guard result == SQLITE_OK else { throw failure(result) }
  }

  /// One statement, ready to be carried out.
  ///
  /// - Throws: As `SQLiteStatement.step`; `ErrorCode.databaseCorrupt` also where it does not fit the tables.
  public func prepare(_ sql: String) throws(GtachError) -> SQLiteStatement {
    var statement: OpaquePointer?
    let result = sqlite3_prepare_v2(connection, sql, -1, &statement, nil)
    guard result == SQLITE_OK, let statement else { throw failure(result) }
    return SQLiteStatement(statement, of: self)
  }

  /// Carries out statements as one: all of what they change, or nothing. It begins as a writer, so that nothing that it
  /// reads can be out of date when it writes.
  ///
  /// - Throws: As `SQLiteStatement.step`, and what the body throws.
  public func transaction(_ body: () throws(GtachError) -> Void) throws(GtachError) {
    try execute("BEGIN IMMEDIATE")
    do throws(GtachError) {
      try body()
      try execute("COMMIT")
    } catch {
      // The first error is the one that counts; some of them have ended the transaction already.
      try? execute("ROLLBACK")
      throw error
    }
  }

  func failure(_ result: Int32) -> GtachError { Self.failure(result, "\(path) cannot be used", connection) }

  private static func failure(_ result: Int32, _ message: String, _ connection: OpaquePointer?) -> GtachError {
    let reason = (connection.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(result)).map { String(cString: $0) }
    return failure(result, message, reason: reason, systemError: connection.map { sqlite3_system_errno($0) } ?? 0)
  }

  /// The error of a call that failed.
  ///
  /// - Parameter systemError: What the system said of it last. Where the disk is full SQLite speaks of input and output
  ///   only: its files beside the database are mapped, and get their room before they are written.
  static func failure(_ result: Int32, _ message: String, reason: String?, systemError: Int32) -> GtachError {
    if result & 0xFF == SQLITE_IOERR, systemError != 0 {
      return .system(.inputOutput, message, errno: systemError)
    }
    let code: ErrorCode =
      switch result & 0xFF {
      case SQLITE_BUSY, SQLITE_LOCKED: .busy
      case SQLITE_FULL: .diskFull
      // ERROR is what SQLite says of a table or column that is not there.
      case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR, SQLITE_FORMAT, SQLITE_MISMATCH, SQLITE_CONSTRAINT,
        SQLITE_TOOBIG:
        .databaseCorrupt
      default: .inputOutput
      }
    return GtachError(
      code, message, reason: reason, advice: code == .diskFull ? "free some space and try again" : nil)
  }
}

/// A statement of a database.
public final class SQLiteStatement {
  private let statement: OpaquePointer
  // A connection must not be closed before its statements are.
  private let database: SQLiteDatabase

  fileprivate init(_ statement: OpaquePointer, of database: SQLiteDatabase) {
    self.statement = statement
    self.database = database
  }

  deinit { sqlite3_finalize(statement) }

  /// A parameter's value.
  public enum Value {
    /// NULL.
    case null
    /// INTEGER.
    case integer(Int64)
    /// TEXT.
    case text(String)
    /// BLOB.
    case blob([UInt8])
  }

  /// Carries the statement out with these parameters, to its end.
  ///
  /// - Throws: As `step`.
  public func run(_ values: [Value]) throws(GtachError) {
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    for (position, value) in values.enumerated() {
      let number = Int32(position + 1)
      let result =
        switch value {
        case .null: sqlite3_bind_null(statement, number)
        case .integer(let integer): sqlite3_bind_int64(statement, number, integer)
        case .text(let text): gtach_sqlite_bind_text(statement, number, text, Int32(text.utf8.count))
        case .blob(let bytes): gtach_sqlite_bind_blob(statement, number, bytes, Int32(bytes.count))
        }
      guard result == SQLITE_OK else { throw database.failure(result) }
    }
    while try step() {}
  }

  /// Goes on to the next row of the result.
  ///
  /// - Returns: Whether there is one.
  /// - Throws: `ErrorCode.busy` where another process keeps the database to itself; `ErrorCode.databaseCorrupt` where
  ///   it is damaged; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public func step() throws(GtachError) -> Bool {
    let result = sqlite3_step(statement)
    guard result == SQLITE_ROW || result == SQLITE_DONE else { throw database.failure(result) }
    return result == SQLITE_ROW
  }

  /// Whether a column of the row has no value.
  public func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

  /// The number in a column of the row; 0 where there is none.
  public func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  /// The bytes of a column's text or blob; nil for NULL.
  public func bytes(_ column: Int32) -> [UInt8]? {
    guard !isNull(column) else { return nil }
    let start = sqlite3_column_blob(statement, column)
    return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
  }

  /// The text in a column; nil for NULL.
  public func text(_ column: Int32) -> String? {
    guard !isNull(column) else { return nil }
    guard let start = sqlite3_column_text(statement, column) else { return "" }
    let count = Int(sqlite3_column_bytes(statement, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }
}
