import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

@Suite("What is checked before a release is made")
struct PackageValidationTests {
  private let program = Array("#!/bin/sh\n".utf8)

  /// Packs a tree with these fields in its description.
  private func pack(
    _ fields: String, _ fixture: RepositoryFixture, mock: String? = nil
  ) throws(GtachError) -> PackingReport {
    let description = #"{ "name": "app", "version": "1.0.0", \#(fields) }"#
    try fixture.files.perform([
      .makeDirectory("\(fixture.tree)/bin"),
      .write(path: "\(fixture.tree)/gtach.json", bytes: Array(description.utf8), permissions: 0o644),
    ])
    return try PackageCreator(repository: fixture.repository()).createPackage(
      source: fixture.tree, level: 1, mock: mock, created: Timestamp(secondsSinceEpoch: 0)
    ).report
  }

  private func error(_ fields: String, _ fixture: RepositoryFixture, mock: String? = nil) -> GtachError? {
    thrownError { try pack(fields, fixture, mock: mock) }
  }

  @Test("programs that the description names must be ones that the kernel executes")
  func programs() throws {
    try RepositoryFixture.with { fixture in
      func write(_ bytes: [UInt8], _ permissions: UInt16 = 0o755) throws(GtachError) {
        try fixture.files.perform([
          .makeDirectory("\(fixture.tree)/bin"),
          .write(path: "\(fixture.tree)/bin/run", bytes: bytes, permissions: permissions),
        ])
      }
      let places = [
        (#""install": { "preInstall": "bin/run" }"#, "install.preInstall"),
        (#""install": { "postInstall": "bin/run" }"#, "install.postInstall"),
        (#""selfTest": [ { "command": { "run": ["bin/run", "-x"] } } ]"#, "selfTest[0].command.run"),
      ]
      for (fields, key) in places {
        try fixture.files.perform(.remove("\(fixture.tree)/bin"))
        let missing = error(fields, fixture)
        #expect(missing?.code == .descriptionInvalid)
        #expect(missing?.message.contains(key) == true)
        #expect(missing?.reason?.contains("bin/run") == true)
        for good in [program, Array("#! /usr/bin/env python3\n".utf8), [0x7F, 0x45, 0x4C, 0x46, 2]] {
          try write(good)
          #expect(error(fields, fixture) == nil)
          try fixture.files.perform(.remove(fixture.home))
        }
        try write(program, 0o644)
        #expect(error(fields, fixture)?.advice?.contains("chmod +x") == true)
        for bad in [[], Array("echo\n".utf8), Array("#!/bin/sh\r\n".utf8), Array("#!sh\n".utf8), Array("#!".utf8)] {
          try write(bad)
          #expect(error(fields, fixture)?.code == .descriptionInvalid, "\(String(decoding: bad, as: UTF8.self))")
        }
        try write(program)
        #expect(error(fields + #", "exclude": ["run"]"#, fixture)?.reason?.contains("not in the archive") == true)
      }
      // What the machine brings along is the machine's affair.
      #expect(error(#""selfTest": [ { "command": { "run": ["python3"] } } ]"#, fixture) == nil)
    }
  }

  /// Packs a tree with a unit file of these lines in its section `[Service]`.
  private func serviceError(_ lines: String, _ fixture: RepositoryFixture, more: String = "") throws -> GtachError? {
    try fixture.files.perform([
      .write(
        path: "\(fixture.tree)/app.service", bytes: Array("[Service]\n\(lines)\n".utf8), permissions: 0o644),
      .remove(fixture.home),
    ])
    return error(#""install": { "service": "app.service"\#(more) }"#, fixture)
  }

  @Test("a service's unit file parses, and what it names of the release is there")
  func services() throws {
    try RepositoryFixture.with { fixture in
      let missing = error(#""install": { "service": "app.service" }"#, fixture)
      #expect(missing?.code == .descriptionInvalid && missing?.reason?.contains("not in the archive") == true)
      #expect(try serviceError("ExecStart=/usr/bin/env", fixture) == nil)
      #expect(try serviceError("ExecStart", fixture)?.message == "line 2 of app.service cannot be used")
      let alias = try serviceError("ExecStart=/usr/bin/env\n[Install]\nAlias=other.service", fixture)
      #expect(alias?.message == "line 4 of app.service cannot be used")
      let own = #", "selfTest": [ { "service": {} } ]"#
      #expect(error(#""install": {}"# + own, fixture)?.message == "selfTest[0].service cannot pass")
      #expect(try serviceError("ExecStart=bin/run", fixture)?.reason?.contains("relative path") == true)

      let program = "ExecStart=/opt/gtach/current/app/bin/run"
      let absent = try serviceError(program, fixture)
      #expect(absent?.message.contains("ExecStart in line 2 of app.service") == true)
      #expect(absent?.reason?.contains("bin/run") == true)
      try fixture.files.perform([
        .makeDirectory("\(fixture.tree)/bin"),
        .write(path: "\(fixture.tree)/bin/run", bytes: self.program, permissions: 0o644),
      ])
      #expect(try serviceError(program, fixture)?.advice?.contains("chmod +x") == true)
      try fixture.files.perform(.write(path: "\(fixture.tree)/bin/run", bytes: self.program, permissions: 0o755))
      #expect(try serviceError(program, fixture) == nil)
      #expect(try serviceError("ExecStart=%h/.gtach/apps/current/app/bin/../bin/run", fixture) == nil)

      let script = "ExecStart=/usr/bin/python3 /opt/gtach/current/app/main.py"
      #expect(try serviceError(script, fixture)?.reason?.contains("main.py") == true)
      #expect(try serviceError(script, fixture, more: #", "preserve": ["main.py"]"#) == nil)
      try fixture.files.perform([
        .write(path: "\(fixture.tree)/main.py.in", bytes: Array("{{x}}".utf8), permissions: 0o644)
      ])
      #expect(try serviceError(script, fixture, more: #", "templates": { "main.py.in": "main.py" }"#) == nil)
      try fixture.files.perform(.write(path: "\(fixture.tree)/main.py", bytes: [], permissions: 0o644))
      #expect(try serviceError(script, fixture) == nil)

      // A package beside it is its own affair.
      #expect(try serviceError("ExecStart=/opt/gtach/current/other/run", fixture) == nil)
    }
  }

  @Test("a unit file that is none is refused, and what is too long is not even read")
  func hostileServices() throws {
    try RepositoryFixture.with { fixture in
      let unit = "\(fixture.tree)/app.service"
      let field = #""install": { "service": "app.service" }"#
      try fixture.files.perform([
        .makeDirectory(fixture.tree),
        .write(path: unit, bytes: [0x7F, 0x45, 0x4C, 0x46, 0], permissions: 0o644),
      ])
      #expect(error(field, fixture)?.message == "line 1 of app.service cannot be used")
      try fixture.files.perform(
        .write(path: unit, bytes: Array(repeating: UInt8(ascii: "#"), count: 10 << 20), permissions: 0o644))
      #expect(error(field, fixture)?.reason?.contains("longer than") == true)
      try fixture.files.perform([.remove(unit), .makeSymbolicLink(at: unit, to: "/etc/passwd")])
      #expect(error(field, fixture)?.code != nil)
      try fixture.files.perform([.remove(unit), .makeDirectory(unit)])
      #expect(error(field, fixture)?.reason?.contains("not a file") == true)
    }
  }

  @Test("templates are there, their variables are reported, and nothing of the tree is in the way of what they become")
  func templates() throws {
    try RepositoryFixture.with { fixture in
      let fields = #""install": { "templates": { "etc/app.conf.in": "etc/app.conf", "b.in": "b" } }"#
      #expect(error(fields, fixture)?.reason?.contains("b.in") == true)
      try fixture.files.perform([
        .makeDirectory("\(fixture.tree)/etc"),
        .write(path: "\(fixture.tree)/b.in", bytes: Array("{{y}}{{x}}".utf8), permissions: 0o644),
        .write(path: "\(fixture.tree)/etc/app.conf.in", bytes: Array("port = 1\n".utf8), permissions: 0o644),
      ])
      #expect(
        try pack(fields, fixture).templates == [
          .init(file: "b.in", target: "b", variables: ["x", "y"], needed: ["x", "y"]),
          .init(file: "etc/app.conf.in", target: "etc/app.conf", variables: []),
        ])
      try fixture.files.perform([
        .remove(fixture.home),
        .write(path: "\(fixture.tree)/etc/app.conf.in", bytes: Array("\n {{#x}}\n".utf8), permissions: 0o644),
      ])
      #expect(error(fields, fixture)?.message == "line 2, column 2 of etc/app.conf.in is no template")
      try fixture.files.perform([
        .write(path: "\(fixture.tree)/etc/app.conf.in", bytes: [], permissions: 0o644),
        .write(path: "\(fixture.tree)/etc/app.conf", bytes: [], permissions: 0o644),
      ])
      #expect(error(fields, fixture)?.reason?.contains("already") == true)
    }
  }

  @Test("what is preserved need not be there, and is what it says where it is")
  func preserved() throws {
    try RepositoryFixture.with { fixture in
      let fields = #""install": { "preserve": ["data/", "settings.json"] }"#
      #expect(error(fields, fixture) == nil)
      try fixture.files.perform([
        .remove(fixture.home), .write(path: "\(fixture.tree)/data", bytes: [], permissions: 0o644),
      ])
      #expect(error(fields, fixture)?.advice?.contains("slash") == true)
    }
  }

  @Test("links to programs are followed within the tree")
  func links() throws {
    try RepositoryFixture.with { fixture in
      let hook = #""install": { "postInstall": "current/hook" }"#
      try fixture.files.perform([
        .makeDirectory("\(fixture.tree)/v1/bin"),
        .write(path: "\(fixture.tree)/v1/bin/run", bytes: program, permissions: 0o755),
        .makeSymbolicLink(at: "\(fixture.tree)/current", to: "v1"),
        .makeSymbolicLink(at: "\(fixture.tree)/v1/hook", to: "../current/./bin/run"),
        .makeSymbolicLink(at: "\(fixture.tree)/loop", to: "loop2"),
        .makeSymbolicLink(at: "\(fixture.tree)/loop2", to: "loop"),
      ])
      #expect(error(hook, fixture) == nil)
      for path in ["loop", "v1", "current", "v1/bin/run/x", "/bin/sh", "../x", "v1/../../tree/v1/bin/run"] {
        #expect(
          error(#""install": { "preInstall": "\#(path)" }"#, fixture)?.code == .descriptionInvalid, "\(path)")
      }
    }
  }

  @Test("paths of the release that a self-test wants are there, and of the kind")
  func paths() throws {
    try RepositoryFixture.with { fixture in
      func code(_ path: String, _ kind: String? = nil) -> ErrorCode? {
        let kind = kind.map { #", "kind": "\#($0)""# } ?? ""
        return error(#""selfTest": [ { "path": { "exists": "\#(path)"\#(kind) } } ]"#, fixture)?.code
      }
      try fixture.files.perform([.makeDirectory("\(fixture.tree)/data")])
      #expect(code("data") == nil)
      try fixture.files.perform(.remove(fixture.home))
      #expect(code("data", "directory") == nil)
      #expect(code("data", "file") == .descriptionInvalid)
      #expect(code("data", "socket") == .descriptionInvalid)
      #expect(code("none") == .descriptionInvalid)
      try fixture.files.perform(.remove(fixture.home))
      #expect(code("/dev/none", "character-device") == nil)
    }
  }

  @Test("self-tests of lines run on a board that wants them to pass, or on the one that is named")
  func selfTests() throws {
    try RepositoryFixture.with { fixture in
      let plan = #"""
        "selfTest": [ { "gpio.loopback": { "output": "GPIO17", "input": "GPIO27" } },
                      { "gpio.level": { "line": "GPIO4", "expect": 1 } }, { "path": { "exists": "/dev/fb0" } } ]
        """#
      let report = try pack(plan, fixture)
      #expect(report.selfTest?.results.count == 2)
      #expect(report.selfTest?.passed == true && report.selfTest?.mock == true)
      #expect(report.notRun == [.path(exists: "/dev/fb0", kind: nil)])
      let itself = error(#""selfTest": [ { "gpio.loopback": { "output": "GPIO17", "input": "GPIO17" } } ]"#, fixture)
      #expect(itself?.code == .descriptionInvalid)
      #expect(itself?.message.contains("GPIO17 follows GPIO17") == true)

      let board = "\(fixture.directory)/board.json"
      func write(_ text: String) throws(GtachError) {
        try fixture.files.perform(.write(path: board, bytes: Array(text.utf8), permissions: 0o644))
      }
      try write(#"{ "lines": [ { "name": "GPIO17" }, { "name": "GPIO27" } ], "wires": [ ["GPIO17", "GPIO27"] ] }"#)
      let unknown = error(plan, fixture, mock: board)
      #expect(unknown?.code == .descriptionInvalid)
      #expect(unknown?.reason?.contains("GPIO4") == true && unknown?.reason?.contains(board) == true)
      try write(
        #"""
        { "lines": [ { "name": "GPIO17" }, { "name": "GPIO27" }, { "name": "GPIO4", "level": 1 } ],
          "wires": [ ["GPIO17", "GPIO27"] ] }
        """#)
      #expect(try pack(plan, fixture, mock: board).selfTest?.passed == true)
      try fixture.files.perform(.remove(board))
      #expect(error(plan, fixture, mock: board)?.code == .notFound)
    }
  }

  @Test("a board that is named is read even where no check is of its lines")
  func unusedBoard() throws {
    try RepositoryFixture.with { fixture in
      let board = "\(fixture.home).board"
      #expect(error(#""author": "me""#, fixture, mock: board)?.code == .notFound)
      try fixture.files.perform([.write(path: board, bytes: Array("{".utf8), permissions: 0o644)])
      #expect(error(#""author": "me""#, fixture, mock: board)?.code == .descriptionInvalid)
    }
  }

  @Test("what no machine could install is refused, and what nothing may come of is warned of")
  func concerns() throws {
    try RepositoryFixture.with { fixture in
      #expect(error(#""dependencies": { "app": "^1" }"#, fixture)?.message == "app depends on itself")
      #expect(error(#""dependencies": { "linux-arm64": { "app": "^1" } }"#, fixture)?.code == .descriptionInvalid)
      let empty = try pack(#""exclude": ["*"]"#, fixture).warnings
      #expect(empty.count == 1 && empty[0].contains("nothing in this release"))
      #expect(try pack(#""install": { "preserve": ["data/"] }"#, fixture).warnings.isEmpty)
    }
  }

  @Test("what a machine puts into a release goes through no link")
  func plainPaths() throws {
    try RepositoryFixture.with { fixture in
      try fixture.files.perform([
        .makeDirectory("\(fixture.tree)/etc"), .makeSymbolicLink(at: "\(fixture.tree)/link", to: "etc"),
        .write(path: "\(fixture.tree)/etc/a.in", bytes: Array("{{a}} {{b}} {{gtach.name}}".utf8), permissions: 0o644),
      ])
      for install in [
        #""preserve": ["link/"]"#, #""preserve": ["link/data/"]"#, #""templates": { "link/a.in": "a" }"#,
        #""templates": { "etc/a.in": "link/a" }"#,
      ] {
        let error = error("\"install\": { \(install) }", fixture)
        #expect(error?.code == .descriptionInvalid && error?.reason == "\"link\" is a symbolic link", "\(install)")
      }
      let fields =
        #""install": { "templates": { "etc/a.in": "etc/a" }, "variables": { "a": 1, "linux-armv7": { "b": 2 } } }"#
      let templates = try pack(fields, fixture).templates
      #expect(templates.map(\.variables) == [["a", "b", "gtach.name"]])
      #expect(templates.map(\.needed) == [["b"]], "b is known of one platform only")
    }
  }

  @Test(
    "a variant for a platform that its description does not allow is refused",
    arguments: [
      (#"[ { "os": "macos", "arch": "arm64" } ]"#, false), (#"[ { "os": "linux" } ]"#, true), ("[]", true),
      (#"[ { "os": "macos" }, { "arch": "arm64", "model": "Raspberry Pi Zero 2*" } ]"#, true),
    ] as [(String, Bool)])
  func platforms(platforms: String, isAllowed: Bool) throws {
    let text = #"{ "name": "app", "version": "1.0.0", "platforms": \#(platforms) }"#
    let description = try PackageDescription(json: Array(text.utf8))
    let error = thrownError { try description.checkConsistency(with: Platform("linux-arm64")) }
    #expect(error?.code == (isAllowed ? nil : .platformUnsupported))
    try description.checkConsistency(with: .any)
  }

  @Test("what Python is to bring along is reported")
  func python() throws {
    try RepositoryFixture.with { fixture in
      #expect(try pack(#""author": "me""#, fixture) == PackingReport())
      try fixture.files.perform([
        .write(
          path: "\(fixture.tree)/pyproject.toml", bytes: Array("[project]\ndependencies = ['a>1']".utf8),
          permissions: 0o644),
        .write(path: "\(fixture.tree)/requirements.txt", bytes: Array("b\nc\n".utf8), permissions: 0o644),
        .remove(fixture.home),
      ])
      #expect(
        try pack(#""author": "me""#, fixture).pythonDependencies == [
          .init(file: "pyproject.toml", requirements: ["a>1"]),
          .init(file: "requirements.txt", requirements: ["b", "c"]),
        ])
    }
  }
}
