import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// The open invitations of the machine that has the fleet's authority key: a file each, so that the daemon and the
/// command line see the same ones.
public struct Invitations: Sendable {
  private struct Invitation: Codable {
    var node: NodeName
    var expires: Timestamp
  }

  let home: Home
  private let files = FileSystem()

  /// The invitations of a home.
  public init(home: Home) { self.home = home }

  /// An invitation that is open.
  public struct Opened: Sendable {
    /// What the new machine joins with: a secret.
    public let token: String
    /// Until when, by this machine's clock.
    public let expires: Timestamp
    fileprivate let secret: InvitationSecret
  }

  /// Opens an invitation.
  ///
  /// - Parameters:
  ///   - addresses: where the new machine will find this one.
  ///   - minutes: how long it stays open by this machine's clock.
  public func open(
    for node: NodeName, membership: Membership, addresses: [Endpoint], minutes: Int, now: Timestamp
  ) throws(GtachError) -> Opened {
    _ = try MembershipStore(home: home).key("authority")
    guard let secret = InvitationSecret(SystemRandom.bytes(InvitationSecret.byteCount)) else {
      throw GtachError(.bug, "random bytes of another number came than were asked for")
    }
    let invitation = Invitation(
      node: node, expires: Timestamp(secondsSinceEpoch: now.secondsSinceEpoch + Int64(minutes) * 60))
    try files.perform([.makeDirectory(home.invitations)])
    try JSONFile.replace(path(of: secret), with: JSONFile.encode(invitation), in: home.invitations)
    let token = InvitationToken(
      secret: secret, fleet: membership.fleet, inviter: membership.id, name: node, hints: addresses)
    return Opened(token: token.text, expires: invitation.expires, secret: secret)
  }

  /// Whether an invitation is open, and so whether a machine without a certificate is listened to at all.
  public func isAnyOpen(now: Timestamp) -> Bool {
    do throws(GtachError) {
      for name in try files.list(home.invitations) where name.hasSuffix(".json") {
        let path = "\(home.invitations)/\(name)"
        let invitation = try JSONFile.decode(
          Invitation.self, from: try files.read(path, maximumBytes: JSONFile.maximumBytes), name: path)
        if now < invitation.expires { return true }
      }
    } catch {
      // No directory, or a file that another process has just taken away: nothing is open there.
      return false
    }
    return false
  }

  /// Whether an invitation is still waiting for its machine.
  ///
  /// - Throws: `ErrorCode.inputOutput` where its file cannot be looked for.
  public func isOpen(_ invitation: Opened) throws(GtachError) -> Bool { try files.exists(path(of: invitation.secret)) }

  /// Takes an invitation back.
  ///
  /// - Throws: `ErrorCode.inputOutput` where its file cannot be removed.
  public func close(_ invitation: Opened) throws(GtachError) {
    try files.perform([.remove(path(of: invitation.secret))])
  }

  /// Answers a machine that wants to join: signs its certificate and takes the invitation away. An invitation serves
  /// one machine; where the answer cannot be sent it is open again.
  ///
  /// - Throws: `ErrorCode.invitationUnknown` for a secret that opens nothing.
  func admit(
    _ join: Join, membership: Membership, now: Timestamp, answer: (Welcome) throws(GtachError) -> Void
  ) throws(GtachError) -> NodeName {
    let unknown = GtachError(
      .invitationUnknown, "no invitation is open for this token",
      advice: "ask for a new one: \"gtach invite NODE\" on the machine that made the fleet")
    let path = path(of: join.secret)
    let claimed = "\(path).claimed"
    do throws(GtachError) {
      // The rename is the claim: of two that come with one secret, one succeeds.
      try files.perform([.rename(from: path, to: claimed)])
    } catch {
      throw unknown
    }
    do throws(GtachError) {
      let invitation = try JSONFile.decode(
        Invitation.self, from: try files.read(claimed, maximumBytes: JSONFile.maximumBytes), name: claimed)
      guard now < invitation.expires else {
        try files.perform([.remove(claimed)])
        throw unknown
      }
      let request = try CertificateRequest(pem: join.request)
      let certificate = try membership.identity.authority.sign(
        request, name: invitation.node.text, with: MembershipStore(home: home).key("authority"))
      try answer(
        Welcome(
          certificate: try certificate.pem(), authority: try membership.identity.authority.pem(),
          root: membership.pinnedRoot))
      try files.perform([.remove(claimed), .syncDirectory(home.invitations)])
      return invitation.node
    } catch {
      if error.code != .invitationUnknown { try files.perform([.rename(from: claimed, to: path)]) }
      throw error
    }
  }

  private func path(of secret: InvitationSecret) -> String {
    "\(home.invitations)/\(SHA256().digest(of: secret.bytes).hex).json"
  }
}
