import GtachModel

extension PackageDescription {
  /// The longest `gtach.json` in bytes.
  public static let maximumFileBytes = 256 << 10

  /// Reads a `gtach.json`. A key that is not known is an error, for it is most often a known one with a mistake in it.
  ///
  /// - Parameters:
  ///   - path: What the file is called, for errors.
  ///   - name: The package's name, whatever the file says.
  ///   - version: The release's version, whatever the file says.
  /// - Throws: `ErrorCode.descriptionInvalid`, `ErrorCode.nameInvalid`, `ErrorCode.versionInvalid` or
  ///   `ErrorCode.rangeInvalid`.
  public init(
    json bytes: [UInt8], path: String = "gtach.json", name: PackageName? = nil, version: SemanticVersion? = nil
  ) throws(GtachError) {
    func fail(_ reason: String, code: ErrorCode = .descriptionInvalid, advice: String? = nil) -> GtachError {
      GtachError(code, "\(path) cannot be used", reason: reason, advice: advice)
    }
    guard bytes.count <= Self.maximumFileBytes else {
      throw fail("it is longer than \(Self.maximumFileBytes >> 10) KiB")
    }
    let file: DescriptionFile
    do {
      try StrictJSON.check(bytes)
      if let unknown = KnownKeys.unknown(in: try JSONReading.decode(JSONShape.self, from: bytes), of: bytes) {
        throw fail(unknown.reason, advice: unknown.advice)
      }
      file = try JSONReading.decode(DescriptionFile.self, from: bytes)
    } catch let error as GtachError {
      throw error
    } catch {
      throw fail(
        StrictJSON.explanation(of: error, in: bytes), code: StrictJSON.cause(of: error)?.code ?? .descriptionInvalid,
        advice: StrictJSON.cause(of: error)?.advice)
    }
    guard let name = name ?? file.name else { throw fail("it has no \"name\"", advice: "add one, or give --name") }
    guard let version = version ?? file.version else {
      throw fail("it has no \"version\"", advice: "add one, or give --version")
    }
    self.init(name: name, version: version)
    description = file.description
    author = file.author
    license = file.license
    platforms = file.platforms
    dependencies = file.dependencies
    exclude = file.exclude
    install = file.install
    selfTest = file.selfTest
    if let seconds = install?.timeoutSeconds, !(1...SelfTestCheck.maximumTimeoutSeconds).contains(seconds) {
      throw fail("install.timeoutSeconds is \(seconds) instead of 1 to \(SelfTestCheck.maximumTimeoutSeconds)")
    }
    if let seconds = install?.stableSeconds, !(1...InstalledService.maximumStableSeconds).contains(seconds) {
      throw fail("install.stableSeconds is \(seconds) instead of 1 to \(InstalledService.maximumStableSeconds)")
    }
    if let reason = install?.flawInPaths { throw fail(reason) }
  }
}

/// What may stand in a `gtach.json`: a description of which the name and the version may be given elsewhere.
private struct DescriptionFile: Decodable {
  var name: PackageName?
  var version: SemanticVersion?
  var description: String?
  var author: String?
  var license: String?
  var platforms: [PackageDescription.Requirement]?
  var dependencies: Dependencies?
  var exclude: [String]?
  var install: PackageDescription.Installation?
  var selfTest: [SelfTestCheck]?
}

/// The keys of a JSON document, for looking whether all of them are known.
private indirect enum JSONShape: Decodable {
  case object([String: JSONShape])
  case array([JSONShape])
  case other

  init(from decoder: any Decoder) throws {
    if let fields = try? decoder.container(keyedBy: AnyKey.self) {
      self = .object(
        Dictionary(
          uniqueKeysWithValues: try fields.allKeys.map {
            ($0.stringValue, try fields.decode(JSONShape.self, forKey: $0))
          }
        ))
    } else if var elements = try? decoder.unkeyedContainer() {
      var array: [JSONShape] = []
      while !elements.isAtEnd { array.append(try elements.decode(JSONShape.self)) }
      self = .array(array)
    } else {
      self = .other
    }
  }
}

/// A step to somewhere in a JSON document.
private struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int?
  init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
  init(intValue: Int) { (stringValue, self.intValue) = ("\(intValue)", intValue) }
}

/// Which keys `gtach.json` may have, and where.
private indirect enum KnownKeys: Sendable {
  case anything
  case object([String: KnownKeys])
  case array(KnownKeys)

  /// What to say of the first key that is not known; nil where all are.
  static func unknown(in document: JSONShape, of bytes: [UInt8]) -> (reason: String, advice: String)? {
    description.unknown(in: document, at: [], of: bytes)
  }

  private static let description = KnownKeys.object([
    "name": .anything, "version": .anything, "description": .anything, "author": .anything, "license": .anything,
    "platforms": .array(.object(["os": .anything, "arch": .anything, "model": .anything])),
    "dependencies": .anything, "exclude": .anything,
    "install": .object([
      "service": .anything, "preserve": .anything, "templates": .anything, "variables": .anything,
      "preInstall": .anything, "postInstall": .anything, "stableSeconds": .anything,
      "timeoutSeconds": .anything,
    ]),
    "selfTest": .array(
      .object([
        "gpio.loopback": .object(["output": .anything, "input": .anything]),
        "gpio.level": .object(["line": .anything, "expect": .anything, "bias": .anything]),
        "gpio.edges": .object(["line": .anything, "atLeast": .anything, "withinMilliseconds": .anything]),
        "gpio.consumer": .object(["line": .anything, "heldBy": .anything]),
        "path": .object(["exists": .anything, "kind": .anything]),
        "tcp": .object(["host": .anything, "port": .anything, "withinSeconds": .anything]),
        "service": .object(["unit": .anything, "stableSeconds": .anything]),
        "command": .object(["run": .anything, "timeoutSeconds": .anything]),
      ])),
  ])

  private func unknown(
    in value: JSONShape, at place: [AnyKey], of bytes: [UInt8]
  ) -> (reason: String, advice: String)? {
    switch (self, value) {
    case (.object(let known), .object(let fields)):
      for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
        let place = place + [AnyKey(stringValue: key)]
        guard let keys = known[key] else {
          let name = place.filter { $0.intValue == nil }.map(\.stringValue).joined(separator: ".")
          let position = StrictJSON.position(of: place, in: bytes).map { "\($0): " } ?? ""
          return (
            "\(position)unknown key \"\(name)\"", "known keys here are \(known.keys.sorted().joined(separator: ", "))"
          )
        }
        if let unknown = keys.unknown(in: value, at: place, of: bytes) { return unknown }
      }
    case (.array(let keys), .array(let values)):
      for (index, value) in values.enumerated() {
        let place = place + [AnyKey(intValue: index)]
        if let unknown = keys.unknown(in: value, at: place, of: bytes) { return unknown }
      }
    default: break
    }
    return nil
  }
}
