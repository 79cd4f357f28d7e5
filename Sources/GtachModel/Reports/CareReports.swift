/// What `gtach gc` took away, or would.
public struct GarbageReport: Hashable, Sendable, Codable {
  /// A kind of garbage.
  public struct Part: Hashable, Sendable, Codable {
    /// `releases`, `fetches`, `chunks`, `objects`, `cache`, `unfinished` or `quarantine`.
    public var kind: String
    /// How many of them.
    public var count: Int
    /// How long they are together, in bytes.
    public var bytes: Int

    /// A part from its fields.
    public init(kind: String, count: Int, bytes: Int) {
      self.kind = kind
      self.count = count
      self.bytes = bytes
    }
  }

  /// Whether nothing was taken away.
  public var dryRun: Bool
  /// The releases' variants that went, as `NAME@VERSION (PLATFORM)`.
  public var releases: [String]
  /// What went, by kind; a kind of which there was nothing is left out, and so is what took no room.
  public var parts: [Part]
  /// Why chunks and objects were left for another time; nil where they were not.
  public var postponed: ErrorReport?

  /// A report from its fields.
  public init(dryRun: Bool, releases: [String], parts: [Part], postponed: ErrorReport?) {
    self.dryRun = dryRun
    self.releases = releases
    self.parts = parts
    self.postponed = postponed
  }

  /// How long all of it is, in bytes.
  public var bytes: Int { parts.reduce(0) { $0 + $1.bytes } }
}

/// What `gtach remove` did.
public struct RemovalReport: Hashable, Sendable, Codable {
  /// `NAME@VERSION`.
  public var release: String
  /// The variants that were here; none where the release was only kept from coming.
  public var platforms: [Platform]
  /// Whether the release is installed, and stays so.
  public var installed: Bool

  /// A report from its fields.
  public init(release: String, platforms: [Platform], installed: Bool) {
    self.release = release
    self.platforms = platforms
    self.installed = installed
  }
}

/// What `gtach reindex` made.
public struct ReindexReport: Hashable, Sendable, Codable {
  /// How many variants of releases are in the index.
  public var variants: Int
  /// Of how many packages.
  public var packages: Int
  /// Where it is.
  public var path: String
  /// How long it is, in bytes.
  public var bytes: Int

  /// A report from its fields.
  public init(variants: Int, packages: Int, path: String, bytes: Int) {
    self.variants = variants
    self.packages = packages
    self.path = path
    self.bytes = bytes
  }
}

/// What `gtach verify` found.
public struct VerificationReport: Hashable, Sendable, Codable {
  /// Something that is not as it should be.
  public struct Finding: Hashable, Sendable, Codable {
    /// `metadata`, `manifest`, `index`, `chunk`, `object`, `objects` for those that a release lacks at a publisher
    /// although its chunks are here, or `directory` for one in which releases should be.
    public var kind: String
    /// The SHA-256 of a chunk or an index, the id of an object, the target path of a manifest or of that of the
    /// objects, `metadata` for the signed metadata as a whole, the path of a directory in `packages`.
    public var id: String
    /// `damaged`, `missing`, `unreadable`, or `unlisted` for a manifest that signed metadata does not name.
    public var problem: String
    /// The variants that need it, as `NAME@VERSION (PLATFORM)`.
    public var variants: [String]
    /// Whether it is as it should be now, or nothing needs it.
    public var repaired: Bool
    /// Why it could not be read.
    public var error: ErrorReport?
    /// How many `objects` there are; nil for anything else.
    public var count: Int?

    /// A finding from its fields.
    public init(
      kind: String, id: String, problem: String, variants: [String], repaired: Bool, error: ErrorReport? = nil,
      count: Int? = nil
    ) {
      self.kind = kind
      self.id = id
      self.problem = problem
      self.variants = variants
      self.repaired = repaired
      self.error = error
      self.count = count
    }

    /// Whether something is broken. What is only not listed is not, as nobody resolves or installs it; nor are objects
    /// that are missing, as others get the chunks instead.
    public var isDamage: Bool { !repaired && problem != "unlisted" && kind != "objects" }
  }

  /// How many variants were looked at.
  public var variants = 0
  /// How long their archives are, in bytes.
  public var bytes = 0
  /// What is not as it should be, or was not.
  public var findings: [Finding] = []

  /// Nothing was looked at.
  public init() {}

  /// Whether all is well, be it by repair.
  public var isSound: Bool { !findings.contains(where: \.isDamage) }

  /// Notes that a variant needs something that was found wrong before.
  public mutating func add(_ variant: VariantID, to id: String) {
    for position in findings.indices where findings[position].id == id {
      let name = variant.description
      if !findings[position].variants.contains(name) { findings[position].variants.append(name) }
    }
  }

  /// Notes that something is as it should be now.
  public mutating func settle(_ id: String) {
    for position in findings.indices where findings[position].id == id { findings[position].repaired = true }
  }

  /// Notes that variants are complete again: so is all that only they need.
  public mutating func settle(variants: Set<String>) {
    for position in findings.indices where findings[position].kind != "object" && !findings[position].variants.isEmpty {
      if variants.isSuperset(of: findings[position].variants) { findings[position].repaired = true }
    }
  }
}
