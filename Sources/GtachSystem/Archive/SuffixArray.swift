import CDivSufSort
import GtachModel

/// Where the suffixes of some bytes begin, in their lexicographic order (libdivsufsort).
public enum SuffixArray {
  /// The positions of the suffixes: 4 bytes for each byte that is given.
  ///
  /// - Throws: `ErrorCode.bug` where there is no memory for it.
  public static func positions(of bytes: [UInt8]) throws(GtachError) -> [Int32] {
    // The library takes no empty input.
    guard !bytes.isEmpty else { return [] }
    var result: Int32 = 0
    let positions = bytes.withUnsafeBufferPointer { source in
      [Int32](unsafeUninitializedCapacity: source.count) { buffer, count in
        result = divsufsort(source.baseAddress, buffer.baseAddress, Int32(source.count))
        count = result == 0 ? source.count : 0
      }
    }
    guard result == 0 else {
      throw GtachError(.bug, "the suffixes of \(bytes.count) bytes cannot be sorted", reason: "divsufsort: \(result)")
    }
    return positions
  }
}
