import GtachModel
import GtachSystem
import Testing

@Suite("Archives that other tools made")
struct ForeignArchiveTests {
  private let files = FileSystem()

  /// Unpacks beside a directory that must stay empty.
  private func unpack(_ archive: [UInt8], _ body: (String, Bool) throws -> Void) throws {
    try withTestDirectory { directory in
      try files.perform([
        .makeDirectory("\(directory)/in"), .makeDirectory("\(directory)/beside"),
        .write(path: "\(directory)/archive", bytes: archive, permissions: 0o644),
      ])
      defer {
        #expect((try? files.list(directory)) == ["archive", "beside", "in"])
        #expect((try? files.list("\(directory)/beside")) == [])
      }
      let namesRoot = try ForeignArchive("\(directory)/archive").unpack(into: "\(directory)/in")
      try body("\(directory)/in", namesRoot)
    }
  }

  private func error(_ archive: [UInt8]) -> GtachError? {
    do {
      try unpack(archive) { _, _ in }
      return nil
    } catch { return error as? GtachError }
  }

  private func error(tar build: (inout TarBuilder) -> Void) -> GtachError? {
    var tar = TarBuilder()
    build(&tar)
    return error(tar.finished)
  }

  private func error(zip build: (inout ZipBuilder) -> Void) -> GtachError? {
    var zip = ZipBuilder()
    build(&zip)
    return error(zip.finished)
  }

