import GtachModel
import Testing

@testable import GtachSimulator

@Suite struct EventQueueTests {
  @Test func whatIsDueFirstComesFirstAndTogetherInTheOrderOfPuttingIn() {
    var queue = EventQueue<Int>(delays: [50, 20])
    var expected: [(time: Int64, event: Int)] = []
    var generator = SeededGenerator(seed: 3)
    var seen: [(time: Int64, event: Int)] = []
    for event in 0..<400 {
      let delay = Int64.random(in: 0...60, using: &generator)
      switch event % 4 {
      case 0:
        queue.add(inLine: 0, event)
        expected.append((queue.now + 50, event))
      case 1:
        queue.add(inLine: 1, event)
        expected.append((queue.now + 20, event))
      default:
        queue.add(after: delay, event)
        expected.append((queue.now + delay, event))
      }
      if event % 3 == 0, let next = queue.next() { seen.append((queue.now, next)) }
    }
    while let next = queue.next() { seen.append((queue.now, next)) }
    expected.sort { ($0.time, $0.event) < ($1.time, $1.event) }
    #expect(seen.map(\.event) == expected.map(\.event))
    #expect(seen.map(\.time) == expected.map(\.time))
  }

  @Test func whatIsUselessIsDroppedFromTheFrontOfItsLineOnly() {
    var queue = EventQueue<Int>(delays: [10])
    for event in [2, 4, 5, 6] { queue.add(inLine: 0, event) }
    queue.add(after: 3, 8)
    queue.drop(fromLine: 0) { $0 % 2 == 0 }
    queue.add(inLine: 0, 7)
    var left: [Int] = []
    while let next = queue.next() { left.append(next) }
    #expect(left == [8, 5, 6, 7])
    #expect(queue.now == 10)
    queue.drop(fromLine: 0) { _ in true }
  }
}
