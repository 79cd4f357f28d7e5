import GtachCore
import GtachModel
import Testing

@Suite("Patterns of excluded files")
struct PatternTests {
  func excludes(_ pattern: String, _ path: String, directory: Bool = false) throws -> Bool {
    try IgnorePatterns([pattern]).excludes(path, isDirectory: directory)
  }

  @Test(
    "what matches",
    arguments: [
      ("*.log", "a.log"), ("*.log", "deep/er/a.log"), ("*.log", ".log"), ("cache", "x/cache"), ("/build", "build"),
      ("docs/*.tmp", "docs/a.tmp"), ("docs/**/*.tmp", "docs/a.tmp"), ("docs/**/*.tmp", "docs/a/b/c.tmp"),
      ("**/cache/*", "cache/x"), ("**/cache/*", "a/b/cache/x"), ("a?c", "abc"), ("a*b*c", "aXbYbZc"), ("*", "é"),
      ("out/**", "out/a/b"), ("a/**/**/b", "a/b"), ("naïve?", "naïve1"),
    ])
  func matching(pattern: String, path: String) throws {
    #expect(try excludes(pattern, path))
  }

  @Test(
    "what does not",
    arguments: [
      ("*.log", "a.logs"), ("*.log", "a.log/b"), ("log", "catalog"), ("log", "log.txt"), ("/build", "x/build"),
      ("docs/*.tmp", "x/docs/a.tmp"), ("docs/*.tmp", "docs/x/a.tmp"), ("docs/**/*.tmp", "a.tmp"), ("a?c", "ac"),
      ("a?c", "a/c"), ("out/**", "out"), ("A", "a"), ("dir/", "dir"),
    ])
  func others(pattern: String, path: String) throws {
    #expect(try !excludes(pattern, path))
  }

  /// What git 2.39 says of `git check-ignore --no-index` with these patterns in a `.gitignore`.
  @Test(
    "git leaves out the same",
    arguments: [
      (["*.log", "!keep.log"], ["a.log"]), (["[a-c]x"], ["ax"]), (["[]a]x"], ["ax", "]x"]),
      (["[!a-c]x"], ["dx", "]x", "-x", "!x", "#x", "Ax"]), (["[^a-c]x"], ["dx", "]x", "-x", "!x", "#x", "Ax"]),
      (["[[:digit:]]*"], ["1a"]), (["\\!x"], ["!x"]), (["\\#x"], ["#x"]), (["a\\*b"], ["a*b"]),
      (["a**b"], ["a*b", "aXb", "aXXb", "ab"]), (["trail "], ["trail"]), (["trail\\ "], ["trail "]),
      (["dir/", "!dir/keep"], ["dir/keep", "dir/other"]), (["dir/*", "!dir/keep"], ["dir/other"]),
      (["[a-]x"], ["ax", "-x"]), (["[z-a]x"], []), (["*/b"], ["a/b"]), (["a/**"], ["a/b", "a/c/b"]), (["!a"], []),
      (["**/"], ["dir/keep", "dir/other", "a/b", "a/c/b", "c/a/b", "foo/bar"]),
      (["a", "!a", "a"], ["a", "a/b", "a/c/b", "c/a/b"]), (["\\ab"], ["ab"]), (["[[:upper:]]x"], ["Ax"]),
      (["[\\]]x"], ["]x"]), (["x[!a]"], ["xb"]), (["a/**/b"], ["a/b", "a/c/b"]), (["*.tar.?z"], ["x.tar.gz"]),
    ] as [([String], [String])])
  func likeGit(patterns: [String], excluded: [String]) throws {
    let paths = [
      "a.log", "keep.log", "ax", "dx", "]x", "-x", "1a", "a1", "!x", "#x", "a*b", "aXb", "aXXb", "trail", "trail ",
      "dir/keep", "dir/other", "src", "a", "a/b", "a/c/b", "c/a/b", "foo/bar", "ab", "Ax", "xa", "xb", "x.tar.gz",
      "x.tar.bz2",
    ]
    let ignored = try IgnorePatterns(patterns)
    let found = paths.filter { path in
      let parts = path.split(separator: "/")
      return (1...parts.count).contains { count in
        ignored.excludes(parts.prefix(count).joined(separator: "/"), isDirectory: count < parts.count)
      }
    }
    #expect(found == excluded)
  }

  @Test("a pattern with a slash at its end means directories only")
  func directories() throws {
    #expect(try excludes("dir/", "dir", directory: true))
    #expect(try excludes("dir/", "x/dir", directory: true))
    #expect(try !excludes("/dir/", "x/dir", directory: true))
    #expect(try excludes("a/b/", "a/b", directory: true))
    #expect(try !excludes("a/b/", "a/b"))
  }

  @Test(
    "what can only be a mistake is refused",
    arguments: ["", "/", "!", " ", "#comment", "[ab", "[]", "[[:nothing:]]", "a\\", "foo[/]bar", "a//b", "../x", "./x"])
  func refused(pattern: String) {
    #expect(throws: GtachError.self) { try IgnorePatterns([pattern]) }
  }

  @Test("many stars take no time")
  func stars() throws {
    let pattern = String(repeating: "*a", count: 60) + "b"
    #expect(try !excludes(pattern, String(repeating: "a", count: 200)))
  }

  @Test("a machine fits a requirement where every field that is given does")
  func requirements() throws {
    let pi = try Platform("linux-arm64")
    let model = "Raspberry Pi Zero 2 W Rev 1.0"
    typealias Requirement = PackageDescription.Requirement
    #expect(Requirement().accepts(pi, model: nil))
    #expect(Requirement(os: "linux", arch: "arm64").accepts(pi, model: nil))
    #expect(Requirement(model: "Raspberry Pi Zero 2*").accepts(pi, model: model))
    #expect(!Requirement(model: "Raspberry Pi Zero 2*").accepts(pi, model: nil))
    #expect(!Requirement(model: "Raspberry Pi 5*").accepts(pi, model: model))
    #expect(!Requirement(os: "macos").accepts(pi, model: nil))
    #expect(!Requirement(arch: "armv7").accepts(pi, model: nil))
  }
}
