import GtachCommand
import GtachModel
import GtachNode
import GtachSystem

extension CommandSession {
  func initialize(fleet: String?, node: NodeName?) throws(GtachError) -> Output {
    let home = try home()
    let name: NodeName
    if let node { name = node } else { name = try nameOfThisMachine() }
    let membership = try FleetFounder.found(
      home: home, fleetName: fleet ?? "fleet", nodeName: name, now: SystemClock.now())
    return rendering.fleetCreated(
      FleetCreated(
        fleet: membership.fleetName, fleetID: membership.fleet, node: membership.nodeName, id: membership.id,
        home: home.path))
  }

  /// The host's name as far as it can be a node's.
  private func nameOfThisMachine() throws(GtachError) -> NodeName {
    let name = Console.hostName.lowercased()
    do {
      return try NodeName(name)
    } catch {
      throw GtachError(
        .nameInvalid, "this machine's host name \"\(name)\" cannot be a node's name", reason: error.reason,
        advice: "give another with --node NAME")
    }
  }

  /// Prints a token. Where a daemon runs, that one answers the machine that comes with it; otherwise this command does,
  /// and waits for it.
  func invite(_ node: NodeName, addresses: [Endpoint], minutes: Int) throws(GtachError) -> Output {
    let context = try NodeContext(home: home())
    let membership = try context.membership()
    let invitations = Invitations(home: context.home)
    let cancellation = try interruptible()
    let daemon = try daemonStatus(context, cancellation)
    let host = try daemon == nil ? InvitationHost(context: context, membership: membership) : nil
    let listening =
      daemon?.listening ?? host?.endpoint ?? Endpoint(host: "::", port: NodeConfiguration.defaultPort)
    let hints = try addresses.isEmpty ? InvitationHost.addresses(of: listening) : addresses
    let invitation = try invitations.open(
      for: node, membership: membership, addresses: hints, minutes: minutes, now: SystemClock.now())
    let output = rendering.invitationCreated(
      InvitationCreated(
        node: node, token: invitation.token, expires: invitation.expires, addresses: hints, daemon: true))
    guard let host else { return output }
    try Console.write(output.standardOutput, to: .output)
    Console.say(output.standardError)
    if !options.quiet, !options.json {
      Console.say("No daemon runs here: waiting for \(node) on \(host.endpoint) (Ctrl-C to stop).\n")
    }
    let progress = progress()
    let joined = try host.waitForOne(
      invitation, until: MonotonicClock.now().advanced(byMilliseconds: Int64(minutes) * 60_000),
      cancellation: cancellation
    ) { progress.show($0) }
    guard joined else {
      try invitations.close(invitation)
      throw GtachError(.invitationUnknown, "nobody came with the token", advice: "invite \(node) again")
    }
    return Output()
  }

  func join(_ token: String, address: Endpoint?) throws(GtachError) -> Output {
    let cancellation = try interruptible()
    let joined = try Joiner.join(
      home: home(), token: token, addresses: address.map { [$0] } ?? [], cancellation: cancellation)
    let membership = joined.membership
    return rendering.fleetJoined(
      FleetJoined(
        fleet: membership.fleetName, fleetID: membership.fleet, node: membership.nodeName, id: membership.id,
        inviter: joined.inviter))
  }

  /// The status of the home's daemon; nil where none runs.
  func daemonStatus(_ context: NodeContext, _ cancellation: Cancellation) throws(GtachError) -> StatusReport? {
    guard case .status(let report)? = try ControlClient.ask(.status, home: context.home, cancellation: cancellation)
    else { return nil }
    return report
  }
}