  private func checkSample(_ archive: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws {
    try unpack(archive) { (tree, namesRoot) throws in
      #expect(!namesRoot)
      #expect(try files.list(tree) == ["bin", "data"], sourceLocation: sourceLocation)
      #expect(try files.read("\(tree)/bin/run", maximumBytes: 100) == Array("#!/bin/sh\n".utf8))
      #expect(try files.status(of: "\(tree)/bin/run")?.permissions == 0o755, sourceLocation: sourceLocation)
      #expect(try files.status(of: "\(tree)/data")?.permissions == 0o644, sourceLocation: sourceLocation)
    }
  }

  private func sample() -> [UInt8] {
    var tar = TarBuilder()
    tar.add("bin/run", mode: 0o700, content: Array("#!/bin/sh\n".utf8))
    tar.add("data", mode: 0o604, content: Array("data\n".utf8))
    return tar.finished
  }

  @Test("a tar, plain or compressed, and a zip give the same tree")
  func formats() throws {
    try checkSample(sample())
    try checkSample(Zstd.compress(sample(), level: 3))
    var zip = ZipBuilder()
    zip.add("bin/run", mode: 0o100711, content: Array("#!/bin/sh\n".utf8))
    zip.add("data", mode: nil, content: Array("data\n".utf8))
    try checkSample(zip.finished)
  }

  /// The sample as those programs compress it, in hexadecimal.
  private static let compressed: [String: String] = [
    "gzip": """
    1f8b08000000000002034bcaccd32f2acd63a025300002735353300d04e8b48181a111820d163737323160503060a003282d\
    2e492c025ac9303281b2a27e123009146770318c82110852124b12696d0728539b9998e0ceff06a668f9dfccd4dc6434ffd3\
    2bfe47b3fe281805a360148c3c00003b9280c5000c0000
    """,
    "bzip2": """
    425a683931415926535988de880c000053db80cb906800f780002474611e00080820007212a9a320c201a311a7a824a6534d\
    35181a11e88d34e37bd77098c88824f9fc28d306a605a482e8086039f2e69dd32285c6301122008ad5c439afaa92d2bafb8b\
    ce64591f83e8d4dcfaa22122f2e2d18550c8b0fc5dc914e14242237a2030
    """,
    "xz": """
    fd377a585a000004e6d6b4460200210116000000742fe5a3e00bff00675d00311a4a1b09ae81fb6741b6cc20b30a956bca7c\
    bb21eec6f3770e48d005b49019963ab8ac024480c55f8a9e857f557fca32f277f1a336093c1bc818328ddf6067dd23cf7a3a\
    38b68bbab394a58a989584a68c1f960eaa59ab3a63cfef8058b252120848c2e3ba000000f51fd8bbf13ad552000183018018\
    0000e8df7d99b1c467fb020000000004595a
    """,
  ]

  @Test("of gzip, bzip2 and xz", arguments: ["gzip", "bzip2", "xz"])
  func filters(name: String) throws {
    let hexadecimal = try #require(Self.compressed[name])
    try checkSample(try #require(Hexadecimal.decode(hexadecimal)))
  }

  @Test("a hard link is another name of its file, and counts like one")
  func hardLinks() throws {
    var tar = TarBuilder()
    tar.add("a/one", mode: 0o755, content: [1, 2, 3])
    tar.add("b/two", type: "1", link: "./a/one")
    tar.add("three", type: "1", link: "b/two")
    try unpack(tar.finished) { (tree, _) throws in
      for name in ["a/one", "b/two", "three"] {
        #expect(try files.read("\(tree)/\(name)", maximumBytes: 100) == [1, 2, 3])
        #expect(try files.status(of: "\(tree)/\(name)")?.permissions == 0o755)
      }
    }
    for target in ["none", "a", "/etc/passwd", "../beside/x", "c"] {
      let error = error(tar: {
        $0.add("a", type: "5")
        $0.add("b", type: "1", link: target)
        $0.add("c", content: [1])
      })
      #expect(error?.code == (target.contains("/") ? .archivePathUnsafe : .archiveInvalid), "\(target)")
    }
    let large = [UInt8](repeating: 7, count: 30 << 20)
    let bomb = error(tar: {
      $0.add("large", content: large)
      for number in 0..<200 { $0.add("link \(number)", type: "1", link: "large") }
    })
    #expect(bomb?.code == .archiveInvalid)
    #expect(bomb?.reason?.contains("link 99") == true)
  }

  @Test("an archive says whether it names its root")
  func root() throws {
    for path in [".", "./", "./."] {
      var tar = TarBuilder()
      tar.add(path, type: "5")
      tar.add("./a", content: [1])
      try unpack(tar.finished) { _, namesRoot in #expect(namesRoot) }
    }
  }

  @Test("names of any letters, as pax and zip have them")
  func names() throws {
    let name = "é/日本 😀.txt"
    var tar = TarBuilder()
    let record = " path=\(name)\n"
    tar.add("x", type: "x", content: Array("\(record.utf8.count + 2)\(record)".utf8))
    tar.add("x", content: [1])
    var zip = ZipBuilder()
    zip.add(name, content: [1])
    var unmarked = ZipBuilder()
    unmarked.add(name, content: [1], flags: 0)
    for archive in [tar.finished, zip.finished, unmarked.finished] {
      try unpack(archive) { (tree, _) throws in
        #expect(try files.read("\(tree)/\(name)", maximumBytes: 100) == [1])
      }
    }
  }

  @Test("names keep the letters that they are written with, composed or not, and both may be there")
  func writtenNames() throws {
    let names = ["e\u{301}.txt", "\u{E9}.txt", "d\u{308}/a\u{30A}", "K\u{212A}"]
    func record(_ key: String, _ value: String) -> [UInt8] {
      let rest = " \(key)=\(value)\n".utf8
      let digits = "\(rest.count + 2)".utf8.count
      return Array("\(rest.count + digits)".utf8) + rest
    }
    var tar = TarBuilder()
    var zip = ZipBuilder()
    for (number, name) in names.enumerated() {
      // What is before it is no header: its data, and those of a link.
      tar.add("x", type: "x", content: record("path", name))
      tar.add("x", content: [UInt8](repeating: UInt8(number), count: 700))
      zip.add(name, content: [UInt8](repeating: UInt8(number), count: 700))
    }
    zip.add("back\\slash", content: [1])
    tar.add("back\\slash", content: [1])
    tar.add("x", type: "x", content: record("linkpath", names[0]))
    tar.add("hard", type: "1", link: "x")
    tar.add("x", type: "x", content: record("linkpath", names[0]))
    tar.add("soft", type: "2", link: "x")
    for archive in [tar.finished, try Zstd.compress(tar.finished, level: 3), zip.finished] {
      try unpack(archive) { (tree, _) throws in
        for (number, name) in names.enumerated() {
          let bytes = try files.read("\(tree)/\(name)", maximumBytes: 1000)
          #expect(bytes == [UInt8](repeating: UInt8(number), count: 700))
        }
        // As bytes: to Swift, equal strings are the same.
        let found = Set(try files.list(tree).map { Array($0.utf8) })
        let all = ["e\u{301}.txt", "\u{E9}.txt", "d\u{308}", "K\u{212A}", "back\\slash"]
        var expected = Set(all.map { Array($0.utf8) })
        if try files.exists("\(tree)/hard") {
          expected.formUnion([Array("hard".utf8), Array("soft".utf8)])
          #expect(try Array(files.readLink("\(tree)/soft").utf8) == Array(names[0].utf8))
          #expect(try files.read("\(tree)/hard", maximumBytes: 1000)[0] == 0)
        }
        #expect(found == expected)
      }
    }
    // libarchive takes the letters of where a link leads for those of its name.
    var linked = ZipBuilder()
    for target in ["a\u{30A}", "\u{E5}"] {
      linked.add("\u{E9} to \(target.utf8.count)", mode: 0o120777, content: Array(target.utf8))
    }
    for prefix in [[], Array("#!/bin/sh\n".utf8)] as [[UInt8]] {
      try unpack(prefix + linked.finished) { (tree, _) throws in
        for target in ["a\u{30A}", "\u{E5}"] {
          let found = try files.readLink("\(tree)/\u{E9} to \(target.utf8.count)")
          #expect(Array(found.utf8) == Array(target.utf8))
        }
      }
    }
    // From a zip that was made under DOS, as before.
    var dos = ZipBuilder()
    dos.add("a\\b", mode: nil, content: [1])
    try unpack(dos.finished) { (tree, _) throws in #expect(try files.list(tree) == ["a"]) }
  }

  @Test(
    "what would leave the tree is refused by its path", arguments: ["../beside/x", "/tmp/gtach-test-never", "a/../b"])
  func climbing(path: String) {
    for error in [error(tar: { $0.add(path, content: [1]) }), error(zip: { $0.add(path, content: [1]) })] {
      #expect(error?.code == .archivePathUnsafe)
      #expect(error?.message.contains(path) == true)
    }
    let link = error(zip: { $0.add("l", mode: 0o120777, content: Array("../\(path)".utf8)) })
    #expect(link?.code == .archivePathUnsafe)
    #expect(
      error(zip: {
        $0.add("l", mode: 0o120777, content: Array("d".utf8))
        $0.add("l/x", content: [1])
      })?.code == .archivePathUnsafe)
  }

  @Test("devices, pipes, set-uid programs and what is encrypted are refused by their path")
  func kinds() {
    for type: Character in ["3", "4", "6"] {
      let error = error(tar: { $0.add("dev/thing", type: type) })
      #expect(error?.code == .archiveMemberUnsupported)
      #expect(error?.message.contains("dev/thing") == true)
      #expect(error?.message.hasPrefix("/") == true && error?.advice?.contains("pack the directory") == true)
    }
    #expect(error(tar: { $0.add("x", mode: 0o4755, content: [1]) })?.code == .archiveMemberUnsupported)
    #expect(error(zip: { $0.add("x", mode: 0o104755, content: [1]) })?.code == .archiveMemberUnsupported)
    #expect(error(zip: { $0.add("x", mode: 0o020644) })?.code == .archiveMemberUnsupported)
    #expect(error(zip: { $0.add("x", content: [1], flags: 1) })?.code == .archiveMemberUnsupported)
  }

  @Test("a path that is there twice, and a file that is not as long as it says")
  func lies() {
    #expect(
      error(zip: {
        $0.add("a", content: [1])
        $0.add("a", content: [2])
      })?.message.contains("\"a\" is there twice") == true)
    for size in [0, 2, 1000, 1 << 31] {
      #expect(error(zip: { $0.add("a", content: [1], claimedSize: size) })?.code == .archiveInvalid, "\(size)")
    }
    #expect(error(tar: { $0.add("a", content: [1], claimedSize: 1 << 31) })?.code == .archiveInvalid)
  }

  @Test("a bomb ends at the limit, not at the disk's")
  func bomb() throws {
    var tar = TarBuilder()
    for name in ["a", "b", "c"] { tar.add(name, content: [UInt8](repeating: 0, count: 100 << 20)) }
    let error = error(try Zstd.compress(tar.finished, level: 1))
    #expect(error?.code == .archiveInvalid)
    #expect(error?.reason?.contains("\"c\"") == true)
    #expect(error?.reason?.contains("268 MB") == true, "\(error?.reason ?? "")")
    #expect(error?.advice?.contains("pack the directory") == true)
  }

  @Test("directories count that an archive does not name")
  func directories() throws {
    var tar = TarBuilder()
    for number in 0..<9 { tar.add("\(number)/a/b/c/d/e/f/g/h/x", content: [1]) }
    try withTestDirectory { directory in
      for (most, name) in [(89, "8/a/b/c/d/e/f/g/h/x"), (10, "1/a/b/c/d/e/f/g/h/x")] {
        let path = "\(directory)/archive"
        try files.perform([
          .write(path: path, bytes: tar.finished, permissions: 0o644), .remove("\(directory)/in"),
          .makeDirectory("\(directory)/in"),
        ])
        let error = thrownError {
          try ForeignArchive(path, maximumMembers: most).unpack(into: "\(directory)/in")
        }
        #expect(error?.code == .archiveInvalid)
        #expect(error?.reason?.contains(name) == true)
      }
      try files.perform([.remove("\(directory)/in"), .makeDirectory("\(directory)/in")])
      _ = try ForeignArchive("\(directory)/archive", maximumMembers: 90).unpack(into: "\(directory)/in")
    }
  }

  @Test("what is no archive, or only half of one")
  func damage() throws {
    for bytes in [
      [], Array("no archive".utf8), [UInt8](repeating: 0x55, count: 5000),
      try Zstd.compress(Array("text".utf8), level: 3),
    ] {
      let error = error(bytes)
      #expect(error?.code == .archiveInvalid)
      #expect(error?.advice?.contains("a zip or a wheel") == true)
    }
    let packed = try Zstd.compress(sample(), level: 3)
    #expect(error(Array(packed.dropLast(5)))?.code == .archiveInvalid)
    #expect(error(try Zstd.compress(packed, level: 3))?.code == .archiveInvalid, "twice")
    #expect(error(Array(sample()[..<700]))?.code == .archiveInvalid)
    try withTestDirectory { directory in
      #expect(thrownError { try ForeignArchive("\(directory)/none") }?.code == .notFound)
      #expect(thrownError { try ForeignArchive(directory) }?.code == .inputOutput)
    }
  }

  @Test("an archive that changes while it is read is refused, and whoever asks to stop is heard")
  func changing() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/archive"
      try files.perform([
        .write(path: path, bytes: sample(), permissions: 0o644), .makeDirectory("\(directory)/one"),
        .makeDirectory("\(directory)/two"),
      ])
      let stopped = thrownError {
        try ForeignArchive(path).unpack(into: "\(directory)/one") { (_) throws(GtachError) in
          throw GtachError(.cancelled, "test")
        }
      }
      #expect(stopped?.code == .cancelled)
      let changed = thrownError {
        try ForeignArchive(path).unpack(into: "\(directory)/two") { (_) throws(GtachError) in
          try files.perform(.write(path: path, bytes: [1], permissions: 0o644))
        }
      }
      #expect(changed?.code == .busy)
    }
  }
}
