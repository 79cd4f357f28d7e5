import GtachModel
import GtachSystem
import Testing

@Suite("File locks")
struct FileLockTests {
  @Test("one at a time, and given back with the last reference")
  func exclusion() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/lock"
      var first: FileLock? = try FileLock(path: path, wait: nil)
      #expect(first != nil)
      let now = MonotonicClock.now()
      #expect(thrownError { try FileLock(path: path, wait: now) }?.code == .busy)
      #expect(thrownError { try FileLock(path: path, wait: now.advanced(byMilliseconds: 10)) }?.code == .busy)
      first = nil
      _ = try FileLock(path: path, wait: now)
    }
  }

  @Test("who only asks takes a lock away from nobody, not even from those who do not wait")
  func asking() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/lock"
      #expect(try !FileLock.isHeld(path: path))
      try FileSystem().perform(.write(path: path, bytes: [], permissions: 0o600))
      let stop = try Cancellation()
      let threads = try (0..<2).map { (number) throws(GtachError) in
        try WorkerThread(name: "asker \(number)") {
          while !stop.isCancelled { _ = try? FileLock.isHeld(path: path) }
        }
      }
      for _ in 0..<300 {
        let lock = try FileLock(path: path, wait: MonotonicClock.now())
        #expect(try FileLock.isHeld(path: path))
        withExtendedLifetime(lock) {}
      }
      stop.cancel()
      for thread in threads { thread.join() }
      #expect(try !FileLock.isHeld(path: path))
    }
  }

  @Test("an interruption ends a wait, whatever its deadline, and takes nothing away that is free")
  func cancellation() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/lock"
      let held = try FileLock(path: path, wait: nil)
      let cancellation = try Cancellation()
      let waiting = Mailbox<ErrorCode>()
      let threads = try [nil, Instant(milliseconds: .max)].map { (deadline) throws(GtachError) in
        try WorkerThread(name: "waiter") {
          waiting.post(
            thrownError { _ = try FileLock(path: path, wait: deadline, cancellation: cancellation) }?.code ?? .bug)
        }
      }
      cancellation.cancel()
      for thread in threads { thread.join() }
      #expect(waiting.receive(until: nil) == .cancelled && waiting.receive(until: nil) == .cancelled)
      let now = MonotonicClock.now()
      #expect(thrownError { try FileLock(path: path, wait: now, cancellation: cancellation) }?.code == .busy)
      withExtendedLifetime(held) {}
      _ = try FileLock(path: "\(directory)/other", wait: nil, cancellation: cancellation)
    }
  }

  @Test("a lock on a file that was removed meanwhile is not taken for the lock")
  func removedFile() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/lock"
      let old = try FileLock(path: path, wait: nil)
      try FileSystem().perform(.remove(path))
      let new = try FileLock(path: path, wait: MonotonicClock.now())
      #expect(thrownError { try FileLock(path: path, wait: MonotonicClock.now()) }?.code == .busy)
      withExtendedLifetime((old, new)) {}
    }
  }

  @Test("no two threads are ever inside")
  func threads() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/lock"
      let entries = Mailbox<Bool>()
      let threads = try (0..<8).map { (number) throws(GtachError) in
        try WorkerThread(name: "locker \(number)") {
          for _ in 0..<20 {
            do {
              let lock = try FileLock(path: path, wait: number % 2 == 0 ? nil : Instant(milliseconds: .max))
              // Somebody else inside would have made the file.
              let alone = try !FileSystem().exists("\(path).inside")
              try FileSystem().perform([
                .write(path: "\(path).inside", bytes: [], permissions: 0o600), .remove("\(path).inside"),
              ])
              entries.post(alone)
              withExtendedLifetime(lock) {}
            } catch {
              entries.post(false)
            }
          }
        }
      }
      for thread in threads { thread.join() }
      entries.close()
      var results: [Bool] = []
      while let alone = entries.receive(until: nil) { results.append(alone) }
      #expect(results == Array(repeating: true, count: 160))
    }
  }
}
