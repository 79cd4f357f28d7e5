import GtachModel
import GtachSystem
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Archives of our own")
struct ArchiveWriterTests {
  static let files = FileSystem()
  static let longName = String(repeating: "long", count: 60)

  /// The same tree, made in one order or the other.
  static func operations(_ root: String) -> [FileOperation] {
    [
      .makeDirectory("\(root)/bin"), .makeDirectory("\(root)/empty"), .makeDirectory("\(root)/a b/é"),
      .write(path: "\(root)/bin/run", bytes: Array("#!/bin/sh\n".utf8), permissions: 0o755),
      .write(path: "\(root)/big", bytes: (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 7) }, permissions: 0o644),
      .write(path: "\(root)/a b/é/ü.txt", bytes: Array("ü".utf8), permissions: 0o644),
      .write(path: "\(root)/a.b", bytes: [], permissions: 0o644),
      .write(path: "\(root)/\(longName)", bytes: [1], permissions: 0o644),
      .makeSymbolicLink(at: "\(root)/bin/link", to: "../a b/é/ü.txt"),
      .makeSymbolicLink(at: "\(root)/long-link", to: longName),
    ]
  }

  static func archive(_ root: String) throws(GtachError) -> [UInt8] {
    var bytes: [UInt8] = []
    let members = try SourceTree.members(of: root) { _, _ in false }
    try ArchiveWriter.write(tree: root, members: members) { (piece) throws(GtachError) in bytes += piece }
    return bytes
  }

  @Test("the archive of a tree never changes: not with libarchive's version, nor with the machine")
  func fixed() throws {
    try withTestDirectory { directory in
      try Self.files.perform(Self.operations("\(directory)/tree"))
      let archive = try Self.archive("\(directory)/tree")
      #expect(archive.count % 512 == 0)
      #expect(SHA256().digest(of: archive).hex == "38f3c0958f22dfbbe9058d216e1db7a35d4eb0749a131f5723877ce060e566f7")
    }
  }

  @Test("times, owners, permissions of others, the order of making and the locale change nothing")
  func deterministic() throws {
    try withTestDirectory { directory in
      try Self.files.perform(Self.operations("\(directory)/one"))
      let expected = try Self.archive("\(directory)/one")

      let other = "\(directory)/deep/er/two"
      let operations = Self.operations(other)
      try Self.files.perform(Array(operations.prefix(3).reversed()) + Array(operations.dropFirst(3).reversed()))
      #expect(chmod("\(other)/big", 0o604) == 0)
      #expect(chmod("\(other)/bin/run", 0o700) == 0)
      #expect(chmod("\(other)/a b", 0o2775) == 0)
      var times = [timespec(tv_sec: 1_234_567_890, tv_nsec: 5), timespec(tv_sec: 987_654_321, tv_nsec: 6)]
      #expect(utimensat(AT_FDCWD, "\(other)/big", &times, 0) == 0)
      #expect(utimensat(AT_FDCWD, other, &times, 0) == 0)
      if geteuid() == 0 { #expect(chown("\(other)/big", 1234, 5678) == 0) }
      #expect(try Self.archive(other) == expected)

      // The locale of this thread only, so that other tests do not see it.
      guard let locale = newlocale(1 << LC_CTYPE | 1 << LC_COLLATE, "C.UTF-8", nil) else { return }
      let previous = uselocale(locale)
      let again = try Self.archive(other)
      uselocale(previous)
      freelocale(locale)
      #expect(again == expected)
    }
  }

  @Test("what is packed is unpacked, under any umask of the one and the other")
  func roundTrip() throws {
    try withTestDirectory { directory in
      try Self.files.perform(Self.operations("\(directory)/tree") + [.makeDirectory("\(directory)/out")])
      let archive = try Self.archive("\(directory)/tree")
      var rest = archive[...]
      try ArchiveReader.extract(
        source: { () throws(GtachError) in
          if rest.isEmpty { return nil }
          defer { rest = rest.dropFirst(777) }
          return Array(rest.prefix(777))
        }, into: "\(directory)/out")
      #expect(try Self.archive("\(directory)/out") == archive)
      #expect(try Self.files.status(of: "\(directory)/out/bin/run")?.permissions == 0o755)
      #expect(try Self.files.status(of: "\(directory)/out/big")?.permissions == 0o644)
      #expect(try Self.files.status(of: "\(directory)/out/a b")?.permissions == 0o755)
      #expect(try Self.files.readLink("\(directory)/out/bin/link") == "../a b/é/ü.txt")
    }
  }

  @Test("what a file contains, what it is called and whether it may be executed do change the archive")
  func differences() throws {
    try withTestDirectory { directory in
      let root = "\(directory)/tree"
      try Self.files.perform(Self.operations(root))
      var seen: Set<Digest> = [SHA256().digest(of: try Self.archive(root))]
      for change: FileOperation in [
        .write(path: "\(root)/a.b", bytes: [1], permissions: 0o644),
        .write(path: "\(root)/a.b", bytes: [1], permissions: 0o755), .remove("\(root)/empty"),
        .rename(from: "\(root)/a.b", to: "\(root)/a.c"), .remove("\(root)/bin/link"),
        .makeSymbolicLink(at: "\(root)/bin/link", to: "run"),
      ] {
        try Self.files.perform(change)
        #expect(seen.insert(SHA256().digest(of: try Self.archive(root))).inserted)
      }
    }
  }

  @Test("excluded directories are not looked into")
  func exclusion() throws {
    try withTestDirectory { directory in
      try Self.files.perform(Self.operations(directory))
      #expect(mkfifo("\(directory)/bin/pipe", 0o600) == 0)
      var asked: [String] = []
      let members = try SourceTree.members(of: directory) { path, isDirectory in
        asked.append(path)
        return path == "bin" && isDirectory
      }
      #expect(
        members.map(\.path) == ["a b", "a b/é", "a b/é/ü.txt", "a.b", "big", "empty", "long-link", Self.longName])
      #expect(!asked.contains { $0.hasPrefix("bin/") })
    }
  }

  @Test("what does not belong into a package is named")
  func refused() throws {
    try withTestDirectory { directory in
      func error() -> GtachError? { thrownError { try SourceTree.members(of: directory) { _, _ in false } } }
      #expect(mkfifo("\(directory)/pipe", 0o600) == 0)
      #expect(error()?.code == .archiveMemberUnsupported)
      #expect(error()?.message.contains("pipe") == true)
      try Self.files.perform([
        .remove("\(directory)/pipe"), .write(path: "\(directory)/x", bytes: [], permissions: 0o4755),
      ])
      #expect(error()?.code == .archiveMemberUnsupported)
      try Self.files.perform([.remove("\(directory)/x"), .makeSymbolicLink(at: "\(directory)/out", to: "../x")])
      #expect(error()?.code == .archivePathUnsafe)
      #expect(error()?.message.contains("\"out\"") == true)
      try Self.files.perform([
        .remove("\(directory)/out"), .makeSymbolicLink(at: "\(directory)/out", to: "/usr/bin/env"),
      ])
      #expect(error()?.code == .archivePathUnsafe)
      #expect(thrownError { try SourceTree.members(of: "\(directory)/none") { _, _ in false } }?.code == .notFound)
    }
  }

  @Test("a file that changes while the tree is packed is noticed")
  func changing() throws {
    try withTestDirectory { directory in
      try Self.files.perform(Self.operations(directory))
      let members = try SourceTree.members(of: directory) { _, _ in false }
      func error(_ change: FileOperation) -> GtachError? {
        thrownError {
          var changed = false
          try ArchiveWriter.write(tree: directory, members: members) { (_) throws(GtachError) in
            if !changed { try Self.files.perform(change) }
            changed = true
          }
        }
      }
      let path = "\(directory)/big"
      #expect(error(.write(path: path, bytes: [1], permissions: 0o644))?.code == .busy)
      #expect(
        error(.write(path: path, bytes: [UInt8](repeating: 1, count: 300_000), permissions: 0o644))?.code == .busy)
      #expect(error(.remove(path))?.code == .busy)
      #expect(error(.makeSymbolicLink(at: path, to: "elsewhere"))?.code == .busy)
    }
  }
}
