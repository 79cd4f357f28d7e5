import GtachModel
import Testing

@testable import GtachSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Child processes")
struct ChildProcessTests {
  func run(
    _ script: String, seconds: Int64 = 60, maximumOutputBytes: Int = 65_536, environment: [String: String] = [:],
    directory: String = "/", cancellation: Cancellation? = nil
  ) throws(GtachError) -> ChildProcess.Completion {
    try ChildProcess.run(
      executable: "/bin/sh", arguments: ["-c", script], environment: environment, directory: directory,
      deadline: MonotonicClock.now().advanced(byMilliseconds: seconds * 1000),
      maximumOutputBytes: maximumOutputBytes, cancellation: cancellation)
  }

  func text(_ completion: ChildProcess.Completion) -> String { String(decoding: completion.output, as: UTF8.self) }

  @Test("status and both outputs come back")
  func outcome() throws {
    let completion = try run("echo one; echo two >&2; exit 7")
    #expect(completion.exit == .status(7))
    #expect(text(completion) == "one\ntwo\n")
    #expect(!completion.isTruncated)
    #expect(try run("kill -TERM $$").exit == .signal(SIGTERM))
    #expect(try run("exit 0").exit == .status(0))
  }

  @Test("environment, directory and standard input are exactly what is said")
  func surroundings() throws {
    try withTestDirectory { directory in
      let script = "cat; pwd -P; /usr/bin/env | /usr/bin/sort"
      let lines = try text(run(script, environment: ["A": "1 2", "Z": ""], directory: directory)).split(separator: "\n")
      #expect(lines.first.map { $0.hasSuffix(directory) } == true)
      #expect(lines.contains("A=1 2") && lines.contains("Z="))
      #expect(!lines.contains { $0.hasPrefix("HOME=") })
      let program = "\(directory)/bin/hello"
      try FileSystem().perform([
        .makeDirectory("\(directory)/bin"),
        .write(path: program, bytes: Array("#!/bin/sh\necho \"$0 $1\"\n".utf8), permissions: 0o755),
      ])
      let completion = try ChildProcess.run(
        executable: "bin/hello", arguments: ["a b; exit 3"], environment: [:], directory: directory,
        deadline: Instant(milliseconds: .max), maximumOutputBytes: 1000)
      #expect(completion.exit == .status(0))
      #expect(text(completion) == "\(program) a b; exit 3\n")
    }
  }

  @Test("descriptors are not inherited, even those without close-on-exec", .enabled(if: isLinux))
  func descriptors() throws {
    let leaky = open("/dev/null", O_RDONLY)
    defer { close(leaky) }
    #expect(text(try run("ls /proc/self/fd | tr '\\n' ' '")) == "0 1 2 3 ")
  }

  @Test("at the deadline the whole group is killed")
  func deadline() throws {
    try withTestDirectory { directory in
      // As long as anybody of the group lives, the named pipe has a writer.
      let path = "\(directory)/pipe"
      #expect(mkfifo(path, 0o600) == 0)
      let reader = open(path, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      let completion = try run(
        "(trap '' TERM; exec 9>pipe; echo started; sleep 600) & trap '' TERM; wait; sleep 600", seconds: 1,
        directory: directory)
      #expect(completion.exit == .timedOut)
      #expect(text(completion) == "started\n")
      var entry = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
      #expect(poll(&entry, 1, 60_000) == 1)
      #expect(entry.revents & Int16(POLLHUP) != 0)
    }
  }

  @Test("a program that never stops writing meets its deadline, and only the end is kept")
  func output() throws {
    let endless = try run(
      "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done", seconds: 1, maximumOutputBytes: 1000)
    #expect(endless.exit == .timedOut)
    #expect(endless.output.count == 1000)
    #expect(endless.isTruncated)
    let long = try run(
      "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo why", maximumOutputBytes: 20)
    #expect(long.exit == .status(0))
    #expect(text(long).hasSuffix("line 19999\nwhy\n"))
    #expect(long.output.count == 20)
  }

  @Test("a grandchild that keeps the output open does not hold anybody up")
  func grandchild() throws {
    let completion = try run("sleep 5 & echo done")
    #expect(completion.exit == .status(0))
    #expect(text(completion) == "done\n")
  }

  @Test("a program that closes its output is still waited for")
  func closedOutput() throws {
    #expect(try run("exec >&- 2>&-; sleep 0.2; exit 5").exit == .status(5))
  }

  @Test("what cannot be started says why")
  func failures() throws {
    #expect(
      thrownError {
        try ChildProcess.run(
          executable: "/nonexistent", arguments: [], environment: [:], directory: "/",
          deadline: Instant(milliseconds: .max), maximumOutputBytes: 10)
      }?.code == .notFound)
    #expect(
      thrownError {
        try ChildProcess.run(
          executable: "/dev/null", arguments: [], environment: [:], directory: "/",
          deadline: Instant(milliseconds: .max), maximumOutputBytes: 10)
      }?.code == .inputOutput)
    #expect(thrownError { try run("a\0b") }?.code == .inputOutput)
  }

  @Test("a cancellation kills it")
  func cancelled() throws {
    let cancellation = try Cancellation()
    cancellation.cancel()
    #expect(thrownError { try run("sleep 600", cancellation: cancellation) }?.code == .cancelled)
  }

  @Test("the machine knows itself")
  func machine() {
    #expect(Machine.platform != .any)
    #expect(Machine.memoryBytes > 1 << 20)
    #expect(Machine.processorCount > 0)
    #expect(Machine.model != "")
  }
}
