import GtachModel
import Testing

@testable import GtachSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Files")
struct FileSystemTests {
  let files = FileSystem()

  @Test("a refusal says who may, and nothing else that fails does", arguments: [EACCES, EPERM, EIO, ENOENT])
  func refusals(number: Int32) {
    let error = FileSystem.failure("cannot read it", number)
    #expect((error.advice?.contains("ls -ld") == true) == (number == EACCES || number == EPERM))
    #expect(error.code == (number == ENOENT ? .notFound : .inputOutput))
  }

  @Test("what is carried over is what is lacking, with its permissions, and links as they are")
  func carryingOver() throws {
    try withTestDirectory { directory in
      let (from, to) = ("\(directory)/from", "\(directory)/to")
      try files.perform(.carryOver(from: from, to: to, except: []))
      #expect(try !files.exists(to), "there is nothing to carry")
      try files.perform([
        .makeDirectory("\(from)/a"), .makeDirectory("\(to)"),
        .write(path: "\(from)/a/file", bytes: Array(repeating: 3, count: 70_000), permissions: 0o640),
        .write(path: "\(from)/both", bytes: [1], permissions: 0o644),
        .write(path: "\(to)/both", bytes: [2], permissions: 0o644),
        .write(path: "\(from)/left", bytes: [1], permissions: 0o644),
        .makeSymbolicLink(at: "\(from)/link", to: "a/file"),
        .carryOver(from: from, to: to, except: ["left", "a/nothing"]),
      ])
      #expect(try files.list(to) == ["a", "both", "link"])
      #expect(try files.read("\(to)/a/file", maximumBytes: 70_000) == Array(repeating: 3, count: 70_000))
      #expect(try files.status(of: "\(to)/a/file")?.permissions == 0o640)
      #expect(try files.read("\(to)/both", maximumBytes: 1) == [2])
      #expect(try files.readLink("\(to)/link") == "a/file")
    }
  }

  @Test("what is set aside and replaced is so however often it is done")
  func replacing() throws {
    try withTestDirectory { directory in
      let (place, aside, next) = ("\(directory)/place", "\(directory)/aside", "\(directory)/next")
      try files.perform([
        .makeDirectory("\(place)/old"), .makeDirectory("\(next)/new"),
      ])
      for _ in 1...2 {
        try files.perform([.setAside(place, to: aside), .replace(place, by: next)])
        #expect(try files.list(directory) == ["aside", "place"])
        #expect(try files.list(place) == ["new"] && files.list(aside) == ["old"])
      }
      for _ in 1...2 {
        try files.perform(.replace(place, by: aside))
        #expect(try files.list(directory) == ["place"] && files.list(place) == ["old"])
      }
    }
  }

