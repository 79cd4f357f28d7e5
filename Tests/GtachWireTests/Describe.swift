import GtachModel
import GtachWire

extension Message {
  /// The fields as the vectors write them: those of a JSON body by their names there, bytes in hexadecimal.
  var described: JSON {
    switch self {
    case .hello(let message): describe(message)
    case .failure(let message):
      if let id = message.id {
        ["type": "failure", "id": .number(Int(id)), "code": .string(message.code), "message": .string(message.message)]
      } else {
        ["type": "failure", "code": .string(message.code), "message": .string(message.message)]
      }
    case .getFile(let message): describe(message)
    case .filePart(let message):
      [
        "type": "filePart", "id": .number(Int(message.id)), "size": .number(message.size),
        "total": .number(message.total), "base": .number(message.base), "bytes": hex(message.bytes),
      ]
    case .getBuckets(let message): ["type": "getBuckets", "id": .number(Int(message.id))]
    case .buckets(let message): describe(message)
    case .getEntries(let message):
      with(
        [
          "type": "getEntries", "id": .number(Int(message.id)),
          "buckets": .array(message.buckets.map { .number(Int($0)) }),
        ], "known", message.known)
    case .entries(let message):
      with(
        [
          "type": "entries", "id": .number(Int(message.id)), "more": .bool(message.more),
          "entries": .array(
            message.entries.map {
              ["target": .string($0.variant.targetPath), "manifest": .string($0.manifest.hex)]
            }),
        ], "gone", message.gone)
    case .getUnitLists, .unitList, .getUnit, .unit, .follow, .have, .claim, .lease, .end: describedDistribution
    case .watch(let message):
      [
        "type": "watch", "id": .number(Int(message.id)), "indexRoot": .string(message.indexRoot.hex),
        "metadataVersion": .number(message.metadataVersion),
      ]
    case .changed(let message):
      [
        "type": "changed", "id": .number(Int(message.id)), "indexRoot": .string(message.indexRoot.hex),
        "metadataVersion": .number(message.metadataVersion),
      ]
    case .getChunk(let message):
      ["type": "getChunk", "id": .number(Int(message.id)), "digest": .string(message.digest.hex)]
    case .chunkPart(let message):
      [
        "type": "chunkPart", "id": .number(Int(message.id)), "total": .number(message.total),
        "bytes": hex(message.bytes),
      ]
    case .getPeers(let message): ["type": "getPeers", "id": .number(Int(message.id))]
    case .peers(let message): describe(message)
    case .join(let message):
      ["type": "join", "secret": hex(message.secret.bytes), "request": .string(message.request)]
    case .welcome(let message):
      [
        "type": "welcome", "certificate": .string(message.certificate), "authority": .string(message.authority),
        "root": hex(message.root),
      ]
    case .unknown(let frame):
      ["type": "unknown", "number": .number(Int(frame.type)), "bytes": hex(frame.body)]
    }
  }

  /// The messages by which units are found, leased and fetched.
  private var describedDistribution: JSON {
    switch self {
    case .getUnitLists(let message):
      [
        "type": "getUnitLists", "id": .number(Int(message.id)), "follow": .number(Int(message.follow)),
        "objects": .array(message.objects.map { .number($0) }),
      ]
    case .unitList(let message):
      [
        "type": "unitList", "id": .number(Int(message.id)), "object": .number(message.object),
        "digests": .array(message.digests.map { .string($0.hex) }),
      ]
    case .getUnit(let message):
      [
        "type": "getUnit", "id": .number(Int(message.id)), "claim": .number(Int(message.claim)),
        "have": .number(message.have), "units": .array(message.units.map { .number($0) }),
      ]
    case .unit(let message):
      ["type": "unit", "id": .number(Int(message.id)), "unit": .number(message.unit), "bytes": hex(message.bytes)]
    case .follow(let message):
      ["type": "follow", "id": .number(Int(message.id)), "index": .string(message.index.hex)]
    case .have(let message):
      [
        "type": "have", "id": .number(Int(message.id)),
        "ranges": .array(message.ranges.map { .array([.number($0.lowerBound), .number($0.count)]) }),
      ]
    case .claim(let message):
      [
        "type": "claim", "id": .number(Int(message.id)), "follow": .number(Int(message.follow)),
        "have": .number(message.have), "urgent": .bool(message.urgent),
      ]
    case .lease(let message): ["type": "lease", "id": .number(Int(message.id)), "granted": .bool(message.granted)]
    case .end(let message): ["type": "end", "id": .number(Int(message.id))]
    default: .null
    }
  }

  private func hex(_ bytes: [UInt8]) -> JSON { .string(Hexadecimal.encode(bytes)) }

  /// The members, and one more where there is something to name.
  private func with(_ members: [String: JSON], _ name: String, _ ids: EntryIDs?) -> JSON {
    guard let ids else { return .object(members) }
    let digits = ids.values.map { value in
      String(repeating: "0", count: 12 - String(value, radix: 16).count) + String(value, radix: 16)
    }
    return .object(members.merging([name: .array(digits.map { .string($0) })]) { $1 })
  }

  private func describe(_ message: GetFile) -> JSON {
    let (kind, name) =
      switch message.file {
      case .metadata(let name): ("metadata", name)
      case .manifest(let digest): ("manifest", digest.hex)
      case .index(let digest): ("index", digest.hex)
      }
    return [
      "type": "getFile", "id": .number(Int(message.id)), "kind": .string(kind), "name": .string(name),
      "bases": .array(message.bases.map { .string($0.hex) }),
    ]
  }

  private func describe(_ message: Hello) -> JSON {
    var fields: [String: JSON] = [
      "type": "hello", "versions": .array(message.versions.map { .number($0) }), "node": .string(message.node.hex),
      "name": .string(message.name.text), "fleet": .string(message.fleet.hex),
      "indexRoot": .string(message.indexRoot.hex), "metadataVersion": .number(message.metadataVersion),
    ]
    if let port = message.port { fields["port"] = .number(Int(port)) }
    return .object(fields)
  }

  private func describe(_ message: Peers) -> JSON {
    [
      "type": "peers", "id": .number(Int(message.id)),
      "peers": .array(
        message.peers.map { entry in
          [
            "node": .string(entry.node.hex),
            "endpoints": .array(entry.endpoints.map { .string($0.description) }),
          ]
        }),
    ]
  }

  /// Only the buckets that are not empty, by their numbers.
  private func describe(_ message: Buckets) -> JSON {
    let filled = message.digests.enumerated().filter { $0.element != .zero }
    return [
      "type": "buckets", "id": .number(Int(message.id)),
      "digests": .object(
        Dictionary(filled.map { ("\($0.offset)", .string($0.element.hex)) }, uniquingKeysWith: { first, _ in first })),
    ]
  }
}
