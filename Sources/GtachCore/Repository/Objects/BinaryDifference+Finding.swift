extension BinaryDifference {
  /// Finds the stretches.
  static func stretches(from old: [UInt8], to new: ArraySlice<UInt8>) -> [Stretch] {
    old.withUnsafeBytes { old in
      new.withUnsafeBytes { new in
        Finder(old: old, new: new, windows: CommonWindows(of: new, in: old)).stretches()
      }
    }
  }
}

private struct Finder {
  let old: UnsafeRawBufferPointer
  let new: UnsafeRawBufferPointer
  let windows: CommonWindows

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
        (place, length) = windows.longestMatch(at: scan, near: lastOffset)
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
}
