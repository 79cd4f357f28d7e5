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

  @Test("a pattern with a slash at its end means directories only")
  func directories() throws {
    #expect(try excludes("dir/", "dir", directory: true))
    #expect(try excludes("dir/", "x/dir", directory: true))
    #expect(try !excludes("/dir/", "x/dir", directory: true))
    #expect(try excludes("a/b/", "a/b", directory: true))
    #expect(try !excludes("a/b/", "a/b"))
  }

  @Test(
    "what is not understood is refused", arguments: ["", "/", "!keep", "[ab]", "a\\ b", "a//b", "a**", "../x", "./x"])
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
