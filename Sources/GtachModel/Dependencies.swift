/// Other packages that a package needs, and which versions of them: on every machine, and on the machines of one
/// platform beside that or instead.
///
/// In JSON one object: `{ "hyperpixel": "^1.2", "linux-arm64": { "libgpio-extra": "^2" } }`.
public struct Dependencies: Hashable, Sendable {
  /// What is needed on every machine.
  public var everywhere: [PackageName: VersionRange]
  /// What is needed on the machines of one platform. A package that is in `everywhere` too is needed there in this
  /// range only.
  public var perPlatform: [Platform: [PackageName: VersionRange]]

  /// Dependencies from their parts.
  public init(_ everywhere: [PackageName: VersionRange], perPlatform: [Platform: [PackageName: VersionRange]] = [:]) {
    self.everywhere = everywhere
    self.perPlatform = perPlatform
  }

  /// What is needed on a machine.
  public func on(_ machine: Platform) -> [PackageName: VersionRange] {
    everywhere.merging(perPlatform[machine] ?? [:]) { _, special in special }
  }

  /// Whether nothing is needed anywhere.
  public var isEmpty: Bool { everywhere.isEmpty && perPlatform.isEmpty }
}

extension Dependencies: ExpressibleByDictionaryLiteral {
  /// A package.
  public typealias Key = PackageName
  /// What of it is needed.
  public typealias Value = VersionRange

  /// Dependencies of every machine.
  public init(dictionaryLiteral elements: (PackageName, VersionRange)...) {
    self.init(Dictionary(uniqueKeysWithValues: elements))
  }
}

/// Packages and ranges of their versions, as one JSON object. A dictionary's own decoding does not say why a name is
/// none.
struct PackageRanges: Decodable {
  let ranges: [PackageName: VersionRange]

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: AnyKey.self)
    var ranges: [PackageName: VersionRange] = [:]
    for key in container.allKeys {
      let name = try StrictJSON.placed(at: decoder.codingPath + [key], key.stringValue, PackageName.init(_:))
      ranges[name] = try container.decode(VersionRange.self, forKey: key)
    }
    self.ranges = ranges
  }
}

extension Dependencies: Codable {
  /// Reads and checks names, ranges and platforms.
  public init(from decoder: any Decoder) throws {
    self.init([:])
    let container = try decoder.container(keyedBy: AnyKey.self)
    for key in container.allKeys {
      let path = decoder.codingPath + [key]
      if (try? container.decode(String.self, forKey: key)) != nil {
        let name = try StrictJSON.placed(at: path, key.stringValue, PackageName.init(_:))
        everywhere[name] = try container.decode(VersionRange.self, forKey: key)
      } else if (try? container.nestedContainer(keyedBy: AnyKey.self, forKey: key)) != nil {
        let platform = try StrictJSON.placed(at: path, key.stringValue, Self.platform)
        perPlatform[platform] = try container.decode(PackageRanges.self, forKey: key).ranges
      } else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: path,
            debugDescription: "neither a range of versions, such as \"^1.2\", nor the packages of a platform"))
      }
    }
  }

  /// Writes the one object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: AnyKey.self)
    for (name, range) in everywhere { try container.encode(range, forKey: AnyKey(stringValue: name.text)) }
    for (platform, needs) in perPlatform { try container.encode(needs, forKey: AnyKey(stringValue: platform.text)) }
  }

  /// The platform that a key names.
  ///
  /// - Throws: `ErrorCode.nameInvalid`, also for `any`: what every machine needs stands on its own.
  public static func platform(_ key: String) throws(GtachError) -> Platform {
    let platform = try Platform(key)
    guard platform != .any else {
      throw GtachError(
        .nameInvalid, "\"any\" is no platform of its own dependencies",
        advice: "what is needed everywhere stands beside the platforms, as \"NAME\": \"RANGE\"")
    }
    return platform
  }
}
