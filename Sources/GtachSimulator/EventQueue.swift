/// What will happen, in the order of virtual time; what is due at the same microsecond, in the order in which it was
/// put in.
struct EventQueue<Event> {
  private struct Item {
    let time: Int64
    let number: Int
    /// Where its event is.
    let place: Int

    static func < (left: Item, right: Item) -> Bool { (left.time, left.number) < (right.time, right.number) }
  }

  /// What is due equally long after it is put in, in that order: it needs no sorting.
  private struct Line {
    let delay: Int64
    var items: [Item] = []
    /// How many of the items are taken out.
    var taken = 0

    var first: Item? { taken < items.count ? items[taken] : nil }

    mutating func removeFirst() {
      taken += 1
      guard 2 * taken >= items.count else { return }
      items.removeFirst(taken)
      taken = 0
    }
  }

  /// A binary heap: no item is due before the one at half its position.
  private var items: [Item] = []
  private var lines: [Line]
  /// The events, which stay where they are while items change places, and the places that are free.
  private var events: [Event?] = []
  private var free: [Int] = []
  private var nextNumber = 0
  /// Microseconds since the beginning.
  private(set) var now: Int64 = 0

  /// A queue without events.
  ///
  /// - Parameter delays: For each of its lines how long after it is put in something there is due, in microseconds.
  init(delays: [Int64] = []) { lines = delays.map { Line(delay: $0) } }

  /// Puts something in.
  ///
  /// - Parameter delay: In microseconds from now.
  mutating func add(after delay: Int64, _ event: Event) {
    let item = item(after: delay, event)
    items.append(item)
    var place = items.count - 1
    while place > 0, item < items[(place - 1) / 2] {
      items[place] = items[(place - 1) / 2]
      place = (place - 1) / 2
    }
    items[place] = item
  }

  /// Puts something in that is due after a line's delay.
  mutating func add(inLine line: Int, _ event: Event) {
    lines[line].items.append(item(after: lines[line].delay, event))
  }

  /// Takes out what is due next of a line, as long as it is of no interest any more.
  mutating func drop(fromLine line: Int, while isUseless: (Event) -> Bool) {
    while let first = lines[line].first, let event = events[first.place], isUseless(event) {
      events[first.place] = nil
      free.append(first.place)
      lines[line].removeFirst()
    }
  }

  /// Takes out what is due next, and goes on to its time.
  mutating func next() -> Event? {
    var first = items.first
    var source: Int?
    for line in lines.indices {
      guard let candidate = lines[line].first, first.map({ candidate < $0 }) ?? true else { continue }
      (first, source) = (candidate, line)
    }
    guard let first else { return nil }
    if let source { lines[source].removeFirst() } else { removeLeast() }
    now = first.time
    free.append(first.place)
    return events[first.place].take()
  }

  private mutating func item(after delay: Int64, _ event: Event) -> Item {
    let item = Item(time: now + max(0, delay), number: nextNumber, place: free.popLast() ?? events.count)
    nextNumber += 1
    if item.place < events.count { events[item.place] = event } else { events.append(event) }
    return item
  }

  private mutating func removeLeast() {
    let last = items.removeLast()
    guard !items.isEmpty else { return }
    var place = 0
    while true {
      var least = 2 * place + 1
      guard least < items.count else { break }
      if least + 1 < items.count, items[least + 1] < items[least] { least += 1 }
      guard items[least] < last else { break }
      items[place] = items[least]
      place = least
    }
    items[place] = last
  }
}
