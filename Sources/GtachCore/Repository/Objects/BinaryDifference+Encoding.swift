import GtachModel

extension BinaryDifference {
  /// The difference of `new` to `old`.
  ///
  /// - Parameter compress: Makes a frame of the new bytes.
  public static func make(
    from old: [UInt8], to new: ArraySlice<UInt8>, compress: ([UInt8]) throws(GtachError) -> [UInt8]
  ) throws(GtachError) -> [UInt8] {
    try encode(stretches(from: old, to: new), from: old, to: new, compress: compress)
  }

  /// Writes the stretches, which together are all of `new`.
  static func encode(
    _ stretches: [Stretch], from old: [UInt8], to new: ArraySlice<UInt8>,
    compress: ([UInt8]) throws(GtachError) -> [UInt8]
  ) throws(GtachError) -> [UInt8] {
    var writer = Writer()
    old.withUnsafeBytes { old in
      new.withUnsafeBytes { new in
        for stretch in stretches { writer.write(stretch, from: old, to: new) }
      }
    }
    var bytes: [UInt8] = []
    VariableInteger.append(writer.added.count, to: &bytes)
    let frame = writer.added.isEmpty ? [] : try compress(writer.added)
    if !writer.added.isEmpty { VariableInteger.append(frame.count, to: &bytes) }
    VariableInteger.append(writer.surprises.count, to: &bytes)
    return bytes + frame + writer.surprises + writer.bits.finished()
  }
}

/// Writes stretches one after the other.
private struct Writer {
  var bits = BitEncoder()
  var added: [UInt8] = []
  var surprises: [UInt8] = []
  private let model = DifferenceModel()
  private var (position, distance, calm) = (0, 0, 0)

  mutating func write(
    _ stretch: BinaryDifference.Stretch, from old: UnsafeRawBufferPointer, to new: UnsafeRawBufferPointer
  ) {
    _ = model.signedNumber(stretch.place - position - distance, .shift, with: &bits)
    distance = stretch.place - position
    _ = model.number(stretch.copied, .copied, with: &bits)
    _ = model.number(stretch.added, .added, with: &bits)
    copy(to: position + stretch.copied, from: old, to: new)
    added += new[position..<position + stretch.added]
    position += stretch.added
  }

  private mutating func copy(to end: Int, from old: UnsafeRawBufferPointer, to new: UnsafeRawBufferPointer) {
    model.beginStretch()
    while position < end {
      let place = position + distance
      let around = Surroundings(of: old, at: place)
      let isChanged = old[place] != new[position]
      if model.isQuiet(around), model.expected(from: position) != position {
        calm += isChanged ? 0 : 1
        if isChanged {
          VariableInteger.append(calm, to: &surprises)
          calm = 0
          model.surprise(at: position, around)
        }
      } else {
        _ = model.change(isChanged ? 1 : 0, at: position, around, with: &bits)
      }
      guard isChanged else {
        position += 1
        continue
      }
      let newer = (position..<min(position + 4, end)).reversed().reduce(0) { $0 << 8 | UInt32(new[$1]) }
      position +=
        model.change(to: newer, room: end - position, around, place: place, position: position, with: &bits).width
    }
  }
}
