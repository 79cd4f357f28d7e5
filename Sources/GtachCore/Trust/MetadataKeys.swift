import GtachModel

/// Which keys may sign for a role, and how many of them must: what one role says of another.
struct RoleKeys: Hashable, Sendable {
  /// The Ed25519 public keys (32 bytes) that this version can check, by key id.
  let keys: [String: [UInt8]]
  /// How many different keys must have signed.
  let threshold: Int

  /// Reads `keyids` and `threshold` of a role. Ids of keys that cannot be checked here never count.
  init(_ role: MetadataObject, known: [String: [UInt8]]) throws(GtachError) {
    threshold = try role.integer("threshold", atLeast: 1)
    let ids = try role.strings("keyids")
    guard Set(ids).count == ids.count else { throw role.failure("keyids", "lists a key twice") }
    keys = Dictionary(uniqueKeysWithValues: ids.compactMap { id in known[id].map { (id, $0) } })
  }

  /// Reads the `keys` of a role: public keys by key id.
  ///
  /// A key id must be the SHA-256 of the key's canonical form (TUF specification 1.0, section 4.3: clients MUST
  /// calculate it). Keys of other kinds than Ed25519 are left out, as nothing here can check them.
  static func read(_ keys: MetadataObject, hashing: any Hashing) throws(GtachError) -> [String: [UInt8]] {
    var known: [String: [UInt8]] = [:]
    for (id, key) in try keys.objects() {
      guard hashing.digest(of: JSONValue.object(key.fields).canonicalBytes).hex == id else {
        throw keys.failure(id, "is not the id of its key")
      }
      guard try key.string("keytype") == "ed25519", try key.string("scheme") == "ed25519" else { continue }
      let value = try key.object("keyval")
      guard let bytes = Hexadecimal.decode(try value.string("public")), bytes.count == 32 else {
        throw value.failure("public", "is not an Ed25519 public key in 64 hexadecimal digits")
      }
      known[id] = bytes
    }
    return known
  }

  /// The object that describes an Ed25519 public key.
  static func describe(publicKey: [UInt8]) -> JSONValue {
    .object([
      "keytype": .string("ed25519"), "scheme": .string("ed25519"),
      "keyval": .object(["public": .string(Hexadecimal.encode(publicKey))]),
    ])
  }

  /// The id of an Ed25519 public key.
  static func id(publicKey: [UInt8], hashing: any Hashing) -> String {
    hashing.digest(of: describe(publicKey: publicKey).canonicalBytes).hex
  }
}
