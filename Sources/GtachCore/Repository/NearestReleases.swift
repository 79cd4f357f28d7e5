import GtachModel

extension VariantID {
  /// The variants of the package's other releases, the nearest release first: those before this one, and then those
  /// after it.
  ///
  /// - Parameter variants: Any variants, of any package.
  public func nearest(among variants: some Sequence<VariantID>) -> [VariantID] {
    let others = variants.filter { $0.release.name == release.name && $0.release.version != release.version }
    let earlier = others.filter { $0.release.version < release.version }.sorted(by: >)
    return earlier + others.filter { $0.release.version > release.version }.sorted()
  }
}
