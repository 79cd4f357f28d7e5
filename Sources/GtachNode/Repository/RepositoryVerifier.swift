import GtachCore
import GtachModel
import GtachSystem

/// `gtach verify`: reads all that the repository holds of releases, and hashes it from the signed metadata down.
///
/// What is damaged goes to `quarantine/`. A variant that cannot be put together any more goes out of sight, so that it
/// is wanted again; what is left of it is noted as half fetched, and gc leaves that alone.
public struct RepositoryVerifier {
  private typealias Finding = VerificationReport.Finding

  private let repository: PackageRepository
  private let membership: Membership
  private var trusted: TrustedMetadata
  /// What keeps the signed metadata from being read at all.
  private var metadataDamage: GtachError?
  private let cancellation: Cancellation
  private var report = VerificationReport()
  private var isPublisher: Bool { membership.isPublisher }
  /// What was looked at, so that nothing is read twice.
  private var chunks: [Digest: PackageRepository.Condition] = [:]
  private var objects: [ObjectID: PackageRepository.Condition] = [:]
  /// Variants that are out of sight, since now or since something found them damaged before.
  private var lost: Set<VariantID> = []

  /// A verifier of a home's repository.
  ///
  /// - Throws: `ErrorCode.fleetMissing`, or what is wrong with the root that the membership pins.
  public init(_ context: NodeContext, cancellation: Cancellation) throws(GtachError) {
    repository = try context.repository()
    membership = try context.membership()
    self.cancellation = cancellation
    trusted = try TrustedMetadata(pinnedRoot: membership.pinnedRoot, checking: Ed25519(), hashing: SHA256())
    do throws(GtachError) {
      trusted = try TrustedMetadata.load(from: repository, membership: membership)
    } catch {
      metadataDamage = error
    }
  }

  /// Verifies all that is here, or what is here of one package or release.
  ///
  /// - Parameters:
  ///   - repairs: Whether to make anew here what can be made of what is sound, and to have the rest fetched.
  ///   - fetch: Fetches what the policy wants and what is named; called only if that is needed.
  ///   - progress: Told how many bytes of archives are done, and how many there are.
  /// - Throws: `ErrorCode.notFound` where nothing of that name is here; `ErrorCode.cancelled`; what `fetch` throws;
  ///   `ErrorCode.inputOutput` where directories cannot be read.
  public mutating func verify(
    name: PackageName?, version: SemanticVersion?, repairs: Bool,
    fetch: ([Requirement]) throws(GtachError) -> Void, progress: (Int, Int) -> Void
  ) throws(GtachError) -> VerificationReport {
    func isMeant(_ variant: VariantID) -> Bool {
      (name == nil || variant.release.name == name) && (version == nil || variant.release.version == version)
    }
    try checkMetadata(repairs: repairs, fetch)
    let entries = try repository.entries().filter { isMeant($0.key) }.sorted { $0.key < $1.key }
    let unreadable = repository.unreadablePaths().filter { PackagePath($0.path).mayHold(name: name, version: version) }
    for (path, error) in unreadable { find(path, error) }
    let here = Set(entries.map(\.key))
    let removed = try repository.choices().removed
    for variant in trusted.targets.keys.sorted() where isMeant(variant) && !here.contains(variant) {
      // Nobody knows whether it is here.
      if unreadable.contains(where: { PackagePath($0.path).mayHold(variant) }) { continue }
      try checkAbsent(variant, isWanted: !removed.contains(variant.release))
    }
    if name == nil { try checkStrays() }
    if let name, entries.isEmpty, lost.isEmpty, unreadable.isEmpty {
      throw GtachError(
        .notFound, "\(name)\(version.map { "@\($0)" } ?? "") is not here", advice: "`gtach list` shows what is here")
    }
    let total = entries.reduce(0) { $0 + $1.value.archive.size }
    for (variant, entry) in entries {
      let before = report.bytes
      try verify(variant, entry, repairs: repairs) { progress(before + $0, total) }
      report.bytes += entry.archive.size
    }
    if repairs, !lost.isEmpty { try fetchLost(fetch) }
    return report
  }

  /// Looks at the signed metadata: without it nobody knows what should be here. A node that has just joined has none.
  private mutating func checkMetadata(
    repairs: Bool, _ fetch: ([Requirement]) throws(GtachError) -> Void
  ) throws(GtachError) {
    guard !trusted.isComplete else { return }
    let cause = metadataDamage ?? trusted.problems.first
    if !isPublisher, cause == nil, try repository.entries().isEmpty { return }
    let (id, problem) = (
      "metadata", cause == nil ? "missing" : cause?.code == .inputOutput ? "unreadable" : "damaged"
    )
    report.findings.append(
      Finding(
        kind: "metadata", id: id, problem: problem, variants: [], repaired: false,
        error: cause.map { ErrorReport(advised($0)) }))
    guard repairs, try setTimestampAside() else { return }
    try fetch([])
    trusted = try TrustedMetadata.load(from: repository, membership: membership)
    if trusted.isComplete { report.settle(id) }
  }

