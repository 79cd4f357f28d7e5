import GtachModel

/// What signed metadata says of one variant of a release: enough to decide whether it is wanted.
public struct ListedVariant: Hashable, Sendable {
  /// The variant.
  public let variant: VariantID
  /// Its manifest, by hash and length: no other manifest of this variant is used.
  public let manifest: Manifest.Content
  /// The machines that it runs on; nil for every machine.
  public let platforms: [PackageDescription.Requirement]?
  /// Other packages that it needs, and which versions of them.
  public let dependencies: Dependencies

  /// A listing from its fields.
  public init(
    variant: VariantID, manifest: Manifest.Content, platforms: [PackageDescription.Requirement]? = nil,
    dependencies: Dependencies = [:]
  ) {
    self.variant = variant
    self.manifest = manifest
    self.platforms = platforms
    self.dependencies = dependencies
  }
}

extension ListedVariant {
  /// Reads a TUF target: `length`, `hashes`, and gtach's fields in `custom`.
  ///
  /// - Throws: `ErrorCode.metadataMalformed`, also where `custom` says something that this version cannot read.
  init(_ variant: VariantID, target: MetadataObject) throws(GtachError) {
    let custom = target.has("custom") ? try target.object("custom") : nil
    self.init(
      variant: variant, manifest: try Manifest.Content(target: target), platforms: try Self.platforms(in: custom),
      dependencies: try Self.dependencies(in: custom))
  }

  private static func platforms(
    in custom: MetadataObject?
  ) throws(GtachError) -> [PackageDescription.Requirement]? {
    guard let custom, custom.has("platforms") else { return nil }
    var platforms: [PackageDescription.Requirement] = []
    for (position, element) in try custom.array("platforms").enumerated() {
      let machine = try MetadataObject(element, file: custom.file, path: "\(custom.path)platforms[\(position)]")
      platforms.append(
        PackageDescription.Requirement(
          os: machine.has("os") ? try machine.string("os") : nil,
          arch: machine.has("arch") ? try machine.string("arch") : nil,
          model: machine.has("model") ? try machine.string("model") : nil))
    }
    return platforms
  }

  private static func dependencies(in custom: MetadataObject?) throws(GtachError) -> Dependencies {
    guard let custom, custom.has("dependencies") else { return [:] }
    let object = try custom.object("dependencies")
    var dependencies: Dependencies = [:]
    for (key, value) in object.fields {
      do throws(GtachError) {
        if case .object = value {
          dependencies.perPlatform[try Dependencies.platform(key)] = try ranges(in: object.object(key))
        } else {
          dependencies.everywhere[try PackageName(key)] = try VersionRange(object.string(key))
        }
      } catch {
        throw object.failure(key, "is no dependency: \(error.message)")
      }
    }
    return dependencies
  }

  private static func ranges(in object: MetadataObject) throws(GtachError) -> [PackageName: VersionRange] {
    var ranges: [PackageName: VersionRange] = [:]
    for name in object.fields.keys { ranges[try PackageName(name)] = try VersionRange(object.string(name)) }
    return ranges
  }

  private static func fields(_ ranges: [PackageName: VersionRange]) -> [String: JSONValue] {
    Dictionary(uniqueKeysWithValues: ranges.map { ($0.key.text, .string($0.value.text)) })
  }

  /// The TUF target that says this.
  var target: JSONValue {
    var custom: [String: JSONValue] = [:]
    if let platforms {
      custom["platforms"] = .array(
        platforms.map { machine in
          let fields = ["os": machine.os, "arch": machine.arch, "model": machine.model]
          return .object(fields.compactMapValues { $0.map(JSONValue.string) })
        })
    }
    if !dependencies.isEmpty {
      var fields = Self.fields(dependencies.everywhere)
      for (platform, needs) in dependencies.perPlatform { fields[platform.text] = .object(Self.fields(needs)) }
      custom["dependencies"] = .object(fields)
    }
    var fields: [String: JSONValue] = [
      "length": .integer(Int64(manifest.size)),
      "hashes": .object(["sha256": .string(manifest.digest.hex)]),
    ]
    if !custom.isEmpty { fields["custom"] = .object(custom) }
    return .object(fields)
  }
}

extension Manifest.Content {
  /// Reads `length` and `hashes` of a TUF target.
  init(target: MetadataObject) throws(GtachError) {
    self.init(digest: try Digest(sha256In: target), size: try target.integer("length", atLeast: 0))
  }
}
