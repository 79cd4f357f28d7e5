/// What will happen, in the order of virtual time; what is due at the same microsecond, in the order in which it was
/// put in.
struct EventQueue<Event> {
  private struct Item {
    let time: Int64
    let number: Int
    let event: Event

    static func < (left: Item, right: Item) -> Bool { (left.time, left.number) < (right.time, right.number) }
  }

  /// A binary heap: no item is due before the one at half its position.
  private var items: [Item] = []
  private var nextNumber = 0
  /// Microseconds since the beginning.
  private(set) var now: Int64 = 0

  /// Puts something in.
  ///
  /// - Parameter delay: In microseconds from now.
  mutating func add(after delay: Int64, _ event: Event) {
    items.append(Item(time: now + max(0, delay), number: nextNumber, event: event))
    nextNumber += 1
    var place = items.count - 1
    while place > 0, items[place] < items[(place - 1) / 2] {
      items.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  /// Takes out what is due next, and goes on to its time.
  mutating func next() -> Event? {
    guard let first = items.first else { return nil }
    now = first.time
    let last = items.removeLast()
    guard !items.isEmpty else { return first.event }
    items[0] = last
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < items.count && items[child] < items[least] {
        least = child
      }
      guard least != place else { break }
      items.swapAt(place, least)
      place = least
    }
    return first.event
  }
}
