import GtachModel
import GtachSystem
import Testing

@Suite("Files that are written piece by piece")
struct OutputFileTests {
  let files = FileSystem()

  @Test("a file is there when it is whole, and replaces what was there")
  func whole() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/out"
      try files.perform(.write(path: path, bytes: [9], permissions: 0o600))
      do {
        let file = try OutputFile(path)
        try file.append([1, 2])
        try file.append([])
        try file.append([3])
        #expect(try files.read(path, maximumBytes: 10) == [9])
        try file.commit()
        #expect(try files.read(path, maximumBytes: 10) == [1, 2, 3])
      }
      #expect(try files.list(directory) == ["out"])
    }
  }

  @Test("one that is given up leaves nothing")
  func givenUp() throws {
    try withTestDirectory { directory in
      do {
        let file = try OutputFile("\(directory)/out")
        try file.append([1, 2])
        #expect(try files.list(directory).count == 1)
      }
      #expect(try files.list(directory).isEmpty)
    }
  }

  @Test("a directory is no file, and no directory is made")
  func places() throws {
    try withTestDirectory { directory in
      #expect(thrownError { try OutputFile(directory) }?.code == .inputOutput)
      #expect(thrownError { try OutputFile("\(directory)/") }?.code == .inputOutput)
      #expect(thrownError { try OutputFile("\(directory)/missing/out") }?.code == .notFound)
      let names = try files.list(directory)
      #expect(names.isEmpty)
    }
  }

  @Test("a link stays and what it leads to is replaced, and what is no regular file stays as it is")
  func special() throws {
    try withTestDirectory { directory in
      try files.perform([
        .write(path: "\(directory)/file", bytes: [9], permissions: 0o600),
        .makeSymbolicLink(at: "\(directory)/link", to: "second"),
        .makeSymbolicLink(at: "\(directory)/second", to: "\(directory)/file"),
        .makeSymbolicLink(at: "\(directory)/dangling", to: "new"),
        .makeSymbolicLink(at: "\(directory)/loop", to: "loop"),
        .makeSymbolicLink(at: "\(directory)/null", to: "/dev/null"),
      ])
      for (name, target) in [("link", "file"), ("dangling", "new")] {
        let file = try OutputFile("\(directory)/\(name)")
        try file.append([1])
        try file.commit()
        #expect(try files.kind(of: "\(directory)/\(name)") == .symbolicLink)
        #expect(try files.kind(of: "\(directory)/\(target)") == .file)
        #expect(try files.read("\(directory)/\(target)", maximumBytes: 10) == [1])
      }
      for name in ["loop", "null"] {
        #expect(thrownError { try OutputFile("\(directory)/\(name)") }?.code == .inputOutput)
      }
      #expect(thrownError { try OutputFile("/dev/null") }?.reason == "it is no regular file")
      #expect(try files.kind(of: "/dev/null") == .characterDevice)
      #expect(try files.list(directory) == ["dangling", "file", "link", "loop", "new", "null", "second"])
    }
  }

  @Test("a file is read in pieces to its end")
  func input() throws {
    try withTestDirectory { directory in
      try files.perform(.write(path: "\(directory)/in", bytes: [1, 2, 3, 4, 5], permissions: 0o600))
      let file = try InputFile("\(directory)/in")
      #expect(file.size == 5)
      #expect(try [file.read(2), file.read(2), file.read(2), file.read(2)] == [[1, 2], [3, 4], [5], []])
      #expect(thrownError { try InputFile("\(directory)/missing") }?.code == .notFound)
      #expect(thrownError { try InputFile(directory) }?.code == .inputOutput)
    }
  }
}