  @Test("what is written is read, with exactly the permissions asked for, whatever was there")
  func writing() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/a/b/file"
      try files.perform([
        .makeDirectory("\(directory)/a/b"), .makeDirectory("\(directory)/a/b"),
        .write(path: path, bytes: Array(repeating: 7, count: 10_000), permissions: 0o600),
        .write(path: path, bytes: [1, 2, 3], permissions: 0o666),
        .syncFile(path), .syncDirectory("\(directory)/a/b"), .syncFileSystem(of: directory),
      ])
      #expect(try files.read(path, maximumBytes: 3) == [1, 2, 3])
      #expect(try files.status(of: path)?.permissions == 0o666)
      #expect(try files.read(path, offset: 1, count: 10) == [2, 3])
      #expect(try files.read(path, offset: 9, count: 10) == [])
      #expect(thrownError { try files.read(path, maximumBytes: 2) }?.code == .inputOutput)
      #expect(thrownError { try files.read("\(directory)/missing", maximumBytes: 2) }?.code == .notFound)
      #expect(thrownError { try files.read(directory, maximumBytes: 2) }?.code == .inputOutput)
    }
  }

  @Test("bytes are written at their place in a file that is there, and to nothing else")
  func writingAtPlaces() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/file"
      try files.perform(.write(path: path, bytes: [1, 2, 3], permissions: 0o600))
      try files.write([9], to: path, offset: 1)
      try files.write([7, 8], to: path, offset: 5)
      try files.write([], to: path, offset: 100)
      #expect(try files.read(path, maximumBytes: 100) == [1, 9, 3, 0, 0, 7, 8])
      #expect(thrownError { try files.write([1], to: "\(directory)/missing", offset: 0) }?.code == .notFound)
      try files.perform([.makeSymbolicLink(at: "\(directory)/link", to: "file"), .makeDirectory("\(directory)/d")])
      #expect(mkfifo("\(directory)/pipe", 0o600) == 0)
      for name in ["link", "d", "pipe"] {
        #expect(thrownError { try files.write([1], to: "\(directory)/\(name)", offset: 0) }?.code == .inputOutput)
      }
      #expect(try files.read(path, maximumBytes: 100) == [1, 9, 3, 0, 0, 7, 8])
    }
  }

  @Test("a file longer than it says, as in /proc, is read to its end", .enabled(if: isLinux))
  func processFiles() throws {
    #expect(try files.read("/proc/self/status", maximumBytes: 1 << 20).count > 100)
    #expect(try files.read("/proc/kallsyms", maximumBytes: 1 << 28).count > 4096)
    #expect(thrownError { try files.read("/proc/kallsyms", maximumBytes: 5000) }?.code == .inputOutput)
  }

  @Test("a pipe without a writer is refused and not waited for")
  func pipes() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/pipe"
      #expect(mkfifo(path, 0o600) == 0)
      #expect(thrownError { try files.read(path, maximumBytes: 10) }?.code == .inputOutput)
      #expect(thrownError { try files.perform(.write(path: path, bytes: [1], permissions: 0o600)) } != nil)
      let kind = try files.kind(of: path)
      #expect(kind == .pipe)
    }
  }

  @Test("links are seen as links, and never written through")
  func links() throws {
    try withTestDirectory { directory in
      let link = "\(directory)/link"
      try files.perform([
        .write(path: "\(directory)/target", bytes: [1], permissions: 0o644), .makeSymbolicLink(at: link, to: "target"),
      ])
      #expect(try files.kind(of: link) == .symbolicLink)
      #expect(try files.readLink(link) == "target")
      #expect(try files.exists(link))
      #expect(thrownError { try files.perform(.makeSymbolicLink(at: link, to: "x")) }?.code == .inputOutput)
      #expect(thrownError { try files.perform(.write(path: link, bytes: [2], permissions: 0o644)) } != nil)
      #expect(try files.read("\(directory)/target", maximumBytes: 10) == [1])
      try files.perform(.rename(from: "\(directory)/target", to: link))
      #expect(try files.kind(of: link) == .file)
    }
  }

  @Test("names are listed in the order of their bytes")
  func listing() throws {
    try withTestDirectory { directory in
      for name in ["b", "a", "é", "B", "a.b", "a-b"] {
        try files.perform(.write(path: "\(directory)/\(name)", bytes: [], permissions: 0o644))
      }
      #expect(try files.list(directory) == ["B", "a", "a-b", "a.b", "b", "é"])
      #expect(thrownError { try files.list("\(directory)/none") }?.code == .notFound)
      #expect(thrownError { try files.list("\(directory)/a") }?.code == .inputOutput)
    }
  }

  @Test("a name that is not UTF-8 is reported", .enabled(if: isLinux))
  func foreignNames() throws {
    try withTestDirectory { directory in
      let path = Array(directory.utf8) + [0x2F, 0xE9, 0]
      let descriptor = path.withUnsafeBufferPointer { buffer -> Int32 in
        guard let base = buffer.baseAddress else { return -1 }
        return base.withMemoryRebound(to: CChar.self, capacity: path.count) { open($0, O_CREAT | O_WRONLY, 0o600) }
      }
      #expect(descriptor >= 0)
      close(descriptor)
      #expect(thrownError { try files.list(directory) }?.code == .inputOutput)
      path.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        _ = base.withMemoryRebound(to: CChar.self, capacity: path.count) { unlink($0) }
      }
    }
  }

  @Test("a directory is removed with all in it, links not followed, read-only directories too")
  func removal() throws {
    try withTestDirectory { directory in
      try files.perform([
        .makeDirectory("\(directory)/keep"), .write(path: "\(directory)/keep/file", bytes: [1], permissions: 0o644),
        .makeDirectory("\(directory)/tree/closed/deep"),
        .write(path: "\(directory)/tree/closed/deep/file", bytes: [1], permissions: 0o400),
        .makeSymbolicLink(at: "\(directory)/tree/closed/out", to: "../../keep"),
        .makeSymbolicLink(at: "\(directory)/link", to: "keep"),
      ])
      #expect(chmod("\(directory)/tree/closed/deep", 0o500) == 0)
      #expect(chmod("\(directory)/tree/closed", 0o000) == 0)
      try files.perform([.remove("\(directory)/tree"), .remove("\(directory)/tree"), .remove("\(directory)/link")])
      #expect(try files.list(directory) == ["keep"])
      #expect(try files.list("\(directory)/keep") == ["file"])
      try files.perform(.remove("\(directory)/keep/file/below"))
      #expect(try files.list("\(directory)/keep") == ["file"])
    }
  }

  @Test("a file in the way of a directory is an error")
  func directories() throws {
    try withTestDirectory { directory in
      try files.perform(.write(path: "\(directory)/file", bytes: [], permissions: 0o644))
      #expect(thrownError { try files.perform(.makeDirectory("\(directory)/file")) }?.code == .inputOutput)
      #expect(thrownError { try files.perform(.makeDirectory("\(directory)/file/x")) }?.code == .inputOutput)
      try files.perform([.makeDirectory("\(directory)/real"), .makeSymbolicLink(at: "\(directory)/alias", to: "real")])
      try files.perform(.makeDirectory("\(directory)/alias/below"))
      #expect(try files.kind(of: "\(directory)/real/below") == .directory)
    }
  }

  @Test("a full disk has a word of its own", .enabled(if: isLinux))
  func fullDevice() throws {
    let error = thrownError { try files.perform(.write(path: "/dev/full", bytes: [1], permissions: 0o666)) }
    #expect(error?.code == .diskFull)
    #expect(error?.advice != nil)
    #expect(try files.kind(of: "/dev/full") == .characterDevice)
  }

  @Test("there is some room on the disk")
  func room() throws {
    let free = try withTestDirectory { directory in try files.freeBytes(of: directory) }
    #expect(free > 0)
  }
}

var isLinux: Bool {
  #if os(Linux)
    true
  #else
    false
  #endif
}
