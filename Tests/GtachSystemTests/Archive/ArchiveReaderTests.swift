import GtachModel
import GtachSystem
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Archives from outside")
struct ArchiveReaderTests {
  /// Unpacks beside a directory that must stay empty, and gives the error and what was unpacked.
  func extract(_ archive: [UInt8], pieces: Int = 10_000) throws -> (error: GtachError?, contents: [String]) {
    try withTestDirectory { directory in
      let files = FileSystem()
      try files.perform([.makeDirectory("\(directory)/in"), .makeDirectory("\(directory)/beside")])
      var rest = archive[...]
      let error = thrownError {
        try ArchiveReader.extract(
          source: { () throws(GtachError) in
            if rest.isEmpty { return nil }
            defer { rest = rest.dropFirst(pieces) }
            return Array(rest.prefix(pieces))
          }, into: "\(directory)/in")
      }
      #expect(try files.list(directory) == ["beside", "in"])
      #expect(try files.list("\(directory)/beside").isEmpty)
      #expect(error != nil || rest.isEmpty)
      return (error, try files.list("\(directory)/in"))
    }
  }

  func code(_ build: (inout TarBuilder) -> Void) throws -> ErrorCode? {
    var tar = TarBuilder()
    build(&tar)
    return try extract(tar.finished).error?.code
  }

  @Test(
    "a member that climbs out is refused",
    arguments: ["../beside/x", "/tmp/gtach-test-never", "a/../../beside/x", "..", "a/..", "./../beside/x", "//x"])
  func climbing(path: String) throws {
    #expect(try code { $0.add(path, content: [1]) } == .archivePathUnsafe)
    #expect(try code { $0.add(path, type: "5") } == .archivePathUnsafe)
    #expect(try code { $0.add(path, type: "2", link: "x") } == .archivePathUnsafe)
    #expect(try !FileSystem().exists("/tmp/gtach-test-never"))
  }

