import GtachCore
import GtachModel
import Testing

@Suite("what a service's unit must have")
struct ServiceUnitTests {
  private func service(_ lines: String) throws(GtachError) -> ServiceUnit {
    try ServiceUnit(try UnitFile(Array("[Service]\n\(lines)\n".utf8), path: "app.service"))
  }
  private func error(_ lines: String) -> GtachError? { thrownError { try service(lines) } }
  private func words(_ text: String) throws -> [[String]] {
    try service("Type=oneshot\nExecStart=\(text)").commands.map { [$0.command.program] + $0.command.arguments }
  }

  @Test("a section [Service] and one command to start it")
  func start() throws {
    #expect(try service("ExecStart=/bin/app -v").commands.map(\.command.arguments) == [["-v"]])
    let none = thrownError { try ServiceUnit(try UnitFile(Array("[Unit]\nA=1".utf8), path: "app.service")) }
    #expect(none?.message.contains("app.service") == true && none?.reason?.contains("[Service]") == true)
    #expect(error("Restart=always")?.reason?.contains("ExecStart") == true)
    #expect(error("ExecStart=/bin/app\nExecStart=")?.reason?.contains("ExecStart") == true)
    #expect(error("ExecStart=/bin/a\nExecStart=/bin/b")?.message.contains("line 3 ") == true)
    #expect(error("ExecStart=/bin/a\nExecStart=\nExecStart=/bin/b") == nil)
    #expect(error("ExecStart=/bin/a ; /bin/b")?.code == .descriptionInvalid)
  }

  @Test("a oneshot may start several things, or nothing where it stops something or says what its success means")
  func oneshot() throws {
    #expect(try service("Type=oneshot\nExecStart=/bin/a\nExecStart=/bin/b ; /bin/c").commands.count == 3)
    #expect(error("Type=oneshot")?.reason?.contains("ExecStart") == true)
    #expect(error("Type=oneshot\nExecStop=/bin/a")?.reason?.contains("ExecStart") == true)
    #expect(error("Type=oneshot\nExecStop=/bin/a\nRemainAfterExit=no")?.reason?.contains("ExecStart") == true)
    #expect(error("Type=oneshot\nExecStop=/bin/a\nRemainAfterExit=Yes") == nil)
    #expect(error("Type=oneshot\n[Unit]\nSuccessAction=poweroff") == nil)
    #expect(error("Type=oneshot\n[Unit]\nSuccessAction=none")?.code == .descriptionInvalid)
  }

  @Test("its type is one that systemd knows")
  func types() {
    #expect(error("Type=notify\nExecStart=/bin/a") == nil)
    #expect(error("Type=oneshoot\nExecStart=/bin/a")?.message.contains("line 2 ") == true)
    #expect(error("Type=dbus\nExecStart=/bin/a")?.reason?.contains("BusName") == true)
    #expect(error("Type=dbus\nBusName=a.b\nExecStart=/bin/a") == nil)
  }

  @Test("how it restarts is one that systemd knows, and its environment is quoted as it should be")
  func values() {
    #expect(error("ExecStart=/bin/a\nRestart=on-failure\nEnvironment=\"A=b c\" D=\\x41") == nil)
    #expect(error("ExecStart=/bin/a\nRestart=alwys")?.message.contains("line 3 ") == true)
    #expect(error("ExecStart=/bin/a\nRestart=alwys")?.advice?.contains("always") == true)
    #expect(error(#"Environment=A=\q"#)?.reason?.hasPrefix("Environment: ") == true)
  }

  @Test("what systemd does not know is doubted, with what may have been meant")
  func doubts() throws {
    let text = """
      [Service]
      Restrat=always
      X-Mine=1
      [Unit]
      Description=a
      Froblicate=1
      [X-Other]
      Anything=1
      [Install]
      Wantedby=multi-user.target
      """
    #expect(
      try UnitFile(Array(text.utf8), path: "a.service").doubts == [
        "line 2 of a.service: systemd knows no Restrat= in [Service]; did you mean Restart=?",
        "line 6 of a.service: systemd knows no Froblicate= in [Unit]",
        "line 10 of a.service: systemd knows no Wantedby= in [Install]; did you mean WantedBy=?",
      ])
    let all = "[Unit]\nAfter=a\n[Service]\nExecStart=/bin/a\nRestartSec=1\nProtectSystem=full\n[Install]\nAlias=b"
    #expect(try UnitFile(Array(all.utf8), path: "a.service").doubts.isEmpty)
  }

  @Test("words, quotes, escapes and separators of a command line")
  func wordsOfCommands() throws {
    #expect(try words(#"/bin/a "b c"d 'e"f' g"h'i""#) == [["/bin/a", "b cd", #"e"f"#, "gh'i"]])
    #expect(try words(#"/bin/a \x41\102\u00fc\U0001f4a1\s\t\\ "\"""#) == [["/bin/a", "ABü💡 \t\\", "\""]])
    #expect(try words(#"/bin/a \; b ; /bin/c ; "#) == [["/bin/a", ";", "b"], ["/bin/c"]])
    #expect(try words(#"/bin/a ";" ''"#) == [["/bin/a", ";", ""]])
    #expect(try words("-@/bin/a b") == [["/bin/a", "b"]])
    #expect(try words("!!+:/bin/a") == [["/bin/a"]])
    #expect(try words("a b") == [["a", "b"]])
    #expect(try words("%h/bin/a") == [["%h/bin/a"]])
  }

  @Test(
    "a command line that systemd could not run is refused with its key and line",
    arguments: [
      "bin/app", "./app", "../app", "-bin/app", "%n/app", "%%h/app", "$APP", "${APP}/bin", "/bin/", "\"\"", "-", ";",
      "/bin/a \"b", "/bin/a 'b", "/bin/a \\z", "/bin/a \\x4", "/bin/a \\x+1", "/bin/a \\477", "/bin/a \\ud800",
      "/bin/a \\x00", "/bin/a \\xff", "/bin/a ; bin/b",
    ])
  func commandLines(text: String) {
    let error = error("Type=oneshot\nExecStart=/bin/a\nExecStartPre=\(text)")
    #expect(error?.code == .descriptionInvalid)
    #expect(error?.message.contains("line 4 of app.service") == true)
    #expect(error?.reason?.hasPrefix("ExecStartPre: ") == true, "\(error?.reason ?? "")")
  }

  @Test("paths of the package's own active release are found wherever the install root is")
  func releasePaths() throws {
    let name = try PackageName("app")
    func paths(_ text: String) throws -> [String] {
      try service("ExecStart=\(text)").releasePaths(of: name).flatMap { [$0.program ?? "-"] + $0.arguments }
    }
    #expect(try paths("/opt/gtach/current/app/bin/run -c /opt/gtach/current/app/etc/ -x") == ["bin/run", "etc"])
    #expect(try paths("/usr/bin/python3 %h/.gtach/apps/current/app/main.py") == ["-", "main.py"])
    let others = [
      "/opt/gtach/current/apps/bin/run", "/opt/gtach/current/app", "/opt/current/other/app/run",
      "/opt/gtach/current/app/%i", "/bin/a --config=/opt/gtach/current/app/x", "/bin/a /opt/gtach/current/app/${X}",
    ]
    for other in others { #expect(try paths(other).isEmpty, "\(other)") }
  }
}
