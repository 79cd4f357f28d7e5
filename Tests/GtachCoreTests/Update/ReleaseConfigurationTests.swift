import GtachCore
import GtachModel
import Testing

@Suite("Configuration of installed releases")
struct ReleaseConfigurationTests {
  private static let root = "/opt/gtach"

  private func install(
    _ version: String, _ template: String?, to node: inout SimulatedMachine, target: String = "app.conf",
    variables: [String: String] = [:]
  ) throws -> UpdateResult {
    if let template { node.extras["app@\(version)"] = ["app.conf.in": template] }
    return try node.install(
      Sample.release(version) {
        guard template != nil else { return }
        $0.install?.templates = ["app.conf.in": target]
        $0.install?.variables = TemplateVariables(variables)
      }, force: true)
  }

  private func text(_ version: String, _ file: String = "app.conf", of node: SimulatedMachine) -> String? {
    node.disk.read("\(Self.root)/configuration/app/\(version)/\(file)").map { String(decoding: $0, as: UTF8.self) }
  }

  private func edit(_ version: String, _ text: String?, of node: inout SimulatedMachine) throws {
    let path = "\(Self.root)/configuration/app/\(version)/app.conf"
    try node.disk.perform(
      text.map { .write(path: path, bytes: Array($0.utf8), permissions: 0o644) } ?? .remove(path))
  }

  private func kept(_ node: SimulatedMachine) throws -> [KeptFile]? { try node.records().state.installed.first?.kept }

  @Test("a template becomes a file of its release, which has a link to it")
  func renders() throws {
    var node = SimulatedMachine()
    let result = try install(
      "1.0.0",
      "{{gtach.name}} {{gtach.version}} {{gtach.platform}} {{{{x}} {{ port }}\n{{gtach.release}} {{gtach.state}}",
      to: &node, target: "etc/./app.conf", variables: ["port": "80"])
    #expect(result.success && result.kept == nil, "\(result)")
    let expected = "app 1.0.0 linux-arm64 {{x}} 80\n/opt/gtach/current/app /opt/gtach/state/app"
    #expect(text("1.0.0", "etc/app.conf", of: node) == expected)
    let link = node.disk.readLink("\(Self.root)/current/app/etc/app.conf")
    #expect(link == "../../../../configuration/app/1.0.0/etc/app.conf")
    #expect(try kept(node) == nil)
  }