  @Test("a path that is too long or too deep is named, with the limit and what to do")
  func limits() throws {
    let name = String(repeating: "n", count: 200)
    for (component, count, limit) in [(name, 6, "1024"), ("d", 101, "99")] {
      try withTestDirectory { directory in
        var path = directory
        for _ in 0..<count {
          path += "/\(component)"
          try FileSystem().perform([.makeDirectory(path)])
        }
        let error = try #require(
          thrownError { _ = try SourceTree.members(of: directory) { _, _ in false } })
        #expect(error.code == .archiveInvalid)
        #expect(error.message.contains(component.prefix(60)))
        #expect(error.reason?.contains(limit) == true && error.advice?.contains("exclude") == true)
      }
    }
  }

  @Test("a member behind a link is refused, wherever the link leads")
  func behindLink() throws {
    #expect(
      try code {
        $0.add("d", type: "5")
        $0.add("l", type: "2", link: "d")
        $0.add("l/x", content: [1])
      } == .archivePathUnsafe)
    #expect(
      try code {
        $0.add("l", type: "2", link: "missing")
        $0.add("l/deep/x", content: [1])
      } == .archivePathUnsafe)
    // Over the link itself nothing is written either.
    #expect(
      try code {
        $0.add("l", type: "2", link: "d")
        $0.add("l", content: [1])
      } == .archiveInvalid)
  }

  @Test(
    "a link that leads out is refused",
    arguments: [
      ("l", "../beside"), ("l", "/etc"), ("d/l", "../../beside"), ("d/l", "x/../../.."), ("./l", "../beside"),
      ("././d/l", "../../beside"), ("l", ".."), ("l", ""), ("l", "./.."), ("l", "a/../../beside"), ("l", "a/.."),
    ])
  func linksOut(path: String, target: String) throws {
    #expect(try code { $0.add(path, type: "2", link: target) } != nil)
    if !target.isEmpty { #expect(try code { $0.add(path, type: "2", link: target) } == .archivePathUnsafe) }
  }

  @Test("links within the tree are made")
  func linksWithin() throws {
    var tar = TarBuilder()
    tar.add("d/e", type: "5")
    tar.add("d/e/l", type: "2", link: "../../x")
    tar.add("d/e/root", type: "2", link: "../..")
    tar.add("l", type: "2", link: "./d//e/./l")
    tar.add("x", content: [1])
    let (error, contents) = try extract(tar.finished)
    #expect(error == nil)
    #expect(contents == ["d", "l", "x"])
  }

  @Test("devices, pipes and hard links are refused")
  func kinds() throws {
    for type: Character in ["3", "4", "6"] {
      #expect(try code { $0.add("x", type: type) } == .archiveMemberUnsupported)
    }
    #expect(
      try code {
        $0.add("a", content: [1])
        $0.add("b", type: "1", link: "a")
      } == .archiveMemberUnsupported)
    #expect(try code { $0.add("b", type: "1", link: "/etc/passwd") } == .archivePathUnsafe)
    #expect(try code { $0.add("b", type: "1", link: "../beside") } == .archivePathUnsafe)
  }

  @Test("a program that changes the user is refused", arguments: [0o4755, 0o2755, 0o6644])
  func setUser(mode: Int) throws {
    #expect(try code { $0.add("x", mode: mode, content: [1]) } == .archiveMemberUnsupported)
  }

  @Test("names that are there twice are refused, directories excepted")
  func twice() throws {
    #expect(
      try code {
        $0.add("a", content: [1])
        $0.add("a", content: [2])
      } == .archiveInvalid)
    #expect(
      try code {
        $0.add("a", content: [1])
        $0.add("a/b", content: [2])
      } == .archiveInvalid)
    #expect(
      try code {
        $0.add("a/b", content: [1])
        $0.add("a", type: "5")
        $0.add(".", type: "5")
      } == nil)
  }

  @Test("a file with holes is refused: it would outgrow the archive")
  func holes() throws {
    // GNU's old format: type S, at 386 pairs of offset and length, at 483 the real size.
    var tar = TarBuilder()
    tar.add("holes", type: "S", content: [UInt8](repeating: 1, count: 512))
    var archive = tar.finished
    archive.replaceSubrange(257..<265, with: Array("ustar  \0".utf8))
    archive.replaceSubrange(386..<410, with: Array("00000000000\000000001000\0".utf8))
    archive.replaceSubrange(483..<495, with: Array("37777777777\0".utf8))
    archive.replaceSubrange(148..<156, with: Array("        ".utf8))
    let sum = archive[..<512].reduce(0) { $0 + Int($1) }
    archive.replaceSubrange(148..<156, with: Array("0\(String(sum, radix: 8))\0 ".utf8))
    let code = try extract(archive).error?.code
    #expect(code == .archiveMemberUnsupported || code == .archiveInvalid)
  }

  @Test("a path that is too long or too deep is refused")
  func depth() throws {
    let deep = String(repeating: "d/", count: 49) + "x"
    #expect(try code { $0.add(deep, content: [1]) } == nil)
    // A long name in GNU's way: a member of type L has it as its content.
    for path in [String(repeating: "d/", count: 110) + "x", String(repeating: "a", count: 2000)] {
      #expect(
        try code {
          $0.add("././@LongLink", type: "L", content: Array(path.utf8) + [0])
          $0.add("x", content: [1])
        } == .archiveInvalid)
    }
  }

  @Test("a name that is not UTF-8 is refused")
  func encoding() throws {
    var tar = TarBuilder()
    tar.add("x", content: [1])
    var archive = tar.finished
    archive[0] = 0xE9
    archive[154] = 0
    let sum = archive[..<148].reduce(0) { $0 + Int($1) } + 8 * 32 + archive[156..<512].reduce(0) { $0 + Int($1) }
    archive.replaceSubrange(148..<156, with: Array("0\(String(sum, radix: 8))\0 ".utf8))
    #expect(try extract(archive).error?.code == .archiveInvalid)
  }

  @Test("anything but a whole tar archive is refused")
  func damage() throws {
    var tar = TarBuilder()
    tar.add("a", content: [UInt8](repeating: 7, count: 3000))
    tar.add("b", content: [1])
    let archive = tar.finished
    for end in [100, 511, 512, 700, 3000, 3583, 3700] {
      #expect(try extract(Array(archive[..<end])).error?.code == .archiveInvalid, "cut at \(end)")
    }
    #expect(try extract(Array("this is no archive".utf8)).error?.code == .archiveInvalid)
    #expect(try extract([UInt8](repeating: 0x55, count: 4096)).error?.code == .archiveInvalid)
    var damaged = archive
    damaged[3] ^= 1
    #expect(try extract(damaged).error?.code == .archiveInvalid)
    #expect(try code { $0.add("a", content: [1], claimedSize: 0o7777777) } == .archiveInvalid)
  }

  @Test("damage anywhere never crashes, and never leaves the directory")
  func noise() throws {
    var generator = SeededGenerator(seed: 3)
    var tar = TarBuilder()
    tar.add("dir/", type: "5")
    tar.add("dir/file", content: Array("content".utf8))
    tar.add("dir/link", type: "2", link: "../file")
    tar.add("././@LongLink", type: "L", content: Array(String(repeating: "n", count: 200).utf8))
    tar.add("n", content: [1, 2, 3])
    let archive = tar.finished
    for _ in 0..<300 {
      var hostile = archive
      let position = Int.random(in: 0..<hostile.count, using: &generator)
      hostile[position] = UInt8.random(in: 0...255, using: &generator)
      // Often the checksum would hide what lies behind it: make it right again.
      let start = position / 512 * 512
      if Bool.random(using: &generator), hostile[start..<start + 512].contains(where: { $0 != 0 }) {
        hostile.replaceSubrange(start + 148..<start + 156, with: Array("        ".utf8))
        let sum = hostile[start..<start + 512].reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        hostile.replaceSubrange(start + 148..<start + 156, with: Array("\(padded.suffix(6))\0 ".utf8))
      }
      _ = try extract(hostile)
    }
  }

  @Test("an error of the source comes through as it is")
  func sourceFails() throws {
    var tar = TarBuilder()
    tar.add("a", content: [UInt8](repeating: 7, count: 3000))
    let archive = tar.finished
    try withTestDirectory { directory in
      var first = true
      let error = thrownError {
        try ArchiveReader.extract(
          source: { () throws(GtachError) in
            if first {
              first = false
              return Array(archive[..<1000])
            }
            throw GtachError(.chunkMissing, "a chunk is missing")
          }, into: directory)
      }
      #expect(error?.code == .chunkMissing)
    }
  }
}
