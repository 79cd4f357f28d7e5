#if os(Linux)
  import GtachModel
  import Testing

  /// What cannot be written is not said to be done. Linux has a device that is always full.
  @Suite struct UnwrittenResultTests {
    @Test(arguments: [["--help"], ["--version"], ["status", "--json"]])
    func isAFailure(_ arguments: [String]) throws {
      let sandbox = try Sandbox()
      let home = sandbox.home("a")
      try Program.succeed(["init", "--node", "a"], home: home)
      let full = try Program.run(
        arguments, home: home, launcher: ["/bin/sh", "-c", "exec \"$@\" >/dev/full", "gtach"])
      #expect(full.status == ErrorCode.diskFull.exitCode)
      #expect(full.errors.contains("cannot write the standard output") && full.errors.contains("disk-full"))
      #expect(try Program.run(arguments, home: home).status == 0)
    }

    /// Whoever closes a pipe has seen enough.
    @Test func aClosedPipeIsNone() throws {
      let sandbox = try Sandbox()
      let outcome = try Program.run(
        ["--help"], home: sandbox.home("a"),
        launcher: [
          "/bin/sh", "-c", "mkfifo $0 && exec 3<>$0 4>$0 3<&- && exec \"$@\" >&4", "\(sandbox.path)/pipe",
        ])
      #expect(outcome.status == 0 && outcome.errors.isEmpty)
    }
  }
#endif
