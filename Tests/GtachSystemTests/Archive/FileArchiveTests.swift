import GtachModel
import GtachSystem
import Testing

@Suite("Archives of files in memory")
struct FileArchiveTests {
  private func read(
    _ archive: [UInt8], pieces: Int = 1_000, maximumBytes: Int = 1 << 20
  ) throws(GtachError) -> [(path: String, bytes: [UInt8])] {
    var rest = archive[...]
    var files: [(path: String, bytes: [UInt8])] = []
    try ArchiveReader.readFiles(
      source: { () throws(GtachError) in
        if rest.isEmpty { return nil }
        defer { rest = rest.dropFirst(pieces) }
        return Array(rest.prefix(pieces))
      }, maximumBytes: { _ in maximumBytes }, take: { path, bytes in files.append((path, bytes)) })
    return files
  }

  private func write(_ files: [(path: String, bytes: [UInt8])]) throws(GtachError) -> [UInt8] {
    var archive: [UInt8] = []
    let writer = try FileArchiveWriter { archive += $0 }
    for (path, bytes) in files { try writer.append(path, bytes) }
    try writer.finish()
    return archive
  }

  private func code(maximumBytes: Int = 1 << 20, _ build: (inout TarBuilder) -> Void) throws -> ErrorCode? {
    var tar = TarBuilder()
    build(&tar)
    let archive = tar.finished
    return thrownError { try read(archive, maximumBytes: maximumBytes) }?.code
  }

  @Test("what is written is read, in whatever pieces, and always the same bytes")
  func roundTrip() throws {
    let files: [(path: String, bytes: [UInt8])] = [
      ("a/b/c.json", Array("{}".utf8)), ("empty", []), ("long/" + String(repeating: "x", count: 300), [1, 2, 3]),
      ("large", [UInt8](repeating: 7, count: 700_001)),
    ]
    let archive = try write(files)
    #expect(try archive == write(files))
    for pieces in [97, 512, 65_536, 1 << 20] {
      let found = try read(archive, pieces: pieces)
      #expect(found.map(\.path) == files.map(\.path))
      #expect(found.map(\.bytes) == files.map(\.bytes))
    }
  }

  @Test("a path that climbs is neither written nor read", arguments: ["../x", "/x", "a/../../x"])
  func climbing(path: String) throws {
    #expect(thrownError { try write([(path, [1])]) }?.code == .archivePathUnsafe)
    #expect(try code { $0.add(path, content: [1]) } == .archivePathUnsafe)
  }

  @Test("anything but a file is refused")
  func kinds() throws {
    for type: Character in ["2", "3", "5", "6"] {
      #expect(try code { $0.add("x", type: type, link: type == "2" ? "y" : "") } == .archiveMemberUnsupported)
    }
  }

  @Test("a file longer than it may be is refused before it is read, one that is cut off when it ends")
  func lengths() throws {
    #expect(try code(maximumBytes: 4) { $0.add("x", content: [1, 2, 3, 4]) } == nil)
    #expect(try code(maximumBytes: 3) { $0.add("x", content: [1, 2, 3, 4]) } == .archiveInvalid)
    #expect(try code { $0.add("x", content: [1], claimedSize: 1 << 30) } == .archiveInvalid)
    let archive = try write([("x", [UInt8](repeating: 1, count: 2_000))])
    for count in [513, 1_000, 2_000] {
      #expect(thrownError { try read(Array(archive[..<count])) }?.code == .archiveInvalid, "\(count)")
    }
  }

  @Test("what the closures throw comes through as it is")
  func errors() throws {
    let archive = try write([("x", [1])])
    let wanted = GtachError(.manifestUnlisted, "test")
    var rest: [UInt8]? = archive
    let source: () throws(GtachError) -> [UInt8]? = { () throws(GtachError) in
      defer { rest = nil }
      return rest
    }
    let error = thrownError {
      try ArchiveReader.readFiles(
        source: source, maximumBytes: { _ throws(GtachError) in throw wanted }, take: { _, _ in })
    }
    #expect(error == wanted)
  }
}
