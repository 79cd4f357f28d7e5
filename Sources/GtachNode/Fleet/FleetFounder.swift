import GtachCore
import GtachModel
import GtachSystem

/// `gtach init`: makes a fleet and makes this machine its first member, publisher and authority.
public enum FleetFounder {
  /// Makes the keys, the authority, this machine's certificate, and the first signed metadata.
  ///
  /// - Throws: `ErrorCode.fleetExists` where the home belongs to a fleet already.
  public static func found(
    home: Home, fleetName: String, nodeName: NodeName, now: Timestamp
  ) throws(GtachError) -> Membership {
    let store = MembershipStore(home: home)
    try FileSystem().perform([.makeDirectory(home.path)])
    try store.refuseSecondMembership()

    let authorityKey = try Ed25519PrivateKey()
    let authority = try Certificate.selfSignedAuthority(key: authorityKey, commonName: fleetName)
    let nodeKey = try Ed25519PrivateKey()
    let request = try CertificateRequest(key: nodeKey, name: nodeName.text)
    let certificate = try authority.sign(request, name: nodeName.text, with: authorityKey)

    var keys: [String: Ed25519PrivateKey] = ["authority": authorityKey]
    for role in ["root", "targets", "snapshot", "timestamp"] { keys[role] = try Ed25519PrivateKey() }
    let metadata = try MetadataPublisher.makeFleet(
      name: fleetName, signers: { role in keys[role.text].map { [$0] } ?? [] }, now: now, hashing: SHA256())
    guard let root = metadata["1.root.json"] else {
      throw GtachError(.bug, "the new fleet has no root")
    }
    // Without a membership any metadata in the home is what an interrupted init left: nobody has its keys.
    let repository = try PackageRepository(home: home.path)
    try repository.writeMetadata(metadata, isPublisher: true)
    let membership = Membership(
      fleetName: fleetName, nodeName: nodeName,
      identity: try TLSIdentity(key: nodeKey, certificate: certificate, authority: authority), pinnedRoot: root,
      isPublisher: true)
    try store.store(membership, keys: keys)
    return membership
  }
}
