import GtachCore
import GtachModel
import GtachSystem

/// What `UnitSharing` guards: the units of variants, who follows them, and who holds a lease.
struct SharedUnits {
  /// Who is told of units.
  struct Follower {
    let connection: Int
    let id: UInt32
    var news: [Int] = []
  }

  /// A variant of which units are given out, or would be if they were here. A class: it changes with every unit, under
  /// the lock that all connections wait for, and a value would be copied out of the dictionary for that.
  final class Variant {
    var map: UnitMap?
    var has = UnitSet(below: 0)
    var served = ServedUnits(count: 0)
    var followers: [Follower] = []
    /// How many sessions of this node fetch it.
    var sessions = 0
  }

  /// Whom there is something to tell of. To be woken when the lock is free: each of them wants it next.
  struct News {
    var tellers: [PeerTeller] = []
    var pause: Int64 = 0

    func post() {
      for teller in tellers { teller.post(.news(waitingMilliseconds: pause)) }
    }
  }

  var slots: UploadSlots
  var variants: [Digest: Variant] = [:]
  var tellers: [Int: PeerTeller] = [:]
  /// When the speed of leases was measured last.
  var measured: Instant

  /// A variant, which there is from now on.
  mutating func variant(_ index: Digest) -> Variant {
    if let known = variants[index] { return known }
    let fresh = Variant()
    variants[index] = fresh
    return fresh
  }

  /// Takes note of units that are here, for followers to be told of those that were not before.
  func add(_ units: some Sequence<Int>, to variant: Variant) -> News {
    let new = units.filter { variant.has.insert($0) }
    guard !new.isEmpty else { return News() }
    var news = News(pause: UnitFetch.newsMilliseconds(unitSize: variant.map?.index.unitSize ?? 0))
    for place in variant.followers.indices {
      if variant.followers[place].news.isEmpty, let teller = tellers[variant.followers[place].connection] {
        news.tellers.append(teller)
      }
      variant.followers[place].news += new
    }
    return news
  }

  /// Forgets a variant that nobody fetches any more.
  mutating func forget(_ index: Digest) {
    guard let variant = variants[index], variant.followers.isEmpty, variant.sessions <= 0 else { return }
    variants[index] = nil
  }

  /// Decides about leases, and tells those whom it concerns. Now and then their speed is measured, too: whoever waits
  /// claims again and again, so that it never stays undone.
  mutating func obeySlots(_ decide: (inout UploadSlots) -> [UploadSlots.Directive]) {
    var directives = decide(&slots)
    let now = MonotonicClock.now()
    if measured.advanced(byMilliseconds: UploadSlots.measureMilliseconds) <= now {
      measured = now
      directives += slots.measure()
    }
    for directive in directives {
      let (claim, isGranted) =
        switch directive {
        case .grant(let claim): (claim, true)
        case .revoke(let claim): (claim, false)
        }
      tellers[claim.connection]?.post(.lease(claim.number, isGranted: isGranted))
    }
  }
}
