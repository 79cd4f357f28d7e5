import GtachCore
import GtachModel

/// Releases for tests.
enum Sample {
  static let name = name("app")
  static let linux = platform("linux-arm64")

  static func name(_ text: String) -> PackageName {
    do { return try PackageName(text) } catch { preconditionFailure("\(error)") }
  }
  static func version(_ text: String) -> SemanticVersion {
    do { return try SemanticVersion(text) } catch { preconditionFailure("\(error)") }
  }
  static func range(_ text: String) -> VersionRange {
    do { return try VersionRange(text) } catch { preconditionFailure("\(error)") }
  }
  static func platform(_ text: String) -> Platform {
    do { return try Platform(text) } catch { preconditionFailure("\(error)") }
  }

  /// A digest that a text stands for; not a hash, only another one for each text.
  static func digest(_ text: String) -> Digest {
    let bytes = Array(text.utf8.prefix(32))
    guard let digest = Digest(bytes + Array(repeating: 0, count: 32 - bytes.count)) else { preconditionFailure() }
    return digest
  }

  static func release(
    _ version: String, of package: String = "app", hooks: Bool = true,
    _ change: (inout PackageDescription) -> Void = { _ in }
  ) -> InstallState.Release {
    var description = PackageDescription(name: name(package), version: self.version(version))
    if hooks {
      description.install = PackageDescription.Installation(preInstall: "bin/pre", postInstall: "bin/post")
    }
    if preserves(ReleaseID(name: name(package), version: self.version(version))) {
      description.install?.preserve = ["data/", "settings"]
    }
    if package == "conf" {
      description.install?.templates = ["conf.in": "etc/conf"]
      description.install?.variables = TemplateVariables(["port": "80"])
    }
    change(&description)
    let content = Manifest.Content(digest: digest("\(package) \(version)"), size: 1000)
    return InstallState.Release(
      manifest: Manifest(
        description: description, platform: .any, created: Timestamp(secondsSinceEpoch: 0), archive: content,
        index: content),
      digest: digest("\(package) \(version)"))
  }

  /// Releases of `conf` have a template, which is another one from 2.0.0 on.
  static func isConfigured(_ release: ReleaseID) -> Bool { release.name.text == "conf" }
  static func template(_ release: ReleaseID) -> String {
    release.version < version("2.0.0") ? "port {{port}}" : "port {{port}} of 2"
  }

  static func preserves(_ release: ReleaseID) -> Bool {
    release.name.text == "store" || release.name.text == "late" && release.version >= version("2.0.0")
  }

  static func report(passed: Bool, mock: Bool = false) -> SelfTestReport {
    SelfTestReport(
      results: [
        SelfTestReport.Result(
          check: .level(line: "GPIO4", expect: 1, bias: .pullUp), expected: "GPIO4 = 1", actual: passed ? "1" : "0",
          passed: passed, milliseconds: 1)
      ], mock: mock)
  }
}
