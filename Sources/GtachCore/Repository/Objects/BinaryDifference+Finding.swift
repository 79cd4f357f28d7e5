extension BinaryDifference {
  /// Finds the stretches.
  static func stretches(from old: [UInt8], suffixes: [Int32], to new: ArraySlice<UInt8>) -> [Stretch] {
    old.withUnsafeBufferPointer { old in
      suffixes.withUnsafeBufferPointer { suffixes in
        new.withUnsafeBufferPointer { new in Finder(old: old, suffixes: suffixes, new: new).stretches() }
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

  func stretches() -> [BinaryDifference.Stretch] {
    var result: [BinaryDifference.Stretch] = []
    var (scan, length, place) = (0, 0, 0)
    // Where the last stretch began, in both, and how far apart the two are.
    var (lastScan, lastPlace, lastOffset) = (0, 0, 0)
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
      let added = scan - backward - (lastScan + forward)
      if forward + added > 0 {
        result.append(BinaryDifference.Stretch(place: lastPlace, copied: forward, added: added))
      }
      lastScan = scan - backward
      lastPlace = place - backward
      lastOffset = place - scan
    }
    return result
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
