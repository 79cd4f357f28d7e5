import GtachModel
import Testing

@testable import GtachSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("SQLite")
struct SQLiteDatabaseTests {
  /// SQLITE_FULL, and SQLITE_IOERR_SHMSIZE of a file beside the database that finds no room.
  @Test(arguments: [(13, 0), (10 | 19 << 8, ENOSPC)] as [(Int32, Int32)])
  func aFullDiskIsOneHoweverSQLiteSaysIt(result: Int32, systemError: Int32) {
    let error = SQLiteDatabase.failure(result, "it cannot be used", reason: "disk I/O error", systemError: systemError)
    #expect(error.code == .diskFull && error.advice != nil)
  }

  private func rows(_ database: SQLiteDatabase) throws -> [String?] {
    let statement = try database.prepare("SELECT b FROM t ORDER BY a")
    var texts: [String?] = []
    while try statement.step() { texts.append(statement.text(0)) }
    return texts
  }

  @Test func valuesComeBackAsTheyWere() throws {
    try withTestDirectory { directory in
      let database = try SQLiteDatabase(path: "\(directory)/d", busyMilliseconds: 0)
      try database.execute("CREATE TABLE t (a INTEGER, b TEXT, c BLOB)")
      let insertion = try database.prepare("INSERT INTO t VALUES (?, ?, ?)")
      try insertion.run([.integer(.min), .text("a\u{0}é"), .blob([0, 255])])
      try insertion.run([.integer(1), .text(""), .blob([])])
      try insertion.run([.integer(2), .null, .null])
      #expect(try rows(database) == ["a\u{0}é", "", nil])
      let statement = try database.prepare("SELECT * FROM t ORDER BY a")
      #expect(try statement.step() && statement.integer(0) == .min && statement.bytes(2) == [0, 255])
      #expect(try statement.step() && statement.bytes(2) == [])
      #expect(try statement.step() && statement.bytes(2) == nil)
      #expect(try !statement.step())
    }
  }

  @Test func aTransactionIsAllOrNothing() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/d"
      let one = try SQLiteDatabase(path: path, busyMilliseconds: 0)
      let other = try SQLiteDatabase(path: path, busyMilliseconds: 0)
      try one.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
      try one.transaction { () throws(GtachError) in
        try one.execute("INSERT INTO t VALUES (1, 'x')")
        // Whoever reads sees the state before, and whoever wants to write is told.
        #expect(thrownError { try other.execute("INSERT INTO t VALUES (2, 'y')") }?.code == .busy)
        #expect(thrownError { try rows(other) } == nil)
      }
      let failure = thrownError {
        try one.transaction { () throws(GtachError) in
          try one.execute("INSERT INTO t VALUES (3, 'z')")
          throw GtachError(.cancelled, "enough")
        }
      }
      #expect(failure?.code == .cancelled)
      #expect(try rows(other) == ["x"])
    }
  }

  @Test func whatIsNoDatabaseIsToldApart() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/d"
      func code() -> ErrorCode? { thrownError { try rows(SQLiteDatabase(path: path, busyMilliseconds: 0)) }?.code }
      #expect(code() == .databaseCorrupt, "a new one has no such table")
      try FileSystem().perform([
        .remove(path), .write(path: path, bytes: [UInt8](repeating: 7, count: 5000), permissions: 0o644),
      ])
      #expect(code() == .databaseCorrupt)
      try FileSystem().perform([.remove(path), .makeDirectory(path)])
      #expect(code() == .inputOutput)
    }
  }
}
