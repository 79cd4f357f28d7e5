extension BinaryDifference {
  /// Finds the difference of `new` to `old`.
  ///
  /// - Parameter suffixes: Where the suffixes of `old` begin, in their order.
  public init(from old: [UInt8], suffixes: [Int32], to new: ArraySlice<UInt8>) {
    self.init()
    old.withUnsafeBufferPointer { old in
      suffixes.withUnsafeBufferPointer { suffixes in
        new.withUnsafeBufferPointer { new in
          Finder(old: old, suffixes: suffixes, new: new).find(into: &self)
        }
      }
    }
  }
}

private struct Finder {
  let old: UnsafeBufferPointer<UInt8>
  let suffixes: UnsafeBufferPointer<Int32>
  let new: UnsafeBufferPointer<UInt8>

  /// By how many bytes a match must be better than going on as before.
  static let threshold = 8

  func find(into difference: inout BinaryDifference) {
    var (scan, length, place) = (0, 0, 0)
    // Where the last stretch began, in both, and how far apart the two are.
    var (lastScan, lastPlace, lastOffset) = (0, 0, 0)
    // Where decoding stands in the older bytes.
    var position = 0
    func isSame(_ index: Int, _ offset: Int) -> Bool {
      old.indices.contains(index + offset) && old[index + offset] == new[index]
    }
    while scan < new.count {
      var oldScore = 0
      scan += length
      var counted = scan
      while scan < new.count {
        (place, length) = longestMatch(at: scan)
        while counted < scan + length {
          if isSame(counted, lastOffset) { oldScore += 1 }
          counted += 1
        }
        if (length == oldScore && length != 0) || length > oldScore + Self.threshold { break }
        if isSame(scan, lastOffset) { oldScore -= 1 }
        scan += 1
      }
      guard length != oldScore || scan == new.count else { continue }

      // How far the last stretch goes forward.
      var (score, best, forward) = (0, 0, 0)
      var index = 0
      while lastScan + index < scan, lastPlace + index < old.count {
        if old[lastPlace + index] == new[lastScan + index] { score += 1 }
        index += 1
        if score * 2 - index > best * 2 - forward { (best, forward) = (score, index) }
      }
      // How far the next one goes backward.
      var backward = 0
      if scan < new.count {
        (score, best, index) = (0, 0, 1)
        while scan >= lastScan + index, place >= index {
          if old[place - index] == new[scan - index] { score += 1 }
          if score * 2 - index > best * 2 - backward { (best, backward) = (score, index) }
          index += 1
        }
      }
      if lastScan + forward > scan - backward {
        let overlap = lastScan + forward - (scan - backward)
        (score, best) = (0, 0)
        var cut = 0
        for index in 0..<overlap {
          if new[lastScan + forward - overlap + index] == old[lastPlace + forward - overlap + index] { score += 1 }
          if new[scan - backward + index] == old[place - backward + index] { score -= 1 }
          if score > best { (best, cut) = (score, index + 1) }
        }
        forward += cut - overlap
        backward -= cut
      }
      for index in 0..<forward { difference.differences.append(new[lastScan + index] &- old[lastPlace + index]) }
      let extra = scan - backward - (lastScan + forward)
      difference.additions += new[lastScan + forward..<lastScan + forward + extra]
      VariableInteger.append(signed: lastPlace - position, to: &difference.control)
      VariableInteger.append(forward, to: &difference.control)
      VariableInteger.append(extra, to: &difference.control)
      position = lastPlace + forward
      lastScan = scan - backward
      lastPlace = place - backward
      lastOffset = place - scan
    }
  }

  private func longestMatch(at start: Int) -> (place: Int, length: Int) {
    var (low, high) = (0, suffixes.count - 1)
    var (lowLength, highLength) = (0, 0)
    guard high >= 0 else { return (0, 0) }
    while high - low > 1 {
      let middle = (low + high) / 2
      var length = min(lowLength, highLength)
      let place = Int(suffixes[middle])
      let limit = min(old.count - place, new.count - start)
      while length < limit, old[place + length] == new[start + length] { length += 1 }
      if length < limit ? old[place + length] < new[start + length] : limit == old.count - place {
        (low, lowLength) = (middle, length)
      } else {
        (high, highLength) = (middle, length)
      }
    }
    let first = matchLength(Int(suffixes[low]), start)
    let second = matchLength(Int(suffixes[high]), start)
    return first >= second ? (Int(suffixes[low]), first) : (Int(suffixes[high]), second)
  }

  private func matchLength(_ place: Int, _ start: Int) -> Int {
    let limit = min(old.count - place, new.count - start)
    var length = 0
    while length < limit, old[place + length] == new[start + length] { length += 1 }
    return length
  }
}