  @Test("an operator's value goes before the machine's, that before the package's, and that before gtach's own")
  func precedence() throws {
    var node = SimulatedMachine()
    let names = ["gtach.name", "a", "b", "c", "d"]
    let template = names.map { "{{\($0)}}" }.joined(separator: " ")
    func release(_ version: String) -> InstallState.Release {
      node.extras["app@\(version)"] = ["app.conf.in": template]
      return Sample.release(version) {
        $0.install?.templates = ["app.conf.in": "app.conf"]
        $0.install?.variables = TemplateVariables(
          ["gtach.name": "package", "a": "package", "b": "package", "c": "package", "d": "package"],
          scoped: [
            Sample.linux: ["a": "platform", "b": "platform"], Sample.platform("macos-arm64"): ["d": "elsewhere"],
          ])
      }
    }
    try node.install(release("1.0.0"))
    #expect(text("1.0.0", of: node) == "package platform platform package package")
    node.machine.variables = TemplateVariables(
      ["b": "machine", "c": "machine"], scoped: [Sample.name: ["c": "own"], Sample.name("other"): ["a": "other"]])
    try node.install(release("1.1.0"))
    #expect(text("1.1.0", of: node) == "package platform machine own package")
    try node.disk.perform(.makeDirectory("\(Self.root)/variables"))
    let operators = Array(#"{ "c": 8080, "d": true }"#.utf8)
    try node.disk.perform(.write(path: "\(Self.root)/variables/app.json", bytes: operators, permissions: 0o644))
    try node.install(release("1.2.0"))
    #expect(text("1.2.0", of: node) == "package platform machine 8080 true")
  }

  @Test("a variable without a value fails with its place, and the release before stays active")
  func unknownVariable() throws {
    var node = SimulatedMachine()
    #expect(try install("1.0.0", "a", to: &node).success)
    let result = try install("1.1.0", "a = 1\nb = {{x}} {{y}} {{z}}", to: &node, variables: ["y": "1"])
    #expect(result.message == "app@1.1.0 cannot be put together here; 1.0.0 stays active")
    let error = try #require(result.validationErrors.first)
    #expect(error.code == "configuration-invalid")
    #expect(error.message == "line 2, column 5 of app.conf.in: the variable \"x\" has no value")
    #expect(error.reason == "nor has \"z\"")
    #expect(node.disk.list("\(Self.root)/configuration/app") == ["1.0.0"])
    #expect(node.disk.list("\(Self.root)/releases/app") == ["1.0.0"])
    let refusals = try node.records().state.packages[Sample.name]?.refused.map(\.version.description)
    #expect(refusals == ["1.1.0"], "it is not tried again and again")
    node.machine.variables = TemplateVariables(["x": "1", "z": "1"])
    #expect(try install("1.1.0", "{{x}} {{z}}", to: &node).success)
  }

  @Test(
    "values that cannot be read fail with their place", arguments: ["{", "[]", #"{ "a": {} }"#, #"{ "a b": "c" }"#])
  func operatorsValues(file: String) throws {
    var node = SimulatedMachine()
    try node.recover()
    try node.disk.perform(.makeDirectory("\(Self.root)/variables"))
    let path = "\(Self.root)/variables/app.json"
    try node.disk.perform(.write(path: path, bytes: Array(file.utf8), permissions: 0o644))
    let result = try install("1.0.0", "a", to: &node)
    #expect(result.validationErrors.map(\.code) == ["configuration-invalid"])
    #expect(result.validationErrors.first?.message == "\(path) is not valid")
  }

  @Test("what nobody changed is replaced, and gone with its template")
  func unchanged() throws {
    var node = SimulatedMachine()
    _ = try install("1.0.0", "one", to: &node)
    #expect(try install("1.1.0", "two", to: &node).kept == nil)
    #expect(text("1.1.0", of: node) == "two")
    #expect(try install("1.2.0", nil, to: &node).kept == nil)
    #expect(node.disk.list("\(Self.root)/configuration/app") == ["1.1.0"])
    #expect(try install("1.3.0", nil, to: &node).success)
    #expect(node.disk.list("\(Self.root)/configuration/app").isEmpty)
  }

  @Test("what an operator changed is kept, and the new one is laid beside it and reported until it is put away")
  func changed() throws {
    var node = SimulatedMachine()
    _ = try install("1.0.0", "one", to: &node)
    try edit("1.0.0", "mine", of: &node)
    let files = { (version: String) -> [KeptFile] in
      let path = "configuration/app/\(version)/app.conf"
      return [KeptFile(path: path, beside: "\(path).gtach-new")]
    }
    // The same as before: the operator has decided already.
    #expect(try install("1.1.0", "one", to: &node).kept == nil)
    #expect(text("1.1.0", of: node) == "mine")
    #expect(text("1.1.0", "app.conf.gtach-new", of: node) == nil)
    let result = try install("1.2.0", "two", to: &node)
    #expect(result.success && result.kept == files("1.2.0"))
    #expect(try kept(node) == files("1.2.0"))
    #expect(InstallHistory.entries(node.disk.read(node.layout.history) ?? []).last?.result.kept == files("1.2.0"))
    #expect(text("1.2.0", of: node) == "mine")
    #expect(text("1.2.0", "app.conf.gtach-new", of: node) == "two")
    #expect(text("1.1.0", of: node) == "mine", "the release before keeps its own")
    // Not dealt with, it is said again; put away, not any more.
    #expect(try install("1.3.0", "two", to: &node).kept == files("1.3.0"))
    try node.disk.perform(.remove("\(Self.root)/configuration/app/1.3.0/app.conf.gtach-new"))
    #expect(try install("1.4.0", "two", to: &node).kept == nil)
    #expect(text("1.4.0", of: node) == "mine")
    try edit("1.4.0", "three", of: &node)
    #expect(try install("1.5.0", "three", to: &node).kept == nil)
    #expect(try install("1.6.0", "four", to: &node).kept == nil, "it was as the release has it")
    #expect(text("1.6.0", of: node) == "four")
  }

  @Test("a file that an operator removed stays removed, a link of his stays a link")
  func removedAndLinked() throws {
    var node = SimulatedMachine()
    _ = try install("1.0.0", "one", to: &node)
    try edit("1.0.0", nil, of: &node)
    #expect(try install("1.1.0", "one", to: &node).kept == nil)
    #expect(text("1.1.0", of: node) == nil)
    #expect(try install("1.2.0", "two", to: &node).kept?.count == 1)
    #expect(node.disk.list("\(Self.root)/configuration/app/1.2.0") == ["app.conf.gtach-new"])
    let link = "\(Self.root)/configuration/app/1.2.0/app.conf"
    try node.disk.perform(.makeSymbolicLink(at: link, to: "/etc/app.conf"))
    #expect(try install("1.3.0", "three", to: &node).kept?.count == 1)
    #expect(node.disk.readLink("\(Self.root)/configuration/app/1.3.0/app.conf") == "/etc/app.conf")
    #expect(text("1.3.0", "app.conf.gtach-new", of: node) == "three")
  }

  @Test("a changed file whose template is gone is kept and reported")
  func obsolete() throws {
    var node = SimulatedMachine()
    _ = try install("1.0.0", "one", to: &node)
    try edit("1.0.0", "mine", of: &node)
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
      let result = try install(version, nil, to: &node)
      #expect(result.kept == [KeptFile(path: "configuration/app/\(version)/app.conf", beside: nil)])
      #expect(text(version, of: node) == "mine")
    }
    #expect(node.disk.list("\(Self.root)/configuration/app") == ["1.2.0", "1.3.0"])
    #expect(try install("1.4.0", "two", to: &node).kept?.first?.beside != nil)
    #expect(text("1.4.0", of: node) == "mine")
  }

  @Test("a rollback, by hand or after a failed self-test, has the configuration of the release before")
  func rollback() throws {
    var node = SimulatedMachine()
    _ = try install("1.0.0", "one", to: &node)
    try edit("1.0.0", "mine", of: &node)
    node.behaviours["1.1.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
    #expect(try install("1.1.0", "two", to: &node).kept == nil)
    #expect(text("1.0.0", of: node) == "mine")
    #expect(node.disk.list("\(Self.root)/configuration/app") == ["1.0.0"])
    node.behaviours = [:]
    #expect(try install("1.1.0", "two", to: &node).kept?.count == 1)
    try edit("1.1.0", "changed later", of: &node)
    #expect(try node.rollBack().kept == nil)
    #expect(node.disk.readLink("\(Self.root)/current/app/app.conf") == "../../../configuration/app/1.0.0/app.conf")
    #expect(text("1.0.0", of: node) == "mine")
    #expect(text("1.1.0", of: node) == "changed later")
  }

  @Test("what an operator has put beside a file is taken along: what a link of his leads to, and what it reads")
  func beside() throws {
    var node = SimulatedMachine()
    _ = try install("1.0.0", "one", to: &node)
    let directory = "\(Self.root)/configuration/app/1.0.0"
    try edit("1.0.0", nil, of: &node)
    try node.disk.perform(.makeSymbolicLink(at: "\(directory)/app.conf", to: "mine/app.conf"))
    try node.disk.perform(.makeDirectory("\(directory)/mine"))
    for (path, text) in ["mine/app.conf": "mine", "app.conf.local": "local"] {
      try node.disk.perform(.write(path: "\(directory)/\(path)", bytes: Array(text.utf8), permissions: 0o600))
    }
    for version in ["1.1.0", "1.2.0"] {
      #expect(try install(version, "two", to: &node).success)
      #expect(node.disk.readLink("\(Self.root)/configuration/app/\(version)/app.conf") == "mine/app.conf")
      #expect(text(version, "mine/app.conf", of: node) == "mine")
      #expect(text(version, "app.conf.local", of: node) == "local")
    }
    // What was put away with it does not come back.
    try node.disk.perform(.remove("\(Self.root)/configuration/app/1.2.0/app.conf.gtach-new"))
    #expect(try install("1.3.0", "two", to: &node).success)
    #expect(
      node.disk.list("\(Self.root)/configuration/app/1.3.0") == ["app.conf", "app.conf.local", "mine"])
  }

  @Test("a release that is here already is configured anew when it is installed again, and a rollback to it is not")
  func again() throws {
    var node = SimulatedMachine()
    _ = try install("1.0.0", "port {{port}}", to: &node, variables: ["port": "80"])
    _ = try install("1.1.0", "two", to: &node)
    try edit("1.1.0", "mine", of: &node)
    node.machine.variables = TemplateVariables(["port": "81"])
    // As an operator goes back: the file is what it was.
    #expect(try node.rollBack().success)
    #expect(text("1.0.0", of: node) == "port 80")
    // Nobody has changed the file of 1.0.0: what was changed in 1.1.0 is what the operator has said last.
    #expect(try install("1.1.0", "two", to: &node).kept == nil)
    #expect(text("1.1.0", of: node) == "mine")
    let result = try install("1.0.0", "port {{port}}", to: &node, variables: ["port": "80"])
    let path = "configuration/app/1.0.0/app.conf"
    #expect(result.success && result.kept == [KeptFile(path: path, beside: "\(path).gtach-new")])
    #expect(text("1.0.0", of: node) == "mine")
    #expect(text("1.0.0", "app.conf.gtach-new", of: node) == "port 81")
    #expect(text("1.1.0", of: node) == "mine")
    #expect(node.disk.list("\(Self.root)/configuration/app") == ["1.0.0", "1.1.0"])
    #expect(node.disk.readLink("\(Self.root)/current/app/app.conf") == "../../../configuration/app/1.0.0/app.conf")
  }

  @Test("where it fails then, it has the configuration of before, and where it cannot be made, nothing was changed")
  func againFails() throws {
    var node = SimulatedMachine()
    _ = try install("1.0.0", "{{port}}", to: &node, variables: ["port": "80"])
    _ = try install("1.1.0", "two", to: &node)
    try edit("1.1.0", "mine", of: &node)
    node.behaviours["1.0.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
    #expect(try install("1.0.0", "{{port}}", to: &node, variables: ["port": "80"]).rollbackPerformed)
    #expect(text("1.0.0", of: node) == "80" && text("1.1.0", of: node) == "mine")
    try node.disk.perform(.makeDirectory("\(Self.root)/variables"))
    try node.disk.perform(
      .write(path: "\(Self.root)/variables/app.json", bytes: Array("{".utf8), permissions: 0o644))
    let result = try install("1.0.0", "{{port}}", to: &node, variables: ["port": "80"])
    #expect(result.validationErrors.map(\.code) == ["configuration-invalid"])
    #expect(node.disk.list("\(Self.root)/configuration/app") == ["1.0.0", "1.1.0"])
    node.behaviours = [:]
    #expect(try node.rollBack().success)
    #expect(text("1.0.0", of: node) == "80", "a rollback asks for no value")
  }

  @Test("a template that is not there, none, or in the way of the release's own files fails")
  func unusable() throws {
    for (extras, target) in [
      ([:], "app.conf"), (["app.conf.in": "-> app.py"], "app.conf"), (["app.conf.in": "{{x"], "app.conf"),
      (["app.conf.in": "a", "app.conf": "b"], "app.conf"), (["app.conf.in": "a"], "app.py/conf"),
      (["app.conf.in": "a", "etc": "-> bin"], "etc/conf"),
    ] as [([String: String], String)] {
      var node = SimulatedMachine()
      node.extras["app@1.0.0"] = extras
      let result = try node.install(Sample.release("1.0.0") { $0.install?.templates = ["app.conf.in": target] })
      #expect(result.validationErrors.map(\.code) == ["description-invalid"], "\(extras) \(target)")
      #expect(node.disk.tree("\(Self.root)/configuration").isEmpty)
    }
  }

  @Test(
    "a path that leads elsewhere is refused before anything is written", arguments: ["../x", "/etc/x", "a.gtach-new"])
  func hostile(target: String) throws {
    var node = SimulatedMachine()
    let result = try install("1.0.0", "a", to: &node, target: target)
    #expect(result.validationErrors.map(\.code) == ["description-invalid"])
    #expect(node.disk.list("\(Self.root)/releases").isEmpty)
  }

  @Test("a record of files that lie elsewhere is not believed")
  func hostileRecord() throws {
    var node = SimulatedMachine()
    _ = try install("1.0.0", "one", to: &node)
    let text = String(decoding: node.disk.read(node.layout.state) ?? [], as: UTF8.self)
    let forged = text.split(separator: "\"app.conf\":{\"digest\"").joined(separator: "\"../x\":{\"digest\"")
    #expect(forged != text)
    try node.disk.perform(.write(path: node.layout.state, bytes: Array(forged.utf8), permissions: 0o644))
    #expect(thrownError { try node.records() }?.code == .journalCorrupt)
  }
}
