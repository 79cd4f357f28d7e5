import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Synchronization

/// An install root in a test's directory, with what its self-tests say and what its manager told.
struct InstallFixture {
  private let told = Told()
  let directory: String
  let files = FileSystem()
  var machine = InstallMachine.this(allowMock: false)

  /// Collects what a manager tells, on whatever thread.
  private final class Told: Sendable {
    let events = Mutex<[NodeEvent]>([])
    func append(_ event: NodeEvent) { events.withLock { $0.append(event) } }
  }

  var root: String { "\(directory)/apps" }
  var events: [NodeEvent] { told.events.withLock { $0 } }

  func manager(
    cancellation: Cancellation? = nil,
    selfTest: @escaping UpdateManager.SelfTest = { _, _, _ in SelfTestReport(results: [], mock: false) }
  ) throws(GtachError) -> UpdateManager {
    let told = told
    return try UpdateManager(installRoot: root, machine: machine, cancellation: cancellation, selfTest: selfTest) {
      told.append($0)
    }
  }

  /// A release whose archive is one file and its hooks.
  func release(
    _ version: String, preInstall: String? = nil, postInstall: String? = nil, timeoutSeconds: Int? = nil,
    preserve: [String]? = nil, templates: [String: String]? = nil, files more: [String: String] = [:]
  ) throws(GtachError) -> TestRelease {
    var description = PackageDescription(name: try PackageName("app"), version: try SemanticVersion(version))
    description.install = PackageDescription.Installation(
      preserve: preserve, templates: templates, preInstall: preInstall.map { _ in "bin/pre" },
      postInstall: postInstall.map { _ in "bin/post" },
      timeoutSeconds: timeoutSeconds)
    let digest = SHA256().digest(of: Array(version.utf8))
    let content = Manifest.Content(digest: digest, size: 1000)
    let manifest = Manifest(
      description: description, platform: .any, created: Timestamp(secondsSinceEpoch: 0), archive: content,
      index: content)
    var files: [(String, String, UInt16)] = [("app.txt", "app \(version)", 0o644)]
    if let preInstall { files.append(("bin/pre", "#!/bin/sh\n\(preInstall)\n", 0o755)) }
    if let postInstall { files.append(("bin/post", "#!/bin/sh\n\(postInstall)\n", 0o755)) }
    for (path, text) in more { files.append((path, text, 0o644)) }
    return TestRelease(manifest: manifest, digest: digest, files: files)
  }

  /// The text of a file below the install root; nil where there is none.
  func text(_ path: String) throws(GtachError) -> String? {
    let path = "\(root)/\(path)"
    do throws(GtachError) {
      return String(decoding: try files.read(path, maximumBytes: 1 << 20), as: UTF8.self)
    } catch {
      if error.code == .notFound { return nil }
      throw error
    }
  }
}

/// A release of the package `app`.
struct TestRelease: Sendable {
  let manifest: Manifest
  let digest: Digest
  let files: [(path: String, text: String, permissions: UInt16)]

  /// That it is to be installed.
  func requested(force: Bool = false) -> RequestedRelease {
    RequestedRelease(InstallState.Release(manifest: manifest, digest: digest), isForced: force)
  }

  /// Writes its files.
  func write(into directory: String) throws(GtachError) {
    for file in files {
      let (path, bytes) = ("\(directory)/\(file.path)", Array(file.text.utf8))
      let parent = path.split(separator: "/").dropLast().joined(separator: "/")
      try FileSystem().perform(.makeDirectory("/\(parent)"))
      try FileSystem().perform(.write(path: path, bytes: bytes, permissions: file.permissions))
    }
  }
}

extension UpdateManager {
  @discardableResult
  func install(_ release: TestRelease, force: Bool = false) throws(GtachError) -> UpdateResult {
    try install([release.requested(force: force)]) { _, directory throws(GtachError) in
      try release.write(into: directory)
    }
  }
}

/// Runs a test with an install root, which is gone afterwards.
func withInstallRoot<Result>(_ body: (inout InstallFixture) throws -> Result) throws -> Result {
  try withTestDirectory { directory in
    var fixture = InstallFixture(directory: directory)
    return try body(&fixture)
  }
}
