import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

@Suite("Configuration for real")
struct ConfigurationInstallTests {
  private func release(_ version: String, _ text: String, _ root: InstallFixture) throws -> TestRelease {
    try root.release(version, templates: ["app.conf.in": "etc/app.conf"], files: ["app.conf.in": text])
  }

  @Test("a template becomes a file that may be edited through the release, and the edit outlives an update")
  func edited() throws {
    try withInstallRoot { root in
      root.machine.variables = TemplateVariables([:], scoped: [try PackageName("app"): ["port": "80"]])
      let manager = try root.manager()
      #expect(try manager.install(release("1.0.0", "port {{port}}\n", root)).success)
      #expect(try root.text("current/app/etc/app.conf") == "port 80\n")
      let path = "\(root.root)/configuration/app/1.0.0/etc/app.conf"
      #expect(try root.files.status(of: path)?.permissions == 0o644)
      try root.files.perform(.write(path: path, bytes: Array("port 81\n".utf8), permissions: 0o600))
      let result = try manager.install(release("1.1.0", "port {{port}} # new\n", root))
      let kept = "configuration/app/1.1.0/etc/app.conf"
      #expect(result.kept == [KeptFile(path: kept, beside: "\(kept).gtach-new")])
      #expect(try root.text("current/app/etc/app.conf") == "port 81\n")
      #expect(try root.text("\(kept).gtach-new") == "port 80 # new\n")
      #expect(try root.files.status(of: "\(root.root)/\(kept)")?.permissions == 0o600)
      #expect(try manager.installed().first?.kept == result.kept)
      #expect(try manager.history().last?.result.kept == result.kept)
      #expect(try manager.rollback(name: PackageName("app")).success)
      #expect(try root.text("current/app/etc/app.conf") == "port 81\n")
      #expect(try root.files.list("\(root.root)/configuration/app/1.0.0/etc") == ["app.conf"])
    }
  }

  @Test("an unknown variable, and one in a file that is too long, end the update before it is active")
  func failures() throws {
    try withInstallRoot { root in
      let manager = try root.manager()
      try manager.install(release("1.0.0", "one", root))
      let result = try manager.install(release("1.1.0", "{{port}}", root))
      #expect(result.validationErrors.map(\.code) == ["configuration-invalid"])
      #expect(try root.text("current/app/etc/app.conf") == "one")
      let long = String(repeating: "x", count: ConfigurationTemplate.maximumBytes + 1)
      #expect(thrownError { try manager.install(release("1.2.0", long, root)) }?.code == .inputOutput)
      #expect(try root.files.list("\(root.root)/releases/app") == ["1.0.0"])
      #expect(try root.files.list("\(root.root)/configuration/app") == ["1.0.0"])
    }
  }
}
