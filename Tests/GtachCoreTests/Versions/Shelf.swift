import GtachModel
import Testing

@testable import GtachCore

/// Releases to resolve among, written shortly: `["app 1.0.0": ["lib": "^1"]]`.
struct Shelf {
  var listed: [ListedVariant] = []

  init(_ releases: [(String, [String: String])] = []) throws {
    for (release, needs) in releases { try add(release, needs) }
  }

  /// - Parameter release: `NAME VERSION`, or `NAME VERSION PLATFORM`.
  mutating func add(_ release: String, _ needs: [String: String] = [:], model: String? = nil) throws {
    let digest = try #require(Digest(Array(repeating: 0, count: Digest.byteCount)))
    let parts = release.split(separator: " ").map(String.init)
    var dependencies: [PackageName: VersionRange] = [:]
    for (name, range) in needs { dependencies[try PackageName(name)] = try VersionRange(range) }
    let variant = VariantID(
      release: ReleaseID(name: try PackageName(parts[0]), version: try SemanticVersion(parts[1])),
      platform: parts.count > 2 ? try Platform(parts[2]) : .any)
    listed.append(
      ListedVariant(
        variant: variant, manifest: Manifest.Content(digest: digest, size: 1),
        platforms: model.map { [PackageDescription.Requirement(os: nil, arch: nil, model: $0)] },
        dependencies: Dependencies(dependencies)))
  }

  /// A problem among these releases.
  ///
  /// - Parameters:
  ///   - asked: `NAME` or `NAME@RANGE`.
  ///   - installed: `NAME VERSION`, and `held` or `dependency` behind it.
  func problem(
    _ asked: String..., installed: [String] = [], policy: UpdatePolicy = .automatic, isByHand: Bool = true,
    refused: [String] = []
  ) throws -> ResolutionProblem {
    var present: [PackageName: ResolutionProblem.Installed] = [:]
    for text in installed {
      let parts = text.split(separator: " ").map(String.init)
      let release = ReleaseID(name: try PackageName(parts[0]), version: try SemanticVersion(parts[1]))
      let known = listed.first { $0.variant.release == release }
      present[release.name] = ResolutionProblem.Installed(
        version: release.version, dependencies: known?.dependencies.on(.any) ?? [:], isHeld: parts.contains("held"),
        isDependency: parts.contains("dependency"))
    }
    return ResolutionProblem(
      requirements: try asked.map { try Requirement($0) }, listed: listed, machine: try Platform("linux-arm64"),
      model: "Raspberry Pi Zero 2 W Rev 1.0", installed: present, policy: policy, isByHand: isByHand,
      refused: Set(try refused.map { VariantID(release: try ReleaseID($0), platform: .any) }))
  }
}

extension InstallPlan {
  /// `NAME VERSION` of each step that is not a removal, sorted; what changes has a sign: `+`, `^`, `-`.
  var summary: [String] {
    steps.map { step in
      let sign =
        switch step.action {
        case .install: "+"
        case .update: "^"
        case .keep: ""
        case .remove: "-"
        }
      return "\(sign)\(step.name) \(step.version)"
    }
  }
}

/// Resolves, and gives the plan shortly, or the derivation's lines.
func resolved(_ problem: ResolutionProblem) -> [String] {
  do {
    return try VersionManager.resolve(problem).summary
  } catch {
    return error.reason?.split(separator: "\n").map(String.init) ?? []
  }
}
