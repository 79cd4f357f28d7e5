import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

@Suite("Installing for real")
struct UpdateManagerTests {
  private static let failure = SelfTestReport(
    results: [
      SelfTestReport.Result(
        check: .level(line: "GPIO4", expect: 1, bias: .asIs), expected: "GPIO4 = 1", actual: "0", passed: false,
        milliseconds: 1)
    ], mock: false)

  @Test("a release and its update: staged, hooked, tested, active and read-only")
  func updates() throws {
    try withInstallRoot { root in
      let manager = try root.manager()
      #expect(try manager.installed().isEmpty)
      let script = "echo \"$GTACH_NAME $GTACH_VERSION $GTACH_RELEASE_DIR $PWD\" >> \"$GTACH_STATE_DIR/log\""
      let first = try manager.install(root.release("1.0.0", preInstall: script, postInstall: script))
      #expect(first.success, "\(first)")
      #expect(first.hooks?.map(\.hook) == ["preInstall", "postInstall"])
      #expect(try root.text("current/app/app.txt") == "app 1.0.0")
      let release = "\(root.root)/releases/app/1.0.0"
      let line = "app 1.0.0 \(release) \(release)\n"
      #expect(try root.text("state/app/log") == line + line)
      #expect(try root.files.status(of: "\(release)/app.txt")?.permissions == 0o444)
      #expect(try root.files.status(of: "\(release)/bin/pre")?.permissions == 0o555)
      #expect(try (root.files.status(of: release)?.permissions ?? 0o222) & 0o222 == 0)

      let second = try manager.install(root.release("1.1.0"))
      #expect(second.success)
      #expect(second.backupLocation == release)
      #expect(try root.text("current/app/app.txt") == "app 1.1.0")
      #expect(try root.text("releases/app/1.0.0/app.txt") == "app 1.0.0")
      #expect(try manager.install(root.release("1.2.0")).success)
      #expect(try root.files.list("\(root.root)/releases/app") == ["1.1.0", "1.2.0"])
      #expect(try root.files.list("\(root.root)/generations") == ["3"])
      #expect(try root.text("journal.json") == nil)
      #expect(try manager.installed().map(\.version.description) == ["1.2.0"])
      #expect(try root.text("state/app/log") == line + line, "data is kept over updates")
    }
  }

