import GtachModel

/// Why there is no plan, as a chain of sentences (after the error reporting of PubGrub's description): each line draws
/// one conclusion, and what is used twice has a number.
struct Derivation {
  private let incompatibilities: [Incompatibility]
  private let wording: ResolutionWording
  /// How often each conclusion is used.
  private var uses: [Int: Int] = [:]
  /// The numbers of conclusions that are used again.
  private var numbers: [Int: Int] = [:]
  private(set) var lines: [String] = []
  /// What is still to be said, the next last.
  private var pending: [Step] = []

  private enum Step {
    /// Say what leads to a conclusion, and the conclusion.
    case visit(Int, isReferred: Bool)
    /// Say a conclusion.
    case conclude(Int, String, [Int], isNumbered: Bool)
    /// Say a conclusion from two others that have been said.
    case join(Int, long: Int, short: Int, isNumbered: Bool)
  }

  /// The derivation of a contradiction.
  init(of contradiction: Int, in incompatibilities: [Incompatibility], pool: CandidatePool) {
    self.incompatibilities = incompatibilities
    wording = ResolutionWording(pool: pool)
    guard case .conflict = incompatibilities[contradiction].cause else {
      lines = [wording.sentence(incompatibilities[contradiction])]
      return
    }
    count(from: contradiction)
    // Not by recursion: a derivation is as long as a search, and a thread's stack is not.
    pending = [.visit(contradiction, isReferred: false)]
    while let step = pending.popLast() {
      switch step {
      case .visit(let number, let isReferred): visit(number, isReferred: isReferred)
      case .conclude(let number, let conjunction, let reasons, let isNumbered):
        conclude(number, conjunction, reasons, isNumbered)
      case .join(let number, let long, let short, let isNumbered):
        // The short one may have been said, and numbered, on the way to the long one.
        let isAgo = numbers[short] != nil
        conclude(number, isAgo ? "because" : "and because", isAgo ? [long, short] : [long], isNumbered)
      }
    }
  }

  private mutating func count(from contradiction: Int) {
    var open = [contradiction]
    while let number = open.popLast() {
      guard let (first, second) = parents(number) else { continue }
      uses[number, default: 0] += 1
      if uses[number] == 1 { open += [first, second] }
    }
  }

  /// What a conclusion follows from; nil for what is given.
  private func parents(_ number: Int) -> (Int, Int)? {
    if case .conflict(let first, let second) = incompatibilities[number].cause { return (first, second) }
    return nil
  }

  private func isGiven(_ number: Int) -> Bool { parents(number) == nil }

  /// Whether one line says it: it follows from what is given.
  private func isSimple(_ number: Int) -> Bool {
    guard let (first, second) = parents(number) else { return true }
    return isGiven(first) && isGiven(second)
  }

  private mutating func visit(_ number: Int, isReferred: Bool) {
    guard let (first, second) = parents(number), numbers[number] == nil else { return }
    let isNumbered = isReferred || uses[number, default: 0] > 1
    switch (isGiven(first), isGiven(second)) {
    case (true, true): conclude(number, "because", [first, second], isNumbered)
    case (false, true): visit(derived: first, given: second, for: number, isNumbered)
    case (true, false): visit(derived: second, given: first, for: number, isNumbered)
    case (false, false):
      switch (numbers[first] != nil, numbers[second] != nil) {
      case (true, true): conclude(number, "because", [first, second], isNumbered)
      case (true, false): visit(second, andConclude: number, from: [first], isNumbered)
      case (false, true): visit(first, andConclude: number, from: [second], isNumbered)
      case (false, false):
        // The simpler one last: its conclusion is used in the very next line.
        let (long, short) = isSimple(first) ? (second, first) : (first, second)
        pending += [
          .join(number, long: long, short: short, isNumbered: isNumbered), .visit(short, isReferred: false),
          .visit(long, isReferred: true),
        ]
      }
    }
  }

  private mutating func visit(
    _ derived: Int, andConclude number: Int, from reasons: [Int], _ isNumbered: Bool
  ) {
    pending += [
      .conclude(number, "and because", reasons, isNumbered: isNumbered), .visit(derived, isReferred: false),
    ]
  }

  private mutating func visit(derived: Int, given: Int, for number: Int, _ isNumbered: Bool) {
    if numbers[derived] != nil {
      conclude(number, "because", [given, derived], isNumbered)
      return
    }
    // Two steps with something given each make one line, where nobody else needs the one between.
    if uses[derived, default: 0] == 1, let (first, second) = parents(derived), isGiven(first) != isGiven(second) {
      let (inner, innerGiven) = isGiven(first) ? (second, first) : (first, second)
      if numbers[inner] == nil {
        visit(inner, andConclude: number, from: [innerGiven, given], isNumbered)
        return
      }
    }
    visit(derived, andConclude: number, from: [given], isNumbered)
  }

  private mutating func conclude(_ number: Int, _ conjunction: String, _ reasons: [Int], _ isNumbered: Bool) {
    let because = reasons.map { reason in
      wording.sentence(incompatibilities[reason]) + (numbers[reason].map { " (\($0))" } ?? "")
    }
    let separator = because.contains { $0.contains(",") } ? ", and " : " and "
    var line = "\(conjunction) \(because.joined(separator: separator)), \(wording.sentence(incompatibilities[number]))."
    if isNumbered {
      let next = numbers.count + 1
      numbers[number] = next
      line += " (\(next))"
    }
    lines.append(Self.capitalized(line))
  }

  private static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
