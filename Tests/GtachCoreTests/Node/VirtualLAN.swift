import Testing
import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// Nodes in one room without clock, socket or disk: every message takes a millisecond of virtual time, and the same
/// seed gives the same run.
final class VirtualLAN {
  private struct Event {
    var at: Instant
    var order: Int
    var action: () -> Void
  }

  private(set) var now = Instant(milliseconds: 0)
  /// By how much the calendar is ahead.
  private(set) var calendarSeconds: Int64 = 0
  private var events: [Event] = []
  private var order = 0
  private(set) var nodes: [Endpoint: VirtualNode] = [:]

  func add(_ node: VirtualNode) {
    nodes[node.endpoint] = node
    node.lan = self
    node.take(.tick)
  }

  /// Takes a node off the LAN at once: its connections break, and nothing answers at its address any more.
  func crash(_ node: VirtualNode) {
    nodes[node.endpoint] = nil
    node.isAlive = false
    for (dialler, session) in node.diallers {
      after(1) { dialler.take(.sessionClosed(session, GtachError(.peerClosed, "it crashed"))) }
    }
  }

  /// Gives a node another address. What was connected with it is so no longer, and nobody is told.
  func move(_ node: VirtualNode, to endpoint: Endpoint) {
    sever(node)
    nodes[node.endpoint] = nil
    node.endpoint = endpoint
    nodes[endpoint] = node
  }

  /// A node answers at another address, too.
  func alias(_ node: VirtualNode, at endpoint: Endpoint) { nodes[endpoint] = node }

  /// From now on nothing comes through on the connections that a node has.
  func sever(_ node: VirtualNode) {
    node.dead.formUnion(node.sessions.keys)
    for (dialler, session) in node.diallers { dialler.dead.insert(session) }
    node.diallers = []
  }

  /// Everybody sleeps: by the calendar, and by the clock unless that stands still meanwhile.
  func sleep(milliseconds: Int64, clockStandsStill: Bool) {
    calendarSeconds += milliseconds / 1_000
    if !clockStandsStill { now = now.advanced(byMilliseconds: milliseconds) }
  }

  func after(_ milliseconds: Int64, _ action: @escaping () -> Void) {
    order += 1
    events.append(Event(at: now.advanced(byMilliseconds: milliseconds), order: order, action: action))
  }

  /// Lets everything happen that happens within so many milliseconds.
  func run(milliseconds: Int64) {
    let end = now.advanced(byMilliseconds: milliseconds)
    var steps = 0
    while true {
      let next = events.indices.min { (events[$0].at, events[$0].order) < (events[$1].at, events[$1].order) }
      let active = nodes.values.filter { !$0.isPassive }
      let timers = active.compactMap { node in node.state.nextDeadline.map { ($0, node) } }
      let timer = timers.min { ($0.0, $0.1.endpoint.port) < ($1.0, $1.1.endpoint.port) }
      let eventTime = next.map { events[$0].at }
      steps += 1
      precondition(steps < 200_000, "the nodes never come to rest")
      if let timer, timer.0 <= end, eventTime.map({ timer.0 < $0 }) ?? true {
        now = max(now, timer.0)
        timer.1.take(.tick)
      } else if let next, events[next].at <= end {
        let event = events.remove(at: next)
        now = event.at
        event.action()
      } else {
        now = end
        return
      }
    }
  }
}
