import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

@Suite("The self-tests of a machine's own configuration")
struct OwnSelfTestTests {
  /// A home that is configured so, and a release without self-tests.
  private func withContext(_ configuration: String, _ body: (NodeContext, TestRelease) throws -> Void) throws {
    try withInstallRoot { root in
      let home = Home("\(root.directory)/home")
      try root.files.perform([
        .makeDirectory(home.path),
        .write(path: home.configuration, bytes: Array(configuration.utf8), permissions: 0o644),
      ])
      try body(try NodeContext(home: home), try root.release("1.0.0"))
    }
  }

  @Test("an update must pass them, whatever its package asks for, and is tried again when they change")
  func deciding() throws {
    try withContext(#"{ "selfTest": [ { "path": { "exists": "wired" } } ] }"#) { context, release in
      let failed = try context.updates().install(release)
      #expect(!failed.success)
      #expect(failed.validationErrors.map(\.code) == ["self-test-failed"])
      #expect(failed.selfTest?.results.map(\.expected) == ["wired is there"])
      #expect(try context.updates().install(release).validationErrors.map(\.code) == ["release-refused"])

      var changed = context
      changed.configuration.selfTest = [.path(exists: "config.json", kind: .file)]
      let passed = try changed.updates().install(release)
      #expect(passed.success, "\(passed)")
      #expect(passed.selfTest?.passed == true)
    }
  }

  @Test("gtach selftest runs them, also where nothing is installed, but not where a package is named")
  func byHand() throws {
    try withContext(#"{ "selfTest": [ { "path": { "exists": "wired" } } ] }"#) { context, release in
      let cancellation = try Cancellation()
      #expect(try context.selfTest(name: nil, plan: nil, cancellation: cancellation).results.count == 1)
      let name = release.manifest.description.name
      #expect(
        thrownError { try context.selfTest(name: name, plan: nil, cancellation: cancellation) }?.code == .notFound)
      var lenient = context
      lenient.configuration.selfTest = []
      #expect(try lenient.updates().install(release).success)
      #expect(try context.selfTest(name: nil, plan: nil, cancellation: cancellation).results.count == 1)
      #expect(try context.selfTest(name: name, plan: nil, cancellation: cancellation).results.isEmpty)
    }
  }
}