  /// What is wrong with the metadata, and what mends it.
  private func advised(_ error: GtachError) -> GtachError {
    var advice = "gtach verify --repair has it fetched from a peer"
    if isPublisher { advice += "; where no peer has it, put \(repository.layout.metadata) back from a backup" }
    return GtachError(error.code, error.message, reason: error.reason, advice: advice)
  }

  /// Takes a damaged timestamp out of the way, without which a node fetches all anew.
  ///
  /// - Returns: Whether the metadata can be read now; a damaged root stays, as nothing tells what followed it.
  private func setTimestampAside() throws(GtachError) -> Bool {
    guard metadataDamage != nil else { return true }
    do throws(GtachError) {
      _ = try TrustedMetadata.load(
        from: repository, membership: membership, without: RepositoryLayout.timestampName)
    } catch {
      return false
    }
    try repository.quarantine(try repository.layout.metadata(RepositoryLayout.timestampName))
    return true
  }

  /// Looks at a listed variant that is not complete here.
  private mutating func checkAbsent(_ variant: VariantID, isWanted: Bool) throws(GtachError) {
    // It may have come meanwhile.
    guard try !repository.contains(variant) else { return }
    let directory = repository.layout.directory(of: variant)
    if try repository.files.exists(directory) {
      // A directory without a manifest that can be read is no variant for anybody else.
      find("manifest", variant.targetPath, .damaged, in: variant)
      try lose(variant, directory: directory, index: nil)
    } else if isWanted {
      // A publisher has all that it published; anybody else lost what was found damaged before.
      guard try repository.files.exists(repository.layout.lossMark(of: variant)) || isPublisher else { return }
      find("manifest", variant.targetPath, .missing, in: variant)
      lost.insert(variant)
    }
  }

  /// Moves what cannot be a release's out of the directories of releases. What may become one it leaves alone.
  private mutating func checkStrays() throws(GtachError) {
    for path in try repository.strayDirectories() {
      report.findings.append(
        Finding(kind: "directory", id: path, problem: "damaged", variants: [], repaired: false))
      try repository.quarantine("\(repository.layout.packages)/\(path)")
    }
  }

  private mutating func verify(
    _ variant: VariantID, _ entry: Catalogue.Entry, repairs: Bool, progress: (Int) -> Void
  ) throws(GtachError) {
    report.variants += 1
    let listed = trusted.targets[variant]
    if listed == nil, trusted.isComplete {
      // Withdrawn, or just being published, or newer than the metadata here: nothing is wrong with it.
      find("manifest", variant.targetPath, problem: "unlisted", in: variant)
    }
    guard listed == nil || listed?.manifest.digest == entry.digest else {
      find("manifest", variant.targetPath, .damaged, in: variant)
      return try lose(variant, directory: entry.directory, index: nil)
    }
    // Removed or cleared away since this began: nobody's damage.
    guard try repository.files.exists(entry.directory) else { return }
    let before = report.findings
    let index: ChunkIndex
    do throws(GtachError) {
      index = try ChunkIndexCodec.decode(try repository.indexBytes(of: entry))
    } catch {
      if error.code == .inputOutput { return find("index", entry.index.digest.hex, .unreadable(error), in: variant) }
      guard error.code == .notFound || error.code == .indexCorrupt else { throw error }
      find("index", entry.index.digest.hex, .damaged, in: variant)
      return try lose(variant, directory: entry.directory, index: nil)
    }
    var isComplete = true
    var bad: [Int] = []
    var done = 0
    for numbers in index.objectsByChunk {
      try cancellation.check()
      let isChunkHere = try check(numbers, of: index, variant: variant, repairs: repairs)
      if !isChunkHere { isComplete = false }
      bad += numbers.filter { objects[index.objects[$0].id] != .sound }
      done += index.chunks[index.objects[numbers.lowerBound].chunk].size
      progress(done)
    }
    let lacking = Set(bad.map { index.objects[$0].id }.filter { objects[$0] == .missing })
    // In the order of the archive: what an object needs stands before its chunk, and is as it should be by now.
    if repairs, isComplete { try remake(bad, of: index, archive: entry.archive.digest) }
    // Elsewhere they are a cache that may be evicted.
    if isPublisher, isComplete, !lacking.isEmpty {
      report.findings.append(
        Finding(
          kind: "objects", id: variant.targetPath, problem: "missing", variants: [variant.description],
          repaired: lacking.allSatisfy { objects[$0] == .sound }, count: lacking.count))
    }
    guard try repository.files.exists(entry.directory) else {
      report.findings = before
      return
    }
    if !isComplete { try lose(variant, directory: entry.directory, index: index) }
  }

