import GtachModel

/// The same work on many things, on several threads.
public enum ParallelWork {
  /// Does one piece of work for each number and gives the results in the order of the numbers. After the first error no
  /// further piece is begun.
  ///
  /// - Parameters:
  ///   - count: How many pieces there are.
  ///   - threads: How many are done at once at most; the machine's processors are the other limit.
  ///   - work: The work, on one of the threads.
  ///   - done: Told of each number on the calling thread, in the order in which they are done; what it throws ends the
  ///     work.
  /// - Throws: The first error of the work or of `done`; `ErrorCode.busy` where the system has no room for a thread.
  public static func map<Value: Sendable>(
    count: Int, threads: Int, _ work: @escaping @Sendable (Int) throws(GtachError) -> Value,
    done: (Int) throws(GtachError) -> Void
  ) throws(GtachError) -> [Value] {
    let numbers = Mailbox<Int>()
    let results = Mailbox<(number: Int, value: Swift.Result<Value, GtachError>)>()
    for number in 0..<count { numbers.post(number) }
    numbers.close()
    let stop = try Cancellation()
    var workers: [WorkerThread] = []
    defer {
      stop.cancel()
      for worker in workers { worker.join() }
    }
    for number in 0..<min(threads, Machine.processorCount, count) {
      workers.append(
        try WorkerThread(name: "worker \(number)") {
          while !stop.isCancelled, let number = numbers.receive(until: nil) {
            do throws(GtachError) {
              results.post((number, .success(try work(number))))
            } catch {
              results.post((number, .failure(error)))
            }
          }
        })
    }
    var values: [Value?] = Array(repeating: nil, count: count)
    for _ in 0..<count {
      guard let (number, value) = results.receive(until: nil) else { break }
      values[number] = try value.get()
      try done(number)
    }
    return values.compactMap { $0 }
  }
}
