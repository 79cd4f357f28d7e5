import GtachModel
import GtachSystem
import Testing

@Suite("Read-only trees")
struct TreeProtectionTests {
  private let files = FileSystem()

  @Test("nobody may write any more, programs stay programs, and what a link leads to is left alone")
  func protection() throws {
    try withTestDirectory { directory in
      let tree = "\(directory)/tree"
      try files.perform([
        .write(path: "\(directory)/outside", bytes: [1], permissions: 0o666),
        .makeDirectory("\(tree)/bin"),
        .write(path: "\(tree)/bin/run", bytes: [2], permissions: 0o755),
        .write(path: "\(tree)/text", bytes: [3], permissions: 0o664),
        .makeSymbolicLink(at: "\(tree)/link", to: "../outside"),
        .makeReadOnly(tree),
      ])
      #expect(try files.status(of: "\(tree)/bin/run")?.permissions == 0o555)
      #expect(try files.status(of: "\(tree)/text")?.permissions == 0o444)
      #expect(try (files.status(of: "\(tree)/bin")?.permissions ?? 0o222) & 0o222 == 0)
      #expect(try (files.status(of: tree)?.permissions ?? 0o222) & 0o222 == 0)
      #expect(try files.status(of: "\(directory)/outside")?.permissions == 0o666)
      try files.perform([.makeReadOnly(tree), .remove(tree)])
      #expect(try !files.exists(tree))
    }
  }

  @Test("what is not there cannot be protected")
  func missing() throws {
    try withTestDirectory { directory in
      let error = thrownError { try files.perform(.makeReadOnly("\(directory)/nothing")) }
      #expect(error?.code == .notFound)
    }
  }
}