  /// Looks at the objects of a chunk and at the chunk, which can be made of one of them.
  ///
  /// - Returns: Whether the chunk is here, or can be had without others.
  private mutating func check(
    _ numbers: Range<Int>, of index: ChunkIndex, variant: VariantID, repairs: Bool
  ) throws(GtachError) -> Bool {
    let chunk = index.chunks[index.objects[numbers.lowerBound].chunk]
    for number in numbers {
      let id = index.objects[number].id
      if objects[id] == nil {
        let condition = repository.condition(ofObject: id)
        objects[id] = condition
        // Of one that is missing its chunk decides.
        if condition != .missing { find("object", id.hex, condition, in: variant) }
      } else {
        report.add(variant, to: id.hex)
      }
    }
    if chunks[chunk.digest] == nil {
      let condition = repository.condition(of: chunk)
      chunks[chunk.digest] = condition
      find("chunk", chunk.digest.hex, condition, in: variant)
    } else {
      report.add(variant, to: chunk.digest.hex)
    }
    if chunks[chunk.digest] == .sound { return true }
    guard repairs else {
      return try repository.choice(of: index).ways(numbers, of: index)
        .contains { objects[index.objects[$0].id] == .sound }
    }
    guard try repository.chunk(of: numbers, in: index) != nil else { return false }
    chunks[chunk.digest] = .sound
    report.settle(chunk.digest.hex)
    return true
  }

  /// Makes objects anew of the chunks that they carry. Nobody but a publisher needs them.
  private mutating func remake(_ numbers: [Int], of index: ChunkIndex, archive: Digest) throws(GtachError) {
    guard !numbers.isEmpty else { return }
    let encoder = ObjectEncoder(repository: repository)
    let remade = isPublisher ? try encoder.remake(numbers, of: index, archive: archive) : []
    for number in numbers {
      let id = index.objects[number].id
      if remade.contains(number) { objects[id] = .sound }
      if remade.contains(number) || !isPublisher { report.settle(id.hex) }
    }
  }

  // MARK: What is found

  /// Says what the disk did not give.
  ///
  /// - Parameter path: A package, a version or a variant, relative to `packages`.
  private mutating func find(_ path: String, _ error: GtachError) {
    let target = "\(path)/\(RepositoryLayout.manifestName)"
    if let variant = VariantID(targetPath: target) { return find("manifest", target, .unreadable(error), in: variant) }
    report.findings.append(
      Finding(
        kind: "directory", id: path, problem: "unreadable", variants: [], repaired: false, error: ErrorReport(error)))
  }

  private mutating func find(
    _ kind: String, _ id: String, _ condition: PackageRepository.Condition, in variant: VariantID
  ) {
    switch condition {
    case .sound: return
    case .damaged: find(kind, id, problem: "damaged", in: variant)
    case .missing: find(kind, id, problem: "missing", in: variant)
    case .unreadable(let error): find(kind, id, problem: "unreadable", in: variant, error: ErrorReport(error))
    }
  }

  private mutating func find(
    _ kind: String, _ id: String, problem: String, in variant: VariantID, error: ErrorReport? = nil
  ) {
    report.findings.append(
      Finding(kind: kind, id: id, problem: problem, variants: [variant.description], repaired: false, error: error))
  }

  /// Takes a variant out of sight that cannot be put together any more.
  private mutating func lose(
    _ variant: VariantID, directory: String, index: ChunkIndex?
  ) throws(GtachError) {
    if let index {
      // At once, so that nothing of it is garbage in between.
      try repository.noteFetching(variant, index: index, quarantining: directory)
    } else {
      try repository.withdraw(variant, from: directory)
    }
    lost.insert(variant)
  }

  private mutating func fetchLost(_ fetch: ([Requirement]) throws(GtachError) -> Void) throws(GtachError) {
    try fetch([])
    var away: [VariantID] = []
    for variant in lost where try !isBack(variant) { away.append(variant) }
    if !away.isEmpty {
      try fetch(
        Set(away.map(\.release)).sorted().map { Requirement(name: $0.name, range: .exactly($0.version)) })
    }
    var back: Set<String> = []
    for variant in lost where try isBack(variant) { back.insert(variant.description) }
    report.settle(variants: back)
    for finding in report.findings where finding.kind == "object" && back.isSuperset(of: finding.variants) {
      guard let id = ObjectID(hex: finding.id) else { continue }
      if !isPublisher || repository.condition(ofObject: id) == .sound { report.settle(finding.id) }
    }
  }

  /// Whether a variant is complete here, every chunk read when that was made so.
  private func isBack(_ variant: VariantID) throws(GtachError) -> Bool {
    guard let listed = trusted.targets[variant] else { return false }
    return try repository.entryIfPresent(of: variant)?.digest == listed.manifest.digest
  }
}
