import GtachModel
import GtachSystem
import Testing

@Suite("Reading a directory of somebody who is not trusted")
struct GuardedDirectoryTests {
  private let files = FileSystem()

  @Test("regular files are read, up to a limit")
  func reading() throws {
    try withTestDirectory { directory in
      try files.perform([
        .makeDirectory("\(directory)/a/b"), .write(path: "\(directory)/a/b/c", bytes: [1, 2, 3], permissions: 0o600),
      ])
      let guarded = try GuardedDirectory(path: directory)
      #expect(try guarded.read(["a", "b", "c"], maximumBytes: 3) == [1, 2, 3])
      #expect(try guarded.list(["a"]) == ["b"])
      #expect(try guarded.list([]) == ["a"])
      #expect(thrownError { try guarded.read(["a", "b", "c"], maximumBytes: 2) }?.code == .inputOutput)
      #expect(thrownError { try guarded.read(["a", "b", "d"], maximumBytes: 2) }?.code == .notFound)
    }
  }

  @Test("no link is followed, at the end or on the way, nor anything else that is no plain name")
  func links() throws {
    try withTestDirectory { directory in
      try files.perform([
        .makeDirectory("\(directory)/home/a"), .write(path: "\(directory)/secret", bytes: [1], permissions: 0o600),
        .makeSymbolicLink(at: "\(directory)/home/link", to: "../secret"),
        .makeSymbolicLink(at: "\(directory)/home/up", to: ".."),
        .makeSymbolicLink(at: "\(directory)/other", to: "home"),
      ])
      let guarded = try GuardedDirectory(path: "\(directory)/home")
      for names in [
        ["link"], ["up", "secret"], ["..", "secret"], ["../secret"], ["."], [""], ["a", "..", "link"], ["a"],
      ] {
        #expect(throws: GtachError.self, "\(names)") { try guarded.read(names, maximumBytes: 10) }
      }
      #expect(throws: GtachError.self) { try guarded.list(["up"]) }
      #expect(throws: GtachError.self) { try GuardedDirectory(path: "\(directory)/other") }
    }
  }
}