  @Test("each step and the end are told")
  func events() throws {
    try withInstallRoot { root in
      let result = try root.manager().install(root.release("1.0.0", postInstall: "true"))
      #expect(
        root.events == [
          .updateStep(release: "app@1.0.0", step: "staging"), .updateStep(release: "app@1.0.0", step: "hook"),
          .updateStep(release: "app@1.0.0", step: "self-test"), .updateFinished(result: result),
        ])
    }
  }

  @Test(
    "a hook that fails is reported with how and with its last words",
    arguments: [
      ("echo one; echo no such sensor >&2; exit 3", "it exited with 3: no such sensor"),
      ("kill -9 $$", "signal 9 ended it"), ("exec sleep 60", "it was ended after 1 s"),
      ("printf 'a\\033[31mred\\n\\n'; exit 1", "it exited with 1: a[31mred"),
    ])
  func failingHooks(script: String, reason: String) throws {
    try withInstallRoot { root in
      let manager = try root.manager()
      try manager.install(root.release("1.0.0"))
      let result = try manager.install(root.release("1.1.0", postInstall: script, timeoutSeconds: 1))
      #expect(!result.success)
      #expect(result.rollbackPerformed)
      #expect(result.validationErrors.map(\.code) == ["hook-failed"])
      #expect(result.validationErrors.first?.message == "the postInstall hook of app@1.1.0 failed")
      #expect(result.validationErrors.first?.reason == reason)
      #expect(result.hooks?.map(\.hook) == ["postInstall"])
      #expect(try manager.history().last?.result == result)
      #expect(try root.text("current/app/app.txt") == "app 1.0.0")
      #expect(try root.files.list("\(root.root)/releases/app") == ["1.0.0"])
    }
  }

  @Test("a hook that is not in the archive fails")
  func missingHook() throws {
    try withInstallRoot { root in
      let whole = try root.release("1.0.0", preInstall: "true")
      let release = TestRelease(
        manifest: whole.manifest, digest: whole.digest, files: whole.files.filter { $0.path != "bin/pre" })
      let result = try root.manager().install(release)
      #expect(result.validationErrors.map(\.code) == ["hook-failed"])
      #expect(try root.files.list("\(root.root)/releases").isEmpty)
    }
  }

  @Test("a release that fails its self-test is taken back and refused")
  func failingSelfTest() throws {
    try withInstallRoot { root in
      try root.manager().install(root.release("1.0.0"))
      let active = "\(root.root)/current/app"
      let manager = try root.manager { (manifest, directory, _) throws(GtachError) in
        // While it is tested, it is what services find.
        #expect(manifest.description.version.description == "1.1.0")
        #expect(try FileSystem().readLink(active) == "../../releases/app/1.1.0")
        #expect(directory.hasSuffix("/releases/app/1.1.0"))
        return Self.failure
      }
      let result = try manager.install(root.release("1.1.0"))
      #expect(!result.success)
      #expect(result.selfTest == Self.failure)
      #expect(try root.text("current/app/app.txt") == "app 1.0.0")
      #expect(try manager.installed().first?.refused.map(\.description) == ["1.1.0"])
      #expect(try manager.install(root.release("1.1.0")).validationErrors.map(\.code) == ["release-refused"])
      #expect(try root.manager().install(root.release("1.1.0"), force: true).success)
      #expect(try root.text("current/app/app.txt") == "app 1.1.0")
    }
  }

  @Test("what staging throws comes through, and nothing of the release is left")
  func failingStage() throws {
    try withInstallRoot { root in
      let manager = try root.manager()
      try manager.install(root.release("1.0.0"))
      let release = try root.release("1.1.0")
      let error = thrownError {
        try manager.install([release.requested()]) { _, directory throws(GtachError) in
          try release.write(into: directory)
          throw GtachError(.diskFull, "no space left")
        }
      }
      #expect(error?.code == .diskFull)
      #expect(
        try root.files.list(root.root)
          == ["current", "generations", "history.jsonl", "lock", "releases", "state", "state.json"])
      #expect(try root.files.list("\(root.root)/releases/app") == ["1.0.0"])
      #expect(try manager.install(release).success)
    }
  }

  @Test("a rollback by hand holds the package, until an operator installs something")
  func rollback() throws {
    try withInstallRoot { root in
      let manager = try root.manager()
      #expect(thrownError { try manager.rollback(name: PackageName("app")) }?.code == .notFound)
      try manager.install(root.release("1.0.0"))
      try manager.install(root.release("1.1.0"))
      #expect(try manager.rollback(name: PackageName("app")).success)
      #expect(try root.text("current/app/app.txt") == "app 1.0.0")
      #expect(try manager.installed().first?.held == true)
      #expect(try !manager.install(root.release("1.2.0")).success)
      #expect(try manager.install(root.release("1.2.0"), force: true).success)
      #expect(try manager.installed().first?.held == false)
    }
  }

  @Test("an update that is interrupted is taken back at once, by programs that nothing cuts off")
  func interruption() throws {
    try withInstallRoot { root in
      #expect(try root.manager().recover().isEmpty)
      #expect(try !root.files.exists(root.root), "nothing is made where nothing was")
      let again = "sleep 0.1; echo again >> \"$GTACH_STATE_DIR/log\""
      try root.manager().install(root.release("1.0.0", postInstall: again))
      let cancellation = try Cancellation()
      let stopped = try root.manager(cancellation: cancellation) { (_, _, _) throws(GtachError) in
        cancellation.cancel()
        try cancellation.check()
        return SelfTestReport(results: [], mock: false)
      }
      let result = try stopped.install(root.release("1.1.0"))
      #expect(result.message == "the installation of app@1.1.0 was interrupted; 1.0.0 is active again")
      #expect(result.rollbackPerformed && result.validationErrors.map(\.code) == ["cancelled"])
      #expect(root.events.contains(.updateStep(release: "app@1.1.0", step: "interrupted")))
      #expect(try root.text("state/app/log") == "again\nagain\n", "the hook of the release before ran to its end")
      #expect(try root.text("current/app/app.txt") == "app 1.0.0")
      #expect(try root.text("journal.json") == nil)
      #expect(try root.manager().install(root.release("1.1.0")).success, "and is not refused")
    }
  }

  @Test("what is unfinished is finished before anything else begins")
  func recoveryFirst() throws {
    try withInstallRoot { root in
      let (path, directory) = (root.root, root.directory)
      @Sendable func run(_ program: String, _ arguments: [String]) throws(GtachError) {
        _ = try ChildProcess.run(
          executable: program, arguments: arguments, environment: [:], directory: directory,
          deadline: MonotonicClock.now().advanced(byMilliseconds: 60_000), maximumOutputBytes: 0)
      }
      // As it is in the middle of the first installation, where gtach is killed.
      let manager = try root.manager { (_, _, _) throws(GtachError) in
        try run("/bin/cp", ["-a", path, "\(path).then"])
        return SelfTestReport(results: [], mock: false)
      }
      #expect(try manager.install(root.release("1.0.0")).success)
      try root.files.perform([.remove(path), .rename(from: "\(path).then", to: path)])
      #expect(try root.text("journal.json")?.contains("\"activated\"") == true)
      #expect(try root.manager().install(root.release("1.1.0")).message == "app@1.1.0 is installed, in place of 1.0.0")
    }
  }

  @Test("a second one is told that the install root is busy, and may still look")
  func busy() throws {
    try withInstallRoot { root in
      let other = try root.manager()
      let release = try root.release("1.0.0")
      let result = try root.manager().install([release.requested()]) { _, directory throws(GtachError) in
        #expect(thrownError { try other.install(release) }?.code == .busy)
        #expect(thrownError { try other.recover() }?.code == .busy)
        #expect(thrownError { try other.rollback(name: release.manifest.description.name) }?.code == .busy)
        #expect(thrownError { try other.installed().isEmpty } == nil)
        try release.write(into: directory)
      }
      #expect(result.success)
      #expect(try other.install(release).success)
    }
  }

  @Test(
    "a damaged or missing record stops everything and removes nothing",
    arguments: [("state.json", "{"), ("journal.json", ""), ("state.json", nil), ("journal.json", "{\"format\":1}")])
  func damage(file: String, text: String?) throws {
    try withInstallRoot { root in
      let manager = try root.manager()
      try manager.install(root.release("1.0.0"))
      try manager.install(root.release("1.1.0"))
      let path = "\(root.root)/\(file)"
      try root.files.perform(
        text.map { .write(path: path, bytes: Array($0.utf8), permissions: 0o644) } ?? .remove(path))
      let next = try root.release("1.2.0")
      #expect(thrownError { try manager.recover() }?.code == .journalCorrupt)
      #expect(thrownError { try manager.install(next, force: true) }?.code == .journalCorrupt)
      #expect(thrownError { try manager.rollback(name: PackageName("app")) }?.code == .journalCorrupt)
      if file == "state.json" { #expect(thrownError { try manager.state() }?.code == .journalCorrupt) }
      #expect(try root.files.list("\(root.root)/releases/app") == ["1.0.0", "1.1.0"])
      #expect(try root.text("current/app/app.txt") == "app 1.1.0")
    }
  }

  @Test("an install root is an absolute path", arguments: ["apps", "", "/", "//", "~/apps"])
  func relativeRoot(path: String) {
    let error = thrownError {
      try UpdateManager(installRoot: path, machine: .this(allowMock: false)) { _, _, _ in
        SelfTestReport(results: [], mock: false)
      }
    }
    #expect(error?.code == .configurationInvalid)
  }
}
